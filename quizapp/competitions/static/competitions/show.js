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

  /* What the person's own attempt makes of the large button. Without this script the button starts or goes on just the same. */
  var step = document.getElementById("step");
  var ticking = 0;
  function become(text, url) {
    var old = step.querySelector("[data-step]");
    var form = step.querySelector("form");
    var link = old;
    if (old.tagName !== "A") {
      link = document.createElement("a");
      link.className = old.className;
      link.setAttribute("data-step", "");
      (form || old).parentNode.replaceChild(link, form || old);
    }
    link.href = url;
    link.textContent = text;
  }
  function note(text) { step.querySelector("[data-note]").textContent = text; }

  function running(state) {
    var now = serverClock(state.now_ms);
    var show = function () {
      var left = state.running.deadline_ms - now();
      if (left <= 0 && !state.paused) { window.clearInterval(ticking); window.setTimeout(askState, 3000); return; }
      become(state.paused ? step.dataset.paused : step.dataset.continue.replace("{time}", clock(left)), step.dataset.answeringUrl);
    };
    note("");
    show();
    if (!state.paused) { ticking = window.setInterval(show, 1000); }
  }

  function showState(state) {
    window.clearInterval(ticking);
    var mayStart = Boolean(step.querySelector("form"));
    var spent = state.attempts_left === 0 || state.attempts_left_today === 0;
    if (state.running) { running(state); return; }
    if (!state.attempts) { return; }
    if (!mayStart || spent) {
      become(step.dataset.result, step.dataset.resultUrl);
      var own = step.querySelector("[data-own]");
      if (own) { own.hidden = true; }
      if (mayStart) { note(state.attempts_left === 0 ? step.dataset.spent : step.dataset.tomorrow); }
    } else {
      step.querySelector("[data-step]").textContent = state.attempts_left === null
        ? step.dataset.againUnlimited : step.dataset.again.replace("{count}", state.attempts_left);
    }
  }

  function askState() {
    fetch(step.dataset.stateUrl, {credentials: "same-origin", headers: {Accept: "application/json"}}).then(function (reply) {
      return reply.ok ? reply.json() : null;
    }).then(function (state) {
      if (state) { showState(state); }
    }).catch(function () { /* The button does its work all the same. */ });
  }
  if (step.dataset.stateUrl) { askState(); }
  /* Coming back from the answering page the browser may show this page as it was. */
  window.addEventListener("pageshow", function (event) { if (event.persisted) { window.location.reload(); } });

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
