"""What a bank must have enough of: the rows of the rules by which papers are drawn from it. Pure.

Who draws papers stands above banks and says what it needs (`uses.users`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quizapp.banks.content import BankContent, Question
from quizapp.banks.findings import WARNING, Fault


@dataclass(frozen=True)
class Row:
    """`count` questions of one type from the formal pool; no topics or no difficulty means any."""

    type: str
    count: int
    topics: tuple[str, ...] = ()
    difficulty: str | None = None

    def admits(self, question: Question) -> bool:
        """Whether the question may be drawn for this row."""
        return (
            question.type == self.type
            and question.pool == "formal"
            and (not self.topics or question.topic in self.topics)
            and (self.difficulty is None or question.difficulty == self.difficulty)
        )


@dataclass(frozen=True)
class Need:
    """The rows of one paper, no question in two of them, and the title of the competition; "" is the usual paper."""

    title: str
    rows: tuple[Row, ...]


def unmet(needs: Sequence[Need], content: BankContent) -> Iterator[Fault]:
    """The rows that the bank can't fill."""
    for need in needs:
        choices = [[number for number, each in enumerate(content.questions) if row.admits(each)] for row in need.rows]
        filled = fill(choices, [row.count for row in need.rows])
        for place, (row, held) in enumerate(zip(need.rows, filled, strict=True)):
            if len(held) < row.count:
                facts = {
                    "title": need.title,
                    "row": place + 1,
                    "type": row.type,
                    "topics": list(row.topics),
                    "difficulty": row.difficulty or "",
                    "needed": row.count,
                    "available": len(held),
                }
                yield Fault(WARNING, "need_unmet", facts=facts)


def fill(choices: Sequence[Sequence[int]], counts: Sequence[int]) -> list[list[int]]:
    """Give each section `counts` of its `choices`, none twice, as many as possible; earlier choices are preferred.

    A matching by augmenting paths (Kuhn 1955): a question goes over to another section that has nothing else.
    """
    holder: dict[int, int] = {}  # question → the section that holds it

    def place(section: int, seen: set[int]) -> bool:
        for ordinal in choices[section]:
            if ordinal not in holder:
                holder[ordinal] = section
                return True
        for ordinal in choices[section]:
            owner = holder[ordinal]
            if owner != section and ordinal not in seen:
                seen.add(ordinal)
                if place(owner, seen):
                    holder[ordinal] = section
                    return True
        return False

    for section, count in enumerate(counts):
        for _ in range(count):
            if not place(section, set()):
                break
    return [[ordinal for ordinal, owner in holder.items() if owner == section] for section in range(len(counts))]
