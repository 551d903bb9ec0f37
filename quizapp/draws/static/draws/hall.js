"use strict";
// Shows a draw for a hall: who won is decided and recorded before this begins, so it can be shown as often as is wanted.
// The last prize comes first. Of each prize the names roll in one step, then its winners stand, a screenful a step.
(function () {
  var stage = document.getElementById("stage");
  var POLL_MS = 3000, ROLL_MS = 90, SCREEN = 24;

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
    var steps = [{ words: data.ready }], at = 0, timer = null;
    data.prizes.slice().reverse().forEach(function (prize) {
      steps.push({ prize: prize, rolls: true });
      for (var from = 0; from === 0 || from < prize.winners.length; from += SCREEN) {
        steps.push({ prize: prize, from: from, to: Math.min(from + SCREEN, prize.winners.length) });
      }
    });
    steps.push({ words: data.end });
    var last = steps.length - 1;

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
      var step = steps[at], prize = step.prize;
      if (!prize) {
        heading.textContent = step.words;
        told.textContent = heading.textContent;
        return;
      }
      heading.textContent = prize.name + " · " + data.count.replace("{count}", prize.count);
      if (step.rolls) {
        told.textContent = prize.name + " " + data.rolling;
        roll();
        return;
      }
      if (prize.count > SCREEN) {
        heading.textContent += " · " + data.part.replace("{from}", step.from + 1).replace("{to}", step.to);
      }
      var standing = prize.winners.slice(step.from, step.to);
      list.className = "stage-winners" + (standing.length > 12 ? " many" : "");
      standing.forEach(function (winner) { list.appendChild(person(winner)); });
      if (step.to === prize.winners.length && step.to < prize.count) {
        var more = document.createElement("li");
        more.textContent = data.more.replace("{count}", prize.count - step.to);
        list.appendChild(more);
      }
      rolling.textContent = prize.count ? "" : data.nobody;
      told.textContent = heading.textContent + " " + standing.map(function (winner) { return winner[0]; }).join(" ");
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
