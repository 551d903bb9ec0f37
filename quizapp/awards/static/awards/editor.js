"use strict";
// The worked example follows the form: it is computed on the server, by the same code as the result.
(() => {
  const form = document.getElementById("award-form");
  const example = document.getElementById("example");
  const total = document.getElementById("weights-total");
  const weights = ["participants", "coverage", "mean", "pass_rate", "full_marks"].map((name) => form.elements[name]);
  let timer = 0;
  let asked = 0;

  function showTotal() {
    const sum = weights.reduce((before, field) => before + (Number(field.value) || 0), 0);
    total.textContent = total.dataset.text.replace("{total}", sum);
  }

  async function ask() {
    asked += 1;
    const number = asked;
    try {
      const answer = await fetch(form.dataset.exampleUrl, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      if (answer.ok && number === asked) { // an older answer that comes late says nothing any more
        example.innerHTML = await answer.text();
      }
    } catch (error) {
      // without the line the last example stays; saving checks everything again
    }
  }

  form.addEventListener("input", () => {
    showTotal();
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, 300);
  });
  showTotal();
})();
