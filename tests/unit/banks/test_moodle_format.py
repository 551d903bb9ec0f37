"""Moodle XML as Moodle and other programs write it. The files here are of our own making."""

import base64
import re
from typing import Any

import pytest

from quizapp.banks.checking.checks import Report, check_source
from quizapp.banks.entries import Header
from quizapp.banks.findings import Where
from quizapp.banks.formats.xml.moodle import write_moodle
from quizapp.banks.pictures import read_picture
from quizapp.banks.reading import read_upload
from tests.unit.banks.samples import CONTENT, HEADER, codes, found
from tests.unit.banks.test_pictures import drawn

CATEGORY = """
  <question type="category">
    <category><text>$course$/top/质量/质量工具</text></category>
    <info format="html"><text></text></info>
    <idnumber></idnumber>
  </question>"""
UNSORTED = Header("demo", "示例题库")
PDCA = [(100, "策划"), (0, "实施"), (0, "检查"), (0, "处置")]


def answer(fraction: object, text: str, feedback: str = "", attributes: str = ' format="html"') -> str:
    return f"""
    <answer fraction="{fraction}"{attributes}>
      <text>{text}</text>
      <feedback format="html"><text>{feedback}</text></feedback>
    </answer>"""


def question(
    kind: str = "multichoice",
    answers: list[tuple[Any, ...]] | None = None,
    single: str = "true",
    stem: str = "<![CDATA[<p>第一阶段是什么？</p>]]>",
    more: str = "",
    attributes: str = ' format="html"',
) -> str:
    written = "".join(answer(*each) for each in (PDCA if answers is None else answers))
    return f"""
  <question type="{kind}">
    <name><text>Q1</text></name>
    <questiontext{attributes}><text>{stem}</text></questiontext>
    <generalfeedback format="html"><text><![CDATA[<p>依次四步。</p>]]></text></generalfeedback>
    <defaultgrade>4.0000000</defaultgrade>
    <penalty>0.3333333</penalty>
    <hidden>0</hidden>
    <idnumber>Q-1</idnumber>
    <single>{single}</single>
    <correctfeedback format="html"><text>Your answer is correct.</text></correctfeedback>{written}{more}
  </question>"""


def check(*parts: str, bank: Header = UNSORTED, **options: Any) -> Report:
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<quiz>' + "".join(parts) + "\n</quiz>\n"
    return check_source(read_upload("quiz.xml", text.encode()), bank=bank, **options)


def errors(report: Report) -> list[str]:
    return [finding.code for finding in report.findings if finding.severity == "error"]


def test_a_single_choice_is_read_with_its_parts() -> None:
    report = check(CATEGORY, question(), bank=HEADER)
    (read,) = report.content.questions
    assert (read.code, read.type, read.topic, read.stem) == ("Q-1", "single", "T02", "第一阶段是什么？")
    assert (read.options, read.key_letters, read.explanation) == (("策划", "实施", "检查", "处置"), "A", "依次四步。")
    assert codes(report) == ["difficulty_missing", "reference_missing"]


def test_findings_have_the_line_of_their_element() -> None:
    report = check(CATEGORY, question(answers=[(100, "策划"), (0, ""), (0, "检查"), (0, "处置")]))
    assert found(report, "option_missing").where == Where("quiz.xml", line=22, field="answer")
    assert found(report, "reference_missing").where == Where("quiz.xml", line=8)


@pytest.mark.parametrize(
    ("fractions", "right"),
    [
        ((50, 50, 0, 0), "AB"),
        (("50.00000", 0, "50.00000", 0), "AC"),
        ((33.33333, 33.33333, 0, 33.33333), "ABD"),
        (("33,33333", "33,33333", "33,33333", 0), "ABC"),
        ((33.333, 33.333, 33.334, 0), "ABC"),
        ((25, 25, 25, 25), "ABCD"),
        ((50, 50, -100, -100), "AB"),
    ],
)
def test_equal_shares_of_the_whole_say_which_options_are_right(fractions: tuple[object, ...], right: str) -> None:
    report = check(question(answers=list(zip(fractions, "甲乙丙丁", strict=True)), single="false"))
    assert (errors(report), report.content.questions[0].key_letters) == ([], right)
    assert "scoring_by_competition" not in codes(report)


