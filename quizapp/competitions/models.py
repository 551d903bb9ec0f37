"""Competitions and what organizers do to a running one. The phase is not stored: it follows from four moments and now."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Integer,
    String,
    Text,
    UniqueConstraint,
    event,
    inspect,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quizapp.banks.models import BankVersion
from quizapp.extensions import Base, BigId, UtcDateTime
from quizapp.organizations.models import Organization


class Competition(Base):
    """One running: schedule, rules and the pinned bank version.

    Points are kept in hundredths (`pass_score`: 6000 is 60 points). `attempts_total` and `attempts_per_day` of None mean
    no limit; a day is one of `timezone`. `tie_keys` orders equal scores: "score", "score,time" or "score,time,earlier".
    `show_answers`: "at_once" (right or wrong at each answer, which is then final), "submitted", "closed" or "never".
    `entry`: "anyone" (any account), "members" (pending or confirmed members) or "confirmed" (confirmed members only);
    with rows in `competition_organization` only members of those units and of all below them.
    `bank_four_eyes`: the bank version must have been seen by two people (`banks.reviews`).
    `shift_ms` is the sum of all pauses that have ended; `paused_at` is set while one lasts.
    """

    __tablename__ = "competition"
    __table_args__ = (
        CheckConstraint("closes_at > opens_at", name="window_forward"),
        CheckConstraint("minutes > 0", name="minutes_positive"),
        CheckConstraint("keep IN ('best', 'first', 'last')", name="keep_known"),
        CheckConstraint("multiple_scoring IN ('exact', 'partial')", name="multiple_scoring_known"),
        CheckConstraint(
            "show_answers IN ('at_once', 'submitted', 'closed', 'never')",
            name="show_answers_known",
        ),
        CheckConstraint("entry IN ('anyone', 'members', 'confirmed')", name="entry_known"),
        CheckConstraint("boards IN ('public', 'members', 'off')", name="boards_known"),
        CheckConstraint(
            "tie_keys IN ('score', 'score,time', 'score,time,earlier')",
            name="tie_keys_known",
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    host: Mapped[str] = mapped_column(String(120))
    introduction: Mapped[str] = mapped_column(Text, default="")
    contact: Mapped[str] = mapped_column(String(200), default="")
    timezone: Mapped[str] = mapped_column(String(40), default="Asia/Shanghai")
    opens_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closes_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    shift_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    bank_version_id: Mapped[int] = mapped_column(ForeignKey("bank_version.id"), index=True)
    blueprint: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    minutes: Mapped[int] = mapped_column(Integer, default=30)
    grace_ms: Mapped[int] = mapped_column(Integer, default=2000)
    # No default: SQLAlchemy would put it in place of the None that means no limit.
    attempts_total: Mapped[int | None] = mapped_column(Integer)
    attempts_per_day: Mapped[int | None] = mapped_column(Integer)
    keep: Mapped[str] = mapped_column(String(10), default="best")
    shuffle_questions: Mapped[bool] = mapped_column(Boolean, default=True)
    shuffle_options: Mapped[bool] = mapped_column(Boolean, default=True)
    multiple_scoring: Mapped[str] = mapped_column(String(10), default="exact")
    show_answers: Mapped[str] = mapped_column(String(10), default="closed")
    pass_score: Mapped[int] = mapped_column(Integer, default=6000)
    entry: Mapped[str] = mapped_column(String(10), default="members")
    boards: Mapped[str] = mapped_column(String(10), default="public")
    board_minimum_people: Mapped[int] = mapped_column(Integer, default=5)
    tie_keys: Mapped[str] = mapped_column(String(20), default="score,time,earlier")
    shards: Mapped[int] = mapped_column(Integer, default=1)
    bank_four_eyes: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    copied_from_id: Mapped[int | None] = mapped_column(ForeignKey("competition.id"))

    bank_version: Mapped[BankVersion] = relationship()
    organizations: Mapped[list[Organization]] = relationship(secondary="competition_organization")


LOCKED_ONCE_PUBLISHED = (
    "timezone",
    "bank_version_id",
    "blueprint",
    "grace_ms",
    "attempts_total",
    "attempts_per_day",
    "keep",
    "shuffle_questions",
    "shuffle_options",
    "multiple_scoring",
    "show_answers",
    "pass_score",
    "entry",
    "tie_keys",
    "shards",
    "bank_four_eyes",
)


@event.listens_for(Competition, "before_update")
def _keep_what_was_published(_mapper: object, _connection: object, competition: Competition) -> None:
    """Actions refuse this with a sentence; here it is refused whatever code asks for it."""
    state = inspect(competition)
    was_published = state.attrs.published_at.history.deleted or (state.attrs.published_at.loaded_value,)
    changed = [name for name in LOCKED_ONCE_PUBLISHED if state.attrs[name].history.has_changes()]
    if changed and was_published[0] is not None and not state.attrs.published_at.history.added:
        raise ValueError(f"published competition {competition.id}: {', '.join(changed)} can't change")


class CompetitionOrganization(Base):
    """A unit whose people, and those of all units below it, may enter; none at all means every unit."""

    __tablename__ = "competition_organization"

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), primary_key=True)


class Announcement(Base):
    """A notice on the competition's pages."""

    __tablename__ = "announcement"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class ExtraTime(Base):
    """Minutes that a named person gets on top, in every attempt of the competition, with the reason."""

    __tablename__ = "extra_time"
    __table_args__ = (
        UniqueConstraint("competition_id", "account_id", name="uq_extra_time_person"),
        CheckConstraint("minutes > 0", name="minutes_positive"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    minutes: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(200))
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Interruption(Base):
    """A span in which an outage took time from whoever was answering, declared by a person, with the reason.

    Declared spans may overlap: what is given back is their union, so that no moment is given back twice.
    """

    __tablename__ = "interruption"
    __table_args__ = (CheckConstraint("over_ms > begun_ms", name="span_forward"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), index=True)
    begun_ms: Mapped[int] = mapped_column(BigInteger)
    over_ms: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(200))
    declared_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    declared_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Pause(Base):
    """A pause that has ended: the shift gave it back already, so no interruption gives it back again."""

    __tablename__ = "pause"
    __table_args__ = (CheckConstraint("over_ms >= begun_ms", name="span_forward"),)

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    begun_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    over_ms: Mapped[int] = mapped_column(BigInteger)
