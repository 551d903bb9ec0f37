"use strict";
/* Questions as participants get them, on screens as wide as a phone, each in the language of its readers. */
(function () {
  var quiz = window.quiz, make = quiz.make;
  var drawn = {};
  var texts = JSON.parse(document.getElementById("preview-texts").textContent);

  /* `data`: type, stem, options, and for after the answer right, explanation, reference. */
  function draw(language, data) {
    var own = texts[language];
    if (drawn[language] === JSON.stringify(data)) { return; }  /* what was tried out on it stays */
    drawn[language] = JSON.stringify(data);
    var screen = document.querySelector("[data-preview='" + language + "']");
    var head = make("p", "question-head");
    head.appendChild(make("span", "badge-tint " + (data.type === "multiple" ? "type-many" : "badge-neutral"), own[data.type]));
    screen.textContent = "";
    screen.appendChild(head);
    screen.appendChild(new quiz.Question(data, "preview-" + language, own, function () {}).element);
    screen.appendChild(after(data, own));
  }

  function letters(mask) {
    return "ABCDEFGH".split("").filter(function (_letter, place) { return mask >> place & 1; }).join("");
  }

  function after(data, own) {
    var box = make("details");
    box.appendChild(make("summary", "", own.after));
    box.appendChild(make("p", "", own.key + (data.type === "judge" ? data.options[data.right - 1] || "" : letters(data.right))));
    if (data.explanation) { box.appendChild(quiz.fillPictured(make("p", "pre-line"), own.explanation + data.explanation, own)); }
    if (data.reference) { box.appendChild(make("p", "soft small", own.reference + data.reference)); }
    return box;
  }

  window.questionPreview = { draw: draw, texts: texts };
  var given = document.getElementById("preview");
  if (given) {
    given = JSON.parse(given.textContent);
    Object.keys(given).forEach(function (language) { draw(language, given[language]); });
  }
}());