@pytest.mark.parametrize("penalty", [-50, "-33.33333", -5])
def test_what_only_hinders_guessing_is_read_and_said(penalty: object) -> None:
    answers = [(50, "甲"), (50, "乙"), (penalty, "丙"), (0, "丁")]
    report = check(question(), question(answers=answers, single="false").replace("Q-1", "Q-2"))
    finding = found(report, "scoring_by_competition")
    assert (errors(report), report.content.questions[1].key_letters) == ([], "AB")
    assert (finding.severity, finding.facts) == ("warning", {"count": 1, "numbers": "2"})


@pytest.mark.parametrize("part", ["questiontext", "single", "generalfeedback"])
def test_two_questions_that_became_one_are_refused(part: str) -> None:
    report = check(question(more=f"<{part}><text>false</text></{part}>"))
    assert found(report, "name_doubled").facts == {"name": part}


def test_what_is_no_question_is_named() -> None:
    report = check(question(), "<questoin><questiontext><text>题干</text></questiontext></questoin>")
    assert found(report, "kind_unsupported").facts == {"number": 2, "kind": "questoin"}


@pytest.mark.parametrize(
    ("single", "fractions"),
    [
        ("true", (100, 50, 0, 0)),
        ("true", (90, 0, 0, 0)),
        ("true", (100, -33.33333, -33.33333, -33.33333)),
        ("true", (100, "many", 0, 0)),
        ("true", (100, "NaN", 0, 0)),
        ("false", (60, 40, 0, 0)),
        ("false", (50, 25, 25, 0)),
        ("false", (50, 0, 0, 0)),
        ("false", (100, 100, 0, 0)),
        ("false", (33, 33, 33, 0)),
        ("false", (50, 50, "1e400", 0)),
        ("false", (50, 50, "-inf", 0)),
        ("true", ("1_00", 0, 0, 0)),
    ],
)
def test_weights_and_negative_marks_are_refused(single: str, fractions: tuple[object, ...]) -> None:
    report = check(question(answers=list(zip(fractions, "甲乙丙丁", strict=True)), single=single))
    assert errors(report) == ["scoring_unsupported"]
    assert found(report, "scoring_unsupported").facts["number"] == 1


def test_the_plugin_that_gives_points_for_the_whole_key_only_is_a_multiple_choice() -> None:
    answers = [(100, "甲"), (100, "乙"), (0, "丙"), (0, "丁")]
    (read,) = check(question(kind="multichoiceset", answers=answers)).content.questions
    assert (read.type, read.key_letters) == ("multiple", "AB")


@pytest.mark.parametrize(
    ("single", "fractions", "code"),
    [
        ("true", (0, 0, 0, 0), "key_missing"),
        ("false", (0, 0, 0, 0), "key_missing"),
        ("true", (100, 100, 0, 0), "single_several_keys"),
        ("false", (100, 0, 0, 0), "multiple_one_key"),
    ],
)
def test_a_key_that_is_missing_or_contradictory_is_an_error(single: str, fractions: tuple[int, ...], code: str) -> None:
    report = check(question(answers=list(zip(fractions, "甲乙丙丁", strict=True)), single=single))
    assert errors(report) == [code]


