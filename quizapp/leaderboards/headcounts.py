"""The headcounts that a competition counts with: declared until they are locked, from then on changed by approval only.

Boards, progress and awards all take them from here; the freeze keeps them, and then a correction alone changes one.
"""

from sqlalchemy import Connection, select

from quizapp.competitions.models import Competition
from quizapp.leaderboards.models import HeadcountLock, HeadcountRequest
from quizapp.organizations.models import HeadcountDeclaration


def locked_headcounts(connection: Connection, competition: int) -> dict[int, int | None]:
    """The units whose headcount in the competition is another than the one declared at present, with it.

    Before the lock there are none: nothing was declared after it, and nothing approved.
    """
    terms = select(Competition.opens_at, Competition.closes_at, HeadcountLock.locks_at).outerjoin(
        HeadcountLock, HeadcountLock.competition_id == Competition.id
    )
    rows = terms.where(Competition.id == competition, Competition.published_at.is_not(None))
    found: dict[int, int | None] = {}
    for opens_at, closes_at, locks_at in connection.execute(rows):
        # Taking back what came later, the latest first, leaves each unit with what it had at the lock.
        later = select(HeadcountDeclaration.organization_id, HeadcountDeclaration.before).where(
            HeadcountDeclaration.declared_at > min(locks_at or opens_at, closes_at)
        )
        found |= {row[0]: row[1] for row in connection.execute(later.order_by(HeadcountDeclaration.id.desc()))}
        approved = select(HeadcountRequest.organization_id, HeadcountRequest.headcount).where(
            HeadcountRequest.competition_id == competition, HeadcountRequest.state == "approved"
        )
        found |= {row[0]: row[1] for row in connection.execute(approved.order_by(HeadcountRequest.id))}
    return found
