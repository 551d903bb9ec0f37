"use strict";
/* A practice round: one question at a time, checked by the server, explained at once. */
(function () {
  var quiz = window.quiz, make = quiz.make, fill = quiz.fill;
  var page = document.getElementById("practice");
  var round = JSON.parse(document.getElementById("round").textContent);
  var texts = JSON.parse(document.getElementById("texts").textContent);
  var storeName = "quiz.practice." + page.dataset.version;
  var at = 0, rightCount = 0, question = null, state = "choosing";  /* choosing, checking, told */

  function byId(id) { return document.getElementById(id); }

  function remember(id, isRight) {
    try {
      var tried = JSON.parse(localStorage.getItem(storeName)) || {};
      tried[id] = isRight ? 1 : 0;
      localStorage.setItem(storeName, JSON.stringify(tried));
    } catch (e) { /* then it is not remembered */ }
  }

  function say(text) {
    byId("say").textContent = "";
    window.setTimeout(function () { byId("say").textContent = text; }, 50);
  }

  function ask(move) {
    var data = round.questions[at];
    var head = byId("head");
    state = "choosing";
    head.textContent = "";
    head.appendChild(make("strong", "", fill(texts.place, { n: at + 1, all: round.questions.length })));
    head.appendChild(make("span", "badge-tint " + (data.type === "multiple" ? "type-many" : "badge-neutral"), texts[data.type]));
    question = new quiz.Question(data, "choice", texts, function () { byId("deed").disabled = !question.chosen(); });
    byId("question").textContent = "";
    byId("question").appendChild(question.element);
    byId("verdict").hidden = true;
    byId("trouble").hidden = true;
    byId("deed").textContent = texts.confirm;
    byId("deed").disabled = true;
    if (move) {
      window.scrollTo(0, 0);
      head.focus({ preventScroll: true });
    }
  }

  function check() {
    var data = round.questions[at], chosen = question.chosen();
    if (state !== "choosing" || !chosen) { return; }
    state = "checking";
    question.enable(false);
    byId("deed").textContent = texts.checking;
    fetch(page.dataset.checkUrl, {
      method: "POST", credentials: "same-origin",
      headers: { "Accept": "application/json", "Content-Type": "application/json", "X-CSRFToken": page.dataset.csrf },
      body: JSON.stringify({ round: round.round, question: data.id, chosen: chosen })
    }).then(function (response) {
      if (response.redirected) { location.reload(); return; }  /* signed out elsewhere: the sign-in page follows */
      return response.json().then(function (reply) {
        if (response.ok) { tell(data, reply); } else { again(reply.error && response.status < 500 ? reply.error.message : texts.busy); }
      });
    }).catch(function () { again(texts.no_line); });
  }

  function again(text) {
    state = "choosing";
    question.enable(true);
    byId("deed").textContent = texts.confirm;
    byId("trouble").textContent = text;
    byId("trouble").hidden = false;
    say(text);
  }

  function tell(data, reply) {
    state = "told";
    rightCount += reply.is_right ? 1 : 0;
    remember(data.id, reply.is_right);
    question.reveal(reply.right);
    var verdict = byId("verdict");
    verdict.className = "verdict " + (reply.is_right ? "verdict-right" : "verdict-wrong");
    verdict.textContent = "";
    verdict.appendChild(make("p", "verdict-word", reply.is_right ? texts.was_right : texts.was_wrong));
    if (reply.explanation) { verdict.appendChild(quiz.fillPictured(make("p"), texts.explanation + reply.explanation, texts)); }
    if (reply.reference) { verdict.appendChild(quiz.fillPictured(make("p", "soft small"), texts.reference + reply.reference, texts)); }
    verdict.hidden = false;
    byId("trouble").hidden = true;
    byId("deed").textContent = at + 1 < round.questions.length ? texts.next : texts.finish;
    byId("progress").value = at + 1;
    verdict.focus();
  }

  function goOn() {
    at += 1;
    if (at < round.questions.length) { ask(true); return; }
    byId("card").hidden = true;
    byId("end").hidden = false;
    byId("end-title").textContent = fill(texts.sum, { right: rightCount, all: round.questions.length });
    byId("end-text").textContent = rightCount === round.questions.length ? texts.all_right : texts.some_wrong;
    byId("end-title").focus();
  }

  byId("deed").addEventListener("click", function () { if (state === "told") { goOn(); } else { check(); } });
  document.addEventListener("keydown", function (event) {
    if (byId("card").hidden || event.ctrlKey || event.metaKey || event.altKey) { return; }
    var place = quiz.placeOfKey(event);
    if (place >= 0 && state === "choosing") {
      event.preventDefault();
      question.press(place);
    } else if (event.key === "Enter" && event.target.tagName !== "BUTTON" && event.target.tagName !== "A" && event.target.tagName !== "SUMMARY") {
      event.preventDefault();
      byId("deed").click();
    }
  });
  ask(false);
}());
