"use strict";
/* The blueprint editor: rows come and go, and beside each stands how far the bank can satisfy it. */
(function () {
  var form = document.getElementById("competition-form");
  var list = document.getElementById("sections");
  var blank = document.getElementById("blank-row");
  var addButton = document.getElementById("add-row");
  var defaultButton = document.getElementById("default-rows");
  var version = form.elements.bank_version_id;
  var texts = JSON.parse(document.getElementById("form-texts").textContent);
  var strata = JSON.parse(document.getElementById("strata").textContent);
  var total = document.getElementById("paper-total");
  var expected = document.getElementById("paper-expected");
  var most = Number(addButton.dataset.most);
  var nextNumber = 0;
  var asked = 0;
  var timer = 0;

  function fill(text, values) {
    return text.replace(/%\((\w+)\)s/g, function (_all, name) { return values[name]; });
  }

  function rows() { return Array.prototype.slice.call(list.querySelectorAll("[data-row]")); }

  function control(row, name) { return row.querySelector("[name$='-" + name + "']"); }

  function topicsOf(row) {
    return Array.prototype.map.call(row.querySelectorAll("[name$='-topics']:checked"), function (box) { return box.value; });
  }

  function hundredths(text) {
    var points = Math.round(Number(text) * 100);
    return text.trim() && points >= 0 && points <= 1000000 ? points : null;
  }

  function whole(text) {
    var count = Number(text);
    return text.trim() && Math.floor(count) === count && count >= 0 && count <= 200 ? count : null;
  }

  function label() {
    var all = rows();
    all.forEach(function (row, index) {
      var name = fill(texts.row, {number: index + 1});
      row.querySelector("[data-row-name]").textContent = name;
      row.querySelector("[data-row-label]").textContent = " " + name;
      row.querySelector("[data-remove]").hidden = all.length < 2;
      var count = topicsOf(row).length;
      row.querySelector("[data-topics-summary]").textContent = count ? fill(texts.some_topics, {count: count}) : texts.all_topics;
    });
    addButton.disabled = all.length >= most;
  }

  function addRow(values) {
    var holder = document.createElement("div");
    holder.innerHTML = blank.innerHTML.split("__row__").join(String(nextNumber));
    nextNumber += 1;
    var row = holder.firstElementChild;
    if (values) {
      control(row, "type").value = values.type;
      control(row, "difficulty").value = values.difficulty;
      control(row, "count").value = values.count;
      control(row, "points").value = values.points / 100;
      Array.prototype.forEach.call(row.querySelectorAll("[name$='-topics']"), function (box) {
        box.checked = values.topics.indexOf(box.value) >= 0;
      });
    }
    list.appendChild(row);
    return row;
  }

  function showSupply(answer) {
    rows().forEach(function (row, index) {
      var place = row.querySelector("[data-supply]");
      var figures = answer.rows[index];
      var short = figures.granted < figures.needed;
      place.textContent = fill(short ? texts.short : texts.supply, figures);
      place.classList.toggle("supply-short", short);
    });
    total.textContent = fill(texts.total, {questions: answer.question_count, points: answer.full_score / 100});
    expected.textContent = fill(texts.expected, answer.expected);
  }

  /* Another bank version may have other topics: the boxes are made anew, chosen ones stay chosen where they exist. */
  function showTopics(topics) {
    var sets = rows().map(function (row) { return [row, topicsOf(row)]; });
    sets.push([blank.content, []]);
    sets.forEach(function (pair) {
      var place = pair[0].querySelector(".check-list");
      var base = pair[0].querySelector("[name$='-type']").name.replace(/-type$/, "-topics");
      place.textContent = "";
      Object.keys(topics).forEach(function (code, index) {
        var item = document.createElement("div");
        var box = document.createElement("input");
        var text = document.createElement("label");
        box.type = "checkbox";
        box.name = base;
        box.value = code;
        box.id = base + "-" + index;
        box.checked = pair[1].indexOf(code) >= 0;
        text.htmlFor = box.id;
        text.textContent = topics[code];
        item.appendChild(box);
        item.appendChild(text);
        place.appendChild(item);
      });
    });
  }

  function ask(newVersion) {
    asked += 1;
    var mine = asked;
    fetch(form.dataset.supplyUrl, {
      method: "POST",
      credentials: "same-origin",
      headers: {"Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": form.elements.csrf_token.value},
      body: JSON.stringify({
        bank_version: Number(version.value),
        sections: rows().map(function (row) {
          return {
            type: control(row, "type").value,
            topics: topicsOf(row),
            difficulty: control(row, "difficulty").value,
            count: whole(control(row, "count").value),
            points: hundredths(control(row, "points").value)
          };
        })
      })
    }).then(function (reply) {
      if (!reply.ok) { throw new Error("supply"); }
      return reply.json();
    }).then(function (answer) {
      if (mine !== asked) { return; }
      showSupply(answer);
      if (newVersion) { showTopics(answer.topics); label(); }
    }).catch(function () {
      if (mine !== asked) { return; }
      total.textContent = texts.away;
      expected.textContent = "";
    });
  }

  function changed() {
    label();
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, 250);
  }

  rows().forEach(function (row) {
    var found = /sections-(\d+)-/.exec(control(row, "type").name);
    nextNumber = Math.max(nextNumber, Number(found[1]) + 1);
  });
  addButton.hidden = defaultButton.hidden = false;
  addButton.addEventListener("click", function () {
    var row = addRow(null);
    changed();
    control(row, "type").focus();
  });
  defaultButton.addEventListener("click", function () {
    rows().forEach(function (row) { list.removeChild(row); });
    strata.forEach(addRow);
    changed();
  });
  list.addEventListener("click", function (event) {
    var button = event.target.closest("[data-remove]");
    if (!button) { return; }
    list.removeChild(button.closest("[data-row]"));
    changed();
    addButton.focus();
  });
  list.addEventListener("input", changed);
  list.addEventListener("change", changed);
  version.addEventListener("change", function () { ask(true); });
  label();
  ask();
}());
