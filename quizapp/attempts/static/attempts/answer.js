"use strict";
/* The answering page. What was chosen is sent at once and called saved only when the server has said so. Until then it lies
   in `unsaved` and in localStorage (never with the ticket: terminals are shared), and goes out again when the line is back.
   The clock is the server's: the page only counts on from the last moment that it was told. */
(function () {
  var quiz = window.quiz, make = quiz.make, fill = quiz.fill;
  var page = document.getElementById("answering");
  var texts = JSON.parse(document.getElementById("texts").textContent);
  var urls = page.dataset;
  var REQUEST_MS = 15000, LONGEST_WAIT_MS = 30000, PAUSE_POLL_MS = 15000, ONE_MINUTE = 60000;

  var paper = null;          /* what opening gave */
  var state = "loading";     /* loading, answering, notice (something stands in the way), ending, left */
  var ticket = "", epoch = 0, sequence = 0;
  var chosen = {}, marked = {}, unsaved = {}, held = {}, final = {};
  var questions = [], current = 1, oneByOne = readView() !== "all";
  var inFlight = null, failures = 0, trouble = "", acknowledged = false, retryTimer = 0, retry = null, submitting = false, round = 0;
  var serverAt = 0, clockAt = 0, wallAt = 0, slept = 0, deadline = 0, told = { five: false, one: false }, shownSecond = -1;

  function isMask(value) { return typeof value === "number" && value >= 0; }
  function byId(id) { return document.getElementById(id); }

  /* ---- this device's store: answers not yet acknowledged, and marks ---- */

  function readView() { try { return localStorage.getItem("quiz.view"); } catch (e) { return null; } }
  function storeName() { return "quiz.attempt." + urls.competition + "." + urls.account + "." + paper.ordinal; }

  function keep() {
    try {
      localStorage.setItem(storeName(), JSON.stringify({ epoch: epoch, unsaved: unsaved, marked: Object.keys(marked) }));
    } catch (e) { /* no room or not allowed: the answers stay in memory, and leaving asks */ }
  }

  function forget(all) {
    var prefix = "quiz.attempt." + urls.competition + "." + urls.account + ".";
    try {
      Object.keys(localStorage).forEach(function (name) {
        if (name.indexOf(prefix) === 0 && (all || name !== storeName())) { localStorage.removeItem(name); }
      });
    } catch (e) { /* nothing was kept */ }
  }

  /* Take up what this device could not send before. If no other device has opened the attempt in between, all of it is
     newer than what the server holds; else only where the server's answer is the one this device last knew. */
  function takeUp() {
    var kept = null;
    try { kept = JSON.parse(localStorage.getItem(storeName())); } catch (e) { /* nothing was kept */ }
    if (!kept) { return; }
    (kept.marked || []).forEach(function (position) { marked[position] = true; });
    Object.keys(kept.unsaved || {}).forEach(function (position) {
      var mine = kept.unsaved[position], there = held[position];
      if (!there || final[position] || mine.chosen === there.chosen) { return; }
      var known = mine.base && mine.base.chosen === there.chosen && mine.base.sequence === there.sequence;
      if (epoch === kept.epoch + 1 || there.chosen === 0 || known) {
        chosen[position] = mine.chosen;
        unsaved[position] = { chosen: mine.chosen, sequence: ++sequence, base: there };
      }
    });
  }

  /* ---- talking to the server ---- */

  /* Resolves to {status, data, wait}; rejects when there is no line. */
  function request(method, url, body, headers) {
    var control = new AbortController();
    var timer = window.setTimeout(function () { control.abort(); }, REQUEST_MS);
    var options = { method: method, credentials: "same-origin", cache: "no-store", signal: control.signal,
      headers: Object.assign({ "Accept": "application/json" }, headers) };
    if (body) {
      options.body = JSON.stringify(body);
      options.headers["Content-Type"] = "application/json";
    }
    function done(value) { window.clearTimeout(timer); return value; }
    return fetch(url, options).then(function (response) {
      if (response.redirected) { return { status: 401, data: {}, wait: 0 }; }  /* to the sign-in page */
      var wait = Number(response.headers.get("Retry-After")) * 1000 || 0;
      return response.text().then(function (text) {
        var data = {};
        try { data = JSON.parse(text); } catch (e) { /* a page of something between us and the server */ }
        return { status: response.status, data: data, wait: wait };
      });
    }).then(done, function (error) { done(); throw error; });
  }

  function codeOf(reply) { return reply.data.error ? reply.data.error.code : reply.data.outcome || ""; }
  function byTicket() { return { "X-Ticket": ticket }; }

  /* Twice as long each time, never all at the same moment, never sooner than the server asks. */
  function later(what, asked) {
    failures += 1;
    var wait = Math.min(LONGEST_WAIT_MS, 500 * Math.pow(2, failures));
    stopWaiting();
    retry = asked ? null : what;
    retryTimer = window.setTimeout(function () { retry = null; what(); }, Math.max(asked || 0, wait / 2) + Math.random() * wait / 2);
  }

  function stopWaiting() {
    window.clearTimeout(retryTimer);
    retry = null;
  }

  function learnClock(data, askedAt) {
    if (!data.now_ms) { return; }
    var at = performance.now();
    serverAt = data.now_ms;
    clockAt = at - Math.min(at - askedAt, 2000) / 2;
    wallAt = Date.now();
    slept = 0;
    if (data.deadline_ms) {
      if (data.deadline_ms > deadline) { told = { five: false, one: false }; }
      if (deadline && data.deadline_ms > deadline) { moreTime(data.deadline_ms - deadline); }
      deadline = data.deadline_ms;
    }
  }

  /* Time that an interruption took and that was given back, or that the organizer gave on top. */
  function moreTime(ms) {
    var seconds = Math.round(ms / 1000);
    byId("more-time-text").textContent = fill(texts.more_time, { m: Math.floor(seconds / 60), s: seconds % 60 });
    byId("more-time").hidden = false;
  }

  function serverNow() { return serverAt + performance.now() - clockAt; }

  /* ---- opening ---- */

  function open() {
    var askedAt = performance.now();
    request("POST", urls.openUrl, {}, { "X-CSRFToken": urls.csrf }).then(function (reply) {
      var code = codeOf(reply);
      if (reply.status === 200) {
        failures = 0;
        trouble = "";
        learnClock(reply.data, askedAt);
        begin(reply.data);
      } else if (reply.status === 401 || code === "csrf_failed") {
        notice(texts.signed_out, texts.sign_in, function () { leave(location.href); });
      } else if (code === "already_submitted") {
        leave(urls.resultUrl);
      } else if (code === "no_attempt") {
        leave(urls.competitionUrl);
      } else {
        notice(reply.data.error ? reply.data.error.message : texts.busy, texts.retry, open);
        if (reply.status === 429 || reply.status >= 500) { later(open, reply.wait); }
      }
    }, function () {
      notice(texts.no_line, texts.retry, open);
      later(open);
    });
  }

  function begin(data) {
    stopWaiting();
    paper = data;
    ticket = data.ticket;
    epoch = data.epoch;
    chosen = {}; held = {}; final = {}; unsaved = {}; marked = {};
    data.positions.forEach(function (place) {
      held[place.position] = { chosen: place.chosen, sequence: place.sequence };
      chosen[place.position] = place.chosen;
      if (isMask(place.right)) { final[place.position] = place.right; }
    });
    sequence = 0;
    acknowledged = data.positions.some(function (place) { return place.chosen > 0; });
    takeUp();
    forget(false);
    keep();
    if (!questions.length) {
      build();
      var first = data.positions.filter(function (place) { return !chosen[place.position]; })[0];
      current = first ? first.position : 1;
    }
    state = "answering";
    questions.forEach(function (question) { question.refresh(); });
    shownSecond = -1;
    clearNotice();
    byId("paper").hidden = false;
    byId("tools").hidden = false;
    byId("sheet").hidden = !isWide();
    show(current, false);
    tick();
    if (data.paused) { paused(); } else { flush(); }
  }

  /* ---- the page ---- */

  function isWide() { return window.matchMedia("(min-width: 62rem)").matches; }

  function build() {
    var list = byId("questions"), grid = byId("sheet-grid");
    paper.positions.forEach(function (place) {
      var position = place.position;
      var section = make("section", "card question");
      var body = section.appendChild(make("div", "card-body"));
      var head = body.appendChild(make("h2", "question-head"));
      head.tabIndex = -1;
      head.appendChild(make("strong", "", fill(texts.question, { n: position })));
      head.appendChild(make("span", "badge-tint " + (place.type === "multiple" ? "type-many" : "badge-neutral"), texts[place.type]));
      head.appendChild(make("span", "", fill(texts.points, { n: place.points / 100 })));
      var markButton = make("button", "btn btn-secondary btn-sm mark-here", texts.mark);
      markButton.type = "button";
      markButton.addEventListener("click", function () { current = position; toggleMark(position); });
      var question = new quiz.Question(place, "q" + position, texts, function (mask) {
        current = position;
        choose(position, mask);
      });
      body.appendChild(question.element);
      var confirm = null, verdict = body.appendChild(make("div", "verdict"));
      verdict.hidden = true;
      verdict.tabIndex = -1;
      if (paper.at_once) {
        confirm = body.appendChild(make("button", "btn btn-primary", texts.confirm));
        confirm.type = "button";
        confirm.addEventListener("click", function () { settle(position); });
      }
      body.appendChild(markButton);
      section.addEventListener("focusin", function () { if (!oneByOne) { current = position; } });
      list.appendChild(section);

      var cell = grid.appendChild(make("li")).appendChild(make("button", "cell", String(position)));
      cell.type = "button";
      cell.addEventListener("click", function () { closeReview(); if (!isWide()) { toggleSheet(false); } show(position, true); });

      question.section = section;
      question.head = head;
      question.refresh = function () {
        var isFinal = position in final;
        question.show(chosen[position]);
        question.enable(state !== "notice" && state !== "ending" && !isFinal && !(paper.at_once && unsaved[position]));
        if (confirm) {
          confirm.hidden = isFinal;
          confirm.disabled = !!unsaved[position] || !chosen[position];
        }
        if (isFinal && verdict.hidden) {
          var isRight = chosen[position] === final[position];
          question.reveal(final[position]);
          verdict.className = "verdict " + (isRight ? "verdict-right" : "verdict-wrong");
          verdict.textContent = isRight ? texts.was_right : texts.was_wrong;
          verdict.hidden = false;
        }
        var answered = isAnswered(position);
        cell.className = "cell" + (answered ? " cell-answered" : "") + (marked[position] ? " cell-marked" : "");
        cell.setAttribute("aria-label", fill(texts.question, { n: position }) + texts.comma + (answered ? texts.answered : texts.unanswered) +
          (marked[position] ? texts.comma + texts.marked : ""));
        markButton.setAttribute("aria-pressed", String(!!marked[position]));
        if (position === current) { byId("mark").setAttribute("aria-pressed", String(!!marked[position])); }
      };
      question.cell = cell;
      question.verdict = verdict;
      questions.push(question);
    });
    byId("sheet-title").textContent = texts.sheet;
    view();
  }

  function isAnswered(position) { return paper.at_once ? position in final : !!chosen[position]; }
  function positionsThat(test) {
    return paper.positions.map(function (place) { return place.position; }).filter(test);
  }

  /* The clock's digits, the number, the saved state. */
  function paint() {
    var answered = positionsThat(isAnswered).length, all = paper.positions.length;
    var marks = positionsThat(function (position) { return marked[position]; }).length;
    byId("place").textContent = oneByOne ? current + " / " + all : fill(texts.answered_of, { n: answered, all: all });
    byId("progress").max = all;
    byId("progress").value = answered;
    byId("count-answered").textContent = answered;
    byId("count-unanswered").textContent = all - answered;
    byId("count-marked").textContent = marks;
    byId("previous").disabled = current === 1;
    byId("next-text").textContent = current === all ? texts.review : texts.next;
    var waiting = Object.keys(unsaved).length;
    var word = trouble === "line" ? texts.no_line : trouble === "busy" ? texts.busy : "";
    byId("trouble").hidden = !word || !waiting;
    byId("trouble-text").textContent = word;
    var held = word || !byId("notice").hidden;  /* nothing is sent while a notice stands */
    byId("saved").className = "saved " + (!waiting ? (acknowledged ? "saved-yes" : "") : held ? "saved-no" : "saved-soon");
    byId("saved").textContent = waiting ? (held ? texts.not_saved : texts.saving) : acknowledged ? texts.saved : texts.saves_itself;
  }

  function say(text) {
    byId("say").textContent = "";
    window.setTimeout(function () { byId("say").textContent = text; }, 50);
  }

  function show(position, move) {
    current = Math.max(1, Math.min(questions.length, position));
    questions.forEach(function (question, place) {
      question.section.hidden = oneByOne && place + 1 !== current;
      if (place + 1 === current) { question.cell.setAttribute("aria-current", "true"); } else { question.cell.removeAttribute("aria-current"); }
    });
    byId("mark").setAttribute("aria-pressed", String(!!marked[current]));
    if (move) {
      if (oneByOne) { window.scrollTo(0, 0); } else { questions[current - 1].section.scrollIntoView(); }
      questions[current - 1].head.focus({ preventScroll: true });
    }
    paint();
  }

  function view() {
    document.body.classList.toggle("one-page", !oneByOne);
    byId("view").hidden = false;
    byId("view").textContent = oneByOne ? texts.view_all : texts.view_one;
  }

  function toggleMark(position) {
    if (marked[position]) { delete marked[position]; } else { marked[position] = true; }
    keep();
    questions[position - 1].refresh();
    paint();
  }

  function toggleSheet(open) {
    var sheet = byId("sheet");
    sheet.hidden = !open;
    byId("sheet-button").setAttribute("aria-expanded", String(open));
    if (open && !isWide()) { byId("sheet-title").focus(); }
  }

  /* ---- answers ---- */

  function choose(position, mask) {
    if (state !== "answering" || position in final) { return; }
    chosen[position] = mask;
    if (!paper.at_once) { post(position); }
    questions[position - 1].refresh();
    paint();
  }

  /* Where right or wrong shows at once an answer is final, so it is sent only when the person says so. */
  function settle(position) {
    if (state !== "answering" || position in final || unsaved[position] || !chosen[position]) { return; }
    post(position);
    questions[position - 1].refresh();
    paint();
  }

  function post(position) {
    unsaved[position] = { chosen: chosen[position], sequence: ++sequence, base: held[position] };
    keep();
    flush();
  }

  function flush() {
    var waiting = Object.keys(unsaved);
    if (inFlight) { return inFlight; }
    if (!waiting.length || (state !== "answering" && state !== "ending")) { return Promise.resolve(); }
    var askedAt = performance.now();
    var body = { answers: waiting.map(function (position) {
      return { position: Number(position), chosen: unsaved[position].chosen, sequence: unsaved[position].sequence };
    }) };
    inFlight = request("POST", urls.answerUrl, body, byTicket()).then(function (reply) {
      inFlight = null;
      learnClock(reply.data, askedAt);
      if (reply.status === 200) {
        failures = 0;
        if (trouble) { say(texts.line_back); }
        trouble = "";
        settleReplies(reply.data.results);
      } else if (reply.status === 429 || reply.status >= 500) {
        waitFor("busy", reply.wait);
      } else {
        stop(codeOf(reply), reply);
      }
      paint();
    }, function () {
      inFlight = null;
      waitFor("line", 0);
      paint();
    });
    paint();
    return inFlight;
  }

  function waitFor(kind, asked) {
    if (!trouble) { say(kind === "line" ? texts.no_line : texts.busy); }
    trouble = kind;
    if (state === "answering") { later(flush, asked); }
  }

  function settleReplies(results) {
    var obstacle = "";
    results.forEach(function (result) {
      var position = result.position, mine = unsaved[position];
      if (!mine || mine.sequence !== result.sequence) { return; }  /* chosen anew meanwhile: that one goes out next */
      if (["superseded", "already_submitted", "fenced", "paused", "deadline_passed"].indexOf(result.outcome) >= 0) {
        obstacle = result.outcome;
        return;
      }
      delete unsaved[position];
      held[position] = { chosen: result.chosen, sequence: result.sequence };
      if (isMask(result.right_mask)) { final[position] = result.right_mask; }
      if (result.outcome === "saved") { acknowledged = true; } else { chosen[position] = result.chosen; }
      questions[position - 1].refresh();
      if (position in final) { say(questions[position - 1].verdict.textContent); }
    });
    keep();
    if (obstacle) { stop(obstacle); } else { flush(); }
  }

  /* ---- what stands in the way ---- */

  function stop(code, reply) {
    if (code === "superseded") {
      notice(texts.superseded, texts.go_on_here, open);
    } else if (code === "paused") {
      paused();
    } else if (code === "already_submitted") {
      leave(urls.resultUrl);
    } else if (code === "deadline_passed") {
      if (state !== "ending") { timeIsUp(); }
    } else if (code === "ticket_invalid" || code === "no_attempt") {
      open();  // a store that lost the attempt gets it back there; if there really is none, `open` leaves
    } else {
      notice(reply && reply.data.error ? reply.data.error.message : texts.busy, texts.retry, open);
    }
  }

  function notice(text, action, deed) {
    if (state === "left") { return; }
    state = "notice";
    submitting = false;
    byId("notice-text").textContent = text;
    var button = byId("notice-button");
    button.hidden = !action;
    button.textContent = action || "";
    button.onclick = deed ? function () { button.hidden = true; deed(); } : null;
    byId("notice").hidden = false;
    byId("loading").hidden = true;
    closeReview();
    questions.forEach(function (question) { question.refresh(); });
    if (paper) { paint(); }
    byId("notice").focus();
  }

  function clearNotice() {
    byId("notice").hidden = true;
    byId("loading").hidden = true;
  }

  function goOn() {
    state = "answering";
    clearNotice();
    shownSecond = -1;
    questions.forEach(function (question) { question.refresh(); });
    paint();
    flush();
  }

  function paused() {
    notice(texts.paused, "", null);
    byId("clock").classList.remove("clock-late");
    stopWaiting();
    retryTimer = window.setTimeout(askHowItStands, PAUSE_POLL_MS * (0.75 + Math.random() / 2));
  }

  /* Ask without changing anything: after a pause, at the end, when the tab has slept. */
  function askHowItStands() {
    var askedAt = performance.now();
    return request("GET", urls.stateUrl).then(function (reply) {
      var running = reply.data.running;
      if (reply.status === 401) {
        notice(texts.signed_out, texts.sign_in, function () { leave(location.href); });
        return;
      }
      if (reply.status !== 200) {
        later(askHowItStands, reply.wait);
        return;
      }
      failures = 0;
      if (!running || running.ordinal !== paper.ordinal) {
        leave(urls.resultUrl);
        return;
      }
      learnClock({ now_ms: reply.data.now_ms, deadline_ms: running.deadline_ms }, askedAt);
      if (running.epoch > epoch) {
        stop("superseded");
      } else if (reply.data.paused) {
        paused();
      } else if (serverNow() >= deadline) {
        finish();
      } else {
        goOn();
      }
    }, function () { later(askHowItStands); });
  }

  /* ---- the end ---- */

  function timeIsUp() {
    closeReview();
    notice(texts.time_is_up, "", null);
    state = "ending";
    failures = 0;
    /* What is unsaved goes first: for a moment after the deadline it still counts. The reply tells of time given on top. */
    flush().then(function () { if (state === "ending") { askHowItStands(); } });
  }

  /* Everything unsaved first, then the submit; both again until the server has answered, or the person turns back. */
  function finish() {
    if (submitting) { return; }
    submitting = true;
    state = "ending";
    round += 1;
    var mine = round, byTime = serverNow() >= deadline;
    questions.forEach(function (question) { question.refresh(); });
    byId("submit").setAttribute("aria-disabled", "true");
    byId("submit").textContent = texts.submitting;
    stopWaiting();
    (function attempt() {
      flush().then(function () {
        if (mine !== round || state !== "ending") { submitting = false; restoreSubmit(); return; }
        if (Object.keys(unsaved).length && !byTime) {
          if (trouble) { reviewTrouble(); later(attempt); } else { attempt(); }
          return;
        }
        request("POST", urls.submitUrl, {}, byTicket()).then(function (reply) {
          var code = codeOf(reply);
          if (reply.status === 200 || code === "already_submitted") {
            leave(urls.resultUrl);
          } else if (mine !== round) {
            return;
          } else if (reply.status === 429 || reply.status >= 500) {
            trouble = "busy";
            reviewTrouble();
            later(attempt, reply.wait);
          } else {
            submitting = false;
            restoreSubmit();
            stop(code, reply);
          }
        }, function () {
          if (mine !== round) { return; }
          trouble = "line";
          reviewTrouble();
          later(attempt);
        });
      });
    }());
  }

  function backToPaper() {
    round += 1;
    submitting = false;
    if (state === "ending") { goOn(); }
    closeReview();
    show(current, true);
  }

  function restoreSubmit() {
    byId("submit").removeAttribute("aria-disabled");
    byId("submit").textContent = texts.submit;
    byId("review-trouble").hidden = true;
  }

  function reviewTrouble() {
    byId("review-trouble").hidden = false;
    byId("review-trouble-text").textContent = trouble === "busy" ? texts.submit_busy : texts.submit_no_line;
    byId("notice-text").textContent = byId("review-trouble-text").textContent;
  }

  function leave(url) {
    state = "left";
    if (paper && url === urls.resultUrl) {
      forget(true);
      url += "?attempt=" + paper.ordinal;
    }
    if (url === location.href) { location.reload(); } else { location.replace(url); }
  }

  /* ---- looking over before submitting ---- */

  function links(box, positions) {
    box.textContent = "";
    positions.forEach(function (position) {
      var link = make("button", "cell", String(position));
      link.type = "button";
      link.setAttribute("aria-label", fill(texts.go_to, { n: position }));
      link.addEventListener("click", function () { closeReview(); show(position, true); });
      box.appendChild(make("li")).appendChild(link);
    });
  }

  function review() {
    if (state !== "answering") { return; }
    var open = positionsThat(function (position) { return !isAnswered(position); });
    var marks = positionsThat(function (position) { return marked[position]; });
    byId("review-open-text").textContent = open.length ? fill(texts.open_left, { n: open.length }) : texts.all_answered;
    links(byId("review-open"), open);
    byId("review-marked-box").hidden = !marks.length;
    byId("review-marked-text").textContent = fill(texts.marked_left, { n: marks.length });
    links(byId("review-marked"), marks);
    restoreSubmit();
    byId("review").hidden = false;
    byId("paper").hidden = true;
    byId("tools").hidden = true;
    byId("sheet").hidden = true;
    window.scrollTo(0, 0);
    byId("review-title").focus();
    paint();
  }

  function closeReview() {
    if (byId("review").hidden) { return; }
    byId("review").hidden = true;
    byId("paper").hidden = false;
    byId("tools").hidden = false;
    byId("sheet").hidden = !isWide();
  }

  /* ---- the clock ---- */

  function tick() {
    if (!paper || state === "left" || state === "loading") { return; }
    woken();
    var left = Math.max(0, deadline - serverNow());
    var seconds = Math.ceil(left / 1000);
    if (seconds === shownSecond) { return; }
    shownSecond = seconds;
    if (state === "notice") { return; }
    var hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
    byId("clock-digits").textContent = (hours ? hours + ":" : "") + ("0" + minutes).slice(-2) + ":" + ("0" + seconds % 60).slice(-2);
    byId("clock").classList.toggle("clock-late", left <= 5 * ONE_MINUTE);
    if (left <= 5 * ONE_MINUTE && left > ONE_MINUTE && !told.five) { told.five = true; say(texts.five_minutes); }
    if (left <= ONE_MINUTE && left > 0 && !told.one) { told.one = true; told.five = true; say(texts.one_minute); }
    if (left === 0 && state === "answering") { timeIsUp(); }
  }

  /* Some devices stop the monotonic clock while they sleep, and tell the page of no waking: when it has come to lag further
     behind the wall clock, ask, once. */
  function woken() {
    if (document.hidden || !paper || state !== "answering" || inFlight) { return; }
    var lag = Date.now() - wallAt - (performance.now() - clockAt);
    if (Math.abs(lag - slept) > 2000) {
      slept = lag;
      askHowItStands();
    }
  }

  /* ---- listening ---- */

  byId("previous").addEventListener("click", function () { show(current - 1, true); });
  byId("next").addEventListener("click", function () { if (current === questions.length) { review(); } else { show(current + 1, true); } });
  byId("mark").addEventListener("click", function () { toggleMark(current); });
  byId("sheet-button").addEventListener("click", function () { toggleSheet(byId("sheet").hidden); });
  byId("sheet-close").addEventListener("click", function () { toggleSheet(false); byId("sheet-button").focus(); });
  byId("review-button").addEventListener("click", review);
  byId("to-review").addEventListener("click", function () { if (!isWide()) { toggleSheet(false); } review(); });
  byId("back-to-paper").addEventListener("click", backToPaper);
  byId("submit").addEventListener("click", finish);
  byId("view").addEventListener("click", function () {
    oneByOne = !oneByOne;
    try { localStorage.setItem("quiz.view", oneByOne ? "one" : "all"); } catch (e) { /* then it is not remembered */ }
    view();
    show(current, true);
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && !byId("sheet").hidden && !isWide()) { toggleSheet(false); byId("sheet-button").focus(); return; }
    if (state !== "answering" || !byId("review").hidden || event.ctrlKey || event.metaKey || event.altKey) { return; }
    var place = quiz.placeOfKey(event);
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      event.preventDefault();  /* within a group of radio buttons these keys would choose */
      if (oneByOne || event.target.tagName !== "BUTTON") { show(current + (event.key === "ArrowLeft" ? -1 : 1), true); }
    } else if (event.key === "m" || event.key === "M") {
      toggleMark(current);
    } else if (place >= 0) {
      event.preventDefault();
      questions[current - 1].press(place);
    }
  });
  window.addEventListener("online", function () {
    var waiting = retry;  /* for the line, and for nothing that the server asked: now, not in half a minute */
    failures = 0;
    if (waiting) { stopWaiting(); waiting(); }
  });
  window.addEventListener("beforeunload", function (event) {
    if (state !== "left" && Object.keys(unsaved).length) {
      event.preventDefault();
      event.returnValue = "";
    }
  });
  document.addEventListener("visibilitychange", woken);
  window.addEventListener("focus", woken);
  window.matchMedia("(min-width: 62rem)").addListener(function () {
    if (paper && byId("review").hidden) { toggleSheet(isWide()); }
  });
  window.setInterval(tick, 250);
  open();
}());
