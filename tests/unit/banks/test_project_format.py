"""The project's own format in YAML and JSON."""

import json
from datetime import date
from pathlib import Path

import pytest

from quizapp.banks.checking.checks import check_source
from quizapp.banks.content import English, content_digest, content_to_json
from quizapp.banks.findings import Where
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.reading import read_path, read_upload
from tests.unit.banks.samples import CONTENT, check_text, codes, found

BANK = """\
code: demo
title: 示例题库
topics:
  T01: 质量管理基础
questions:
  - code: T01-001
    type: single
    topic: T01
    difficulty: easy
    pool: formal
    stem: PDCA 循环的第一个阶段是什么？
    options: [策划, 实施, 检查, 处置]
    key: A
    explanation: 依次为策划、实施、检查、处置。
    reference: GB/T 19001-2016 0.3.2
"""


def test_a_file_is_read_into_questions() -> None:
    report = check_text(BANK)
    assert (report.verdict, report.content.code, report.content.topics) == ("accept", "demo", {"T01": "质量管理基础"})
    assert report.content.questions[0].options == ("策划", "实施", "检查", "处置")


@pytest.mark.parametrize("name", ["bank.yaml", "bank.yml", "BANK.YAML"])
def test_what_was_written_reads_back_to_the_same_digest(name: str) -> None:
    report = check_text(write_yaml(CONTENT), name)
    assert (report.verdict, content_digest(report.content)) == ("accept", content_digest(CONTENT))


def test_json_and_yaml_that_say_the_same_have_one_digest() -> None:
    report = check_text(json.dumps(content_to_json(CONTENT)), "bank.json")
    assert (codes(report), content_digest(report.content)) == ([], content_digest(CONTENT))


@pytest.mark.parametrize("written", ["no", "1:30", "2015", "1.33", "on", "0x1F", "2026-01-01"])
def test_an_option_that_yaml_would_convert_is_refused_at_its_line(written: str) -> None:
    report = check_text(BANK.replace("[策划, 实施, 检查, 处置]", f"[策划, {written}, 检查, 处置]"))
    finding = found(report, "not_text")
    assert (finding.where, finding.quoted) == (Where("bank.yaml", line=12, field="options B"), written)
    assert codes(report) == ["not_text"]


@pytest.mark.parametrize(("written", "right"), [("true", 1), ("false", 2), ("'对'", 1), ("错误", 2), ("'T'", 1)])
def test_a_judgement_is_true_or_false(written: str, right: int) -> None:
    text = BANK.replace("type: single", "type: judge").replace("    options: [策划, 实施, 检查, 处置]\n", "")
    report = check_text(text.replace("key: A", f"key: {written}"))
    assert (codes(report), report.content.questions[0].right) == ([], right)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("no", "not_text"),
        ("yes", "not_text"),
        ("1", "key_ambiguous"),
        ("V", "key_ambiguous"),
        ("不对", "key_ambiguous"),
    ],
)
def test_a_judgement_in_other_words_is_refused(written: str, code: str) -> None:
    text = BANK.replace("type: single", "type: judge").replace("    options: [策划, 实施, 检查, 处置]\n", "")
    assert codes(check_text(text.replace("key: A", f"key: {written}"))) == [code]


def test_a_misspelt_field_is_named_because_its_text_would_be_lost() -> None:
    report = check_text(BANK.replace("explanation:", "explaination:"))
    finding = found(report, "field_unknown")
    assert (finding.where.line, finding.where.field) == (14, "explaination")
    assert report.verdict == "reject"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("- a\n- b", "shape_wrong"),
        ("just text", "shape_wrong"),
        (BANK.replace("options: [策划, 实施, 检查, 处置]", "options: {A: 策划}"), "shape_wrong"),
        (BANK.replace("options: [策划, 实施, 检查, 处置]", "options: [[策划], 实施]"), "shape_wrong"),
        (BANK.replace("stem: PDCA 循环的第一个阶段是什么？", "stem: [a]"), "shape_wrong"),
        (BANK.replace("key: A", "key: [A]"), "shape_wrong"),
        (BANK.partition("questions:")[0] + "questions: none here", "shape_wrong"),
        (BANK.replace("  T01: 质量管理基础", "  - T01"), "shape_wrong"),
        (BANK.replace("code: demo", "code: 2026"), "not_text"),
        (BANK + BANK, "name_doubled"),
        ("", "file_empty"),
        ("\ufeff \n", "file_empty"),
    ],
)
def test_a_wrong_structure_is_one_finding_that_says_what_belongs_there(text: str, code: str) -> None:
    report = check_text(text)
    assert code in codes(report)
    assert report.verdict == "reject"


def test_nine_options_are_too_many() -> None:
    many = ", ".join(f"选项{number}" for number in range(9))
    assert codes(check_text(BANK.replace("策划, 实施, 检查, 处置", many))) == ["options_too_many"]


