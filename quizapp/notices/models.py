"""Notices of frozen standings, objections to them, corrections of them, and who agreed to be named."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.extensions import Base, BigId, UtcDateTime


class Notice(Base):
    """A public notice of the snapshot with that `number`; the latest of a competition is the one in force.

    `ends_at` is the midnight, in the competition's zone, that ends the last of its working days. `final_at` is set once,
    when the standings have become final.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("competition_id", "number", name="uq_notice_snapshot"),
        CheckConstraint("ends_at > begun_at", name="span_forward"),
        CheckConstraint("final_at IS NULL OR final_at >= ends_at", name="final_after_the_end"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"))
    number: Mapped[int] = mapped_column(Integer)
    working_days: Mapped[int] = mapped_column(Integer)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    begun_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    last_day: Mapped[date] = mapped_column(Date)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    final_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    final_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class Objection(Base):
    """An objection (异议) to a notice, by an account or by a stranger with a contact; `code` lets its author read the reply.

    `due_at` is the end of the time in which it must be answered. `outcome` is "upheld" or "rejected".
    """

    __tablename__ = "objection"
    __table_args__ = (
        CheckConstraint("outcome IS NULL OR outcome IN ('upheld', 'rejected')", name="outcome_known"),
        CheckConstraint("(reply IS NULL) = (replied_at IS NULL)", name="reply_has_its_time"),
        CheckConstraint("(reply IS NULL) = (outcome IS NULL)", name="reply_has_its_outcome"),
        Index("ix_objection_competition", "competition_id", "filed_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"))
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    code: Mapped[str] = mapped_column(String(32), unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(60))
    contact: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reply: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(String(10))
    replied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    replied_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class Correction(Base):
    """A correction (更正) of the standings: proposed by one person, applied or refused by another.

    `changes` as `leaderboards.corrections` reads them; `number` is the snapshot that it led to.
    """

    __tablename__ = "correction"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'applied', 'refused')", name="state_known"),
        CheckConstraint("(state = 'applied') = (number IS NOT NULL)", name="applied_has_its_snapshot"),
        CheckConstraint("state <> 'applied' OR decided_by_id <> proposed_by_id", name="two_people"),
        Index(
            "uq_correction_proposed",
            "competition_id",
            unique=True,
            sqlite_where=text("state = 'proposed'"),
            postgresql_where=text("state = 'proposed'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), index=True)
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(String(300))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    state: Mapped[str] = mapped_column(String(10), default="proposed")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    number: Mapped[int | None] = mapped_column(Integer)


class PublicationConsent(Base):
    """A participant's choice whether the full name may stand in the published lists of winners. No row means no."""

    __tablename__ = "publication_consent"

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    named: Mapped[bool] = mapped_column(Boolean)
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime)
