"use strict";
/* While standings are being frozen: asks how far it is, and shows the page anew when it is over. */
(function () {
  var box = document.getElementById("freezing");
  var bar = document.getElementById("freezing-bar");
  var text = document.getElementById("freezing-text");

  function ask() {
    fetch(box.dataset.stateUrl, { credentials: "same-origin", headers: { "Accept": "application/json" } }).then(function (response) {
      if (response.redirected) { location.reload(); return null; }
      return response.ok ? response.json() : null;
    }).then(function (now) {
      if (now && !now.running) { location.reload(); return; }
      if (now) {
        bar.max = now.total || 1;
        bar.value = now.done;
        if (text.textContent !== now.text) { text.textContent = now.text; }
      }
      window.setTimeout(ask, 1000);
    }).catch(function () { window.setTimeout(ask, 3000); });
  }

  window.setTimeout(ask, 500);
}());
