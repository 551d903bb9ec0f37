"""The rows of the frozen boards and their digest: pure.

The digest is the SHA-256 of the canonical lines, each ended by a line feed: first the competition and how it is ordered,
then one line a row, as JSON without spaces and with sorted names. Whoever has the rows can compute it again.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from quizapp.leaderboards.figures import Figures, Order, order_member, ranked_figures
from quizapp.leaderboards.ranking import Counted, rank_key, with_ranks


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
