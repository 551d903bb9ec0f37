"""Every finding has a sentence that its facts fill, and a report with many is told by kind."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale

from quizapp.banks import reading, recognition
from quizapp.banks.checking import checks, editions, needs, quality, similarity
from quizapp.banks.checking.messages import SENTENCES, grouped, place, sentence, title
from quizapp.banks.findings import ERROR, WARNING, Finding, Where

MODULES = (checks, editions, needs, quality, recognition, similarity)
pytestmark = pytest.mark.once
PLACE = re.compile(r"\{(\w+)\}")


@pytest.fixture(autouse=True)
def _request(app: Flask) -> Iterator[None]:
    """Sentences are spoken to somebody."""
    with app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        yield


def codes_of(module: object) -> set[str]:
    """The codes that stand after a severity in a module's source: `ERROR, "key_missing"`, `fault("text_control", …)`."""
    source = Path(str(vars(module)["__file__"])).read_text()
    found = set(re.findall(r"(?:ERROR|WARNING)\)?,\s*\"(\w+)\"", source))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fault":
            found |= {each.value for each in node.args[:1] if isinstance(each, ast.Constant)}
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.__name__).rpartition(".")[2])
def test_every_fault_has_its_sentence(module: object) -> None:
    codes = codes_of(module)
    assert codes, "the source is not read as it was"
    assert codes - set(SENTENCES) == set()


def test_facts_are_put_in_words() -> None:
    need = {"title": "秋季赛", "row": 2, "type": "single", "topics": ["T01", "T02"], "difficulty": "easy"}
    told = Finding(WARNING, "need_unmet", Where(), {**need, "needed": 5, "available": 3})
    assert sentence(told).startswith("竞赛“秋季赛”的组卷规则第 2 行要 5 道单选题（主题：T01、T02；难度：容易），")
    usual = Finding(WARNING, "need_unmet", Where(), {**told.facts, "title": "", "topics": [], "difficulty": ""})
    assert sentence(usual).startswith("默认的组卷规则第 2 行要 5 道单选题（主题：不限；难度：不限），")
    skewed = Finding(WARNING, "judgements_skewed", Where(), {"right": 30, "offered": 40, "more": "true"})
    assert "一律选“正确”就能多得分" in sentence(skewed)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("简答题", "是“简答题”"),
        ("matching", "是“匹配题（matching）”"),
        ("qti-extended-text-interaction", "是“论述题（qti-extended-text-interaction）”"),
        ("extendedTextInteraction", "是“论述题（extendedTextInteraction）”"),
        ("stoichiometry", "是“stoichiometry”"),
    ],
)
def test_a_kind_that_we_do_not_have_is_named_in_words_and_as_the_file_has_it(kind: str, words: str) -> None:
    assert words in sentence(Finding(ERROR, "kind_unsupported", Where(), {"number": 3, "kind": kind}))


def test_word_shows_no_numbers_of_paragraphs_so_the_place_is_a_question() -> None:
    where = Where(file="题库.docx", paragraph=14)
    assert place(Finding(ERROR, "key_missing", where, entry=2)) == "题库.docx 第 3 题（第 14 段）"
    assert place(Finding(ERROR, "keys_apart", where)) == "题库.docx 第 14 段"


def test_findings_are_grouped_by_kind_errors_first_then_what_concerns_the_whole() -> None:
    missing = [Finding(WARNING, "explanation_missing", Where(row=row), {}, "", row) for row in range(3)]
    whole = Finding(WARNING, "keys_longest", Where(), {"count": 9, "offered": 20, "percent": 45})
    keys = [
        Finding(ERROR, "key_outside_options", Where(row=row), {"value": value}, "", row)
        for row, value in ((7, "E"), (8, "F"))
    ]
    groups = grouped([*missing, whole, *keys])
    assert [(group.code, len(group.findings), group.title, bool(group.sentence)) for group in groups] == [
        ("key_outside_options", 2, "答案“…”指向没有的选项", False),
        ("keys_longest", 1, "单选题 20 道里有 9 道（45%）正确选项恰好最长，挑最长的就能多得分", True),
        ("explanation_missing", 3, "没有解析", True),
    ]


@pytest.mark.parametrize("language", ["zh_Hans_CN", "en"])
def test_a_title_is_a_whole_clause_without_places(language: str) -> None:
    with force_locale(language):
        for code in SENTENCES:
            text = title(Finding(ERROR, code, Where()))
            assert text, code
            assert not PLACE.search(text), code
            assert [text.count(sign) for sign in "（("] == [text.count(sign) for sign in "）)"], f"{code}: {text}"


def test_a_file_of_another_kind_has_its_sentence() -> None:
    for _sign, code in (*reading.NEVER_READ, *reading.OTHER_TEXTS):
        said = sentence(Finding(ERROR, code, Where(file="a.txt"), {"ending": ".txt"}))
        assert "{" not in said
        assert "。" in said


def test_titles_are_in_the_reader_s_language() -> None:
    finding = Finding(WARNING, "question_similar", Where(), {"count": 3, "code": "T01-003", "percent": 80}, "", 4)
    assert title(finding) == "与第 … 题（…）很像（题干有 …% 相同）"
    with force_locale("en"):
        assert title(finding).startswith("Much like question … (…)")
