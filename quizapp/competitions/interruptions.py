"""Interruptions: what an outage took from people who were answering, and how it is given back.

A person declares a span with its reason. What is given back is the union of all spans without the pauses; the grader works
each attempt's part out from it (`grader.rules.given_ms`), so nothing can be given twice, whoever declares what how often.
An attempt that has ended stays ended.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from quizapp.accounts.audit import record
from quizapp.accounts.models import Account
from quizapp.clock import to_ms
from quizapp.competitions.models import Competition, Interruption, Pause
from quizapp.competitions.phase import Phase, phase
from quizapp.errors import Invalid, Refused
from quizapp.extensions import db

Span = tuple[int, int]
MOST_SPANS = 100
"""More would make each answer slow: the grader walks through all of them."""


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same moments as spans that lie apart, ascending; spans end before their second number."""
    found: list[Span] = []
    for begun, over in sorted(spans):
        if found and begun <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], over)
        else:
            found.append((begun, over))
    return tuple(found)


def without(spans: Iterable[Span], others: Iterable[Span]) -> tuple[Span, ...]:
    """The spans' moments that lie in none of the others."""
    left = list(union(spans))
    for begun, over in others:
        left = [
            part for one, end in left for part in ((one, min(end, begun)), (max(one, over), end)) if part[0] < part[1]
        ]
    return tuple(left)


def spans_given_back(competition: Competition) -> tuple[Span, ...]:
    """What is given back to attempts of the competition, in server milliseconds: apart from each other, ascending."""
    spans = select(Interruption.begun_ms, Interruption.over_ms).where(Interruption.competition_id == competition.id)
    declared = [(begun, over) for begun, over in db.session.execute(spans)]
    return without(declared, _pauses(competition)) if declared else ()


def _pauses(competition: Competition) -> list[Span]:
    rows = select(Pause.begun_ms, Pause.over_ms).where(Pause.competition_id == competition.id)
    found = [(begun, over) for begun, over in db.session.execute(rows)]
    if competition.paused_at is not None:  # the one that lasts will give back all from here on
        found.append((to_ms(competition.paused_at), 2**62))
    return found


def longest_given_ms(competition: Competition) -> int:
    """The most that an attempt can get back: so long after the close somebody may still be answering."""
    return sum(over - begun for begun, over in spans_given_back(competition))


def interruptions_of(competition: Competition) -> list[tuple[Interruption, Account | None]]:
    """What has been declared, the latest first, each with who declared it."""
    rows = (
        select(Interruption, Account)
        .outerjoin(Account, Account.id == Interruption.declared_by_id)
        .where(Interruption.competition_id == competition.id)
        .order_by(Interruption.begun_ms.desc(), Interruption.id.desc())
    )
    return [(row, account) for row, account in db.session.execute(rows)]


def interruption_problem(competition: Competition, span: Span, now: datetime) -> Refused | Invalid | None:
    """Why the span can't be declared, if anything stands against it."""
    begun_ms, over_ms = span
    if phase(competition, now) not in (Phase.OPEN, Phase.CLOSED):
        return Refused("interruption_not_running")
    if not to_ms(competition.opens_at) <= begun_ms < over_ms <= to_ms(now):
        return Invalid("interruption_times")
    given = spans_given_back(competition)
    if not without([span], [*given, *_pauses(competition)]):
        return Refused("interruption_known")
    if len(given) >= MOST_SPANS:
        return Refused("interruptions_too_many", most=MOST_SPANS)
    return None


def declare_interruption(
    competition: Competition, span: Span, *, reason: str, actor: Account | None, now: datetime, **facts: int
) -> Interruption:
    """Give the span (from, to in server milliseconds) back to every attempt that runs. The competition's row is locked.

    `facts` go into the audit trail with it. Raises Refused or Invalid; a span that has been given back already is refused.
    """
    if problem := interruption_problem(competition, span, now):
        raise problem
    begun_ms, over_ms = span
    row = Interruption(
        competition_id=competition.id,
        begun_ms=begun_ms,
        over_ms=over_ms,
        reason=reason,
        declared_by_id=actor.id if actor else None,
        declared_at=now,
    )
    db.session.add(row)
    record(
        "interruption_declared",
        actor=actor,
        subject_type="competition",
        subject_id=competition.id,
        now=now,
        begun_ms=begun_ms,
        over_ms=over_ms,
        reason=reason,
        **facts,
    )
    db.session.flush()
    return row
