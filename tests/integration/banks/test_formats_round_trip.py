"""Content → file → the same digest, in every format, through the reader's own child process."""

import json
import string
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.banks.checking.checks import check_source
from quizapp.banks.content import (
    DIFFICULTIES,
    JUDGE_OPTIONS,
    POOLS,
    TYPES,
    BankContent,
    Question,
    content_digest,
    content_to_json,
)
from quizapp.banks.entries import Header
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.formats.tables.template import write_csv, write_xlsx
from quizapp.banks.reading import read_upload

pytestmark = pytest.mark.once

# Whatever a text may hold: Chinese, signs that start formulas, quotes, line breaks, what YAML and Excel would convert.
SPECIAL = [
    "=1+1",
    "+86",
    "-5",
    "@x",
    "'=1",
    "''",
    "no",
    "1:30",
    "1.33",
    "2026-08-25",
    "TRUE",
    "1E5",
    "007",
    "a: b",
    "# x",
    "- y",
    "_x0041_",
    "“引”",
    "甲,乙",
    "甲\n乙",
    "<b>&",
    "x\ty",
    "５％",
    "😀",
]
CHARACTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" \n\t")
TEXTS = (st.sampled_from(SPECIAL) | st.text(CHARACTERS, min_size=1, max_size=30)).map(str.strip).filter(bool)
CODES = st.text(string.ascii_letters + string.digits + "-=@+_", min_size=1, max_size=12)


@st.composite
def questions(draw: st.DrawFn, number: int) -> Question:
    kind = draw(st.sampled_from(TYPES))
    count = draw(st.integers(3, 8))
    options = JUDGE_OPTIONS if kind == "judge" else tuple(f"{draw(TEXTS)} {letter}" for letter in "abcdefgh"[:count])
    places = {"single": draw(st.integers(0, count - 1)), "judge": draw(st.integers(0, 1)), "multiple": 0}[kind]
    right = (
        draw(st.integers(1, 2**count - 1).filter(lambda mask: mask.bit_count() > 1))
        if kind == "multiple"
        else 1 << places
    )
    return Question(
        code=f"{draw(CODES)}{number}",
        type=kind,
        topic=draw(st.sampled_from(["T01", "T02"])),
        difficulty=draw(st.sampled_from(DIFFICULTIES)),
        pool=draw(st.sampled_from(POOLS)),
        stem=f"{draw(TEXTS)} 第{number}问",
        options=options,
        right=right,
        explanation=draw(st.just("") | TEXTS),
        reference=draw(st.just("") | TEXTS),
        valid_from=draw(st.none() | st.dates(date(1990, 1, 1), date(2030, 1, 1))),
        valid_to=draw(st.none() | st.dates(date(2030, 1, 2), date(2099, 1, 1))),
    )


@st.composite
def contents(draw: st.DrawFn) -> BankContent:
    count = draw(st.integers(1, 5))
    return BankContent(
        "demo",
        "示例 题库",
        {"T01": draw(TEXTS).replace("\n", " "), "T02": "另 一主题"},
        tuple(draw(questions(number)) for number in range(count)),
    )


def digest_after(name: str, data: bytes, header: Header | None = None) -> str:
    report = check_source(read_upload(name, data), bank=header)
    # A reference may happen to look like a standard, a stem like a key in brackets: only reading is at stake here.
    assert [
        finding for finding in report.findings if finding.severity == "error" and finding.code != "stem_shows_key"
    ] == []
    return content_digest(report.content)


@given(contents())
def test_yaml_and_json_give_the_same_digest(content: BankContent) -> None:
    assert digest_after("a.yaml", write_yaml(content).encode()) == content_digest(content)
    assert digest_after("a.json", json.dumps(content_to_json(content)).encode()) == content_digest(content)


@pytest.mark.slow
@settings(max_examples=10)
@given(contents())
def test_the_template_as_xlsx_and_csv_gives_the_same_digest(content: BankContent) -> None:
    assert digest_after("a.xlsx", write_xlsx(content)) == content_digest(content)
    header = Header(content.code, content.title, content.topics)
    assert digest_after("a.csv", write_csv(content), header) == content_digest(content)