@pytest.mark.parametrize(
    ("answers", "right"),
    [
        ([(100, "true"), (0, "false")], 1),
        ([(0, "true"), (100, "false")], 2),
        ([(0, "false"), (100, "true")], 1),
        ([("100.00000", "对"), (0, "错")], 1),
    ],
)
def test_true_or_false_goes_by_the_words(answers: list[tuple[Any, ...]], right: int) -> None:
    (read,) = check(question(kind="truefalse", answers=answers, stem="抽检合格的批里没有不合格品。")).content.questions
    assert (read.type, read.right) == ("judge", right)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(100, "true"), (100, "false")], "key_contradictory"),
        ([(0, "true"), (0, "false")], "key_missing"),
        ([(100, "true"), (-100, "false")], "scoring_unsupported"),
        ([(50, "true"), (0, "false")], "scoring_unsupported"),
        ([(100, "Wahr"), (0, "Falsch")], "judge_options"),
        ([(100, "true"), (0, "true")], "judge_options"),
        ([(100, "true")], "judge_options"),
        ([], "judge_options"),
    ],
)
def test_a_judgement_that_is_not_clear_is_refused(answers: list[tuple[Any, ...]], code: str) -> None:
    assert errors(check(question(kind="truefalse", answers=answers))) == [code]


@pytest.mark.parametrize(
    "kind",
    ["essay", "matching", "cloze", "numerical", "shortanswer", "ddwtos", "calculatedmulti", "description", "x-new", ""],
)
def test_other_kinds_are_named_with_their_number_and_never_turned_into_ours(kind: str) -> None:
    parts = question(), question(kind=kind), question().replace("Q-1", "Q-3").replace("阶段", "步")
    report = check(*parts)
    finding = found(report, "kind_unsupported")
    assert (finding.facts["number"], finding.facts["kind"]) == (2, kind or "question")
    assert finding.quoted == "第一阶段是什么？"
    left = check(*parts, leave_out=True)
    assert (left.errors, [each.code for each in left.content.questions]) == (0, ["Q-1", "Q-3"])


@pytest.mark.parametrize(
    ("path", "number", "topic"),
    [
        ("$course$/top/质量工具", "", "T02"),
        ("$system$/top/Default for 课程/质量工具", "", "T02"),
        ("质量工具", "", "T02"),
        ("$course$/某处/别名", "T02", "T02"),
        ("$course$/top/甲//乙", "", "甲/乙"),
    ],
)
def test_a_category_is_the_topic_of_what_follows(path: str, number: str, topic: str) -> None:
    category = CATEGORY.replace("$course$/top/质量/质量工具", path).replace("<idnumber></", f"<idnumber>{number}</")
    known = {"T02": "别名" if number else "质量工具", "甲/乙": "甲/乙"}
    report = check(category, question(), bank=Header("demo", "示例", known))
    assert (errors(report), report.content.questions[0].topic) == ([], topic)


@pytest.mark.parametrize("path", ["$course$/top", "$course$/top/Default for 课程", "top", "$cat1$/Top"])
def test_moodle_s_own_categories_are_no_topics(path: str) -> None:
    report = check(CATEGORY.replace("$course$/top/质量/质量工具", path), question(), bank=Header("demo", "示例"))
    assert "topic_unsorted" in codes(report)


def test_categories_of_one_name_in_two_places_stay_apart() -> None:
    two = [CATEGORY.replace("质量/质量工具", f"{place}/练习") for place in ("甲", "乙")]
    report = check(
        two[0], question(), two[1], question().replace("Q-1", "Q-2").replace("阶段", "步"), bank=Header("d", "d")
    )
    assert list(report.content.topics.values()) == ["甲 / 练习", "乙 / 练习"]


def tags(*names: str) -> str:
    return "<tags>" + "".join(f"<tag><text>{name}</text></tag>" for name in names) + "</tags>"


@pytest.mark.parametrize(
    ("names", "difficulty", "pool"),
    [
        (("难度：难", "题池：练习"), "hard", "practice"),
        (("Difficulty: easy", "pool:formal"), "easy", "formal"),
        (("easy", "practice", "2026"), "easy", "practice"),
        (("2026", "PDCA"), "medium", "formal"),
    ],
)
def test_tags_say_difficulty_and_pool(names: tuple[str, ...], difficulty: str, pool: str) -> None:
    (read,) = check(question(more=tags(*names))).content.questions
    assert (read.difficulty, read.pool) == (difficulty, pool)


