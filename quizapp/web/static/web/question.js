"use strict";
/* One question as a group of native controls: the stem is the group's name, each option a whole row with its letter.
   Answering and practice both use it. A choice is a bit mask of the letters shown: A is 1, B is 2, C is 4. */
(function () {
  var LETTERS = "ABCDEFGH";
  var PICTURE = /!\[([^\[\]\n]{0,400})\]\(sha256:([0-9a-f]{64})\)/;
  var address = document.currentScript.dataset.pictures;

  function make(tag, className, text) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    if (text !== undefined) { node.textContent = text; }
    return node;
  }

  /* A text with its pictures in their places. They are fetched at once, also for questions further on: the line may break. */
  function fillPictured(node, text, texts) {
    var parts = text.split(PICTURE);  /* words, then again and again what a picture shows, its digest, words */
    node.appendChild(document.createTextNode(parts[0]));
    for (var at = 1; at < parts.length; at += 3) {
      node.appendChild(picture(address.replace("{digest}", parts[at + 1]), parts[at] || texts.picture));
      node.appendChild(document.createTextNode(parts[at + 2]));
    }
    return node;
  }

  function picture(source, words) {
    var image = make("img", "picture");
    image.alt = words;
    image.addEventListener("error", function () {
      window.addEventListener("online", function () { image.src = source; }, { once: true });
    });
    image.src = source;
    return image;
  }

  /* `data`: type, stem, options. `name` must be unique on the page. `texts`: yours, right, picture. `changed(mask)` after each choice. */
  function Question(data, name, texts, changed) {
    var self = this;
    var many = data.type === "multiple";
    this.many = many;
    this.texts = texts;
    this.element = make("fieldset", "options" + (many ? " options-many" : ""));
    this.element.appendChild(fillPictured(make("legend", "stem"), data.stem, texts));
    this.inputs = data.options.map(function (text, place) {
      var row = make("label", "option");
      var input = make("input", "option-input");
      input.type = many ? "checkbox" : "radio";
      input.name = name;
      input.value = String(1 << place);
      input.addEventListener("change", function () {
        self.paint();
        changed(self.chosen());
      });
      row.appendChild(input);
      row.appendChild(make("span", "letter", LETTERS[place]));
      row.appendChild(fillPictured(make("span", "option-text"), text, texts));
      self.element.appendChild(row);
      return input;
    });
  }

  Question.prototype.chosen = function () {
    return this.inputs.reduce(function (mask, input) { return input.checked ? mask | Number(input.value) : mask; }, 0);
  };

  Question.prototype.show = function (mask) {
    this.inputs.forEach(function (input) { input.checked = (mask & Number(input.value)) !== 0; });
    this.paint();
  };

  Question.prototype.paint = function () {
    this.inputs.forEach(function (input) { input.parentNode.classList.toggle("option-on", input.checked); });
  };

  /* Choose by key: one more or one less in a multiple choice, this one in a single choice. */
  Question.prototype.press = function (place) {
    var input = this.inputs[place];
    if (!input || input.disabled || this.element.disabled) { return; }
    input.focus();
    input.click();
  };

  Question.prototype.enable = function (yes) { this.element.disabled = !yes; };

  /* Mark each row as right, wrong or missed, in words too. */
  Question.prototype.reveal = function (right) {
    var texts = this.texts;
    this.inputs.forEach(function (input) {
      var row = input.parentNode;
      var isRight = (right & Number(input.value)) !== 0;
      if (isRight || input.checked) {
        row.classList.add(isRight ? "option-right" : "option-wrong");
        row.appendChild(make("span", "option-note", isRight ? texts.right : texts.yours));
      }
    });
  };

  /* The place of the option that a key means (0 for 1 or A), or −1. */
  function placeOfKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) { return -1; }
    var digit = "12345678".indexOf(event.key);
    return digit >= 0 ? digit : LETTERS.indexOf(event.key.toUpperCase());
  }

  /* "第 {n} 题" with n → "第 3 题". */
  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, function (whole, name) { return name in values ? values[name] : whole; });
  }

  window.quiz = { Question: Question, fillPictured: fillPictured, make: make, placeOfKey: placeOfKey, fill: fill };
}());
