"""What corrections change of recorded results: whose attempt is void, whose unit is another, which headcount was wrong.

A change is JSON values: {"kind": "void", "account": 7, "ordinal": 1}, {"kind": "unit", "account": 7, "unit": 3} (None: takes
part alone), {"kind": "headcount", "unit": 3, "headcount": 120} (None: undeclared) or {"kind": "question", "question": "Q17",
"key": "AC"} (in letters as written in the bank; None: void, see `recomputation.worth`). What was recorded stays as it is: raw
responses, attempts, results and tallies, and the bank version. The standings alone are made anew, as if it had been so.
"""

import heapq
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, insert, select

from quizapp.attempts.models import Attempt, CorrectedKey, Response, VoidAttempt
from quizapp.attempts.queries import paper_of
from quizapp.banks.queries import version_content
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import blueprint_of
from quizapp.extensions import db
from quizapp.leaderboards import sources
from quizapp.leaderboards.figures import Figures
from quizapp.leaderboards.ranking import Counted, place_key
from quizapp.leaderboards.recomputation import Ended, Worth, counting_attempt, with_keys, worth

Changes = Sequence[dict[str, Any]]
CHUNK = 500

T = TypeVar("T")


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
        self.keys: dict[str, str | None] = {
            change["question"]: change["key"] for change in changes if change["kind"] == "question"
        }
        self._regraded = regraded(competition, self.keys)
        self.named = {account for account, _ordinal in self.void} | self._units.keys()
        """Whom a change names."""
        self.affected = self.named | {account for account, _ordinal in self._regraded}
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
        for accounts in _chunks(sorted(self.affected)):
            for person in sources.results_of(self._connection, self._id, accounts):
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
        self.ordinals: dict[int, int] = {}
        found: dict[int, Counted | None] = {}
        for accounts in _chunks(sorted(self.affected)):
            for account, attempts in self._ended(accounts).items():
                best = counting_attempt(self._keep, attempts)
                found[account] = None
                if best:
                    self.ordinals[account] = best.ordinal
                    person = Counted(account, best.organization, best.worth.score, best.used_ms, best.submitted_ms)
                    moved = account in self._units
                    found[account] = replace(person, organization=self._units[account]) if moved else person
        return found

    def _ended(self, accounts: Collection[int]) -> dict[int, list[Ended]]:
        """The ended attempts of some people that are not void, with what they are worth now."""
        rows = select(
            Attempt.account_id,
            Attempt.ordinal,
            Attempt.organization_id,
            Attempt.score,
            Attempt.used_ms,
            Attempt.submitted_ms,
        ).where(
            Attempt.competition_id == self._id,
            Attempt.account_id.in_(accounts),
            Attempt.submitted_ms.is_not(None),
        )
        ended: dict[int, list[Ended]] = {account: [] for account in accounts}
        for account, ordinal, unit, score, used_ms, submitted_ms in self._connection.execute(rows):
            if (account, ordinal) not in self.void:
                now = Worth(self._regraded.get((account, ordinal), score or 0), 0, ())
                ended[account].append(Ended(ordinal, unit, now, used_ms or 0, submitted_ms or 0))
        return ended


def regraded(competition: Competition, keys: Mapping[str, str | None]) -> Mapping[tuple[int, int], int]:
    """The scores, by account and ordinal, of the ended attempts that are worth something else by corrected keys.

    Worked out from the raw responses. Frozen attempts can't change, so a process does it once for the same keys: the page
    that shows what a correction would move, and its application, ask several times.
    """
    if not keys:
        return {}
    return _regraded(competition.id, competition.frozen_at, json.dumps(keys, sort_keys=True))


@lru_cache(maxsize=2)
def _regraded(competition_id: int, _frozen_at: datetime | None, keys_json: str) -> Mapping[tuple[int, int], int]:
    competition = db.session.get_one(Competition, competition_id)
    keys = json.loads(keys_json)
    content = version_content(competition.bank_version_id)
    questions, void = with_keys(content.questions, keys)
    partial = competition.multiple_scoring == "partial"
    columns = Attempt.account_id, Attempt.ordinal, Attempt.seed, Attempt.score
    rows = select(*columns).where(Attempt.competition_id == competition_id, Attempt.submitted_ms.is_not(None))
    found: dict[tuple[int, int], int] = {}
    with sources.reading() as connection:
        attempts = connection.execute(
            rows.order_by(Attempt.account_id, Attempt.ordinal), execution_options={"yield_per": sources.CHUNK}
        )
        for chunk in _chunks(attempts):
            met = [
                (row, paper)
                for row in chunk
                for paper in [paper_of(competition, row.seed)]
                if any(questions[place.ordinal].code in keys for place in paper.places)
            ]
            chosen = _responses(competition_id, {row.account_id for row, _paper in met})
            for row, paper in met:
                of = row.account_id, row.ordinal
                score = worth(paper, questions, chosen.get(of, {}), partial=partial, void=void).score
                if score != row.score:
                    found[of] = score
    return found


def _responses(competition_id: int, accounts: Collection[int]) -> dict[tuple[int, int], dict[int, int]]:
    found: dict[tuple[int, int], dict[int, int]] = {}
    rows = select(Response.account_id, Response.ordinal, Response.position, Response.chosen)
    for account, ordinal, position, mask in db.session.execute(
        rows.where(Response.competition_id == competition_id, Response.account_id.in_(accounts))
    ):
        found.setdefault((account, ordinal), {})[position] = mask
    return found


def keep_corrections(competition: Competition, corrected: Corrected) -> None:
    """Keep what a person's own pages need to say the same as the standings: corrected keys, and attempts that are void."""
    of = competition.id
    for table in (CorrectedKey, VoidAttempt):
        db.session.execute(delete(table).where(table.competition_id == of))
    keys = [{"competition_id": of, "code": code, "key": key} for code, key in sorted(corrected.keys.items())]
    void = [{"competition_id": of, "account_id": each[0], "ordinal": each[1]} for each in sorted(corrected.void)]
    if keys:
        db.session.execute(insert(CorrectedKey), keys)
    if void:
        db.session.execute(insert(VoidAttempt), void)


def _chunks(rows: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The rows, some at a time: a statement takes no more than some ten thousand values."""
    found = iter(rows)
    while chunk := list(islice(found, size)):
        yield chunk
