"""How values are written on pages."""

import pytest
from flask import Flask

from quizapp.web.page_context import mask_name, show_fact


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


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("张三丰", "张*"),
        ("欧阳娜", "欧阳*"),
        ("诸葛孔明", "诸葛*"),
        ("欧阳", "欧*"),
        ("爱新觉罗溥仪", "爱新觉罗*"),
        ("Anna Lee", "A*"),
        ("", "*"),
    ],
)
def test_the_public_sees_a_surname_and_a_star(name: str, masked: str) -> None:
    assert mask_name(name) == masked
