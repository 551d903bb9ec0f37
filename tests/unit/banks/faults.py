"""Questions as they were meant, what may happen to the files they are written in, and how to hold the one against the other."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from quizapp.banks.checking.checks import Report, check_source
from quizapp.banks.content import JUDGE_OPTIONS, Question
from quizapp.banks.entries import Header
from quizapp.banks.reading import read_upload

BANK = Header("demo", "示例题库")
# Each stem and option says whose it is, so that whatever is accepted can be held against what was written.
STEM, OPTION = re.compile(r"说法\d\d号"), re.compile(r"选项\d\d\d号")

KEY = re.compile(r"答案|^[（(]?[A-E√×]+[)）]")  # behind a stem


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


# What may get lost of a text. Letters and ticks are left alone: with them another key would have been written.
SIGNS = r"[.、:：()（）\[\]【】．{}~=#%\s\d答案解析题第]"
ANY_WAY = (LOST, DOUBLED, EMPTY_LINE, JOINED, SPLIT, SWAPPED, SIGN_LOST, ADDED) = tuple(range(8))


@st.composite
def changes(draw: st.DrawFn, signs: str = SIGNS, ways: Sequence[int] = ANY_WAY) -> Callable[[list[str]], list[str]]:
    """Something that happens to the lines."""
    where, how = draw(st.floats(0, 1, exclude_max=True)), draw(st.sampled_from(ways))
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
        shown = re.sub(r"(说法|选项)\d+号", lambda found: "甲" * len(found.group()), line)
        places = [found.start() for found in re.finditer(signs, shown)]
        dropped = places[int(within * len(places))] if places else len(line)
        results = [
            [*before, *after],
            [*before, line, line, *after],
            [*before, line, "", *after],
            [*before, line + (after[0] if after else ""), *after[1:]],
            [*before, line[:cut], line[cut:], *after],
            [*before, *after[:1], line, *after[1:]],
            [*before, line[:dropped] + line[dropped + 1 :], *after],
            [*before, line, "这是多出来的一行", *after],
        ]
        return results[how]

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
    # Number and key of a question lost, behind an explanation: its lines can't be told from more of that explanation.
    prose = "\n".join(question.explanation for question in report.content.questions) if rewritten else ""
    no_key = {stem for stem in STEM.findall(prose) if not KEY.search(re.split(STEM, text.partition(stem)[2])[0])}
    assert sorted(found) == sorted(set(STEM.findall(text)) - no_key), text
