"use strict";
/* Asks for the changing part of the overview each few seconds; an unchanged one costs a header. What is open stays open. */
(function () {
  var box = document.getElementById("overview");
  var state = document.getElementById("overview-state");

  function later() { window.setTimeout(ask, 4000 + Math.random() * 1500); }

  function show(html) {
    var open = Array.prototype.map.call(box.querySelectorAll("details"), function (part) { return part.open; });
    var focused = document.activeElement && box.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    box.innerHTML = html;
    Array.prototype.forEach.call(box.querySelectorAll("details"), function (part, index) { part.open = Boolean(open[index]); });
    if (focused) {
      Array.prototype.some.call(box.querySelectorAll("a"), function (link) {
        if (link.getAttribute("href") !== focused) { return false; }
        link.focus({preventScroll: true});
        return true;
      });
    }
  }

  var last = null;
  function ask() {
    if (document.hidden) { later(); return; }
    fetch(box.dataset.url, {credentials: "same-origin"}).then(function (reply) {
      if (!reply.ok) { throw new Error(String(reply.status)); }
      return reply.text();
    }).then(function (html) {
      state.textContent = "";
      if (html !== last) { show(html); last = html; }
    }).catch(function () { state.textContent = box.dataset.stale; }).then(later);
  }
  later();
}());
