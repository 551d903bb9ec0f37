"use strict";
/* The countdown, the own attempt's state on the large button, and the figures of participation. */
(function () {
  function clock(ms) {
    var seconds = Math.max(0, Math.ceil(ms / 1000));
    var hours = Math.floor(seconds / 3600);
    var parts = [Math.floor(seconds % 3600 / 60), seconds % 60];
    if (hours) { parts.unshift(hours); }
    return parts.map(function (part, index) { return index || hours ? String(part).padStart(2, "0") : String(part); }).join(":");
  }

  /* The server's clock, from the page's moment on; performance.now does not jump when the device's clock is set. */
  function serverClock(nowMs) {
    var begun = performance.now();
    return function () { return nowMs + performance.now() - begun; };
  }

  var line = document.getElementById("countdown");
  if (line) {
    var now = serverClock(Number(line.dataset.now));
    var target = Number(line.dataset.target);
    var shown = line.querySelector(".countdown");
    var tick = function () {
      var left = target - now();
      var days = Math.floor(left / 86400000);
      var time = clock(left - days * 86400000);
      if (left <= 0) {
        window.clearInterval(timer);
        /* A second of jitter, so that all who wait don't ask in the same instant. */
        window.setTimeout(function () { window.location.reload(); }, 500 + Math.random() * 2500);
        return;
      }
      if (days) { time = line.dataset.days.replace("{days}", days).replace("{time}", time); }
      shown.textContent = line.dataset.text.replace("{time}", time);
    };
    var timer = window.setInterval(tick, 1000);
    tick();
  }

  var box = document.getElementById("participation");
  function refresh() {
    fetch(box.dataset.url, {credentials: "same-origin"}).then(function (reply) {
      return reply.ok ? reply.text() : null;
    }).then(function (html) {
      if (html !== null) { box.innerHTML = html; }
    }).catch(function () { /* The figures are a plus: without them the page still serves. */ });
  }
  refresh();
  window.setInterval(function () { if (!document.hidden) { refresh(); } }, 20000 + Math.random() * 5000);
}());
