"""Draws, their rolls and winners. What is frozen, named or drawn is refused every change, by triggers in the database too."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quizapp.accounts.models import Account
from quizapp.extensions import Base, BigId, UtcDateTime


class Draw(Base):
    """A draw of a competition, from 1. It goes forward only: planned, frozen, chance named, drawn; each step is written once.

    The first needs no reason; another one has its `reason`, and two approvals before its roll may be frozen. `prizes` are
    `drawing.Prize` as JSON, in their order; `exclude_earlier` is "none", "competition" or "all", `excluded` how many were left
    out for which reason. `chance` is "beacon" (its `round`) or "commitment" (with the `source` of the public number and the
    moment it must be opened by); `happens_at` is when chance comes. `beacon_signature`, or `secret` and `public_number`, is what it
    brought; `key` and `signature` sign the file.
    """

    __tablename__ = "draw"
    __table_args__ = (
        UniqueConstraint("competition_id", "number", name="uq_draw_number"),
        CheckConstraint("number >= 1", name="number_positive"),
        CheckConstraint("number = 1 OR length(reason) > 0", name="another_has_a_reason"),
        CheckConstraint("exclude_earlier IN ('none', 'competition', 'all')", name="exclude_earlier_known"),
        CheckConstraint("(frozen_at IS NULL) = (digest IS NULL)", name="frozen_has_digest"),
        CheckConstraint("(frozen_at IS NULL) = (standings IS NULL)", name="frozen_has_standings"),
        CheckConstraint("chance IS NULL OR chance IN ('beacon', 'commitment')", name="chance_known"),
        CheckConstraint("(named_at IS NULL) = (chance IS NULL)", name="named_has_chance"),
        CheckConstraint("(named_at IS NULL) = (happens_at IS NULL)", name="named_has_time"),
        CheckConstraint(
            "named_at IS NULL OR (frozen_at IS NOT NULL AND named_at >= frozen_at AND happens_at > named_at)",
            name="named_before_it_exists",
        ),
        CheckConstraint("COALESCE(chance, '') <> 'beacon' OR round IS NOT NULL", name="beacon_has_round"),
        CheckConstraint(
            "COALESCE(chance, '') <> 'commitment' OR "
            "(commitment IS NOT NULL AND source IS NOT NULL AND open_by IS NOT NULL AND open_by > happens_at)",
            name="commitment_is_whole",
        ),
        CheckConstraint(
            "drawn_at IS NULL OR (named_at IS NOT NULL AND drawn_at >= happens_at)", name="drawn_when_it_exists"
        ),
        CheckConstraint("drawn_at IS NULL OR open_by IS NULL OR drawn_at <= open_by", name="opened_in_time"),
        CheckConstraint(
            "(drawn_at IS NOT NULL) = "
            "(beacon_signature IS NOT NULL OR (secret IS NOT NULL AND public_number IS NOT NULL))",
            name="drawn_has_outcome",
        ),
        CheckConstraint("(drawn_at IS NULL) = (signature IS NULL)", name="drawn_is_signed"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"))
    number: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(300))
    prizes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    exclude_staff: Mapped[bool] = mapped_column(Boolean, default=True)
    exclude_earlier: Mapped[str] = mapped_column(String(12), default="competition")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    planned_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))

    title: Mapped[str | None] = mapped_column(String(120))
    standings: Mapped[str | None] = mapped_column(String(64))
    excluded: Mapped[dict[str, int] | None] = mapped_column(JSON(none_as_null=True))
    entry_count: Mapped[int | None] = mapped_column(Integer)
    digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    chance: Mapped[str | None] = mapped_column(String(10))
    round: Mapped[int | None] = mapped_column(BigInteger)
    commitment: Mapped[str | None] = mapped_column(String(64))
    source: Mapped[str | None] = mapped_column(String(300))
    happens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    open_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    named_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    beacon_signature: Mapped[str | None] = mapped_column(String(96))
    secret: Mapped[str | None] = mapped_column(String(64))
    public_number: Mapped[str | None] = mapped_column(String(200))
    drawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    key: Mapped[str | None] = mapped_column(String(16))
    signature: Mapped[str | None] = mapped_column(String(128))

    created_by: Mapped[Account] = relationship(foreign_keys=[created_by_id])
    approvals: Mapped[list["DrawApproval"]] = relationship(
        order_by="DrawApproval.approved_at", cascade="all, delete-orphan"
    )
    exclusions: Mapped[list["DrawExclusion"]] = relationship(cascade="all, delete-orphan", passive_deletes=True)


class DrawApproval(Base):
    """That somebody who neither asked for another draw nor planned it agrees to it."""

    __tablename__ = "draw_approval"

    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    approved_at: Mapped[datetime] = mapped_column(UtcDateTime)

    account: Mapped[Account] = relationship(lazy="joined")


class DrawExclusion(Base):
    """That a person is left out, and why (`drawing.REASONS`): named by the organizer while `by_name`, else found at the freeze."""

    __tablename__ = "draw_exclusion"
    __table_args__ = (CheckConstraint("reason IN ('staff', 'voided', 'earlier_winner', 'other')", name="reason_known"),)

    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(16))
    by_name: Mapped[bool] = mapped_column(Boolean)

    account: Mapped[Account] = relationship(lazy="joined")


class DrawEntry(Base):
    """A line of a frozen roll, and whose it is: `entry` is random, so that nobody else learns from it who that is."""

    __tablename__ = "draw_entry"
    __table_args__ = (UniqueConstraint("draw_id", "account_id", name="uq_draw_entry_account"),)

    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id"), primary_key=True)
    entry: Mapped[str] = mapped_column(String(20), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"))
    score: Mapped[int] = mapped_column(Integer)


class DrawWinner(Base):
    """An entry that won: the prize's number and its place among that prize's winners, both from 1. One prize an entry."""

    __tablename__ = "draw_winner"
    __table_args__ = (
        ForeignKeyConstraint(["draw_id", "entry"], ["draw_entry.draw_id", "draw_entry.entry"], name="fk_winner_entry"),
        UniqueConstraint("draw_id", "entry", name="uq_draw_winner_entry"),
    )

    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id"), primary_key=True)
    prize: Mapped[int] = mapped_column(Integer, primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    entry: Mapped[str] = mapped_column(String(20))
