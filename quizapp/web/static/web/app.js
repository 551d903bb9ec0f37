"use strict";
/* What every page shares: a question before a deed that asks for one, and no second submit by a double click. */
document.addEventListener("submit", function (event) {
  var form = event.target;
  var question = form.getAttribute("data-confirm");
  if (question && !window.confirm(question)) {
    event.preventDefault();
    return;
  }
  if (form.hasAttribute("data-sent")) {
    event.preventDefault();
    return;
  }
  if (form.method === "post" && form.querySelector("[data-once]") && !event.defaultPrevented) {
    form.setAttribute("data-sent", "");
    /* A download leaves the page where it is: after a while the button works again. */
    window.setTimeout(function () { form.removeAttribute("data-sent"); }, 4000);
  }
});
window.addEventListener("pageshow", function () {
  document.querySelectorAll("form[data-sent]").forEach(function (form) { form.removeAttribute("data-sent"); });
});
/* On a phone the row of the main pages scrolls: the page in hand is in sight. */
(function () {
  var here = document.querySelector(".nav-row [aria-current]");
  if (here) {
    var row = here.closest(".nav-row");
    row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
  }
}());
