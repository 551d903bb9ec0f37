"""The rows of the frozen boards and their digest: pure.

The digest is the SHA-256 of the canonical lines, each ended by a line feed: first the competition and how it is ordered,
then one line a row, as JSON without spaces and with sorted names. Whoever has the rows can compute it again.
"""

import hashlib
import json
import struct
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from quizapp.leaderboards.figures import Figures, Order, order_member, ranked_figures
from quizapp.leaderboards.ranking import Counted, rank_key, with_ranks

PORTION = 1000  # places that are kept together


@dataclass(frozen=True, slots=True)
class StandingRow:
    """A row of a frozen board, as `models.Standing` keeps it."""

    board: str
    place: int
    rank: int
    subject: str
    organization_id: int | None
    figures: dict[str, Any]

    @property
    def canonical(self) -> str:
        """The row's line in the digest."""
        return _line([self.board, self.place, self.rank, self.subject, self.organization_id, self.figures])


def people_rows(results: Iterable[Counted], tie_keys: str) -> Iterator[StandingRow]:
    """The rows of the people's board, of results that are in its order already."""
    for place, rank, result in with_ranks((rank_key(result, tie_keys), result) for result in results):
        figures = {"score": result.score, "used_ms": result.used_ms, "submitted_ms": result.submitted_ms}
        yield StandingRow("people", place, rank, str(result.account), result.organization, figures)


def group_rows(
    board: str, subjects: Mapping[str, Figures], minimum: int, paths: Mapping[str, str] | None = None
) -> Iterator[StandingRow]:
    """The rows of a board of units (with their `paths`, "1/5/9"), regions or industries: by mean, then who has no rank."""
    ranked = ranked_figures(subjects, Order.MEAN, minimum)
    standing = {subject for _, _, subject in ranked}
    others = sorted(
        subjects.keys() - standing, key=lambda subject: (-subjects[subject].participants, order_member(subject))
    )
    without = [(len(ranked) + number, 0, subject) for number, subject in enumerate(others, start=1)]
    for place, rank, subject in [*ranked, *without]:
        figures: dict[str, Any] = dict(subjects[subject].to_json())
        if paths is not None:
            figures["path"] = paths[subject]
        yield StandingRow(board, place, rank, subject, int(subject) if board == "units" else None, figures)


def group_places(
    figures: Mapping[str, Mapping[str, Figures]], lines: Mapping[str, tuple[int, ...]], minimum: int
) -> Iterator[dict[str, Any]]:
    """Where everything stands on each board of groups, as `models.GroupPlace` keeps it. `lines` of the units, by subject."""
    for board, subjects in figures.items():
        scopes: dict[str, dict[str, Figures]] = {"all": dict(subjects)}
        if board == "units":
            for subject, own in subjects.items():
                line = lines[subject]
                scopes.setdefault("top" if len(line) == 1 else str(line[-2]), {})[subject] = own
        for scope, inside in scopes.items():
            for order in Order:
                ranked = ranked_figures(inside, order, minimum)
                sharing = Counter(rank for _place, rank, _subject in ranked)
                for place, rank, subject in ranked:
                    names = {"board": board, "scope": scope, "ordered_by": order.value, "subject": subject}
                    yield {**names, "place": place, "rank": rank, "sharing": sharing[rank]}


class PlacesOfUnits:
    """Collects at which places the people of each unit and all below it stand, as `models.UnitPlaces` keeps it.

    It holds a portion of each unit at most.
    """

    def __init__(self) -> None:
        self._open: dict[int, array[int]] = {}
        self._numbers: Counter[int] = Counter()

    def add(self, place: int, line: Iterable[int]) -> Iterator[dict[str, Any]]:
        """A person stands there, and counts for the units of the line; gives the portions that are full."""
        for unit in line:
            held = self._open.setdefault(unit, array("I"))
            held.append(place)
            if len(held) == PORTION:
                yield self._portion(unit, self._open.pop(unit))

    def end(self) -> Iterator[dict[str, Any]]:
        """What is left."""
        for unit, held in self._open.items():
            yield self._portion(unit, held)

    def _portion(self, unit: int, places: "array[int]") -> dict[str, Any]:
        number = self._numbers[unit]
        self._numbers[unit] += 1
        return {"organization_id": unit, "number": number, "first_place": places[0], "places": packed(places)}


def packed(places: Iterable[int]) -> bytes:
    """Places as bytes, four each, the lowest first; `unpacked` is the way back."""
    numbers = list(places)
    return struct.pack(f"<{len(numbers)}I", *numbers)


def unpacked(content: bytes) -> tuple[int, ...]:
    """Places from bytes."""
    return struct.unpack(f"<{len(content) // 4}I", content)


class Digest:
    """The digest of standings, line by line."""

    def __init__(self, competition: int, tie_keys: str, minimum: int) -> None:
        self._hash = hashlib.sha256()
        self._add(_line({"competition": competition, "minimum": minimum, "tie_keys": tie_keys}))

    def add(self, row: StandingRow) -> None:
        """Add a row, in the order of boards and places."""
        self._add(row.canonical)

    def _add(self, line: str) -> None:
        self._hash.update(f"{line}\n".encode())

    def __str__(self) -> str:
        return self._hash.hexdigest()


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
