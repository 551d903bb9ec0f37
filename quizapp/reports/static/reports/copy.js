"use strict";
/* Copies the text to send round. */
(function () {
  var button = document.getElementById("copy-message");
  if (!button) { return; }
  var text = document.getElementById("message-text");
  button.hidden = false;
  button.addEventListener("click", function () {
    text.select();
    var copied = navigator.clipboard ? navigator.clipboard.writeText(text.value) : Promise.reject(new Error("none"));
    copied.catch(function () {
      if (!document.execCommand("copy")) { throw new Error("none"); }
    }).then(function () {
      document.getElementById("copy-state").textContent = button.dataset.done;
    }).catch(function () { text.focus(); });
  });
}());
