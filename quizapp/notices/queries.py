"""Where a competition's standings are on their way from the freeze to final."""

from enum import StrEnum

from sqlalchemy import select

from quizapp.competitions.models import Competition
from quizapp.extensions import db
from quizapp.leaderboards.models import Snapshot
from quizapp.notices.models import Notice


class NoticeState(StrEnum):
    """DRAFT: the boards are live. FROZEN: standings exist. PUBLIC: their notice has begun. FINAL: nothing changes any more."""

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
    """The notice in force: the latest."""
    rows = select(Notice).where(Notice.competition_id == competition.id)
    return db.session.scalar(rows.order_by(Notice.number.desc()).limit(1))


def snapshot_of(competition: Competition) -> Snapshot | None:
    """The snapshot in force: the latest. The tables Standing and Freeze hold its rows."""
    rows = select(Snapshot).where(Snapshot.competition_id == competition.id)
    return db.session.scalar(rows.order_by(Snapshot.number.desc()).limit(1))


def final_standings(competition: Competition) -> Snapshot | None:
    """The snapshot of the standings if these are final, else None."""
    return snapshot_of(competition) if notice_state(competition) is NoticeState.FINAL else None
