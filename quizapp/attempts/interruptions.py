"""Whom an interruption touched, and silences that look like one."""

from dataclasses import dataclass

from redis.exceptions import RedisError
from sqlalchemy import func, select

from quizapp.attempts.heartbeat import gaps
from quizapp.attempts.models import Attempt
from quizapp.clock import to_ms
from quizapp.competitions.interruptions import Span, spans_given_back, union, without
from quizapp.competitions.models import Competition
from quizapp.extensions import db, grader


@dataclass(frozen=True, slots=True)
class Touched:
    """How many attempts run that began before a span was over, and how many ended by their deadline while it lasted."""

    running: int
    ended: int


def touched_by(competition: Competition, span: Span) -> Touched:
    """As SQL has it: the recorder may be some seconds behind."""
    begun_ms, over_ms = span
    of_competition = select(func.count()).select_from(Attempt).where(Attempt.competition_id == competition.id)
    running = of_competition.where(Attempt.submitted_ms.is_(None), Attempt.started_ms < over_ms)
    ended = of_competition.where(
        Attempt.submitted_ms > begun_ms, Attempt.submitted_ms <= over_ms, Attempt.ended_by == "deadline"
    )
    return Touched(db.session.scalar(running) or 0, db.session.scalar(ended) or 0)


def detected_spans(competition: Competition) -> list[Span]:
    """Silences of all recorders, or of all web processes, while the competition was open, that nobody has given back yet.

    None if the store is away.
    """
    opens_ms, closes_ms = to_ms(competition.opens_at), to_ms(competition.closes_at)
    given = spans_given_back(competition)
    try:
        found = gaps(grader.store)
    except RedisError:
        return []
    return [
        (max(begun, opens_ms), over)
        for begun, over in reversed(union(found))
        if over > opens_ms and begun < closes_ms and without([(max(begun, opens_ms), over)], given)
    ]
