"""Questions that are there twice, or nearly: within a file, and against what the bank has published. Pure.

Two stems are near where they share 70 % of their sequences of three characters (Jaccard). That alone says little of short
questions, so what is right must agree too: "频度 O" and "严重度 S" asked in the same words are two questions.
"""

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice

from quizapp.banks.content import BankContent, Question
from quizapp.banks.findings import ERROR, WARNING, Fault
from quizapp.banks.pictures import TOKEN, digests_in
from quizapp.banks.spellings import bare, squeezed

SHINGLE = 3
NEAR = 7, 10  # as a fraction, so that no rounding decides
# Where thousands of stems are made from one pattern, each is compared with so many that share its rarest sequences, and
# the answers of the nearest are looked at: or a file made for it would keep us for hours. No real bank comes near.
MOST_COMPARED, MOST_ANSWERS = 64, 8
BITS = 256  # so many that the sequences of one stem, some dozens, mostly have a bit each

_SYMBOLS = re.compile(r"[A-Za-zα-ωΑ-Ω]+|\d+(?:\.\d+)?")
_POINTS_AT_OPTIONS = re.compile(r"下列|以下|下面|下述|\b(?:following|these)\b", re.I)


@dataclass(frozen=True)
class Earlier:
    """A question that the newest version doesn't have so, and the last version that had it."""

    version: int
    question: Question


def same_words(question: Question) -> tuple[str, frozenset[str]]:
    """What two wordings of one question have in common: the stem and the options without blanks, in any order."""
    return squeezed(question.stem), frozenset(squeezed(option) for option in question.options)


def doubles(
    content: BankContent,
    *,
    latest: BankContent | None = None,
    earlier: Sequence[Earlier] = (),
    only: int | None = None,
) -> Iterator[Fault]:
    """Questions that are twice in the content, or in the bank already. `only` asks about one of them."""
    told: set[int] = set()
    for fault in (*_equal(content), *_in_bank(content, latest, earlier)):
        if fault.number is not None and fault.number not in told and only in (None, fault.number):
            told.add(fault.number)
            yield fault
    yield from _near(content, latest, earlier, told, only)


def exact_doubles(content: BankContent) -> Iterator[Fault]:
    """Those of `doubles` that refuse a content."""
    return (fault for fault in _equal(content) if fault.severity == ERROR)


def _equal(content: BankContent) -> Iterator[Fault]:
    codes: dict[str, int] = {}
    words: dict[tuple[str, frozenset[str]], int] = {}
    stems: dict[str, int] = {}
    twins: dict[str, int] = {}
    asked: dict[tuple[str, frozenset[str]], dict[str, int]] = {}
    for number, question in enumerate(content.questions):
        if not question.stem:
            continue
        same = same_words(question)
        twin = bare(question.stem)
        pools = asked.setdefault((twin or same[0], _right_words(question)), {})
        across = next((other for pool, other in pools.items() if pool != question.pool), None)
        pools.setdefault(question.pool, number)
        if across is not None and question.right:  # practice tells the answer that papers ask for
            yield _like(ERROR, "in_both_pools", number, content, across)
        elif same in words:
            first = content.questions[words[same]]
            agree = _right_words(first) == _right_words(question)
            code = "question_doubled" if agree or not (first.right and question.right) else "question_contradicts"
            yield _like(ERROR, code, number, content, words[same])
        elif question.code in codes:
            facts = {"value": question.code, "count": codes[question.code] + 1}
            yield Fault(ERROR, "code_doubled", number, "code", facts)
        elif same[0] in stems and _asks_the_same(content.questions[stems[same[0]]], question):
            yield _like(WARNING, "stem_repeated", number, content, stems[same[0]])
        elif twin in twins and same[0] not in stems and _asks_the_same(content.questions[twins[twin]], question):
            yield _like(WARNING, "stem_alike", number, content, twins[twin])
        codes.setdefault(question.code, number)
        words.setdefault(same, number)
        stems.setdefault(same[0], number)
        twins.setdefault(twin, number)


def _like(severity: str, code: str, number: int, content: BankContent, other: int, **facts: int) -> Fault:
    first = content.questions[other].code
    return Fault(severity, code, number, "stem", {"code": first, "count": other + 1, **facts})


