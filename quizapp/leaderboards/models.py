"""Frozen standings: what is served after the freeze, and what exports hold; and the headcounts that are locked for them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quizapp.accounts.models import Account
from quizapp.competitions.models import Competition
from quizapp.extensions import Base, BigId, UtcDateTime
from quizapp.organizations.models import Organization

BOARDS = ("people", "units", "regions", "industries")


class Standing(Base):
    """A row of a frozen board. `place` counts rows from 1; ties share a `rank`. `figures` is what the page shows.

    `subject` is an account id, an organization id, a region or an industry code, by `board`. Units, regions and industries
    stand by their mean; those with too few people to have a rank by it come last with rank 0. `name` is what a person or a
    unit was called at the freeze.
    """

    __tablename__ = "standing"
    __table_args__ = (
        CheckConstraint("board IN ('people', 'units', 'regions', 'industries')", name="board_known"),
        Index("ix_standing_subject", "competition_id", "board", "subject"),
    )

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    board: Mapped[str] = mapped_column(String(12), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    rank: Mapped[int] = mapped_column(Integer)
    subject: Mapped[str] = mapped_column(String(24))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"))
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
    name: Mapped[str | None] = mapped_column(String(120))


class GroupPlace(Base):
    """Where a frozen unit, region or industry stands by one order, among all or (`scope`: "top", or a unit) among siblings.

    It follows from the rows of `standing`, and is kept so that a page reads what it shows, however many units there are.
    `sharing` is how many share the rank.
    """

    __tablename__ = "group_place"
    __table_args__ = (Index("ix_group_place_subject", "competition_id", "board", "subject"),)

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    board: Mapped[str] = mapped_column(String(12), primary_key=True)
    scope: Mapped[str] = mapped_column(String(24), primary_key=True)
    ordered_by: Mapped[str] = mapped_column(String(12), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    rank: Mapped[int] = mapped_column(Integer)
    sharing: Mapped[int] = mapped_column(Integer)
    subject: Mapped[str] = mapped_column(String(24))


class UnitPlaces(Base):
    """At which places of the frozen people's board the people of a unit and all below it stand, in order.

    In portions of `standings.PORTION`, numbered from 0, so that any page inside a unit is found at once. `places` are whole
    numbers of four bytes, the lowest first (`standings.packed`); `first_place` is the first of them.
    """

    __tablename__ = "unit_places"
    __table_args__ = (Index("ix_unit_places_first", "competition_id", "organization_id", "first_place"),)

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    first_place: Mapped[int] = mapped_column(Integer)
    places: Mapped[bytes] = mapped_column(LargeBinary)


class Freeze(Base):
    """That a competition was frozen: when, by whom, and the digest of the canonical rows of its standings.

    `summary` holds what the boards were made by and what the rows leave out: `tie_keys`, `minimum`, `participants`, `scores`,
    how many people have each score (hundredths of a point, as text), `total`, the figures of the roots together, and `pace`
    (`pace.frozen_pace`), which freezes of earlier releases lack.
    """

    __tablename__ = "freeze"

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    frozen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    frozen_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    digest: Mapped[str] = mapped_column(String(64))
    summary: Mapped[dict[str, Any]] = mapped_column(JSON)


class Freezing(Base):
    """That somebody asked for a competition's freeze, which is being made, or has failed; gone once it is frozen.

    `runner` is the process that makes it ("": it waits for one), `touched_at` that one's last sign of life. `done` of
    `total` people are worked out. `failure` is the code of the reason, "" as long as there is none, with its `facts`.
    """

    __tablename__ = "freezing"

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    runner: Mapped[str] = mapped_column(String(32), default="")
    touched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    failure: Mapped[str] = mapped_column(String(40), default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class Snapshot(Base):
    """The signed snapshot of a competition's standings: 1 is that of the freeze, each correction makes the next.

    `statement` is the canonical JSON that was signed (`snapshots.statement`), `digest` its SHA-256. `changes` are all that
    corrections have changed so far, by accounts; `differences` what this one moved against the one before. Triggers refuse
    every change of it, as of its parts.
    """

    __tablename__ = "snapshot"

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str] = mapped_column(String(300), default="")
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    differences: Mapped[dict[str, Any]] = mapped_column(JSON)
    statement: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(16))
    signature: Mapped[str] = mapped_column(String(128))


class SnapshotPart(Base):
    """A part of a snapshot's files, compressed (gzip); all parts of a file one after the other are the file.

    `file` is "public" (no names, no responses) or "audit" (the raw responses and the answer key as well).
    """

    __tablename__ = "snapshot_part"
    __table_args__ = (CheckConstraint("file IN ('public', 'audit')", name="file_known"),)

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    file: Mapped[str] = mapped_column(String(6), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class HeadcountLock(Base):
    """From when on a competition's headcounts are locked; without a row from its opening on."""

    __tablename__ = "headcount_lock"

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id", ondelete="CASCADE"), primary_key=True)
    locks_at: Mapped[datetime] = mapped_column(UtcDateTime)


class HeadcountRequest(Base):
    """A change of a locked headcount that one person asks for, with a reason and evidence, and another decides."""

    __tablename__ = "headcount_request"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'approved', 'rejected')", name="state_known"),
        CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name="decided_when"),
        CheckConstraint("(state = 'pending') = (decided_by_id IS NULL)", name="decided_by_whom"),
        CheckConstraint("decided_by_id <> requested_by_id", name="second_person"),
        CheckConstraint("headcount > 0", name="headcount_positive"),
        Index(
            "uq_headcount_request_pending",
            "competition_id",
            "organization_id",
            unique=True,
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id", ondelete="CASCADE"), index=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    before: Mapped[int | None] = mapped_column(Integer)
    headcount: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(300))
    evidence: Mapped[str | None] = mapped_column(String(64))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    state: Mapped[str] = mapped_column(String(8), default="pending")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reply: Mapped[str] = mapped_column(String(300), default="")

    competition: Mapped[Competition] = relationship()
    organization: Mapped[Organization] = relationship()
    requested_by: Mapped[Account] = relationship(foreign_keys=[requested_by_id])
    decided_by: Mapped[Account | None] = relationship(foreign_keys=[decided_by_id])
