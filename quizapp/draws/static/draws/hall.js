"use strict";
// Shows a draw for a hall: who won is decided and recorded before this begins, so it can be shown as often as is wanted.
// Each prize is two steps, the last prize first: its names roll, then its winners stand.
(function () {
  var stage = document.getElementById("stage");
  var POLL_MS = 3000, ROLL_MS = 90;

  function wait() {
    var clock = document.getElementById("stage-clock");
    var happens = Number(stage.dataset.happens);
    function tick() {
      var left = Math.max(0, Math.ceil((happens - Date.now()) / 1000));
      var hours = Math.floor(left / 3600), minutes = Math.floor(left / 60) % 60, seconds = left % 60;
      function two(number) { return (number < 10 ? "0" : "") + number; }
      clock.textContent = (hours ? hours + ":" : "") + two(minutes) + ":" + two(seconds);
    }
    if (happens && stage.dataset.step === "named") {
      tick();
      setInterval(tick, 500);
    }
    setInterval(function () {
      fetch(stage.dataset.poll, { credentials: "same-origin", cache: "no-store", headers: { "Accept": "application/json" } })
        .then(function (response) { return response.json(); })
        .then(function (answer) { if (answer.step && answer.step !== stage.dataset.step) { location.reload(); } })
        .catch(function () { /* the next time */ });
    }, POLL_MS);
  }

  function show() {
    var data = JSON.parse(document.getElementById("stage-data").textContent);
    var heading = document.getElementById("stage-prize"), rolling = document.getElementById("stage-rolling");
    var list = document.getElementById("stage-winners"), told = document.getElementById("stage-told");
    var still = window.matchMedia("(prefers-reduced-motion: reduce)");
    var prizes = data.prizes.slice().reverse();
    var at = 0, last = 2 * prizes.length + 1, timer = null;

    function person(winner) {
      var item = document.createElement("li"), name = document.createElement("strong");
      name.textContent = winner[0];
      item.appendChild(name);
      winner.slice(1).forEach(function (text) {
        var line = document.createElement("span");
        line.textContent = text;
        item.appendChild(line);
      });
      return item;
    }

    function roll() {
      var number = 0;
      rolling.textContent = data.names[0] || "";
      if (still.matches || data.names.length < 2) { return; }
      timer = setInterval(function () {
        number = (number + 1) % data.names.length;
        rolling.textContent = data.names[number];
      }, ROLL_MS);
    }

    function draw() {
      clearInterval(timer);
      list.textContent = "";
      rolling.textContent = "";
      stage.dataset.at = at;
      if (at === 0 || at === last) {
        heading.textContent = at ? data.end : data.ready;
        told.textContent = heading.textContent;
        return;
      }
      var prize = prizes[Math.floor((at - 1) / 2)];
      heading.textContent = prize.name + " · " + data.count.replace("{count}", prize.winners.length);
      if (at % 2) {
        told.textContent = prize.name + " " + data.rolling;
        roll();
        return;
      }
      list.className = "stage-winners" + (prize.winners.length > 24 ? " many" : "");
      prize.winners.forEach(function (winner) { list.appendChild(person(winner)); });
      rolling.textContent = prize.winners.length ? "" : data.nobody;
      told.textContent = heading.textContent + " " + prize.winners.map(function (winner) { return winner[0]; }).join(" ");
    }

    function go(to) {
      at = Math.min(last, Math.max(0, to));
      draw();
    }

    document.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.metaKey || event.altKey) { return; }
      var onControl = event.target.closest && event.target.closest("a, button");
      if (event.key === "ArrowRight" || event.key === "PageDown" || (!onControl && (event.key === " " || event.key === "Enter"))) { go(at + 1); }
      else if (event.key === "ArrowLeft" || event.key === "PageUp") { go(at - 1); }
      else if (event.key === "r" || event.key === "R") { go(0); }
      else if ((event.key === "f" || event.key === "F") && stage.requestFullscreen) {
        if (document.fullscreenElement) { document.exitFullscreen(); } else { document.documentElement.requestFullscreen(); }
      } else { return; }
      event.preventDefault();
    });
    document.getElementById("stage-next").addEventListener("click", function () { go(at + 1); });
    document.getElementById("stage-back").addEventListener("click", function () { go(at - 1); });
    document.getElementById("stage-again").addEventListener("click", function () { go(0); });
    draw();
  }

  if (document.getElementById("stage-data")) { show(); } else if (stage.dataset.poll) { wait(); }
})();
