"""What is wrong or doubtful with a question that could be read."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from quizapp.banks.checking.checks import check_content, check_source, errors_in, tally
from quizapp.banks.content import BankContent
from quizapp.banks.entries import Header, Source
from tests.unit.banks.samples import (
    CONTENT,
    HEADINGS,
    JUDGE,
    MULTIPLE,
    SINGLE,
    TOPICS,
    check_rows,
    codes,
    faults,
    found,
    row,
)


def test_good_questions_have_no_fault() -> None:
    assert faults(SINGLE, MULTIPLE, JUDGE) == []


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"type": ""}, "type_missing", "type"),
        ({"type": "essay"}, "type_unknown", "type"),
        ({"topic": ""}, "topic_missing", "topic"),
        ({"topic": "T99"}, "topic_unknown", "topic"),
        ({"difficulty": "extreme"}, "difficulty_unknown", "difficulty"),
        ({"pool": "secret"}, "pool_unknown", "pool"),
        ({"stem": ""}, "stem_missing", "stem"),
        ({"code": "T 1"}, "code_bad", "code"),
        ({"code": "T" * 41}, "code_bad", "code"),
        ({"right": 0}, "key_missing", "key"),
        ({"right": 0b10000}, "key_outside_options", "key"),
        ({"right": 0b11}, "single_several_keys", "key"),
        ({"type": "multiple"}, "multiple_one_key", "key"),
        ({"options": ("策划",)}, "options_too_few", "A"),
        ({"options": ("策划", "", "检查")}, "option_missing", "B"),
        ({"options": ("策划", "实施", " 实 施", "处置")}, "options_equal", "C"),
        ({"options": ("策划", "PDCA", "ＰＤＣＡ", "处置")}, "options_equal", "C"),
        ({"options": tuple("甲乙丙丁戊己庚辛壬")}, "options_too_many", "I"),
        ({"valid_from": date(2026, 7, 1), "valid_to": date(2026, 6, 30)}, "dates_reversed", "valid_to"),
        ({"stem": "问" * 2001}, "text_too_long", "stem"),
        ({"options": ("策划", "实" * 501)}, "text_too_long", "B"),
        ({"explanation": "解" * 4001}, "text_too_long", "explanation"),
        ({"reference": "据" * 501}, "text_too_long", "reference"),
    ],
)
def test_an_error_is_found_at_its_field(changes: dict[str, Any], code: str, field: str) -> None:
    assert ("error", code, field) in faults(replace(SINGLE, **changes))


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"explanation": ""}, "explanation_missing", "explanation"),
        ({"reference": ""}, "reference_missing", "reference"),
    ],
)
def test_a_doubt_is_a_warning_at_its_field(changes: dict[str, Any], code: str, field: str) -> None:
    assert faults(replace(SINGLE, **changes)) == [("warning", code, field)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (replace(CONTENT, code=""), "bank_code_missing"),
        (replace(CONTENT, code="大写 TQM"), "bank_code_bad"),
        (replace(CONTENT, title=" "), "bank_title_missing"),
        (replace(CONTENT, title="名" * 121), "bank_title_bad"),
        (replace(CONTENT, questions=()), "no_questions"),
        (replace(CONTENT, topics={**TOPICS, "T03": ""}), "topic_bad"),
    ],
)
def test_a_fault_of_the_whole_bank_has_no_question(content: BankContent, code: str) -> None:
    assert [(fault.code, fault.number) for fault in check_content(content)] == [(code, None)]


def test_a_file_for_another_bank_than_the_chosen_one_is_refused() -> None:
    report = check_source(Source("a.yaml", Header("other", "另一个", {"T01": "x"})), bank=Header("demo"))
    assert codes(report) == ["bank_differs", "no_questions"]


def test_every_fault_of_a_row_is_reported_and_none_twice() -> None:
    report = check_rows(HEADINGS, row(题型="选择", 题干="", 答案="Z9", 难度="极难", 章节="", 编号="a b"))
    assert sorted(codes(report)) == ["code_bad", "difficulty_unknown", "stem_missing", "topic_missing", "type_unknown"]
    assert found(report, "type_unknown").facts == {"value": "选择"}
    assert report.faulty == [0]


@pytest.mark.parametrize("kind", ["简答题", "填空题", "配伍题", "Essay"])
def test_a_kind_that_we_lack_is_named_with_its_number_and_never_turned_into_another(kind: str) -> None:
    report = check_rows(HEADINGS, row(), row(题型=kind, 编号="T01-002", 题干="什么是质量？"))
    assert (report.verdict, codes(report), report.entries) == ("reject", ["kind_unsupported"], [0])
    assert report.findings[0].facts == {"number": 2, "kind": kind}
    left = check_rows(HEADINGS, row(), row(题型=kind, 编号="T01-002", 题干="什么是质量？"), leave_out=True)
    assert (left.verdict, [each.code for each in left.content.questions]) == ("accept_with_warnings", ["T01-001"])


def test_a_fault_after_a_question_that_was_left_out_stands_at_its_own_row() -> None:
    rows = [row(题型="简答题", 编号="T01-000"), row(答案="见教材")]
    report = check_rows(HEADINGS, *rows, leave_out=True)
    assert (found(report, "key_unreadable").where.row, report.faulty) == (3, [1])


def test_questions_without_a_topic_take_the_one_that_was_chosen() -> None:
    report = check_rows(HEADINGS, row(章节=""), topic="质量工具")
    assert (codes(report), report.content.questions[0].topic) == ([], "T02")


def test_a_bank_without_topics_keeps_its_questions_together_and_says_so() -> None:
    report = check_rows(HEADINGS, row(章节=""), bank=Header("new", "新题库"))
    assert (codes(report), report.content.topics) == (["topic_unsorted"], {"T00": "未分类"})


def test_findings_stand_in_the_order_of_their_places() -> None:
    rows = [
        row(编号=f"Q{number}", 题干="" if number in (3, 1) else f"第{number}问", 解析="" if number == 2 else "讲解")
        for number in range(5)
    ]
    report = check_rows(HEADINGS, *rows)
    assert [(finding.where.row, finding.code) for finding in report.findings] == [
        (3, "stem_missing"),
        (4, "explanation_missing"),
        (5, "stem_missing"),
    ]


@pytest.mark.parametrize("char", ["\0", "\x1b", "\u202e", "\u2028", "\x85"])
def test_control_characters_are_refused_at_their_field(char: str) -> None:
    assert codes(check_rows(HEADINGS, row(题干=f"题{char}干"))) == ["text_control"]


@pytest.mark.parametrize(("char", "shown"), [("\uf0d8", "U+F0D8"), ("\U000f0000", "U+F0000")])
def test_characters_of_somebody_s_own_are_a_doubt_at_their_field(char: str, shown: str) -> None:
    report = check_rows(HEADINGS, row(题干=f"题{char}干"))
    (finding,) = report.findings
    assert (finding.severity, finding.code, finding.facts) == ("warning", "text_private", {"value": shown})
    assert (finding.where.row, report.content.questions[0].stem) == (2, f"题{char}干")


def test_what_nobody_sees_around_a_text_is_taken_off() -> None:
    report = check_rows(HEADINGS, row(题干="\u200b 题干\r\n第二行 \ufeff", 选项A="　策划　"))
    question = report.content.questions[0]
    assert (question.stem, question.options[0], codes(report)) == ("题干\n第二行", "策划", [])


def test_verdicts_follow_the_worst_finding() -> None:
    assert check_rows(HEADINGS, row()).verdict == "accept"
    assert check_rows(HEADINGS, row(解析="")).verdict == "accept_with_warnings"
    assert check_rows(HEADINGS, row(答案="")).verdict == "reject"


def test_the_tally_counts_by_type_topic_difficulty_and_pool() -> None:
    assert tally(CONTENT) == {
        "type": {"single": 1, "multiple": 1, "judge": 1},
        "topic": {"T01": 2, "T02": 1},
        "difficulty": {"easy": 3, "medium": 0, "hard": 0},
        "pool": {"formal": 2, "practice": 1},
    }


def test_what_saving_asks_finds_the_errors_that_the_whole_check_finds_and_no_warning() -> None:
    bad = [
        replace(SINGLE, code="Q1", stem=""),
        replace(SINGLE, code="Q2", stem="第一个阶段是（A）。"),
        SINGLE,
        replace(SINGLE, code="Q4"),
        replace(SINGLE, code="Q5", stem="图中 ![图](sha256:" + "0" * 64 + ") 是什么？", explanation=""),
    ]
    content = replace(CONTENT, code="", questions=tuple(bad))
    found = [fault for fault in check_content(content, pictures=()) if fault.severity == "error"]
    assert (errors_in(content, ()), len(found)) == (5, 5)
    assert errors_in(replace(CONTENT, questions=(replace(SINGLE, explanation=""),)), ()) == 0


def test_one_question_can_be_asked_about_among_the_others() -> None:
    twin = replace(SINGLE, code="T01-009", explanation="")
    content = replace(CONTENT, code="", questions=(SINGLE, replace(MULTIPLE, reference=""), twin))
    found = [(fault.code, fault.number) for fault in check_content(content, only=2)]
    assert found == [("explanation_missing", 2), ("question_doubled", 2)]
