"""Frozen standings: what is served after the freeze, and what exports hold."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.extensions import Base, UtcDateTime

BOARDS = ("people", "units", "regions", "industries")


class Standing(Base):
    """A row of a frozen board. `place` counts rows from 1; ties share a `rank`. `figures` is what the page shows.

    `subject` is an account id, an organization id, a region or an industry code, by `board`. Units, regions and industries
    stand by their mean; those with too few people to have a rank by it come last with rank 0.
    """

    __tablename__ = "standing"
    __table_args__ = (
        CheckConstraint("board IN ('people', 'units', 'regions', 'industries')", name="board_known"),
        Index("ix_standing_subject", "competition_id", "board", "subject"),
        Index("ix_standing_organization", "competition_id", "board", "organization_id", "place"),
    )

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    board: Mapped[str] = mapped_column(String(12), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    rank: Mapped[int] = mapped_column(Integer)
    subject: Mapped[str] = mapped_column(String(24))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"))
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)


class Freeze(Base):
    """That a competition was frozen: when, by whom, and the digest of the canonical rows of its standings.

    `summary` holds what the boards were made by and what the rows leave out: `tie_keys`, `minimum`, `participants`, and
    `scores`, how many people have each score (hundredths of a point, as text).
    """

    __tablename__ = "freeze"

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    frozen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    frozen_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    digest: Mapped[str] = mapped_column(String(64))
    summary: Mapped[dict[str, Any]] = mapped_column(JSON)
