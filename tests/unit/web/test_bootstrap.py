"""Bootstrap is served without the parts that can't work here, and no page counts on one of them."""

import re
from importlib.resources import files
from pathlib import Path

from quizapp.web.bootstrap import SCRIPTED, slim

WHOLE = (files("flask_bootstrap") / "static/bootstrap5/css/bootstrap.min.css").read_text()
QUIZAPP = Path(__file__).parents[3] / "quizapp"


def test_rules_that_cannot_apply_are_dropped_and_the_rest_stays_as_it_is() -> None:
    css = (
        '@charset "UTF-8";:root,[data-bs-theme=light]{--a:1}[data-bs-theme=dark]{--a:2}.btn,.modal .btn{color:red}'
        ".modal-body{x:y}.btn:not(.a,.modal){b:c}@media (min-width:1px){.navbar{d:e}}"
        "@media (min-width:1px){.navbar-nav{d:e}.card{f:g}}.tool{h:i}@keyframes x{0%{j:k}}"
    )
    assert slim(css) == (
        '@charset "UTF-8";:root,[data-bs-theme=light]{--a:1}.btn{color:red}'
        "@media (min-width:1px){.card{f:g}}.tool{h:i}@keyframes x{0%{j:k}}"
    )


def test_what_pages_are_made_of_is_still_there() -> None:
    css = slim(WHOLE)
    assert len(css) < 0.8 * len(WHOLE)
    assert css.count("{") == css.count("}")
    for name in (
        ".btn-primary{",
        ".card{",
        ".table{",
        ".form-control{",
        ".form-check-input:checked",
        ".visually-hidden,",
    ):
        assert name in css


def test_no_template_uses_a_part_that_is_dropped() -> None:
    word = re.compile(rf'class="[^"]*\b(?:{SCRIPTED})(?![a-z])[^"]*"')
    users = [path.name for path in QUIZAPP.glob("*/templates/**/*.html") if word.search(path.read_text())]
    assert users == []
