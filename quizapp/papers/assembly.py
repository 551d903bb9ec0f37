"""Drawing one person's paper: the same blueprint, version and seed give the same paper for ever. Pure.

Chance comes from SHA-256 of the seed and a counter, not from Python's `random`, whose draws may change between releases.
A golden test holds this: whoever changes what a seed draws changes every paper that was ever written.
"""

import hashlib
import itertools
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from quizapp.banks.checking.needs import fill
from quizapp.banks.content import TYPES, BankContent
from quizapp.papers.blueprint import Blueprint, candidates

Item = TypeVar("Item")
PHASES = 1 << 16
_WORDS = 1 << 32
_words_of = struct.Struct(">8I").unpack


class BlueprintUnsatisfiable(ValueError):
    """The bank has too few questions for the blueprint; `shortfalls` says where."""


@dataclass(frozen=True)
class Place:
    """What stands at one position: the question's ordinal, and for each letter shown the option (from 0) behind it."""

    ordinal: int
    options: tuple[int, ...]
    points: int


@dataclass(frozen=True)
class Paper:
    """The questions in the order one person sees; position 1 is `places[0]`."""

    places: tuple[Place, ...]


class SeededChance:
    """Whole numbers drawn evenly from SHA-256(seed, counter)."""

    def __init__(self, seed: str) -> None:
        start = f"{seed}|".encode()
        self._words: Iterator[int] = itertools.chain.from_iterable(
            _words_of(hashlib.sha256(start + str(counter).encode()).digest()) for counter in itertools.count()
        )

    def below(self, bound: int) -> int:
        """An even draw from 0 to bound − 1; words past the last whole multiple of `bound` are thrown away."""
        limit = _WORDS // bound * bound
        word = next(self._words)
        while word >= limit:
            word = next(self._words)
        return word % bound

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """The items in an even random order (Fisher and Yates 1938, in Durstenfeld's form of 1964)."""
        order, words = list(items), self._words
        even = _WORDS - len(order)
        for last, word in zip(range(len(order) - 1, 0, -1), words):  # noqa: B905  # words never end
            # As `below` draws, which it spares a call: hundreds of them a paper. A word below `even` is thrown away by none.
            bound = last + 1
            while word >= even and word >= _WORDS // bound * bound:
                word = next(words)
            other = word % bound
            order[last], order[other] = order[other], order[last]
        return order


def assemble(
    blueprint: Blueprint,
    content: BankContent,
    seed: str,
    *,
    pool: str = "formal",
    shuffle_questions: bool = True,
    shuffle_options: bool = True,
) -> Paper:
    """Draw a paper. Questions stand by type (single, multiple, true or false), shuffled within it if asked.

    No question is drawn twice. Raises BlueprintUnsatisfiable exactly where `shortfalls` names a section.
    """
    chance = SeededChance(seed)
    sections = blueprint.sections
    found = [candidates(section, content, pool) for section in sections]
    counts = [section.count for section in sections]
    phase = chance.below(PHASES)
    chosen = []
    for number, (each, count) in enumerate(zip(found, counts, strict=True)):
        # Phases that lie apart: what one section rounds up to a hard question, another rounds down.
        own = (phase + number * PHASES // len(sections)) % PHASES
        chosen.append(_spread(chance, each, count, content.ranks, own))
    drawn = fill(chosen, counts)
    if any(len(held) < count for held, count in zip(drawn, counts, strict=True)):
        # Sections that overlap chose the same question: whoever lost it takes another.
        more = [
            chance.shuffled([each for each in all_ if each not in own]) for all_, own in zip(found, chosen, strict=True)
        ]
        drawn = fill([own + others for own, others in zip(chosen, more, strict=True)], counts)
    for number, (section, held) in enumerate(zip(sections, drawn, strict=True), 1):
        if len(held) < section.count:
            raise BlueprintUnsatisfiable(f"section {number}: {len(held)} of {section.count}")
    places: list[Place] = []
    for kind in TYPES:
        of_kind = [
            (ordinal, section.points)
            for section, held in zip(sections, drawn, strict=True)
            if section.type == kind
            for ordinal in held
        ]
        for ordinal, points in chance.shuffled(of_kind) if shuffle_questions else of_kind:
            letters = range(len(content.questions[ordinal].options))
            # 正确 and 错误 keep their places: people look for them there, and two options hide nothing.
            mixed = chance.shuffled(letters) if shuffle_options and kind != "judge" else list(letters)
            places.append(Place(ordinal, tuple(mixed), points))
    return Paper(tuple(places))


def _spread(chance: SeededChance, found: Sequence[int], count: int, ranks: Sequence[int], phase: int) -> list[int]:
    """At random `count` of the found, holding difficulties and topics in the shares of all.

    Papers are then about equally hard, whoever gets them. Systematic sampling (W. G. and L. H. Madow, 1944): at even steps
    through the questions in order of difficulty and topic, from `phase` PHASES-ths of a step; each question is still drawn
    equally often.
    """
    order = sorted(chance.shuffled(found), key=ranks.__getitem__)
    if count >= len(order):
        return order
    return [order[(step * PHASES + phase) * len(order) // (count * PHASES)] for step in range(count)]
