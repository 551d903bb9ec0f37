"""Giving a store back what it has lost: a server that came back empty, or older than SQL, learns from what is recorded.

Each shard carries a mark with the run of the server that was compared with SQL. A restart, an older file put back and a
wiped server all leave a mark that is missing or of another run; the recorder then compares, restores and marks anew.
Who has no open attempt is restored when a start finds the store behind.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import select

from quizapp.attempts.models import Attempt, Response
from quizapp.attempts.queries import places_for
from quizapp.attempts.rules import shown_mask
from quizapp.banks.queries import version_content
from quizapp.competitions.models import Competition
from quizapp.extensions import db, grader
from quizapp.grader.engine import Ending, HeldAnswer, RecordedAttempt

log = logging.getLogger("quizapp.recorder")
CHUNK = 500


def restore_person(competition: Competition, account_id: int) -> None:
    """Give back what SQL has of one person's attempts. Nothing newer in the store is touched. Raises Unavailable."""
    _restore(competition, [account_id])


def restore_open_attempts(competition: Competition, shard: int) -> int:
    """Give back every attempt of the shard that SQL has as open; returns how many. Raises Unavailable."""
    count = 0
    for accounts in _accounts_with_open_attempts(competition, shard):
        _restore(competition, accounts)
        count += len(accounts)
    if count:
        log.warning("restored competition=%s shard=%s open_attempts=%s", competition.id, shard, count)
    return count


def end_what_has_ended(competition: Competition, shard: int) -> int:
    """End what the store has as open and SQL as ended: an older file was put back. Returns how many. Raises Unavailable.

    Otherwise an answer to it would be called saved, and would never be graded.
    """
    there = grader.open_ones(competition.id, shard)
    count = 0
    for first in range(0, len(there), CHUNK):
        portion = set(there[first : first + CHUNK])
        accounts = [account for account, _ in portion]
        rows = select(Attempt).where(
            Attempt.competition_id == competition.id,
            Attempt.account_id.in_(accounts),
            Attempt.submitted_ms.is_not(None),
        )
        ended = [row for row in db.session.scalars(rows) if (row.account_id, row.ordinal) in portion]
        chosen = _responses_of(competition, [attempt.account_id for attempt in ended])
        for attempt in ended:
            answers = _held(competition, attempt, chosen.get((attempt.account_id, attempt.ordinal), []))
            grader.end_as_recorded(
                competition.id, competition.shards, attempt.account_id, attempt.ordinal, _ending(attempt), answers
            )
        count += len(ended)
    if count:
        log.warning("ended_again competition=%s shard=%s attempts=%s", competition.id, shard, count)
    return count


def _ending(attempt: Attempt) -> Ending:
    assert attempt.submitted_ms is not None
    return Ending(
        submitted_ms=attempt.submitted_ms,
        used_ms=attempt.used_ms or 0,
        ended_by=attempt.ended_by or "deadline",
        score=attempt.score or 0,
        right_count=attempt.right_count or 0,
        points=tuple(attempt.points or ()),
    )


def _accounts_with_open_attempts(competition: Competition, shard: int) -> Iterator[list[int]]:
    last = 0
    while True:
        found = list(
            db.session.scalars(
                select(Attempt.account_id)
                .where(
                    Attempt.competition_id == competition.id,
                    Attempt.account_id > last,
                    Attempt.account_id % competition.shards == shard,
                    Attempt.submitted_ms.is_(None),
                )
                .order_by(Attempt.account_id)
                .distinct()
                .limit(CHUNK)
            )
        )
        if not found:
            return
        yield found
        last = found[-1]


def _restore(competition: Competition, accounts: Sequence[int]) -> None:
    of_person: dict[int, list[Attempt]] = {account: [] for account in accounts}
    rows = select(Attempt).where(Attempt.competition_id == competition.id, Attempt.account_id.in_(accounts))
    for attempt in db.session.scalars(rows.order_by(Attempt.account_id, Attempt.ordinal)):
        of_person[attempt.account_id].append(attempt)
    chosen = _responses_of(competition, accounts)
    for account, attempts in of_person.items():
        current = next((attempt for attempt in attempts if attempt.submitted_ms is None), None)
        grader.restore(
            competition.id,
            competition.shards,
            account,
            starts_ms=[attempt.started_ms for attempt in attempts],
            open_attempt=_recorded(competition, current, chosen.get((account, current.ordinal), []))
            if current
            else None,
        )


def _responses_of(competition: Competition, accounts: Sequence[int]) -> dict[tuple[int, int], list[Response]]:
    """By account and ordinal."""
    found: dict[tuple[int, int], list[Response]] = {}
    rows = select(Response).where(Response.competition_id == competition.id, Response.account_id.in_(accounts))
    for response in db.session.scalars(rows):
        found.setdefault((response.account_id, response.ordinal), []).append(response)
    return found


def _held(competition: Competition, attempt: Attempt, responses: Iterable[Response]) -> dict[int, HeldAnswer]:
    """The responses as the store holds them, by position."""
    questions = version_content(competition.bank_version_id).questions
    places = places_for(competition, attempt.seed)
    shown_at_once = competition.show_answers == "at_once"
    return {
        response.position: HeldAnswer(
            chosen=response.chosen,
            epoch=response.epoch,
            sequence=response.sequence,
            answered_ms=response.answered_ms,
            right=shown_mask(questions[place.ordinal].right, place.options) if shown_at_once else None,
        )
        for response in responses
        for place in places[response.position - 1 : response.position]
    }


def _recorded(competition: Competition, attempt: Attempt, responses: Iterable[Response]) -> RecordedAttempt:
    return RecordedAttempt(
        ordinal=attempt.ordinal,
        organization=attempt.organization_id,
        seed=attempt.seed,
        started_ms=attempt.started_ms,
        extra_ms=attempt.extra_ms,
        shift_ms=attempt.shift_ms,
        places=places_for(competition, attempt.seed),
        answers=_held(competition, attempt, responses),
    )
