"""Whatever happens to a text on its way, no question comes out of it with another key than was written, and none is lost.

Questions are written down in all usual ways; then lines are lost, doubled, joined, split and swapped, and signs dropped.
What is accepted after that must be what was written; all else must be refused.
"""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.banks.checking.checks import check_source
from quizapp.banks.content import LETTERS, letters
from quizapp.banks.reading import read_upload
from tests.unit.banks.faults import BANK, Written, changes, check, hold_against, written
from tests.unit.banks.word_files import Paper, with_part

NUMBERS = ["{}. ", "{}.", "{}、", "（{}）", "({}) ", "第{}题 ", "{}．", "{}) "]
OPTION_SIGNS = ["{}. {}", "{}.{}", "{}、{}", "（{}）{}", "{}．{}", "{}) {}", "{} {}", "{}{}"]
BETWEEN_OPTIONS = ["\n", "  ", "\t"]


@st.composite
def plain_texts(draw: st.DrawFn) -> tuple[list[Written], list[str]]:
    """Questions and the lines in which somebody wrote them down."""
    questions = draw(written())
    number, sign, between = (
        draw(st.sampled_from(NUMBERS)),
        draw(st.sampled_from(OPTION_SIGNS)),
        draw(st.sampled_from(BETWEEN_OPTIONS)),
    )
    in_stem = draw(st.booleans())
    spaced = draw(st.booleans())
    lines: list[str] = []
    for each in questions:
        key = "√×"[each.right - 1] if each.kind == "judge" else letters(each.right)
        tag = (
            {"single": " [单选题]", "multiple": " [多选题]", "judge": " [判断题]"}[each.kind]
            if draw(st.booleans())
            else ""
        )
        lines.append(f"{number.format(each.number)}{each.stem}{f'（{key}）' if in_stem else ''}{tag}")
        options = [sign.format(LETTERS[place], each.option(place)) for place in range(each.count)]
        lines += between.join(options).split("\n") if options else []
        if not in_stem:
            lines.append(f"答案：{key}")
        if draw(st.booleans()):
            lines.append("解析：这里说明理由。")
        lines += [""] if spaced else []
    return questions, lines


@st.composite
def gift_texts(draw: st.DrawFn) -> tuple[list[Written], list[str]]:
    """Questions and their lines in GIFT."""
    questions = draw(written())
    lines = []
    for each in questions:
        if each.kind == "judge":
            lines += [f"::{each.number}::{each.stem} {{{'T' if each.right == 1 else 'F'}}}", ""]
            continue
        share = f"~%{100 / each.right.bit_count():.5f}%" if each.kind == "multiple" else "="
        wrong = draw(st.sampled_from(["~", "~%-100%"])) if each.kind == "multiple" else "~"
        lines.append(f"::{each.number}::{each.stem} {{")
        lines += [f"{share if each.right >> place & 1 else wrong}{each.option(place)}" for place in range(each.count)]
        lines += ["####说明", "}", ""] if draw(st.booleans()) else ["}", ""]
    return questions, lines


@st.composite
def aiken_texts(draw: st.DrawFn) -> tuple[list[Written], list[str]]:
    """Questions and their lines in Aiken."""
    questions = draw(written(("single",)))
    sign = draw(st.sampled_from(["{}. {}", "{}) {}"]))
    lines = []
    for each in questions:
        lines += [each.stem, *(sign.format(LETTERS[place], each.option(place)) for place in range(each.count))]
        lines += [f"ANSWER: {letters(each.right)}", ""]
    return questions, lines


def test_what_is_written_in_any_usual_way_is_read_as_it_was_meant() -> None:
    @settings(max_examples=40, deadline=None)
    @given(plain_texts())
    def holds(sample: tuple[list[Written], list[str]]) -> None:
        questions, lines = sample
        text = "\n".join(lines)
        report = check("a.txt", text.encode())
        assert report.errors == 0, (text, [(each.code, each.facts) for each in report.findings])
        hold_against(report, questions, text)

    holds()