def _in_bank(content: BankContent, latest: BankContent | None, earlier: Sequence[Earlier]) -> Iterator[Fault]:
    """Questions that the bank has under another code (in a comparison they would look removed and added), or had once."""
    if latest is None and not earlier:
        return
    now = {question.code for question in latest.questions} if latest else set()
    words = {same_words(question): question.code for question in latest.questions} if latest else {}
    before: dict[tuple[str, frozenset[str]], Earlier] = {}
    for each in earlier:
        before.setdefault(same_words(each.question), each)
    as_it_was = {each.question: each.version for each in reversed(earlier)}
    for number, question in enumerate(content.questions):
        same = same_words(question)
        if question.code in now:
            if question in as_it_was:
                yield Fault(WARNING, "question_reverted", number, "stem", {"version": as_it_was[question]})
        elif same in words:
            facts = {"code": words[same], "own": question.code}
            yield Fault(WARNING, "already_in_bank", number, "stem", facts)
        elif same in before:
            found = before[same]
            yield Fault(WARNING, "was_in_bank", number, "stem", {"version": found.version, "code": found.question.code})


def _right_words(question: Question) -> frozenset[str]:
    return frozenset(squeezed(option) for option in _right_options(question))


def _right_options(question: Question) -> list[str]:
    return [option for place, option in enumerate(question.options) if question.right >> place & 1]


def _asks_the_same(first: Question, second: Question) -> bool:
    """Whether two questions with one stem ask one thing: "下列说法正确的是" does not say what it asks, its options do."""
    if not _POINTS_AT_OPTIONS.search(first.stem):
        return True
    options = [{bare(option) for option in each.options} for each in (first, second)]
    return 2 * len(options[0] & options[1]) >= min(map(len, options)) or _agree(first, second)


def _is_near(first: Question, second: Question) -> bool:
    """Whether questions with near stems may be one question: of one kind, with the same pictures and the same answer."""
    if (first.type == "judge") != (second.type == "judge") or digests_in([first.stem]) != digests_in([second.stem]):
        return False
    if first.type == "judge":
        return _symbols(first) == _symbols(second)  # Cp and Cpk, 3 σ and 6 σ: two statements
    return _agree(first, second) or _may_agree(first, second)


def _symbols(question: Question) -> list[str]:
    return _SYMBOLS.findall(squeezed(question.stem))


def _agree(first: Question, second: Question) -> bool:
    """Whether the right options say the same: at least half of the fewer of them stand among the others."""
    ours, theirs = ([bare(option) for option in _right_options(each)] for each in (first, second))
    common = sum(any(_says(one, other) for other in theirs) for one in ours)
    return 2 * common >= min(len(ours), len(theirs)) > 0


def _may_agree(first: Question, second: Question) -> bool:
    """Whether the right option is only put otherwise: neither's is a wrong one of the other, and the rest is the same."""
    for one, other in ((first, second), (second, first)):
        options = [bare(option) for option in other.options]
        if any(_says(bare(right), option) for right in _right_options(one) for option in options):
            return False
    ours, theirs = ({bare(option) for option in each.options} for each in (first, second))
    return 2 * len(ours & theirs) >= min(len(ours), len(theirs)) > 0


def _says(one: str, other: str) -> bool:
    if one == other:
        return True
    pairs = [{text[start : start + 2] for start in range(len(text) - 1)} for text in (one, other)]
    return 5 * len(pairs[0] & pairs[1]) >= 3 * len(pairs[0] | pairs[1]) > 0


def _near(
    content: BankContent,
    latest: BankContent | None,
    earlier: Sequence[Earlier],
    told: Collection[int],
    only: int | None,
) -> Iterator[Fault]:
    own = content.questions
    codes = {question.code for question in own}
    bank = [(0, question) for question in latest.questions if question.code not in codes] if latest else []
    bank += [(each.version, each.question) for each in earlier if each.question.code not in codes]
    questions = [*own, *(question for _version, question in bank)]
    stems = [bare(TOKEN.sub("", question.stem)) for question in questions]
    if only is not None:
        stems = [stem if _may_be_near(stem, stems[only]) else "" for stem in stems]
    index = _Index(stems)
    for number in range(len(own), len(questions)):
        index.add(number)
    # The one that is asked about may stand before what it is like; else each is compared with those before it.
    if only is not None:
        for number in range(len(own)):
            if number != only:
                index.add(number)
    for number in (only,) if only is not None else range(len(own)):
        for share, other in index.near(number)[:MOST_ANSWERS] if number not in told else ():
            if _is_near(questions[other], own[number]):
                yield _near_fault(content, number, other, round(100 * share), bank)
                break
        if only is None:
            index.add(number)


