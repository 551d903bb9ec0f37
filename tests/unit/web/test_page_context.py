"""How values are written on pages."""

import pytest
from flask import Flask

from quizapp.web.page_context import show_fact


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (
            ["2026-11-22T08:30:03.411000+00:00", "2026-11-22T10:30:00+00:00"],
            "2026年11月22日 16:30 → 2026年11月22日 18:30",
        ),
        ([30, 40], "30 → 40"),
        (["title", "host"], "title, host"),
        (None, "—"),
        (7, "7"),
        ("2026-11-22T无", "2026-11-22T无"),
    ],
)
def test_a_fact_of_the_audit_trail_is_written_for_people(app: Flask, value: object, shown: str) -> None:
    with app.test_request_context("/"):
        assert show_fact(value) == shown
