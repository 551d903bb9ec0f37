"""Where the options of a question begin in running text: "A. 策划 B. 实施", "A顾客使用B符合标准", an option a line. Pure.

Letters also stand inside options (维生素B, A、B 都是), so a way to divide counts only if it is the only one; else both
are given back, and the reader refuses the question.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

LONGEST = 8_000  # characters of one question that are looked through: more than its stem and options may have
_STARTS = 12  # places where the options of one question might begin
_MARKS = 200

# Texts come with full-width signs already folded. After a letter: A. A、 A) A: (A) [A]
_SIGNED = (
    r"(?:选项\s*)?(?:[(\[【]\s*(?P<{0}>[A-Za-z])\s*[)\]】]\s*[.、:]?|(?P<{1}>[A-Za-z])\s*[.、:)](?![A-Za-z]\.))\s*"
)
_FIRST_IN_LINE = re.compile(r"(?m)^[^\S\n]*" + _SIGNED.format("a", "b"))
_AFTER_BLANK = re.compile(r"(?m)(?:^|(?<=\s))" + _SIGNED.format("a", "b"))
_ANYWHERE = re.compile(r"(?<![A-Za-z0-9])" + _SIGNED.format("a", "b"))
_BARE_AFTER_BLANK = re.compile(r"(?m)(?:^|(?<=\s))(?P<a>[A-Z])(?P<b>)(?![A-Za-z])[.、:)]?\s*")
_BARE = re.compile(r"(?<![A-Za-z])(?P<a>[A-Z])(?P<b>)(?![A-Za-z])[.、:)]?\s*")
_SIGNED_WAYS = (_FIRST_IN_LINE, _AFTER_BLANK, _ANYWHERE)
_BARE_WAYS = (_BARE_AFTER_BLANK, _BARE)
_ENDS_A_STEM = re.compile(r"[\s。.?？!！:：;；)）】\]_…]")


@dataclass(frozen=True)
class Mark:
    """The letter that begins an option: where it begins, and where the option's text does."""

    letter: str
    begins: int
    ends: int


