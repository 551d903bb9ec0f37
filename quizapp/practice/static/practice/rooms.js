"use strict";
/* What has been practised on this device: question → 1 (right at the last try) or 0. */
(function () {
  var box = document.getElementById("rooms");
  if (!box) { return; }
  var tried = {};
  try { tried = JSON.parse(localStorage.getItem("quiz.practice." + box.dataset.version)) || {}; } catch (e) { /* nothing kept */ }
  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, function (whole, name) { return name in values ? values[name] : whole; });
  }
  box.querySelectorAll(".room").forEach(function (room) {
    var ids = room.dataset.questions.split(",");
    var touched = ids.some(function (id) { return id in tried; });
    var right = ids.filter(function (id) { return tried[id] === 1; }).length;
    room.querySelector("progress").value = right;
    if (touched) {
      var count = room.querySelector(".room-count");
      count.textContent = fill(count.dataset.text, { right: right, all: ids.length });
    }
  });
  var wrong = Object.keys(tried).filter(function (id) { return tried[id] === 0; });
  if (wrong.length) {
    var link = document.getElementById("wrong");
    link.textContent = fill(link.dataset.text, { n: wrong.length });
    link.href = box.dataset.mixed + "?questions=" + wrong.join(",");
    link.hidden = false;
  }
}());
