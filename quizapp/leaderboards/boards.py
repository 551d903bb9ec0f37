"""What a board can be asked, whether it is live (in the store) or frozen (in SQL). Places and ranks count from 1."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from quizapp.leaderboards.figures import Figures, Order

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person on a board. `line` holds the ids of the units from the root to the person's own; empty without a unit."""

    place: int
    rank: int
    tied: bool
    account: int
    line: tuple[int, ...]
    score: int
    used_ms: int
    submitted_ms: int


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A unit (`subject` is its id), a region or an industry (its code) on a board."""

    place: int
    rank: int
    tied: bool
    subject: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands: `of` how many, and how many share the rank, that one included."""

    place: int
    rank: int
    of: int
    sharing: int

    @property
    def share_behind(self) -> float:
        """The share of the others who stand behind; 1 for who is alone."""
        behind = self.of - (self.rank - 1) - self.sharing
        return behind / (self.of - 1) if self.of > 1 else 1.0


@dataclass(frozen=True, slots=True)
class Stamp:
    """How old a board's data are (None: there are none yet), and a text that changes whenever its content does."""

    as_of: datetime | None
    version: str


class Board(Protocol):
    """The boards of one competition."""

    @property
    def stamp(self) -> Stamp: ...

    @property
    def frozen(self) -> bool: ...

    def scores(self) -> dict[int, int]:
        """How many people have each score (hundredths of a point)."""

    def total(self) -> Figures:
        """The sum of all units."""

    def count_people(self, unit: int | None = None) -> int:
        """How many people stand on the board of everybody, or of a unit and all below it."""

    def people(self, offset: int, limit: int, unit: int | None = None) -> list[PersonRow]:
        """The rows after the first `offset`, in order."""

    def person(self, account: int, unit: int | None = None) -> tuple[PersonRow, Place] | None:
        """A person's row and place; None for who isn't on the board."""

    def count_groups(self, board: str, scope: str, order: Order) -> int:
        """How many stand on a board of units ("all", "top" or a parent's id), regions or industries ("all")."""

    def groups(self, board: str, scope: str, order: Order, offset: int, limit: int) -> list[GroupRow]:
        """The rows after the first `offset`, in order."""

    def group_place(self, board: str, scope: str, order: Order, subject: str) -> Place | None:
        """Where a unit, region or industry stands; None for what isn't on the board."""

    def figures(self, board: str, subjects: Collection[str]) -> dict[str, Figures]:
        """The figures of those subjects that have any."""