def test_a_difficulty_that_cannot_be_read_is_an_error() -> None:
    assert errors(check(question(more=tags("难度：7")))) == ["difficulty_unknown"]


@pytest.mark.parametrize(
    ("attributes", "stem", "expected"),
    [
        (' format="html"', "&lt;p&gt;甲 &amp;amp; 乙&lt;/p&gt;\n&lt;p&gt;丙&lt;/p&gt;", "甲 & 乙\n丙"),
        ("", "<![CDATA[<p>甲</p>]]>", "甲"),
        (' format="moodle_auto_format"', "甲\n乙<![CDATA[<ul>\n<li>丙</li>\n</ul>]]>", "甲\n乙\n• 丙"),
        (' format="plain_text"', "a &lt; b\n&lt;p&gt; 甲", "a < b\n<p> 甲"),
        (' format="markdown"', "**甲**\n乙", "**甲**\n乙"),
        (' format="html"', "<p>没有 CDATA</p><p>的 XHTML</p>", "没有 CDATA\n的 XHTML"),
        (' format="html"', "<![CDATA[a]]]]><![CDATA[>b<script>alert(1)</script>]]>", "a]]>b"),
    ],
)
def test_each_way_of_writing_texts_is_read(attributes: str, stem: str, expected: str) -> None:
    report = check(question(stem=stem, attributes=attributes))
    assert (errors(report), report.content.questions[0].stem) == ([], expected)


def test_feedback_of_options_goes_into_the_explanation_with_the_option_s_words() -> None:
    answers = [(100, "策划", "&lt;p&gt;对。&lt;/p&gt;"), (0, "实施", ""), (0, "检查", "在后。")]
    (read,) = check(question(answers=answers)).content.questions
    assert read.explanation == "依次四步。\n策划：对。\n检查：在后。"


def test_a_file_that_keeps_the_order_of_options_is_told_once() -> None:
    parts = [question(more="<shuffleanswers>false</shuffleanswers>").replace("Q-1", f"Q-{n}") for n in range(8)]
    finding = found(check(*parts), "order_fixed")
    assert (finding.severity, finding.facts) == ("warning", {"count": 8, "numbers": "1、2、3、4、5…"})


PICTURE = read_picture(drawn())
PACKED = base64.b64encode(drawn()).decode()


def with_picture(address: str, file: str = "") -> str:
    stem = f'<![CDATA[<p>看图<img src="{address}" alt="控制图"></p>]]>'
    return question(stem=stem).replace("</text></questiontext>", f"</text>{file}</questiontext>")


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("@@PLUGINFILE@@/a%20b.png", f'<file name="a b.png" path="/" encoding="base64">{PACKED}</file>'),
        (
            "@@PLUGINFILE@@/a.png?time=1",
            f'<file name="a.png" encoding="base64">\n{PACKED[:40]}\n{PACKED[40:]}\n</file>',
        ),
        ("@@PLUGINFILE@@/图/a.png", f'<file name="a.png" path="/图/" encoding="base64">{PACKED}</file>'),
        (f"data:image/png;base64,{PACKED}", ""),
    ],
)
def test_embedded_pictures_come_along(address: str, file: str) -> None:
    report = check(with_picture(address, file))
    assert errors(report) == []
    assert report.content.questions[0].stem == f"看图![控制图](sha256:{PICTURE.digest})"
    assert report.source.pictures == {PICTURE.digest: PICTURE}


def test_the_picture_of_an_old_file_follows_the_stem() -> None:
    more = f"<image>a.png</image><image_base64>\n{PACKED}\n</image_base64>"
    assert check(question(more=more)).content.questions[0].stem == f"第一阶段是什么？\n![](sha256:{PICTURE.digest})"


