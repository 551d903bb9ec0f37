"""Awards of a competition, their results, and the headcounts that are locked for them.

Triggers refuse every change of an award once its competition has opened, and every change of a result.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quizapp.accounts.models import Account
from quizapp.awards.composite import Composite
from quizapp.competitions.models import Competition
from quizapp.extensions import Base, BigId, UtcDateTime
from quizapp.organizations.models import Organization


class Award(Base):
    """An award for organizations. `rules` is the composite (`Composite.to_json`)."""

    __tablename__ = "award"
    __table_args__ = (UniqueConstraint("competition_id", "title", name="uq_award_title"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(60))
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    written_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    competition: Mapped[Competition] = relationship()
    written_by: Mapped[Account | None] = relationship()

    @property
    def composite(self) -> Composite:
        """The rules as they are computed with."""
        return Composite.from_json(self.rules)


class AwardResult(Base):
    """A published result, the `number`-th of its award: what was signed (`judging.award_content`), and the signature.

    There is another one only where the standings or an approved headcount have changed since; the last one counts.
    """

    __tablename__ = "award_result"

    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
    digest: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(16))
    signature: Mapped[str] = mapped_column(String(128))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


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
