"use strict";
/* A search for units beside the box of unit codes: choosing one adds its code to the box. */
(function () {
  var field = document.getElementById("units-field");
  if (!field) { return; }
  var box = field.querySelector("textarea");
  var search = field.querySelector("[data-search]");
  var input = search.querySelector("input");
  var found = field.querySelector("[data-found]");
  var asked = 0;
  var timer = 0;
  search.hidden = false;

  function add(code) {
    var codes = box.value.split(/[\s,，、;；]+/).filter(Boolean);
    if (codes.indexOf(code) < 0) { codes.push(code); }
    box.value = codes.join("\n");
    found.textContent = "";
    input.value = "";
    input.focus();
  }

  function show(units) {
    found.textContent = "";
    units.forEach(function (unit) {
      var item = document.createElement("li");
      var button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-secondary btn-sm";
      button.textContent = "+ " + unit.name + " (" + unit.code + ")";
      button.addEventListener("click", function () { add(unit.code); });
      item.appendChild(button);
      found.appendChild(item);
    });
    if (!units.length) {
      var none = document.createElement("li");
      none.textContent = field.dataset.none;
      found.appendChild(none);
    }
  }

  input.addEventListener("keydown", function (event) { if (event.key === "Enter") { event.preventDefault(); } });
  input.addEventListener("input", function () {
    window.clearTimeout(timer);
    var text = input.value.trim();
    asked += 1;
    var mine = asked;
    if (!text) { found.textContent = ""; return; }
    timer = window.setTimeout(function () {
      fetch(field.dataset.url + "?q=" + encodeURIComponent(text), {credentials: "same-origin", headers: {Accept: "application/json"}})
        .then(function (reply) { return reply.ok ? reply.json() : {units: []}; })
        .then(function (body) { if (mine === asked) { show(body.units); } })
        .catch(function () { found.textContent = ""; });
    }, 250);
  });
}());
