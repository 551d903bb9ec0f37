"""Whatever happens to a text on its way, no question comes out of it with another key than was written, and none is lost.

Questions are written down in all usual ways; then lines are lost, doubled, joined, split and swapped, and signs dropped.
What is accepted after that must be what was written; all else must be refused.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.banks.checking.checks import Report, check_source
from quizapp.banks.content import JUDGE_OPTIONS, LETTERS, Question, letters
from quizapp.banks.entries import Header
from quizapp.banks.reading import read_upload
from tests.unit.banks.word_files import Paper, with_part

BANK = Header("demo", "示例题库")
NUMBERS = ["{}. ", "{}.", "{}、", "（{}）", "({}) ", "第{}题 ", "{}．", "{}) "]
OPTION_SIGNS = ["{}. {}", "{}.{}", "{}、{}", "（{}）{}", "{}．{}", "{}) {}", "{} {}", "{}{}"]
BETWEEN_OPTIONS = ["\n", "  ", "\t"]
# Each stem and option says whose it is, so that whatever is accepted can be held against what was written.
STEM, OPTION = re.compile(r"说法\d\d号"), re.compile(r"选项\d\d\d号")


@dataclass(frozen=True)
class Written:
    """A question as it was meant."""

    number: int
    kind: str
    count: int
    right: int

    @property
    def stem(self) -> str:
        return f"说法{self.number:02d}号"

    def option(self, place: int) -> str:
        return f"选项{self.number:02d}{place}号"

    @property
    def meant(self) -> frozenset[str]:
        """The texts of the right options, or the word for true or false."""
        if self.kind == "judge":
            return frozenset([JUDGE_OPTIONS[self.right - 1]])
        return frozenset(self.option(place) for place in range(self.count) if self.right >> place & 1)


@st.composite
def written(draw: st.DrawFn, kinds: tuple[str, ...] = ("single", "multiple", "judge")) -> list[Written]:
    """Some questions."""
    found = []
    for number in range(1, draw(st.integers(2, 5)) + 1):
        kind = draw(st.sampled_from(kinds))
        count = 0 if kind == "judge" else draw(st.integers(3, 5))
        masks = [1, 2] if kind == "judge" else range(1, 2**count - 1)
        fitting = [mask for mask in masks if (mask.bit_count() > 1) == (kind == "multiple")]
        found.append(Written(number, kind, count, draw(st.sampled_from(fitting))))
    return found


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


# What may happen to a text. Letters and ticks are left alone: with them another key would have been written.
SIGNS = re.compile(r"[.、:：()（）\[\]【】．{}~=#%\s\d答案解析题第]")


@st.composite
def changes(draw: st.DrawFn) -> Callable[[list[str]], list[str]]:
    """Something that happens to the lines."""
    where, how = draw(st.floats(0, 1, exclude_max=True)), draw(st.integers(0, 7))
    within = draw(st.floats(0, 1, exclude_max=True))

    def change(lines: list[str]) -> list[str]:
        if not lines:
            return lines
        place = int(where * len(lines))
        line = lines[place]
        before, after = lines[:place], lines[place + 1 :]
        cut = int(within * (len(line) + 1))
        for found in re.finditer(r"(说法|选项)\d+号", line):  # the marks by which questions are known stay whole
            cut = found.end() if found.start() < cut < found.end() else cut
        signs = [
            found.start()
            for found in SIGNS.finditer(re.sub(r"(说法|选项)\d+号", lambda found: "甲" * len(found.group()), line))
        ]
        dropped = signs[int(within * len(signs))] if signs else len(line)
        ways = [
            [*before, *after],
            [*before, line, line, *after],
            [*before, line, "", *after],
            [*before, line + (after[0] if after else ""), *after[1:]],
            [*before, line[:cut], line[cut:], *after],
            [*before, *after[:1], line, *after[1:]],
            [*before, line[:dropped] + line[dropped + 1 :], *after],
            [*before, line, "这是多出来的一行", *after],
        ]
        return ways[how]

    return change


def check(name: str, data: bytes) -> Report:
    return check_source(read_upload(name, data), bank=BANK)


def meaning(question: Question) -> frozenset[str]:
    if question.type == "judge":
        return frozenset([JUDGE_OPTIONS[question.right - 1]])
    right = (option for place, option in enumerate(question.options) if question.right >> place & 1)
    return frozenset(OPTION.findall(option)[0] for option in right)


def hold_against(
    report: Report, questions: list[Written], text: str, *, lines_belong: bool = False, rewritten: bool = False
) -> None:
    """What was accepted is what was written: each question once, each key as it was meant.

    `lines_belong`: a line without a sign is part of the option above it, by the format's own rules. `rewritten`: so much
    has happened that a stem may stand above the options of another question, or an option have lost sign and blank.
    """
    if report.errors:
        return
    meant = {each.stem: each.meant for each in questions}
    found: list[str] = []
    for question in report.content.questions:
        stems = set(STEM.findall(question.stem))
        if not stems and "多出来" in question.stem:  # a lost stem, and another line in its place
            continue
        assert len(stems) == 1, (text, question)
        found += stems
        whose = found[-1]
        if question.type != "judge":
            inside = [OPTION.findall(option) for option in question.options]
            assert all(inside), text
            assert lines_belong or rewritten or all(len(each) == 1 for each in inside), text
            (whose,) = {f"说法{each[0][2:4]}号" for each in inside}
            if whose != found[-1]:  # a stem above the options of another: so it now stands there
                assert rewritten, text
                continue
        assert meaning(question) == meant[whose], text
    assert sorted(found) == sorted(set(STEM.findall(text))), text


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


@pytest.mark.parametrize(
    "text",
    [
        "A.x " * 200_000,
        "（A）" * 300_000,
        "1. " * 300_000,
        "[" * 500_000,
        "{=" * 300_000,
        "答案：" * 200_000,
        "A" + "甲B" * 400_000,
        "\\" * 900_000,
        "<" * 500_000 + "{=a ~b}",
        "![" * 400_000,
    ],
    ids=lambda text: text[:6],
)
@pytest.mark.parametrize("chosen", ["text", "gift", "aiken"])
@pytest.mark.timeout(20)
def test_a_long_text_of_one_kind_takes_no_time(text: str, chosen: str) -> None:
    read_upload("a.txt", text.encode(), chosen)


@settings(max_examples=15, deadline=None)
@given(
    plain_texts(),
    st.lists(changes(), max_size=2),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=3), st.integers(0, 12)), max_size=3),
)
def test_a_document_with_faults_is_read_as_it_was_meant_or_refused(
    sample: tuple[list[Written], list[str]],
    several: list[Callable[[list[str]], list[str]]],
    damage: list[tuple[float, bytes, int]],
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

    for part in ("word/document.xml", "word/numbering.xml", "word/styles.xml", "[Content_Types].xml"):
        check("a.docx", with_part(whole, part, break_it))
