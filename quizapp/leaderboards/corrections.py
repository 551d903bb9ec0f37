"""What corrections change of recorded results: whose attempt is void, whose unit is another, which headcount was wrong.

A change is JSON values: {"kind": "void", "account": 7, "ordinal": 1}, {"kind": "unit", "account": 7, "unit": 3} (None: takes
part alone) or {"kind": "headcount", "unit": 3, "headcount": 120} (None: undeclared). What was recorded stays as it is: raw
responses, attempts, results and tallies. The standings alone are made anew, as if it had been so.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from quizapp.attempts.models import Attempt
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import blueprint_of
from quizapp.leaderboards import sources
from quizapp.leaderboards.figures import Figures
from quizapp.leaderboards.ranking import Counted, place_key
from quizapp.leaderboards.recomputation import Ended, Worth, counting_attempt

Changes = Sequence[dict[str, Any]]


class Corrected:
    """The results of a competition as they count with changes."""

    def __init__(self, connection: Connection, competition: Competition, changes: Changes = ()) -> None:
        self._connection = connection
        self._id = competition.id
        self._tie_keys = competition.tie_keys
        self._keep = competition.keep
        self._full = blueprint_of(competition).full_score
        self._pass = competition.pass_score
        self.headcounts: dict[int, int | None] = {
            change["unit"]: change["headcount"] for change in changes if change["kind"] == "headcount"
        }
        self.void = {(change["account"], change["ordinal"]) for change in changes if change["kind"] == "void"}
        self._units: dict[int, int | None] = {
            change["account"]: change["unit"] for change in changes if change["kind"] == "unit"
        }
        self.affected = {account for account, _ordinal in self.void} | self._units.keys()
        self.counted = self._counted()

    def results_in_order(self) -> Iterator[Counted]:
        """Every counted result in the order of the board."""
        recorded = sources.results_in_order(self._connection, self._id, self._tie_keys)
        if not self.affected:
            return recorded

        def key(person: Counted) -> tuple[int, ...]:
            return place_key(person, self._tie_keys)

        kept = (person for person in recorded if person.account not in self.affected)
        return heapq.merge(kept, sorted((p for p in self.counted.values() if p), key=key), key=key)

    def sums_of_units(self) -> dict[int, Figures]:
        """The sums of the units' own people."""
        sums = sources.sums_of_units(self._connection, self._id)
        if not self.affected:
            return sums
        for person in sources.results_of(self._connection, self._id, self.affected):
            self._add(sums, person, -1)
        for counted in self.counted.values():
            if counted:
                self._add(sums, counted, 1)
        return sums

    def _add(self, sums: dict[int, Figures], person: Counted, sign: int) -> None:
        if person.organization is None:
            return
        full, passed = int(person.score == self._full), int(person.score >= self._pass)
        values = (0, 1, person.score, person.used_ms, full, passed)
        added = Figures(*(sign * value for value in values))
        sums[person.organization] = sums.get(person.organization, Figures()) + added

    def _counted(self) -> dict[int, Counted | None]:
        """What counts of everybody who is affected; None for whom nothing counts any more."""
        rows = select(
            Attempt.account_id,
            Attempt.ordinal,
            Attempt.organization_id,
            Attempt.score,
            Attempt.used_ms,
            Attempt.submitted_ms,
        ).where(
            Attempt.competition_id == self._id,
            Attempt.account_id.in_(self.affected),
            Attempt.submitted_ms.is_not(None),
        )
        ended: dict[int, list[Ended]] = {account: [] for account in self.affected}
        for account, ordinal, unit, score, used_ms, submitted_ms in self._connection.execute(rows):
            if (account, ordinal) not in self.void:
                ended[account].append(Ended(ordinal, unit, Worth(score or 0, 0, ()), used_ms or 0, submitted_ms or 0))
        self.ordinals: dict[int, int] = {}
        found: dict[int, Counted | None] = {}
        for account, attempts in ended.items():
            best = counting_attempt(self._keep, attempts)
            found[account] = None
            if best:
                self.ordinals[account] = best.ordinal
                person = Counted(account, best.organization, best.worth.score, best.used_ms, best.submitted_ms)
                moved = account in self._units
                found[account] = replace(person, organization=self._units[account]) if moved else person
        return found
