"use strict";
/* Where the person stands, once the boards have the result: within seconds of the submission. */
(function () {
  var box = document.getElementById("places");
  var texts = box.dataset, asked = 0;

  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, function (whole, name) { return name in values ? values[name] : whole; });
  }

  /* Where many share a rank, the share of those behind says more than the rank. */
  function words(place) {
    if (place.sharing > 10 && "share_behind" in place) {
      return fill(texts.share, { rank: place.rank, share: Math.floor(place.share_behind * 100) });
    }
    return fill(place.sharing > 1 ? texts.tied : texts.text, { rank: place.rank, of: place.of });
  }

  function add(name, value) {
    box.appendChild(document.createElement("dt")).textContent = name;
    box.appendChild(document.createElement("dd")).textContent = value;
  }

  function show(reply) {
    box.textContent = "";
    if (reply.unit) { add(texts.unit, words(reply.unit)); }
    add(texts.overall, words(reply));
    box.hidden = false;
  }

  function ask() {
    asked += 1;
    fetch(texts.url, { credentials: "same-origin", headers: { "Accept": "application/json" } }).then(function (response) {
      return response.ok && !response.redirected ? response.json() : null;
    }).then(function (reply) {
      if (reply && reply.rank !== null) { show(reply); }
      var upToDate = reply && reply.rank !== null && reply.score === Number(texts.score);
      if (!upToDate && asked < 5) { window.setTimeout(ask, 1500 * asked); }
    }).catch(function () { /* a plus: without it the page still serves */ });
  }
  ask();
}());
