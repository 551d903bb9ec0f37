"""Aiken: single choices, each as written, and nothing that is not Aiken taken for it."""

from pathlib import Path

import pytest

from quizapp.banks.checking.checks import Report, check_source
from quizapp.banks.entries import Header
from quizapp.banks.formats.text.aiken import looks_like_aiken
from quizapp.banks.reading import read_upload
from tests.unit.banks.samples import codes, found

FILES = Path(__file__).parent / "files"
BANK = Header("demo", "Demo")
WHOLE = "What is PDCA?\nA. A cycle\nB. A chart\nANSWER: A\n"


def check(text: str, format_name: str = "") -> Report:
    return check_source(read_upload("a.txt", text.encode(), format_name), bank=BANK)


def errors(report: Report) -> list[str]:
    return [finding.code for finding in report.findings if finding.severity == "error"]


def test_a_file_is_read_as_single_choices() -> None:
    report = check((FILES / "english.txt").read_text())
    assert errors(report) == []
    assert [(each.type, each.options, each.key_letters) for each in report.content.questions] == [
        ("single", ("Do", "Plan", "Check", "Act"), "B"),
        ("single", ("Whether a process is stable", "How much a product costs"), "A"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        WHOLE.replace("ANSWER: A", "answer:a"),
        WHOLE.replace("ANSWER: A", "ANSWER:A"),
        WHOLE.replace(". A ", ") A "),
        WHOLE.replace("\n", "\r\n"),
        WHOLE.replace("A. ", "a. ").replace("B. ", "b. "),
        WHOLE.rstrip(),
    ],
)
def test_small_differences_of_spelling_make_none(text: str) -> None:
    report = check(text, "aiken")
    assert errors(report) == []
    assert [each.key_letters for each in report.content.questions] == ["A"]


def test_a_stem_may_have_several_lines() -> None:
    assert check("Look:\nx = 1\nA. y\nB. z\nANSWER: B\n").content.questions[0].stem == "Look:\nx = 1"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("Chapter one\n\n" + WHOLE, "aiken_incomplete", 1),
        ("What?\nA. x\nB. y\n", "aiken_incomplete", 1),
        ("What?\nANSWER: A\n", "aiken_line_unexpected", 2),
        ("What?\nA. x\nand more\nB. y\nANSWER: A\n", "aiken_line_unexpected", 3),
        ("What?\nA. x\nC. y\nANSWER: A\n", "aiken_line_unexpected", 3),
        ("A. x\nA. x\nB. y\nANSWER: A\n", "aiken_line_unexpected", 1),
        ("What?\nA. x\nA. y\nANSWER: A\n", "aiken_line_unexpected", 3),
        ("What?\nA. x\nB. y\nANSWER: AB\n", "single_several_keys", 4),
        ("What?\nA. x\nB. y\nANSWER: A, B\n", "single_several_keys", 4),
        ("What?\nA. x\nB. y\nANSWER: D\n", "key_outside_options", 4),
        ("What?\nA. x\nB. y\nANSWER:\n", "key_missing", 4),
        ("What?\nA. x\nB. y\nANSWER: either\n", "key_unreadable", 4),
        (
            "What?\n" + "".join(f"{chr(65 + place)}. x{place}\n" for place in range(9)) + "ANSWER: A\n",
            "aiken_line_unexpected",
            10,
        ),
    ],
)
def test_what_is_not_aiken_is_refused_at_its_line(text: str, code: str, line: int) -> None:
    report = check(text, "aiken")
    assert errors(report) == [code]
    assert found(report, code).where.line == line


@pytest.mark.parametrize(
    ("text", "is_aiken"),
    [
        (WHOLE, True),
        ("1. 甲\nA. 乙\nB. 丙\n答案：A\n", False),
        ("1. What?\nA. x\nB. y\nANSWER: A\n", False),
        ("What? {=a ~b}\n", False),
        ("What?\nA. x\nB. y\n", False),
    ],
)
def test_a_text_file_is_aiken_only_if_nothing_speaks_against_it(text: str, is_aiken: bool) -> None:
    assert looks_like_aiken(text.encode()) == is_aiken


def test_what_comes_after_a_broken_question_is_still_read() -> None:
    report = check("Title\n\n" + WHOLE)
    assert codes(report).count("aiken_incomplete") == 1
    assert [each.stem for each in report.content.questions][1:] == ["What is PDCA?"]
