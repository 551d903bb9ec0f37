"""Options that stand together in one cell, taken apart where there is only one way to do it. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from quizapp.banks.content import LETTERS
from quizapp.banks.spellings import fold_width, read_truth

Options: TypeAlias = tuple[str, ...]
UNMISTAKABLE = "$;$"  # a separator of one learning platform, which has no letters and stands in no text

# How a letter is marked as that of an option, in narrow forms: A. A、 A: A) A- (A) [A] 【A】
_MARKS = [re.compile(rf"(?<![A-Za-z0-9])([A-H])[ \t]*{sign}") for sign in (r"\.", "、", ":", r"\)", "[-–—]")] + [
    re.compile(r"\(([A-H])\)"),
    re.compile(r"[\[【]([A-H])[\]】]"),
]
_BETWEEN = re.compile(r"[\s,;、|/$#]*$")


@dataclass(frozen=True)
class Joined:
    """`options`, or where they can be told apart in two ways or none, the `readings` that there are."""

    options: Options = ()
    readings: tuple[Options, ...] = ()


def take_apart(text: str, *, judge: bool = False) -> Joined:
    """The options in a text such as "A-带电|B-停电": letters in their order, all marked and all separated in one way.

    A true-or-false question may have the two words without letters.
    """
    text = text.strip()
    if judge and len(words := re.split(r"[\s,，;；、|｜/]+", text)) == 2 and None not in map(read_truth, words):
        return Joined(tuple(words))
    readings: dict[Options, None] = {}
    doubtful: dict[Options, None] = {}
    for mark in _MARKS:
        marks = list(mark.finditer(fold_width(text)))
        if len(marks) < 2 or marks[0].start() or marks[0].group(1) != "A":
            continue
        options, separators = _split(text, marks)
        in_order = "".join(each.group(1) for each in marks) == LETTERS[: len(marks)]
        if in_order and len(separators) == 1:
            readings[options] = None
        else:
            doubtful.update(dict.fromkeys(_guesses(text, marks)))
    if len(readings) == 1 and not any(len(each) >= len(next(iter(readings))) for each in doubtful):
        return Joined(next(iter(readings)))
    if not readings and not doubtful and text.count(UNMISTAKABLE):
        return Joined(tuple(part.strip() for part in text.split(UNMISTAKABLE)))
    return Joined(readings=(*readings, *(each for each in doubtful if each not in readings)))


def _split(text: str, marks: list[re.Match[str]]) -> tuple[Options, set[str]]:
    """The texts between the marks, and the kinds of separators between them."""
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    raw = [text[mark.end() : end] for mark, end in zip(marks, ends, strict=True)]
    runs = [_run(each) for each in raw]
    kinds = {_kind(run) for run in runs[:-1]}
    # After the last option stands nothing, or what stands after the others too.
    if not {char for char in fold_width(runs[-1]) if not char.isspace()} <= set("".join(map(fold_width, runs[:-1]))):
        runs[-1] = ""
    return tuple(each[: len(each) - len(run)].strip() for each, run in zip(raw, runs, strict=True)), kinds


def _run(text: str) -> str:
    found = _BETWEEN.search(fold_width(text))
    return text[found.start() :] if found else ""


def _kind(run: str) -> str:
    """The signs, whatever blanks and line breaks stand beside them; else a blank; else nothing."""
    return "".join(fold_width(run).split()) or " " * bool(run)


def _guesses(text: str, marks: list[re.Match[str]]) -> Iterator[Options]:
    """Two ways to read marks that are not in order: each letter where it comes first, and where it comes last."""
    first = list(_in_order(marks))
    last = list(reversed(list(_in_order(marks[::-1], LETTERS[: len(first)][::-1]))))
    for chosen in (first, last):
        if len(chosen) > 1:
            yield _split(text, chosen)[0]


def _in_order(marks: list[re.Match[str]], letters: str = LETTERS) -> Iterator[re.Match[str]]:
    wanted = iter(letters)
    letter = next(wanted, "")
    for mark in marks:
        if mark.group(1) == letter:
            yield mark
            letter = next(wanted, "")
