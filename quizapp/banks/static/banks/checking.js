"use strict";
/* While a file is being checked: asks how far it is, and shows the report when there is one. */
(function () {
  var box = document.getElementById("checking");
  var bar = document.getElementById("checking-bar");
  var text = document.getElementById("checking-text");
  var delay = 400;

  function ask() {
    fetch(box.dataset.stateUrl, { credentials: "same-origin", headers: { "Accept": "application/json" } }).then(function (response) {
      if (response.redirected) { location.reload(); return null; }
      return response.ok ? response.json() : null;
    }).then(function (now) {
      if (now && now.state !== "waiting" && now.state !== "checking") { location.reload(); return; }
      if (now) {
        bar.value = now.progress;
        if (text.textContent !== now.text) { text.textContent = now.text; }
      }
      again();
    }).catch(again);
  }

  function again() {
    delay = Math.min(delay * 1.3, 3000);
    window.setTimeout(ask, delay);
  }

  window.setTimeout(ask, delay);
}());
