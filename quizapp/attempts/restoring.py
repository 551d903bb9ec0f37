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
from quizapp.grader.engine import HeldAnswer, RecordedAttempt

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
    chosen: dict[tuple[int, int], list[Response]] = {}
    answers = select(Response).where(Response.competition_id == competition.id, Response.account_id.in_(accounts))
    for response in db.session.scalars(answers):
        chosen.setdefault((response.account_id, response.ordinal), []).append(response)
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


def _recorded(competition: Competition, attempt: Attempt, responses: Iterable[Response]) -> RecordedAttempt:
    questions = version_content(competition.bank_version_id).questions
    places = places_for(competition, attempt.seed)
    shown_at_once = competition.show_answers == "at_once"
    return RecordedAttempt(
        ordinal=attempt.ordinal,
        organization=attempt.organization_id,
        seed=attempt.seed,
        started_ms=attempt.started_ms,
        extra_ms=attempt.extra_ms,
        shift_ms=attempt.shift_ms,
        places=places,
        answers={
            response.position: HeldAnswer(
                chosen=response.chosen,
                epoch=response.epoch,
                sequence=response.sequence,
                answered_ms=response.answered_ms,
                right=shown_mask(questions[place.ordinal].right, place.options) if shown_at_once else None,
            )
            for response in responses
            for place in places[response.position - 1 : response.position]
        },
    )
