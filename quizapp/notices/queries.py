"""Where a competition's standings are on their way from the freeze to final, and what was objected and corrected."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import func, select

from quizapp.accounts.models import Account
from quizapp.attempts.models import Attempt
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import BIGGEST_ID
from quizapp.errors import NotFound
from quizapp.extensions import db
from quizapp.leaderboards.models import Snapshot
from quizapp.leaderboards.snapshots import snapshot_in_force
from quizapp.notices.models import Correction, Notice, Objection
from quizapp.organizations.models import Membership, Organization

PEOPLE_NAMED = 8


class NoticeState(StrEnum):
    """DRAFT: the boards are live. FROZEN: standings exist, and no notice of them has begun (again, after a correction).

    PUBLIC: their notice has begun. FINAL: nothing changes any more.
    """

    DRAFT = "draft"
    FROZEN = "frozen"
    PUBLIC = "public"
    FINAL = "final"


def notice_state(competition: Competition) -> NoticeState:
    """Where the competition's standings are."""
    if competition.frozen_at is None:
        return NoticeState.DRAFT
    notice = notice_of(competition)
    if notice is None:
        return NoticeState.FROZEN
    return NoticeState.PUBLIC if notice.final_at is None else NoticeState.FINAL


def notice_of(competition: Competition) -> Notice | None:
    """The notice of the standings in force; None if it has not begun."""
    latest = select(func.max(Snapshot.number)).where(Snapshot.competition_id == competition.id).scalar_subquery()
    rows = select(Notice).where(Notice.competition_id == competition.id, Notice.number == latest)
    return db.session.scalar(rows)


def final_standings(competition: Competition) -> Snapshot | None:
    """The snapshot of the standings if these are final, else None. The tables Standing and Freeze hold its rows."""
    return snapshot_in_force(competition) if notice_state(competition) is NoticeState.FINAL else None


def notices_of(competition: Competition) -> dict[int, Notice]:
    """All notices, by the number of their snapshot."""
    rows = select(Notice).where(Notice.competition_id == competition.id)
    return {notice.number: notice for notice in db.session.scalars(rows)}


def snapshots_of(competition: Competition) -> Sequence[Snapshot]:
    """All snapshots, the latest first."""
    rows = select(Snapshot).where(Snapshot.competition_id == competition.id)
    return db.session.scalars(rows.order_by(Snapshot.number.desc())).all()


# Objections


def objections_of(competition: Competition) -> Sequence[Objection]:
    """All objections: the unanswered ones first, by when they are due, then the answered."""
    rows = select(Objection).where(Objection.competition_id == competition.id)
    return db.session.scalars(rows.order_by(Objection.replied_at.is_not(None), Objection.due_at, Objection.id)).all()


def objections_by(competition: Competition, account: Account) -> Sequence[Objection]:
    """What an account has objected, the latest first."""
    rows = select(Objection).where(Objection.competition_id == competition.id, Objection.account_id == account.id)
    return db.session.scalars(rows.order_by(Objection.id.desc())).all()


def unanswered_count(competition: Competition) -> int:
    """How many objections wait for a reply."""
    rows = select(func.count()).select_from(Objection)
    return (
        db.session.scalar(rows.where(Objection.competition_id == competition.id, Objection.replied_at.is_(None))) or 0
    )


def objection_or_404(competition: Competition, objection_id: int) -> Objection:
    """An objection. Raises NotFound, also for another competition's."""
    found = db.session.get(Objection, min(objection_id, BIGGEST_ID))
    if found is None or found.competition_id != competition.id:
        raise NotFound()
    return found


def objection_by_code(competition: Competition, code: str) -> Objection:
    """An objection by the code that its author has. Raises NotFound."""
    rows = select(Objection).where(Objection.competition_id == competition.id, Objection.code == code)
    found = db.session.scalar(rows)
    if found is None:
        raise NotFound()
    return found


# Corrections


def open_correction(competition: Competition) -> Correction | None:
    """The correction that waits for a second person."""
    rows = select(Correction).where(Correction.competition_id == competition.id, Correction.state == "proposed")
    return db.session.scalar(rows)


def correction_or_404(competition: Competition, correction_id: int) -> Correction:
    """A correction. Raises NotFound, also for another competition's."""
    found = db.session.get(Correction, min(correction_id, BIGGEST_ID))
    if found is None or found.competition_id != competition.id:
        raise NotFound()
    return found


def participants_like(competition: Competition, text: str) -> list[tuple[Account, Organization | None]]:
    """Those who took part and whose login is `text`; if nobody's is, those of that name or staff number. Some at most."""
    rows = (
        select(Account, Organization)
        .outerjoin(Membership, (Membership.account_id == Account.id) & (Membership.state != "removed"))
        .outerjoin(Organization, Organization.id == Membership.organization_id)
        .where(
            select(Attempt.account_id)
            .where(Attempt.competition_id == competition.id, Attempt.account_id == Account.id)
            .exists()
        )
        .order_by(Account.id)
        .limit(PEOPLE_NAMED)
    )
    for among in (Account.login == text.lower(), (Account.name == text) | (Membership.staff_number == text)):
        found: list[tuple[Account, Organization | None]] = []
        for account, unit in db.session.execute(rows.where(among)):
            found.append((account, unit))  # the types say that nobody is without a unit
        if found:
            return found
    return []


def attempt_ordinals(competition: Competition, account_id: int) -> list[int]:
    """The ordinals of a person's recorded attempts."""
    rows = select(Attempt.ordinal).where(Attempt.competition_id == competition.id, Attempt.account_id == account_id)
    return list(db.session.scalars(rows.order_by(Attempt.ordinal)))
