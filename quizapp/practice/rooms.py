"""Practice rounds, drawn like papers but from the practice pool alone: pure, seeded, and nothing is kept.

A round is its seed: with it and a question's ordinal the server knows again which option stood at which letter.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from quizapp.banks.content import BankContent
from quizapp.papers.assembly import Place, SeededChance

ROUND_QUESTIONS = 20
"""The most questions of a round: about ten minutes."""


@dataclass(frozen=True)
class Room:
    """A topic with questions for practice, by their ordinals."""

    topic: str
    title: str
    ordinals: tuple[int, ...]


def rooms_of(content: BankContent) -> list[Room]:
    """The topics that have practice questions, in the bank's order."""
    found: dict[str, list[int]] = {topic: [] for topic in content.topics}
    for ordinal, question in enumerate(content.questions):
        if question.pool == "practice":
            found.setdefault(question.topic, []).append(ordinal)
    return [Room(topic, content.topics.get(topic, topic), tuple(held)) for topic, held in found.items() if held]


def is_for_practice(content: BankContent, ordinal: int) -> bool:
    """Whether the version has such a question and it is for practice: a formal question is never shown here."""
    return 0 <= ordinal < len(content.questions) and content.questions[ordinal].pool == "practice"


def draw_round(content: BankContent, ordinals: Iterable[int], seed: str) -> list[Place]:
    """At most ROUND_QUESTIONS of the practice questions among `ordinals`, in the seed's order. They are worth no points."""
    allowed = sorted({ordinal for ordinal in ordinals if is_for_practice(content, ordinal)})
    return [place_of(content, ordinal, seed) for ordinal in SeededChance(seed).shuffled(allowed)[:ROUND_QUESTIONS]]


def place_of(content: BankContent, ordinal: int, seed: str) -> Place:
    """How a question stands in the round of `seed`: its options are mixed, but 正确 and 错误 keep their places."""
    question = content.questions[ordinal]
    letters = range(len(question.options))
    mixed = letters if question.type == "judge" else SeededChance(f"{seed}|{ordinal}").shuffled(letters)
    return Place(ordinal, tuple(mixed), 0)


def right_as_shown(content: BankContent, place: Place) -> int:
    """The answer key as a bit mask of the letters shown."""
    right = content.questions[place.ordinal].right
    return sum(1 << letter for letter, option in enumerate(place.options) if right >> option & 1)