def test_dates_may_be_written_without_quotes() -> None:
    report = check_text(BANK + "    valid_from: 2026-07-01\n    valid_to: '2027-06-30'\n")
    question = report.content.questions[0]
    assert (codes(report), question.valid_from, question.valid_to) == ([], date(2026, 7, 1), date(2027, 6, 30))


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"PK\x03\x04rest", "bank.yaml", "file_wrong_ending"),
        ("题库".encode("gb18030"), "bank.yaml", "file_not_utf8"),
        (b"x", "bank.docx", "archive_damaged"),
        (b"x", "bank.pages", "file_kind_unknown"),
        (b"x", "bank", "file_kind_unknown"),
        (b"a" * (8 * 1024 * 1024 + 1), "bank.yaml", "file_too_large"),
    ],
)
def test_a_file_that_is_something_else_is_refused_in_one_finding(content: bytes, name: str, code: str) -> None:
    assert codes(check_source(read_upload(name, content))) == [code]


def folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        (path / f"{name}.yaml").write_text(text)
    return path


HEAD, QUESTIONS = BANK.split("questions:\n")


def test_a_folder_has_a_file_a_topic(tmp_path: Path) -> None:
    text = "\n".join(line.removeprefix("  ") for line in QUESTIONS.splitlines() if "topic:" not in line)
    report = check_source(read_path(folder(tmp_path, bank=HEAD, T01=text)))
    assert (codes(report), report.content.questions[0].topic) == ([], "T01")
    bad = check_source(read_path(folder(tmp_path, T01=text.replace("key: A", "key: AB"))))
    assert found(bad, "single_several_keys").where == Where("T01.yaml", line=7, field="key")


def test_a_folder_without_its_header_is_refused(tmp_path: Path) -> None:
    assert codes(check_source(read_path(folder(tmp_path, T01="[]")))) == ["folder_without_bank"]


def test_a_file_of_the_folder_that_cannot_be_read_refuses_the_whole(tmp_path: Path) -> None:
    report = check_source(read_path(folder(tmp_path, bank=HEAD, T01="a: [")))
    assert (codes(report)[0], report.findings[0].where.file, report.entry_count) == ("syntax", "T01.yaml", 0)


def test_a_topic_that_the_header_lacks_is_found_in_the_folder(tmp_path: Path) -> None:
    text = "\n".join(line.removeprefix("  ") for line in QUESTIONS.splitlines() if "topic:" not in line)
    assert codes(check_source(read_path(folder(tmp_path, bank=HEAD, T07=text)))) == ["topic_unknown"]


@pytest.mark.parametrize("folder_name", ["tqm"])
def test_the_bank_of_this_project_has_no_errors(folder_name: str) -> None:
    report = check_source(read_path(Path("question_banks") / folder_name))
    assert (report.errors, len(report.content.questions)) == (0, 800)
    assert sum(question.pool == "practice" for question in report.content.questions) == 200


ENGLISH = """\
    english:
      stem: Which is the first phase of the PDCA cycle?
      options: [Plan, Do, Check, Act]
      explanation: Plan, do, check, act.
"""


def test_a_translation_is_part_of_the_question_and_of_its_digest() -> None:
    report = check_text(BANK + ENGLISH)
    assert (codes(report), report.content.questions[0].english) == (
        [],
        English("Which is the first phase of the PDCA cycle?", ("Plan", "Do", "Check", "Act"), "Plan, do, check, act."),
    )
    assert content_digest(report.content) != content_digest(check_text(BANK).content)
    again = check_text(write_yaml(report.content))
    assert content_digest(again.content) == content_digest(report.content)


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("[Plan, Do, Check, Act]", "[Plan, Do, Check]", "english_options_differ", 18),
        ("[Plan, Do, Check, Act]", "[Plan, Do, Check, plan]", "english_options_equal", 18),
        ("[Plan, Do, Check, Act]", "[Plan, Do, Check, no]", "not_text", 18),
        ("      stem: Which is the first phase of the PDCA cycle?\n", "", "english_incomplete", 6),
        ("      explanation: Plan, do, check, act.\n", "", "english_explanation_missing", 6),
        ("      explanation:", "      reference:", "field_unknown", 19),
    ],
)
def test_half_a_translation_is_reported_at_its_line(old: str, new: str, code: str, line: int) -> None:
    report = check_text(BANK + ENGLISH.replace(old, new))
    assert found(report, code).where.line == line


def test_the_folder_of_a_file_is_its_questions_pool_and_its_name_their_topic(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text("code: demo\ntitle: 示例题库\ntopics: {T01: 一}\n")
    question = "\n".join(line[2:] for line in BANK.splitlines()[5:] if "topic:" not in line and "pool:" not in line)
    for pool, stem in (("formal", "PDCA 循环的第一个阶段是什么？"), ("practice", "作业计划应当在哪一步写成？")):
        (tmp_path / pool).mkdir()
        text = question.replace("PDCA 循环的第一个阶段是什么？", stem).replace("T01-001", f"T01-{pool}")
        (tmp_path / pool / "T01.yaml").write_text(text)
    report = check_source(read_path(tmp_path))
    assert codes(report) == []
    assert [(each.pool, each.topic) for each in report.content.questions] == [("formal", "T01"), ("practice", "T01")]
