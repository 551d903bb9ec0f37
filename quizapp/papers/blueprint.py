"""The rule that papers are drawn by, and whether a bank can satisfy it. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from quizapp.banks.checking.needs import fill
from quizapp.banks.content import BankContent


@dataclass(frozen=True)
class Section:
    """`count` questions of one type at `points` (hundredths) each; no topics or no difficulty means any."""

    type: str
    count: int
    points: int
    topics: tuple[str, ...] = ()
    difficulty: str | None = None


@dataclass(frozen=True)
class Blueprint:
    """The sections in the order they were written down."""

    sections: tuple[Section, ...]

    @property
    def question_count(self) -> int:
        """How many questions a paper has."""
        return sum(section.count for section in self.sections)

    @property
    def full_score(self) -> int:
        """The highest score, in hundredths of a point."""
        return sum(section.count * section.points for section in self.sections)

    def to_json(self) -> list[dict[str, Any]]:
        """As JSON values, for the competition's row."""
        return [{**asdict(section), "topics": list(section.topics)} for section in self.sections]

    @classmethod
    def from_json(cls, value: Sequence[dict[str, Any]]) -> "Blueprint":
        """From what `to_json` made."""
        return cls(tuple(Section(**{**section, "topics": tuple(section["topics"])}) for section in value))


# 20 single + 5 multiple choice at 4 points, the questions of 2025's paper, spread over topics as domain knowledge asks.
_DEFAULT_SPREAD = (
    (("T01", "T02", "T03", "T04"), 7, 2),
    (("T05", "T06", "T07", "T08"), 4, 1),
    (("T09", "T10", "T11", "T12", "T13", "T14"), 7, 2),
    (("T15", "T16", "T17"), 2, 0),
)
DEFAULT_BLUEPRINT = Blueprint(
    tuple(Section("single", single, 400, topics) for topics, single, _ in _DEFAULT_SPREAD)
    + tuple(Section("multiple", multiple, 400, topics) for topics, _, multiple in _DEFAULT_SPREAD if multiple)
)


@dataclass(frozen=True)
class Shortfall:
    """A section (by its index from 0) that can't be filled: `available` questions where `needed` are asked for."""

    section: int
    needed: int
    available: int


def candidates(section: Section, content: BankContent, pool: str = "formal") -> list[int]:
    """The ordinals of the pool's questions that the section could draw."""
    of_type = content.ordinals.get((pool, section.type), {})
    topics = set(section.topics) or of_type.keys()
    found = sorted(chain.from_iterable(of_type.get(topic, ()) for topic in topics))
    if section.difficulty is None:
        return found
    return [ordinal for ordinal in found if content.questions[ordinal].difficulty == section.difficulty]


def shortfalls(blueprint: Blueprint, content: BankContent, pool: str = "formal") -> list[Shortfall]:
    """The sections that the bank can't fill; empty means that every draw succeeds.

    Sections may overlap, so that counting each alone is not enough: `fill` gives what they can have together.
    """
    choices = [candidates(section, content, pool) for section in blueprint.sections]
    filled = fill(choices, [section.count for section in blueprint.sections])
    return [
        Shortfall(index, section.count, len(held))
        for index, (section, held) in enumerate(zip(blueprint.sections, filled, strict=True))
        if len(held) < section.count
    ]
