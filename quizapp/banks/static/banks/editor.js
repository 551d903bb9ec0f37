"use strict";
/* Helps at the editor of a question, whose buttons work without it too: rows of options move at once, the preview follows
   the typing, fields that the type has no use for are put away, and nobody leaves unsaved words behind unasked. */
(function () {
  var form = document.getElementById("question-form");
  var options = document.getElementById("options");
  var list = options.querySelector("[data-rows]");
  var englishList = form.querySelector("[data-english-rows]");
  var addButton = options.querySelector("[data-add]");
  var blankRow = document.querySelector("[data-blank-row]");
  var blankEnglish = document.querySelector("[data-blank-english]");
  var say = form.querySelector("[data-say]");
  var texts = JSON.parse(document.getElementById("editor-texts").textContent);
  var most = Number(addButton.dataset.most);
  var LETTERS = "ABCDEFGH";
  var unsaved = form.hasAttribute("data-unsaved");
  var timer = 0;

  function all(selector, inside) { return Array.prototype.slice.call((inside || form).querySelectorAll(selector)); }
  function value(name) { return form.elements[name].value; }
  function rows() { return all("[data-row]", list); }
  function field(place, name) { return document.getElementById("options-" + place + "-" + name); }

  /* The rows stay where they are, and what is in them moves: so labels, names and letters stay right. */

  function read(place) {
    return { text: field(place, "text").value, english: field(place, "english").value, right: field(place, "right").checked };
  }

  function write(place, row) {
    field(place, "text").value = row.text;
    field(place, "english").value = row.english;
    field(place, "right").checked = row.right;
  }

  function made(template, place) {
    var holder = document.createElement("div");
    holder.innerHTML = template.innerHTML.split("__row__").join(String(place)).split("__letter__").join(LETTERS[place]);
    return holder.firstElementChild;
  }

  function add() {
    var place = rows().length;
    if (place >= most) { return; }
    list.appendChild(made(blankRow, place));
    englishList.appendChild(made(blankEnglish, place));
    moved("added", place, "text");
  }

  function remove(place) {
    var last = rows().length - 1;
    var letter = LETTERS[place];
    for (var each = place; each < last; each += 1) { write(each, read(each + 1)); }
    if (last === 0) {
      write(0, { text: "", english: "", right: false });
    } else {
      list.lastElementChild.remove();
      englishList.lastElementChild.remove();
    }
    moved("removed", Math.min(place, Math.max(last - 1, 0)), "text", letter);
  }

  function swap(place, other, button) {
    if (other < 0 || other >= rows().length) { return; }
    var row = read(place);
    write(place, read(other));
    write(other, row);
    moved("moved", other, button);
  }

  function moved(what, place, control, letter) {
    all(".field-error, .field-warning", list).concat(all(".field-error, .field-warning", englishList)).forEach(function (note) { note.remove(); });
    all("textarea", list).concat(all("textarea", englishList)).forEach(function (text) {
      text.classList.remove("is-invalid");
      text.removeAttribute("aria-invalid");
      text.removeAttribute("aria-describedby");
    });
    limit();
    changed();
    var target = field(place, control);
    if (target.disabled) { target = field(place, control === "up" ? "down" : "up"); }
    target.focus();
    say.textContent = texts[what].replace("{letter}", letter || LETTERS[place]);
  }

  function limit() {
    var count = rows().length;
    addButton.disabled = count >= most;
    rows().forEach(function (_row, place) {
      field(place, "up").disabled = place === 0;
      field(place, "down").disabled = place === count - 1;
    });
  }

  form.addEventListener("click", function (event) {
    var button = event.target.closest("button[name=do]");
    if (!button) { return; }
    var parts = button.value.split("-");
    var place = Number(parts[1]);
    if (parts[0] === "add") { add(); }
    else if (parts[0] === "remove") { remove(place); }
    else if (parts[0] === "up") { swap(place, place - 1, "up"); }
    else if (parts[0] === "down") { swap(place, place + 1, "down"); }
    else { return; }
    event.preventDefault();
  });

  /* What the type has no use for is put away, and not sent. */

  function showByType() {
    var judge = value("type") === "judge";
    all("[data-for-choice]").forEach(function (part) {
      part.hidden = judge;
      all("textarea, input, button", part).forEach(function (control) { control.disabled = judge; });
    });
    all("[data-for-judge]").forEach(function (part) {
      part.hidden = !judge;
      all("input", part).forEach(function (control) { control.disabled = !judge; });
    });
    if (!judge) { limit(); }
  }

  function onlyOne(box) {
    if (value("type") === "single" && box.checked) {
      all("[data-right]", list).forEach(function (other) { other.checked = other === box; });
    }
  }

  /* The preview */

  function typed() {
    var found = rows().map(function (_row, place) { return read(place); });
    while (found.length && !found[found.length - 1].text.trim()) { found.pop(); }
    return found;
  }

  function preview() {
    var kind = value("type");
    var judge = kind === "judge";
    var found = judge ? [] : typed();
    var truth = form.querySelector("[name=truth]:checked");
    var right = judge ? (truth ? (truth.value === "true" ? 1 : 2) : 0)
      : found.reduce(function (mask, row, place) { return row.right ? mask | 1 << place : mask; }, 0);
    var english = value("english_stem") + value("english_explanation") + found.map(function (row) { return row.english; }).join("");
    function draw(language, stem, shown, explanation) {
      window.questionPreview.draw(language, {
        type: kind, stem: stem.trim(), options: judge ? window.questionPreview.texts[language].truths : shown, right: right,
        explanation: explanation.trim(), reference: value("reference").trim()
      });
    }
    draw("zh", value("stem"), found.map(function (row) { return row.text.trim(); }), value("explanation"));
    draw("en", english.trim() ? value("english_stem") : value("stem"),
      found.map(function (row) { return (english.trim() ? row.english : row.text).trim(); }),
      value("english_explanation").trim() ? value("english_explanation") : value("explanation"));
  }

  function changed() {
    unsaved = true;
    window.clearTimeout(timer);
    timer = window.setTimeout(preview, 120);
  }

  form.addEventListener("input", changed);
  form.addEventListener("change", function (event) {
    if (event.target.name === "type") { showByType(); }
    if (event.target.hasAttribute("data-right")) { onlyOne(event.target); }
    changed();
  });

  /* Saving and leaving */

  form.addEventListener("keydown", function (event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.querySelector("[data-once]").click();
    }
  });
  /* One that is too large would not even arrive, and take with it all that was typed. */
  var pictureField = form.elements.picture;
  pictureField.addEventListener("change", function () { pictureField.setCustomValidity(""); });
  form.addEventListener("submit", function (event) {
    var file = pictureField.files[0];
    if (file && file.size > Number(pictureField.dataset.most)) {
      event.preventDefault();
      document.getElementById("picture-part").open = true;
      pictureField.setCustomValidity(texts.picture_large);
      pictureField.reportValidity();
      return;
    }
    unsaved = false;
  });
  window.addEventListener("beforeunload", function (event) {
    if (unsaved) {
      event.preventDefault();
      event.returnValue = "";
    }
  });

  /* A picture goes to the text that one was at. */
  form.addEventListener("focusin", function (event) {
    var name = event.target.name || "";
    var option = /^options-(\d)-text$/.exec(name);
    if (option) { form.elements.picture_into.value = LETTERS[Number(option[1])]; }
    if (name === "stem" || name === "explanation") { form.elements.picture_into.value = name; }
  });

  showByType();
  preview();
  var focus = form.dataset.focus ? document.getElementById(form.dataset.focus) : form.querySelector("[aria-invalid=true], #options[aria-describedby] [data-right]");
  if (focus) {
    var closed = focus.closest("details:not([open])");
    if (closed) { closed.open = true; }
    if (focus.disabled) { focus = focus.closest("[data-row]").querySelector("textarea"); }
    focus.focus({ preventScroll: true });
    focus.scrollIntoView({ block: "center" });
  }
}());