@dataclass(frozen=True)
class Division:
    """The marks of A, B, C … in a text, or the code and facts of why they can't be told."""

    marks: tuple[Mark, ...] = ()
    fault: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def begins(self) -> int:
        """Where the options begin."""
        return self.marks[0].begins

    def texts(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Letter, and where its option begins and ends."""
        for mark, following in pairwise([*self.marks, Mark("", len(text), len(text))]):
            yield mark.letter, mark.ends, following.begins


def divide(text: str, *, stem_ends: int, bare_in_line: bool) -> Division | None:
    """The options in the folded text of a question, or None if there are none.

    `stem_ends`: options without a sign after their letter begin behind this place, unless in a line of their own.
    `bare_in_line`: such options may also follow the stem in its own line.
    """
    if len(text) > LONGEST:
        return None
    in_lines = [found.start() for found in _FIRST_IN_LINE.finditer(text) if _letter(found) == "A"]
    if len(in_lines) > 1:
        return Division(fault="option_repeated", facts=(("letter", "A"),))
    inside = [
        found.start()
        for found in _ANYWHERE.finditer(text)
        if _letter(found) == "A" and (not found.start() or _ENDS_A_STEM.match(text[found.start() - 1]))
    ]
    bare = [found.start("a") for found in _BARE.finditer(text) if found.group("a") == "A"]
    bare_lines = [place for place in bare if not text[:place].rpartition("\n")[2].strip()]
    bare_after = [
        place for place in bare if place >= stem_ends and place and _ENDS_A_STEM.match(text[place - 1]) and bare_in_line
    ]
    for starts, ways in (
        (in_lines, _SIGNED_WAYS),
        (inside, _SIGNED_WAYS),
        (bare_lines, _BARE_WAYS),
        (bare_after, _BARE_WAYS),
    ):
        found = [division for place in starts[:_STARTS] if (division := _divide_from(text, place, ways))]
        marks = found[0].marks if found and starts is bare_lines else ()
        if marks and any(each.marks and each.begins > marks[-1].begins for each in found[1:]):
            return Division(fault="option_repeated", facts=(("letter", "A"),))  # a stem between the two got lost
        if found:
            return _choose(text, found, first=starts is in_lines)
    return None


def _letter(found: re.Match[str]) -> str:
    return (found.group("a") or found.group("b")).upper()


def _choose(text: str, found: Sequence[Division], *, first: bool) -> Division:
    """Of several places where the options might begin: the one that gives the most, if it is the only one."""
    if first or not found[0].marks:
        return found[0]
    most = max(len(each.marks) for each in found)
    best = [each for each in found if len(each.marks) == most]
    # (A) before the options is the key in the stem's bracket, and not the first option.
    earlier = [each for each in best[:-1] if text[each.begins] not in "([【"]
    return _unclear(text, "A", best[0].begins, best[-1].begins) if earlier else best[-1]


def _divide_from(text: str, start: int, ways: Sequence[re.Pattern[str]]) -> Division | None:
    """The options from `start` on: by the first way to see marks that leaves no choice and misses no letter."""
    seen = [_marks(way, text, start) for way in ways]
    longest = max(_longest(marks, text) for marks in seen)
    if longest < 2:
        return None
    for marks in seen:
        chains = _chains(marks, text, longest)
        if len(chains) == 1 and (doubtful := _appended(chains[0], seen[0], text)) and ways is _SIGNED_WAYS:
            return _unclear(text, doubtful.letter, doubtful.begins, chains[0][-2].begins)
        if len(chains) == 1:
            in_lines = seen[0] if ways is _SIGNED_WAYS else _bare_in_lines(chains[0], seen[0], text)
            return _sound(text, chains[0], in_lines, seen[-1], signed=ways is _SIGNED_WAYS)
        if len(chains) > 1:
            one, other = next(pair for pair in zip(chains[0], chains[1], strict=True) if pair[0] != pair[1])
            return _unclear(text, one.letter, one.begins, other.begins)
    return None


def _appended(marks: Sequence[Mark], in_lines: Sequence[Mark], text: str) -> Mark | None:
    """A mark in the line of the last of several options that each have a line: "E. coli" in D may be no option."""
    starts = [mark.begins for mark in in_lines]
    own = [mark for mark in marks if mark.begins in starts]
    if len(own) < 2 or own != list(marks[: len(own)]):
        return None
    appended = [mark for mark in marks[len(own) :] if not re.search(r"(?:\t|\s\s)$", text[: mark.begins])]
    return appended[0] if appended else None


def _bare_in_lines(used: Sequence[Mark], marks: Sequence[Mark], text: str) -> list[Mark]:
    """The marks that begin a line, where each option does: "C 丙" between "A 甲" and "B 乙" is no part of A's text."""
    own = [mark for mark in marks if mark.letter <= "H" and not text[: mark.begins].rpartition("\n")[2].strip()]
    return own if set(used) <= set(own) else []


def _marks(way: re.Pattern[str], text: str, start: int) -> list[Mark]:
    """The marks from `start` on. Small letters count where the first is one: else e.g. would be an option E."""
    found = list(islice(way.finditer(text, start), _MARKS))
    small = bool(found) and (found[0].group("a") or found[0].group("b")).islower()
    return [
        Mark(_letter(each), each.end() - len(each.group().lstrip()), each.end())
        for each in found
        if (each.group("a") or each.group("b")).islower() == small
    ]


def _follows(before: Mark, mark: Mark, text: str) -> bool:
    """Whether an option with a text lies between."""
    return (
        ord(mark.letter) == ord(before.letter) + 1
        and mark.begins >= before.ends
        and bool(text[before.ends : mark.begins].strip())
    )


def _longest(marks: Sequence[Mark], text: str) -> int:
    """How many letters can follow each other from the first A on."""
    return max((len(chain) for chain in _chains(marks, text, 0)), default=0)


def _chains(marks: Sequence[Mark], text: str, wanted: int) -> list[list[Mark]]:
    """At most two ways to go from the first mark, which must be A, through B, C …: of `wanted` letters, or the longest."""
    if not marks or marks[0].letter != "A":
        return []
    # For each letter its marks, each with at most two ways that lead to it: more would not change the answer.
    ways: list[tuple[Mark, list[list[Mark]]]] = [(marks[0], [[marks[0]]])]
    longest = [[marks[0]]]
    while ways:
        following: list[tuple[Mark, list[list[Mark]]]] = []
        letter = chr(ord(ways[0][0].letter) + 1)
        for mark in marks:
            if mark.letter == letter:
                led = [[*way, mark] for before, chains in ways if _follows(before, mark, text) for way in chains][:2]
                if led:
                    following.append((mark, led))
        whole = [way for mark, chains in following for way in chains if text[mark.ends :].strip()]
        if whole:
            longest = whole
        ways = following[:_STARTS]
        if wanted and whole and len(whole[0]) == wanted:
            return whole[:2]
    return [] if wanted and len(longest[0]) != wanted else longest[:2]


def _sound(
    text: str, marks: Sequence[Mark], in_lines: Sequence[Mark], all_marks: Sequence[Mark], *, signed: bool
) -> Division:
    """The division, unless letters are left over that show that something was not divided."""
    used = {mark.begins for mark in marks}
    last = marks[-1]
    for mark in in_lines:
        if mark.begins not in used:
            if mark.letter <= last.letter:
                return Division(tuple(marks), "option_repeated", (("letter", mark.letter),))
            return Division(tuple(marks), "option_letters_broken", (("after", last.letter), ("found", mark.letter)))
    following, after_next = chr(ord(last.letter) + 1), chr(ord(last.letter) + 2)
    if signed and any(mark.begins > last.begins and mark.letter == after_next for mark in all_marks):
        facts = (("after", last.letter), ("found", after_next))
        return Division(tuple(marks), "option_letters_broken", facts)
    # "C. 丙 D丁": only the sign after D was forgotten, or is D丁 part of C?
    forgotten = re.compile(
        rf"(?:(?<=\s)[(\[【]?{following}(?=[\u4e00-\u9fff])|(?<![A-Za-z]){following}(?=\s+\S))"
    ).search(text, last.ends)
    if signed and forgotten:
        return _unclear(text, following, forgotten.start(), last.begins)
    return Division(tuple(marks))


def _unclear(text: str, letter: str, first: int, second: int) -> Division:
    around = [" ".join(text[place : place + 14].split()) for place in (first, second)]
    facts = (("letter", letter), ("first", around[0]), ("second", around[1]))
    return Division(fault="options_unclear", facts=facts)
