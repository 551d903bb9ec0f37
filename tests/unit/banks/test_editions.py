"""Standards without a year, editions that never were, and editions that others have replaced."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from quizapp.banks.checking.checks import check_content
from quizapp.banks.checking.editions import EDITIONS, REPLACED, standards_in
from quizapp.banks.content import Question
from quizapp.banks.findings import Fault
from tests.unit.banks.samples import CONTENT, SINGLE, faults

DAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reference": "GB/T 19001 0.3.2"}, "reference"),
        ({"stem": "ISO 9001 的用途是什么？"}, "stem"),
        ({"stem": "ＩＳＯ 19011 说的是什么？"}, None),  # nothing reads it as a standard, so nothing is said
        ({"options": ("策划", "T/CAQ 10201 的要求", "检查", "处置")}, "B"),
    ],
)
def test_a_standard_without_its_year_is_pointed_at_where_it_is_first_named(changes: dict[str, Any], field: str) -> None:
    expected = [("warning", "standard_without_year", field)] if field else []
    assert faults(replace(SINGLE, **changes)) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "GB/T 19001-2016 8.4.1；ISO 9000:2015；T/CAQ 10201—2024；GB/T 2828.1-2012"},
        {"reference": "ISO 13053-1:2011"},
        {"stem": "ISO 9000 族标准的核心有几项？"},
        {"stem": "按 GB/T 19001-2016，策略如何？", "explanation": "GB/T 19001 说的是要求。"},
    ],
)
def test_standards_with_their_years_and_families_are_left_alone(changes: dict[str, Any]) -> None:
    assert faults(replace(SINGLE, **changes)) == []


def test_standards_are_read_in_every_usual_spelling() -> None:
    text = "GB/T19001—2016、ISO 9001：2015、GB/Z 19579-2012、T/CAQ 10201 - 2024、GB/T 2828.1、ISO 9000 系列、ISO 13053-1:2011"
    assert [(name, year) for _written, name, year in standards_in(text)] == [
        ("GB/T 19001", 2016),
        ("ISO 9001", 2015),
        ("GB/Z 19579", 2012),
        ("T/CAQ 10201", 2024),
        ("GB/T 2828.1", None),
        ("ISO 13053-1", 2011),
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"stem": "ISO 9001:2022 的第一个阶段是什么？"}, "stem"),
        ({"reference": "GB/T 19001-2015 0.3.2"}, "reference"),
        ({"options": ("ISO 9001:2018", "实施", "检查", "处置")}, "A"),
        ({"options": ("策划", "ISO 9001:2018", "检查", "处置")}, None),  # a wrong option may well be wrong
        ({"explanation": "没有 ISO 9001:2022 这一版。"}, None),
        ({"reference": "GB/T 19001-2028 0.3.2"}, None),  # newer than what this program knows
        ({"reference": "ISO 10014:2019"}, None),
    ],
)
def test_an_edition_that_never_was_is_pointed_at(changes: dict[str, Any], field: str | None) -> None:
    expected = [("warning", "edition_unknown", field)] if field else []
    assert faults(replace(SINGLE, **changes), today=DAY) == expected


def replaced(*questions: Question, today: date | None = DAY) -> list[Fault]:
    found = check_content(replace(CONTENT, questions=questions), today=today)
    return [fault for fault in found if fault.code == "edition_replaced"]


def test_a_replaced_edition_is_told_once_for_all_questions_that_rely_on_it() -> None:
    stems = [
        "质量方针由谁制定？",
        "内部审核由谁策划？",
        "依据 GB/T 19001-2008，文件怎样控制？",
        "什么是顾客？",
        "谁来评审？",
        "谁批准？",
    ]
    bank = [
        replace(SINGLE, code=f"Q{number}", stem=stem, reference="GB/T 19001-2008 4.1")
        for number, stem in enumerate(stems)
    ]
    (fault,) = replaced(*bank)
    assert (fault.number, fault.facts) == (
        None,
        {
            "value": "GB/T 19001-2008",
            "new": "GB/T 19001-2016",
            "count": 6,
            "codes": ["Q0", "Q1", "Q2", "Q3", "…"],
        },
    )
    assert replaced(*bank, today=None) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "GB/T 19001-2016 4.1"},
        {"reference": "GB/T 19000-2016 3.6.2；GB/T 19004-2020；GB/T 29590-2013"},
        {"reference": "GB/T 19001-2008 4.1；GB/T 19001-2016 4.1"},
        {"reference": "GB/T 19001-2008 4.1", "valid_to": date(2027, 1, 1)},
        {"stem": "GB/T 19001-2008 被哪一版代替？", "reference": "GB/T 19000-2016 1"},
        {"stem": "GB/T 19001-2016 与 ISO 9001:2015 是什么关系？"},
        {"options": ("策划", "GB/T 19001-2008", "检查", "处置")},
        {"explanation": "GB/T 19001-2008 也这样说。"},
        {"stem": "ISO 9001:1987 的三种模式是什么？"},
    ],
)
def test_what_still_holds_or_speaks_of_the_past_is_left_alone(changes: dict[str, Any]) -> None:
    assert replaced(replace(SINGLE, **changes)) == []


def test_an_edition_is_replaced_from_its_day_on() -> None:
    question = replace(SINGLE, reference="GB/T 36077-2018")
    assert replaced(question, today=date(2026, 6, 30)) == []
    assert [fault.facts and fault.facts["new"] for fault in replaced(question, today=date(2026, 7, 1))] == [
        "GB/T 36077-2025"
    ]


def test_the_tables_agree_with_themselves() -> None:
    for old, (new, since) in REPLACED.items():
        assert old[:-4] == new[:-4]
        assert int(old[-4:]) < since.year
        assert new not in REPLACED, f"{old} leads to an edition that is replaced itself"
        if (known := EDITIONS.get(old[:-5])) is not None:
            assert {int(old[-4:]), int(new[-4:])} <= set(known)
