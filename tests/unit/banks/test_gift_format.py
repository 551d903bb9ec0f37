"""GIFT: read as Moodle reads it, refused where its scoring is not ours, and written so that it comes back."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from quizapp.banks.checking.checks import Report, check_source
from quizapp.banks.content import BankContent, content_digest, pictures_of
from quizapp.banks.entries import Header
from quizapp.banks.formats.text.gift import read_gift, write_gift
from quizapp.banks.reading import read_upload
from tests.unit.banks.samples import CONTENT, MULTIPLE, SINGLE, codes, found
from tests.unit.banks.whole_contents import PNG, contents

FILES = Path(__file__).parent / "files"
BANK = Header("demo", "示例题库")


def check(text: str, name: str = "a.gift", leave_out: bool = False) -> Report:
    return check_source(read_upload(name, text.encode()), bank=BANK, leave_out=leave_out)


def errors(report: Report) -> list[str]:
    return [finding.code for finding in report.findings if finding.severity == "error"]


def test_an_export_of_another_program_is_read_with_kinds_that_we_lack_named() -> None:
    report = check_source(read_upload("a.gift", (FILES / "colleague.gift").read_bytes()), bank=BANK, leave_out=True)
    assert [(each.type, each.options, each.key_letters) for each in report.content.questions] == [
        ("single", ("监控过程是否稳定", "统计员工考勤", "记录客户电话"), "A"),
        ("multiple", ("排列图", "因果图", "亲和图", "箭线图"), "AB"),
        ("judge", ("正确", "错误"), "A"),
        ("single", ("一本手册", "相互关联的要素"), "B"),
    ]
    assert [each.stem for each in report.content.questions] == [
        "控制图的用途是什么？",
        "下列哪些是老七种工具？",
        "CPK 的算法里分母是 3σ，即 3=3。",
        "质量管理体系由 _____ 构成。",
    ]
    assert report.content.questions[0].explanation == "控制图由休哈特提出。\n监控过程是否稳定：判断过程有没有异常原因"
    assert {each.topic for each in report.content.questions} == {"控制图"}
    kinds = [finding.facts for finding in report.findings if finding.code == "kind_left_out"]
    assert kinds == [
        {"number": 4, "kind": "shortanswer"},
        {"number": 6, "kind": "matching"},
        {"number": 7, "kind": "essay"},
        {"number": 8, "kind": "numerical"},
    ]
    assert errors(report) == []


@pytest.mark.parametrize(
    ("answers", "kind", "key"),
    [
        ("{=甲 ~乙 ~丙}", "single", "A"),
        ("{~甲=乙~丙}", "single", "B"),
        ("{\n~甲\n~乙\n=丙\n}", "single", "C"),
        ("{=%100%甲 ~%0%乙 ~丙}", "single", "A"),
        ("{~%50%甲 ~%50%乙 ~丙}", "multiple", "AB"),
        ("{~%50%甲 ~%-100%乙 ~%50%丙}", "multiple", "AC"),
        ("{~%33.33333%甲 ~%33.33333%乙 ~%33.33333%丙}", "multiple", "ABC"),
        ("{~%33.3%甲 ~%33.3%乙 ~%33.3%丙}", "multiple", "ABC"),
        ("{~%34%甲 ~%33%乙 ~%33%丙}", "multiple", "ABC"),
        ("{T}", "judge", "A"),
        ("{ FALSE }", "judge", "B"),
        ("{TRUE#不对#对####总评}", "judge", "A"),
        ("{f}", "judge", "B"),
    ],
)
def test_answers_give_type_and_key(answers: str, kind: str, key: str) -> None:
    report = check(f"题干 {answers}")
    assert errors(report) == []
    assert [(each.type, each.key_letters) for each in report.content.questions] == [(kind, key)]


@pytest.mark.parametrize(
    ("answers", "scoring"),
    [
        ("{=甲 =乙 ~丙}", "= = ~"),
        ("{=甲 ~%50%乙 ~丙}", "= ~%50% ~"),
        ("{=甲 ~%-25%乙}", "= ~%-25%"),
        ("{=%50%甲 ~乙}", "=%50% ~"),
        ("{~%60%甲 ~%40%乙 ~丙}", "~%60% ~%40% ~"),
        ("{~%50%甲 ~%25%乙 ~丙}", "~%50% ~%25% ~"),
        ("{~%50%甲 ~%50%乙 ~%-50%丙}", "~%50% ~%50% ~%-50%"),
        ("{~%50%甲 ~%50%乙 ~%50%丙}", "~%50% ~%50% ~%50%"),
        ("{~%-100%甲 ~%-100%乙}", "~%-100% ~%-100%"),
        ("{=甲 ~%1000%乙 ~丙}", "%1000%"),
        ("{=甲 ~% 50 %乙 ~丙}", "% 50 %"),
        ("{~%50%甲 ~%50,0%乙 ~%50%丙}", "%50,0%"),
    ],
)
def test_scoring_that_is_not_ours_is_refused(answers: str, scoring: str) -> None:
    report = check(f"题干 {answers}")
    assert errors(report) == ["scoring_unsupported"]
    assert found(report, "scoring_unsupported").facts == {"number": 1, "scoring": scoring}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("题干 {=甲 ~乙", "gift_braces", 1),
        ("题干 {=甲 ~乙\n\n二 {T}", "gift_braces", 1),
        ("题干 =甲 ~乙}", "gift_braces", 1),
        ("一 {=甲 ~乙} 二 {=丙 ~丁}", "gift_braces", 1),
        ("题干 {甲 =乙 ~丙}", "gift_sign_unclear", 1),
        ("题干 {\n=甲#因为1=2\n~乙\n~丙}", "gift_sign_unclear", 2),
        ("题干 {\n=a~b\n~乙\n~丙}", "gift_sign_unclear", 2),
        ("// 注释\n题干 {~甲 ~乙}", "key_missing", 2),
        ('// quizapp {"colour":"red"}\n题干 {=甲 ~乙}', "gift_note_unreadable", 1),
        ('// quizapp {"code":"\\ud800"}\n题干 {=甲 ~乙}', "gift_note_unreadable", 1),
        ("// quizapp {oops\n题干 {=甲 ~乙}", "gift_note_unreadable", 1),
        ('// quizapp-bank ["x"]\n\n题干 {=甲 ~乙}', "gift_note_unreadable", 1),
        ('[html]<img src\\="http\\://x/a.png"> {=甲 ~乙}', "picture_missing", 1),
        ('[html]<img src\\="@@PLUGINFILE@@/a.png"> {=甲 ~乙}', "picture_missing", 1),
        ('[html]<img src\\="data\\:image/png;base64,AAAA"> {=甲 ~乙}', "picture_kind_unknown", 1),
        ('[html]<video src\\="a"></video>看 {=甲 ~乙}', "markup_unsupported", 1),
    ],
)
def test_what_is_wrong_is_said_at_its_line(text: str, code: str, line: int) -> None:
    report = check(text)
    assert errors(report) == [code]
    assert found(report, code).where.line == line


def test_more_options_than_a_question_may_have_are_refused() -> None:
    assert errors(check("题干 {=甲 " + " ".join(f"~乙{number}" for number in range(30)) + "}")) == ["options_too_many"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (r"3\=3、a\~b、\{c\}、d\:e、\#f、\\g", "3=3、a~b、{c}、d:e、#f、\\g"),
        (r"一\n二", "一\n二"),
        (r"路径 C\:\\new", "路径 C:\\new"),
        ("一\n二", "一\n二"),
        ("[plain]<b>不是标签</b>", "<b>不是标签</b>"),
        ("[html]x<sup>2</sup> &lt; y", "x² < y"),
        ("a < b 且 c > d", "a < b 且 c > d"),
        ("含 <b>标签</b>&nbsp;的文字", "含 标签 的文字"),
        ("[markdown]**粗**", "**粗**"),
        ("[注]方括号", "[注]方括号"),
    ],
)
def test_escapes_and_formats_become_the_text_that_people_see(written: str, shown: str) -> None:
    report = check(f"::名字::{written} {{=甲 ~乙}}")
    assert [each.stem for each in report.content.questions] == [shown]


def test_the_code_is_that_of_our_own_note_or_of_moodles_id_number() -> None:
    text = (
        '// quizapp {"code":"T01-1"}\n// [id:other]\n一 {T}\n\n// question: 7  name: x [id:K-2] [tag:y]\n::x::二 {F}\n'
    )
    assert [each.code for each in check(text.replace("// [id:other]\n", "")).content.questions] == ["T01-1", "K-2"]


@pytest.mark.parametrize(
    ("category", "topic"),
    [
        ("$course$/top/质量/工具", "工具"),
        ("$course$", ""),
        ("top/Default for 课程", ""),
        ("a//b", "a/b"),
        ("$system$/top/质量", "质量"),
    ],
)
def test_a_category_is_the_topic_unless_it_is_moodles_own(category: str, topic: str) -> None:
    source = read_gift("a.gift", f"$CATEGORY: {category}\n\n题干 {{T}}\n".encode())
    assert source.entries[0].values.get("topic", "") == topic


@pytest.mark.parametrize("text", ["题干 {=甲 ~乙}", "::x::题干{T}", "$CATEGORY: x\n\n题干 {=甲 ~乙}"])
def test_a_text_file_with_gift_in_it_is_read_as_such(text: str) -> None:
    assert errors(check(text, "a.txt")) == []


@settings(max_examples=10, deadline=None)
@given(content=contents())
def test_what_goes_out_comes_back_with_the_same_digest(content: BankContent) -> None:
    source = read_gift("a.gift", write_gift(content, PNG))
    report = check_source(source)
    assert [finding for finding in source.findings if finding.code != "fields_absent"] == []
    assert report.content.questions == content.questions
    assert content_digest(report.content) == content_digest(content)
    assert set(source.pictures) == pictures_of(content)


@pytest.mark.parametrize(
    "text",
    ["[html]<b>", "%50%x", "[x", "//x", "=a ~b", "{", "}", "\\", "\\n", "a\nb", "####", "::x::", "$CATEGORY: x", "%"],
)
def test_texts_that_look_like_gift_stay_texts(text: str) -> None:
    texts = [
        replace(SINGLE, stem=text, explanation=text, options=(text, "乙")),
        replace(MULTIPLE, options=("甲", text), right=3),
    ]
    content = replace(CONTENT, questions=tuple(texts))
    assert check_source(read_gift("a.gift", write_gift(content, {}))).content.questions == content.questions


def test_moodle_finds_code_and_category_where_it_looks_for_them() -> None:
    written = write_gift(CONTENT, {}).decode()
    assert "// [id:T01-001]\n::T01-001::" in written
    assert "$CATEGORY: 示例题库/T02 质量工具\n" in written
    assert "~%33.33333%排列图\n~%33.33333%因果图\n~%-100%亲和图\n" in written


def test_an_unknown_encoding_is_refused() -> None:
    report = check_source(read_upload("a.gift", b"\x81\xff::\x80\xfe {T}"), bank=BANK)
    assert codes(report)[:1] == ["file_encoding_unknown"]
