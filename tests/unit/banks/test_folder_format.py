"""A bank as the project's folder: readable, and the same bank when it is read back."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.banks.checking.checks import check_source
from quizapp.banks.content import BankContent, English, content_digest
from quizapp.banks.entries import Source
from quizapp.banks.formats.own.documents import read_yaml
from quizapp.banks.formats.own.folder import write_folder
from quizapp.banks.formats.own.project import read_folder
from quizapp.banks.reading import read_path
from tests.unit.banks.samples import CONTENT, JUDGE, MULTIPLE, SINGLE
from tests.unit.banks.whole_contents import contents


def read(files: dict[str, str]) -> Source:
    """As `reading.read_path` reads a folder with these files."""
    nodes = {path: read_yaml(text) for path, text in files.items()}
    head = nodes.pop("bank.yaml")
    return read_folder("demo", ("bank.yaml", head), sorted(nodes.items(), key=lambda item: item[0].split("/")))


def test_each_topic_has_its_file_in_its_pool() -> None:
    files = write_folder(CONTENT, license_name="CC-BY-4.0")
    assert list(files) == ["bank.yaml", "formal/T01.yaml", "formal/T02.yaml", "practice/T01.yaml"]
    assert files["bank.yaml"] == (
        "code: demo\ntitle: 示例题库\nlicense: CC-BY-4.0\ntopics:\n  T01: 质量管理基础\n  T02: 质量工具\n"
    )
    assert files["formal/T01.yaml"] == (
        "# T01 质量管理基础\n\n"
        "- code: T01-001\n  type: single\n  difficulty: easy\n  stem: PDCA 循环的第一个阶段是什么？\n"
        "  options:\n    - 策划\n    - 实施\n    - 检查\n    - 处置\n  key: A\n"
        "  explanation: 依次为策划、实施、检查、处置。\n  reference: GB/T 19001-2016 0.3.2\n"
    )


def test_dates_and_several_lines_are_written_as_people_write_them() -> None:
    question = replace(
        SINGLE, stem="第一行\n第二行？", valid_from=date(2016, 7, 1), english=English("Two\nlines?", ("a",) * 4)
    )
    text = write_folder(replace(CONTENT, questions=(question,)))["formal/T01.yaml"]
    assert "  stem: |-\n    第一行\n    第二行？\n" in text
    assert "  valid_from: 2016-07-01\n" in text
    assert "  english:\n    stem: |-\n      Two\n      lines?\n" in text


def test_an_order_that_the_files_do_not_give_is_said_in_the_header() -> None:
    mixed = replace(CONTENT, questions=(JUDGE, MULTIPLE, SINGLE))
    files = write_folder(mixed)
    assert files["bank.yaml"].endswith("order: [T01-002, T02-001, T01-001]\n")
    assert content_digest(check_source(read(files)).content) == content_digest(mixed)


def test_an_order_that_is_out_of_date_is_no_obstacle() -> None:
    files = write_folder(replace(CONTENT, questions=(MULTIPLE, SINGLE)))
    files["formal/T01.yaml"] += files["formal/T01.yaml"].replace("T01-001", "T01-009").replace("第一个", "最后一个")
    files["bank.yaml"] = files["bank.yaml"].replace("T02-001", "T02-001, GONE")
    report = check_source(read(files))
    assert (report.errors, [each.code for each in report.content.questions]) == (0, ["T02-001", "T01-001", "T01-009"])


@pytest.mark.parametrize("order", ["7", "T01-001", "{a: b}"])
def test_an_order_that_is_no_list_is_refused(order: str) -> None:
    files = write_folder(CONTENT)
    files["bank.yaml"] += f"order: {order}\n"
    assert [finding.code for finding in read(files).findings] == ["shape_wrong"]


@pytest.mark.parametrize("topic", ["../x", "a/b", ".hidden", "T01:2", "questions", "007", "no", "质量", "长" * 40])
def test_a_topic_that_is_no_name_for_a_file_says_its_topic_in_each_question(topic: str) -> None:
    content = BankContent("demo", "示例", {"T01": "一", topic: "二"}, (SINGLE, replace(MULTIPLE, topic=topic)))
    files = write_folder(content)
    assert all(path.count("/") < 2 and ".." not in path and "/." not in path for path in files)
    assert len({path.casefold() for path in files}) == len(files)
    assert content_digest(check_source(read(files)).content) == content_digest(content)


def test_topics_that_differ_only_in_case_do_not_share_a_file() -> None:
    content = BankContent("demo", "示例", {"T01": "一", "t01": "二"}, (SINGLE, replace(MULTIPLE, topic="t01")))
    assert list(write_folder(content)) == ["bank.yaml", "formal/T01.yaml", "formal/questions.yaml"]


def test_many_topics_do_not_make_more_files_than_can_be_read() -> None:
    topics = {f"T{number:03}": f"主题{number}" for number in range(300)}
    questions = tuple(
        replace(SINGLE, code=f"Q{number}", topic=topic, stem=f"第 {number} 问？", pool=pool)
        for number, (topic, pool) in enumerate((topic, pool) for pool in ("formal", "practice") for topic in topics)
    )
    content = BankContent("demo", "示例", topics, questions)
    files = write_folder(content)
    assert len(files) == 3
    assert content_digest(check_source(read(files)).content) == content_digest(content)


@settings(max_examples=15)
@given(contents(), st.sampled_from(["T01", "T02", "T 03/甲"]))
def test_whatever_the_order_the_folder_reads_back_to_the_same_digest(content: BankContent, topic: str) -> None:
    first, *rest = content.questions
    content = replace(content, topics={**content.topics, topic: "主题"}, questions=(*rest, replace(first, topic=topic)))
    assert content_digest(check_source(read(write_folder(content))).content) == content_digest(content)


def test_the_bank_of_this_project_is_written_as_it_stands_in_its_folder() -> None:
    """But for line breaks within texts, which YAML does not mind: so an export leaves a small change in git."""
    content = check_source(read_path(Path("question_banks/tqm"))).content
    files = write_folder(content, license_name="CC-BY-4.0")
    assert content_digest(check_source(read(files)).content) == content_digest(content)
    for path, text in files.items():
        assert text.split() == Path("question_banks/tqm", path).read_text().split(), path