def _near_fault(
    content: BankContent, number: int, other: int, percent: int, bank: Sequence[tuple[int, Question]]
) -> Fault:
    if other < len(content.questions):
        return _like(WARNING, "question_similar", number, content, other, percent=percent)
    version, question = bank[other - len(content.questions)]
    facts = {"code": question.code, "percent": percent, "version": version}
    return Fault(WARNING, "similar_in_earlier" if version else "similar_in_bank", number, "stem", facts)


def _may_be_near(stem: str, asked: str) -> bool:
    """A cheap way to leave most stems out: too long, too short, or with too few characters in common."""
    if not (2 * len(stem) >= len(asked) and 2 * len(asked) >= len(stem)):
        return False
    return 2 * len(set(stem) & set(asked)) >= len(set(asked))


class _Index:
    """Which stems are near to which, without comparing all with all.

    Two sets with a Jaccard similarity of t have an element in common among the rarest n − ⌈t·n⌉ + 1 of each (prefix
    filtering: Chaudhuri, Ganti, Kaushik 2006; Bayardo, Ma, Srikant 2007). So only stems that share one of those are
    compared, exactly; and most of these not even that, because bits taken of their sequences differ in too many places.
    """

    def __init__(self, stems: Sequence[str]) -> None:
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        cut = [array("I", map(numbers.__getitem__, _shingles(stem))) for stem in stems]
        frequency = Counter(chain.from_iterable(cut))
        rank = array("I", bytes(4 * len(numbers)))
        for place, shingle in enumerate(sorted(range(len(numbers)), key=frequency.__getitem__)):
            rank[shingle] = place
        self._stems = [array("I", sorted(map(rank.__getitem__, shingles))) for shingles in cut]
        self._bits = [_bits_of(stem) for stem in self._stems]
        self._postings: dict[int, list[int]] = {}

    def add(self, number: int) -> None:
        for shingle in self._prefix(number):
            self._postings.setdefault(shingle, []).append(number)

    def near(self, number: int) -> list[tuple[float, int]]:
        """How near the stems added so far are to this one, the nearest first; those that aren't near are left out."""
        part, whole = NEAR
        stems, all_bits = self._stems, self._bits
        stem, bits, size = set(stems[number]), all_bits[number], len(stems[number])
        found = []
        for other in self._candidates(number):
            theirs = stems[other]
            # A bit that only one of them has is of a sequence that only one of them has.
            if (bits ^ all_bits[other]).bit_count() * (whole + part) > (size + len(theirs)) * (whole - part):
                continue
            common = len(stem.intersection(theirs))
            together = len(stem) + len(theirs) - common
            if whole * common >= part * together:
                found.append((common / together, other))
        return sorted(found, key=lambda each: (-each[0], each[1]))

    def _candidates(self, number: int) -> set[int]:
        """Those with a rare sequence in common, the rarest first."""
        found: set[int] = set()
        for shingle in self._prefix(number):
            found.update(islice(self._postings.get(shingle, ()), MOST_COMPARED - len(found)))
            if len(found) >= MOST_COMPARED:
                break
        return found

    def _prefix(self, number: int) -> "array[int]":
        part, whole = NEAR
        stem = self._stems[number]
        return stem[: len(stem) - -(-part * len(stem) // whole) + 1]


def _bits_of(stem: Iterable[int]) -> int:
    bits = 0
    for shingle in stem:
        bits |= 1 << shingle % BITS
    return bits


def _shingles(stem: str) -> set[str]:
    """All sequences of three characters; a shorter stem is one by itself, an empty one has none."""
    return {stem[start : start + SHINGLE] for start in range(max(1, len(stem) - SHINGLE + 1))} if stem else set()
