"use strict";
/* Asks for the figures each five seconds and puts them in place; a page in the background asks for nothing. */
(function () {
  var box = document.getElementById("operations");
  var all = function (selector) { return Array.prototype.slice.call(box.querySelectorAll(selector)); };
  var one = function (selector) { return box.querySelector(selector); };

  function fill(node, value) { if (node.textContent !== value) { node.textContent = value; } }

  function rows(body, lines) {
    while (body.rows.length > lines.length) { body.deleteRow(-1); }
    lines.forEach(function (line, number) {
      var row = body.rows[number] || body.insertRow(-1);
      line.forEach(function (text, column) {
        var cell = row.cells[column];
        if (!cell) {
          cell = row.appendChild(document.createElement(column ? "td" : "th"));
          if (column) { cell.className = "number"; } else { cell.scope = "row"; }
        }
        fill(cell, text);
      });
    });
  }

  function show(board) {
    one("[data-ready]").hidden = !board.ready;
    var list = one("[data-missing]");
    list.hidden = !board.missing.length;
    while (list.children.length > board.missing.length) { list.removeChild(list.lastChild); }
    board.missing.forEach(function (text, number) {
      fill(list.children[number] || list.appendChild(document.createElement("li")), text);
    });
    all("[data-text]").forEach(function (node) { fill(node, board.stats[node.dataset.text]); });
    all("[data-chart]").forEach(function (node) { fill(node, board.chart[node.dataset.chart]); });
    Array.prototype.forEach.call(one("[data-bars]").children, function (bar, number) {
      var height = board.chart.bars[number] || 0;
      bar.setAttribute("height", height);
      bar.setAttribute("y", 100 - height);
    });
    one("[data-line]").setAttribute("points", board.chart.line);
    all("[data-rows]").forEach(function (body) {
      rows(body, body.dataset.rows === "minutes" ? board.minutes : board.tables[body.dataset.rows]);
    });
    fill(one("[data-at]"), board.at);
  }

  function later() { window.setTimeout(ask, 5000); }

  function ask() {
    if (document.hidden) { later(); return; }
    fetch(box.dataset.url, {credentials: "same-origin", headers: {Accept: "application/json"}}).then(function (reply) {
      if (!reply.ok) { throw new Error(String(reply.status)); }
      return reply.json();
    }).then(function (board) {
      show(board);
      fill(one("[data-note]"), "");
    }).catch(function () { fill(one("[data-note]"), box.dataset.stale); }).then(later);
  }
  later();
}());