@pytest.mark.parametrize(
    ("name", "texts"),
    [("a.txt", plain_texts()), ("a.gift", gift_texts()), ("b.txt", aiken_texts())],
    ids=["text", "gift", "aiken"],
)
def test_a_text_with_faults_is_read_as_it_was_meant_or_refused(
    name: str, texts: st.SearchStrategy[tuple[list[Written], list[str]]]
) -> None:
    @settings(max_examples=40, deadline=None)
    @given(texts, st.lists(changes(), min_size=1, max_size=2))
    def holds(sample: tuple[list[Written], list[str]], several: list[Callable[[list[str]], list[str]]]) -> None:
        questions, lines = sample
        for change in several:
            lines = change(lines)
        text = "\n".join(lines)
        report = check(name, text.encode())
        hold_against(report, questions, text, lines_belong=name == "a.gift", rewritten=len(several) > 1)

    holds()


PIECES = st.sampled_from(
    [
        *(
            "1. ",
            "2、",
            "（3）",
            "第4题",
            "A. ",
            "B、",
            "C甲",
            "D ",
            "（A）",
            "(AB)",
            "（√）",
            "(对)",
            "（ ）",
            "____",
            "[单选题]",
            "(2分)",
        ),
        *(
            "答案：",
            "答案：A",
            "解析：",
            "【答案】",
            "一、单选题",
            "二、简答题",
            "参考答案",
            "第一章 基础",
            "ANSWER: A",
            "\n",
            "\n\n",
            "\t",
        ),
        *(
            "{",
            "}",
            "=",
            "~",
            "%50%",
            "%-100%",
            "#",
            "####",
            "::",
            "\\",
            "->",
            "$CATEGORY: x",
            "// quizapp {",
            "// quizapp-bank {}",
        ),
        *(
            "[html]<p>",
            "<img src=x>",
            "&lt;",
            "![a](sha256:" + "0" * 64 + ")",
            "\ufeff",
            "\x0b",
            "\u2028",
            "\U000f0000",
            "題",
            "A" * 50,
        ),
    ]
)


@pytest.mark.parametrize("chosen", ["text", "gift", "aiken", ""])
def test_no_text_makes_a_reader_raise(chosen: str) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.lists(PIECES | st.text(max_size=5), max_size=40), st.sampled_from(["utf-8", "gb18030", "utf-16", "big5"]))
    def holds(pieces: list[str], encoding: str) -> None:
        report = check_source(read_upload("a.txt", "".join(pieces).encode(encoding, "replace"), chosen), bank=BANK)
        for question in report.content.questions if not report.errors else ():
            assert question.right
            assert question.type

    holds()


@pytest.mark.parametrize("piece", ["A.x ", "（A）", "1. ", "[", "{=", "答案：", "甲B", "\\", "<", "!["])
@pytest.mark.parametrize("chosen", ["text", "gift", "aiken"])
def test_a_long_text_of_one_kind_takes_no_time(piece: str, chosen: str) -> None:
    """What looks at the rest of the text at every place takes minutes, and this test its time limit."""
    text = "A" + piece * (150_000 // len(piece)) + "{=a ~b}"
    read_upload("a.txt", text.encode(), chosen)


@settings(max_examples=10, deadline=None)
@given(
    plain_texts(),
    st.lists(changes(), max_size=2),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=3), st.integers(0, 12)), max_size=3),
    st.sampled_from(["word/document.xml", "word/numbering.xml", "word/styles.xml", "[Content_Types].xml"]),
)
def test_a_document_with_faults_is_read_as_it_was_meant_or_refused(
    sample: tuple[list[Written], list[str]],
    several: list[Callable[[list[str]], list[str]]],
    damage: list[tuple[float, bytes, int]],
    part: str,
) -> None:
    questions, lines = sample
    for change in several:
        lines = change(lines)
    paper = Paper()
    for line in lines:
        paper.add(line)
    whole = paper.bytes()
    hold_against(check("a.docx", whole), questions, "\n".join(lines), rewritten=len(several) > 1)

    def break_it(content: bytes) -> bytes:
        for where, piece, length in damage:
            place = int(where * len(content))
            content = content[:place] + piece + content[place + length :]
        return content

    check("a.docx", with_part(whole, part, break_it))
