"use strict";
// Keeps an open board live: asks the page's own address every two seconds, mostly to hear that nothing has changed.
(function () {
  var board = document.getElementById("board");
  var time = document.getElementById("board-time");
  if (!board || !board.dataset.live) { return; }
  var EVERY_MS = 2000, JITTER_MS = 500, MOST_MS = 30000;
  var etag = '"' + board.dataset.etag + '"';
  var wait = EVERY_MS;
  var clock = null;

  function moment(ms) {
    var zone = time.dataset.zone;
    var parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: zone };
    return new Intl.DateTimeFormat(time.dataset.locale, parts).format(new Date(ms));
  }

  function tell(text) {
    if (time && time.dataset.ms) { time.textContent = text.replace("{time}", moment(Number(time.dataset.ms))); }
  }

  function later() {
    clearTimeout(clock);
    clock = setTimeout(ask, wait + Math.random() * JITTER_MS);
  }

  function show(answer) {
    // Whoever is moving through the rows by keyboard keeps the place; the next answer brings the same rows.
    if (board.contains(document.activeElement)) { return false; }
    board.innerHTML = answer.html; // written by the server's own templates, which escape names
    return true;
  }

  function ask() {
    if (document.hidden) { return; }
    fetch(board.dataset.live, { credentials: "same-origin", cache: "no-store", headers: { "Accept": "application/json", "If-None-Match": etag } })
      .then(function (response) {
        if (response.status !== 200 && response.status !== 304) { throw new Error(String(response.status)); }
        var ms = response.headers.get("X-Board-Time");
        if (time && ms) { time.dataset.ms = ms; }
        if (response.status === 304) { return null; }
        return response.json().then(function (answer) {
          if (show(answer)) { etag = response.headers.get("ETag") || etag; }
        });
      })
      .then(function () {
        wait = EVERY_MS;
        if (time) { tell(time.dataset.text); }
      })
      .catch(function () {
        wait = Math.min(wait * 2, MOST_MS);
        if (time) { tell(time.dataset.away); }
      })
      .then(later);
  }

  document.addEventListener("visibilitychange", function () {
    if (!document.hidden) { wait = EVERY_MS; ask(); }
  });
  if (time) { tell(time.dataset.text); }
  later();
})();
