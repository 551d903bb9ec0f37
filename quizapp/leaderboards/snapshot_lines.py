"""The lines of a snapshot of frozen standings (快照), and the statement that is signed over them. Pure.

A file is JSON lines, each `{"<kind>": …}` in canonical form (`signing.canonical`), so that a million people need no memory.
First the statement with its signature; then by kind, each kind's digest (SHA-256 of its lines) standing in the statement:

- `bank`: the bank version with its answer key. Only for auditors.
- `tree`: every unit with region, industry, headcount, how many belong to it, and whether it is a central enterprise. Only for auditors.
- `unit`: the units that took part, with their names and places in the tree ("1/5/9").
- `group`: a row of the boards of units, regions and industries; without the sums of people where those are too few.
- `row`: a person's row, in the order of places. Nobody is named: `participant` and `attempt` are the public ids of the first
  attempt and of the one that counts (`receipts.content.attempt_id`), `answers` is the digest that stands in that attempt's
  receipt. So whoever has a receipt finds the own row, and nobody else's. `unit` is the nearest with enough people to be
  shown.
- `evidence`: behind each row the person's attempts with their seeds and raw responses. Only for auditors.

What corrections changed stands in the statement's `changes`; the evidence stays as it was recorded.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from quizapp.leaderboards.figures import Figures, Unit
from quizapp.leaderboards.standings import StandingRow, group_rows
from quizapp.leaderboards.visibility import unit_shown
from quizapp.signing import canonical

STATEMENT = {"type": "quiz-standings", "version": 1}
KINDS = ("tree", "unit", "group", "row", "evidence")
SUMS = ("score_sum", "used_ms_sum", "full_marks", "passed")


@dataclass(frozen=True, slots=True)
class Formula:
    """How results count and are ordered: all that the competition decides about it. Points in hundredths."""

    keep: str
    multiple_scoring: str
    tie_keys: str
    minimum: int
    full_score: int
    pass_score: int
    blueprint: list[dict[str, Any]]
    shuffle_questions: bool
    shuffle_options: bool


@dataclass(frozen=True, slots=True)
class TreeUnit:
    """A unit as it was at the freeze. `line` holds the ids from the root down to itself; `registered` are its own people.

    `central`: a central enterprise; None where a snapshot of an earlier release does not say.
    """

    unit: int
    line: tuple[int, ...]
    name: str
    code: str
    region: str | None
    industry: str | None
    headcount: int | None
    registered: int
    central: bool | None = None

    @property
    def value(self) -> dict[str, Any]:
        """As JSON values; `tree_unit` is the way back."""
        return {**asdict(self), "line": list(self.line)}


def tree_unit(value: Mapping[str, Any]) -> TreeUnit:
    """From what `TreeUnit.value` gave."""
    return TreeUnit(**{**value, "line": tuple(value["line"])})


def counted_units(units: Iterable[TreeUnit], headcounts: Mapping[int, int | None]) -> list[Unit]:
    """The units as figures are summed along them, with the headcounts that a correction put in place of the declared."""
    return [
        Unit(
            unit.unit,
            "/".join(["", *map(str, unit.line), ""]),
            headcounts.get(unit.unit, unit.headcount),
            unit.region,
            unit.industry,
        )
        for unit in units
    ]


@dataclass(frozen=True, slots=True)
class CountedPerson:
    """What is published of a person, but for the place. `unit` is the person's own, None without one."""

    participant: str
    attempt: str
    answers: str
    unit: int | None
    score: int
    used_ms: int
    submitted_ms: int


def person_value(
    place: int, rank: int, person: CountedPerson, line: tuple[int, ...], units: Mapping[str, Figures], minimum: int
) -> dict[str, Any]:
    """A person's row. `line`: the ids of the units down to the person's own; `units`: the figures of units."""
    values = {name: getattr(person, name) for name in CountedPerson.__slots__}
    return {**values, "place": place, "rank": rank, "unit": unit_shown(line, units, minimum)}


def standing_groups(
    figures: Mapping[str, Mapping[str, Figures]], minimum: int, paths: Mapping[str, str] | None = None
) -> list[StandingRow]:
    """The rows of all boards of groups, by board."""
    return [
        row
        for board, subjects in figures.items()
        for row in group_rows(board, subjects, minimum, paths if board == "units" else None)
    ]


def group_value(row: StandingRow, minimum: int) -> dict[str, Any] | None:
    """A group's row as it is published; None for one that nobody took part in: who else there is, is not told."""
    values = row.figures
    if not values["participants"]:
        return None
    shown = {name: values[name] for name in ("participants", "headcount", "covered")}
    if values["participants"] >= minimum:
        shown |= {name: values[name] for name in SUMS}
    return {"board": row.board, "place": row.place, "rank": row.rank, "subject": row.subject, "figures": shown}


class Lines:
    """Makes the lines of a snapshot and counts their digests."""

    def __init__(self) -> None:
        self._hashes = {kind: hashlib.sha256() for kind in KINDS}
        self.counts = dict.fromkeys(KINDS, 0)

    def line(self, kind: str, value: object) -> bytes:
        """The line of a value."""
        line = canonical({kind: value}) + b"\n"
        self.add(kind, line)
        return line

    def add(self, kind: str, line: bytes) -> None:
        """Count a line."""
        self._hashes[kind].update(line)
        self.counts[kind] += 1

    @property
    def digests(self) -> dict[str, str]:
        """The digests of all kinds, so far."""
        return {kind: found.hexdigest() for kind, found in self._hashes.items()}
