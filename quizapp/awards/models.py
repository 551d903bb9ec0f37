"""Awards of a competition, and their results.

Triggers refuse every change of an award once its competition has opened, and every change of a result.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quizapp.accounts.models import Account
from quizapp.awards.composite import Composite
from quizapp.competitions.models import Competition
from quizapp.extensions import Base, BigId, UtcDateTime


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