@pytest.mark.parametrize(
    ("address", "file", "code"),
    [
        ("@@PLUGINFILE@@/a.png", "", "picture_missing"),
        ("https://example.org/a.png", "", "picture_missing"),
        ("//example.org/a.png", "", "picture_missing"),
        ("file:///etc/passwd", "", "picture_missing"),
        ("../../../etc/passwd", "", "picture_missing"),
        ("", "", "picture_missing"),
        ("@@PLUGINFILE@@/a.png", '<file name="a.png" encoding="base64">R0lGODlhAQ==</file>', "picture_kind_unknown"),
        ("@@PLUGINFILE@@/a.png", '<file name="a.png" encoding="base64">not base64!</file>', "picture_kind_unknown"),
        ("@@PLUGINFILE@@/a.png", f'<file name="a.png" encoding="base64">{PACKED[:60]}</file>', "picture_damaged"),
        ("data:image/svg+xml;base64,PHN2Zy8+", "", "picture_kind_unknown"),
    ],
)
def test_a_picture_that_is_not_in_the_file_or_no_picture_is_an_error_of_its_field(
    address: str, file: str, code: str
) -> None:
    report = check(with_picture(address, file))
    assert errors(report) == [code]
    assert (found(report, code).entry, found(report, code).where.field) == (0, "questiontext")


def test_what_can_be_neither_text_nor_picture_is_an_error_said_once() -> None:
    stem = "<![CDATA[<math></math>听<audio src='a.mp3'></audio><math></math>]]>"
    report = check(question(stem=stem))
    assert errors(report) == ["markup_unsupported"] * 2


def test_nine_options_are_too_many() -> None:
    answers = [(100 if n == 8 else 0, f"选项{n}") for n in range(9)]
    assert errors(check(question(answers=answers))) == ["options_too_many"]


@pytest.mark.parametrize("kind", ["multichoice", "truefalse", "essay", "category"])
@pytest.mark.parametrize("place", ["</question>", "</text>"])
def test_a_question_inside_another_is_not_lost_in_silence(kind: str, place: str) -> None:
    """As where the end of one has slipped below the next."""
    outer = question(kind)
    at = outer.rindex(place)
    report = check(outer[:at] + question() + outer[at:], leave_out=True)
    assert "question_nested" in errors(report)
    assert found(report, "question_nested").where.line > 2


@pytest.mark.parametrize("root", ["<questions/>", "<section/>"])
def test_other_xml_is_named_by_its_root(root: str) -> None:
    report = check_source(read_upload("a.xml", root.encode()), bank=HEADER)
    assert "xml_not_questions" in codes(report)


def test_a_file_without_questions_is_not_accepted() -> None:
    assert errors(check(CATEGORY)) == ["no_questions"]


def test_moodle_can_read_what_we_write() -> None:
    """What its importer asks for: a name, texts with a format it knows, fractions from its list, ID numbers, tags."""
    text = write_moodle(CONTENT, {}).decode()
    assert text.count("<question type=") == 6  # three, and a category before each change of topic
    assert '<answer fraction="33.33333" format="plain_text"><text>排列图</text></answer>' in text
    assert '<answer fraction="-100" format="plain_text"><text>亲和图</text></answer>' in text
    assert '<answer fraction="100" format="plain_text"><text>false</text></answer>' in text
    assert "<text>$course$/top/示例题库/质量工具</text>" in text
    assert "<tag><text>难度：容易</text></tag><tag><text>题池：练习</text></tag>" in text


def test_what_moodle_keeps_of_our_file_comes_back_from_it() -> None:
    """Moodle drops elements that it doesn't know; codes, topics, difficulty, pool and explanation survive."""
    kept = re.sub(r'<(bank|details) xmlns="urn:quizapp:bank".*?</\1>', "", write_moodle(CONTENT, {}).decode())
    report = check_source(read_upload("a.xml", kept.encode()), bank=HEADER)
    assert errors(report) == []
    lost = ("reference", "valid_from", "valid_to", "english")
    for read, ours in zip(report.content.questions, CONTENT.questions, strict=True):
        assert {name for name in vars(ours) if getattr(read, name) != getattr(ours, name)} <= set(lost)
