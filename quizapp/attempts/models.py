"""Attempts, raw responses, counted results, tallies, exposure of questions, and what could not be recorded.

Only the recorder writes the first four.

An attempt has a natural key: competition, account, ordinal (the person's first attempt is 1). So a start, an answer or a
submit that is recorded again meets its own row, and nothing is counted twice. All times are server milliseconds since 1970.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.extensions import Base, BigId, UtcDateTime


class Attempt(Base):
    """One go at a paper. The paper is not stored: `seed` and the competition's bank version give it again for ever.

    `organization_id` is the person's unit at the start: the unit that the result counts for. `score` and `points` (one
    whole number of hundredths a position) are what the grader gave; both follow again from responses and bank version.
    `receipted` says that its receipt is in the ledger (`receipts`). On PostgreSQL each competition has its partition
    (`partitions`).
    """

    __tablename__ = "attempt"
    __table_args__ = (
        CheckConstraint("(submitted_ms IS NULL) = (score IS NULL)", name="submitted_is_graded"),
        CheckConstraint("ended_by IS NULL OR ended_by IN ('person', 'deadline')", name="ended_by_known"),
        Index("ix_attempt_account", "account_id", "competition_id"),
        Index("ix_attempt_organization", "competition_id", "organization_id"),
        Index(
            "ix_attempt_unreceipted",
            "competition_id",
            "account_id",
            "ordinal",
            sqlite_where=text("submitted_ms IS NOT NULL AND NOT receipted"),
            postgresql_where=text("submitted_ms IS NOT NULL AND NOT receipted"),
        ),
        {"postgresql_partition_by": "LIST (competition_id)"},
    )

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(Integer, primary_key=True)
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"))
    seed: Mapped[str] = mapped_column(String(32))
    started_ms: Mapped[int] = mapped_column(BigInteger)
    extra_ms: Mapped[int] = mapped_column(Integer, default=0)
    shift_ms: Mapped[int] = mapped_column(Integer, default=0)
    submitted_ms: Mapped[int | None] = mapped_column(BigInteger)
    used_ms: Mapped[int | None] = mapped_column(Integer)
    ended_by: Mapped[str | None] = mapped_column(String(10))
    score: Mapped[int | None] = mapped_column(Integer)
    right_count: Mapped[int | None] = mapped_column(Integer)
    points: Mapped[list[int] | None] = mapped_column(JSON)
    receipted: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())


class Response(Base):
    """What was chosen at one position, raw: a bit mask of the letters as shown (A is 1, B is 2, C is 4 …).

    Of two writes the higher (epoch, sequence) holds, in whatever order they arrive. On PostgreSQL each competition has its
    partition (`partitions`).
    """

    __tablename__ = "response"
    __table_args__ = (
        CheckConstraint("chosen >= 0 AND chosen < 256", name="chosen_is_mask"),
        {"postgresql_partition_by": "LIST (competition_id)"},
    )

    competition_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ordinal: Mapped[int] = mapped_column(Integer, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    chosen: Mapped[int] = mapped_column(Integer)
    epoch: Mapped[int] = mapped_column(Integer)
    sequence: Mapped[int] = mapped_column(Integer)
    answered_ms: Mapped[int] = mapped_column(BigInteger)


class Result(Base):
    """A person's counted attempt (the best, first or last, as the competition says): one row a person."""

    __tablename__ = "result"
    __table_args__ = (
        ForeignKeyConstraint(
            ["competition_id", "account_id", "ordinal"],
            ["attempt.competition_id", "attempt.account_id", "attempt.ordinal"],
            name="fk_result_attempt",
        ),
        Index("ix_result_order", "competition_id", "score", "used_ms", "submitted_ms"),
        Index("ix_result_organization", "competition_id", "organization_id"),
        Index("ix_result_change", "competition_id", "change"),
    )

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(Integer)
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"))
    score: Mapped[int] = mapped_column(Integer)
    right_count: Mapped[int] = mapped_column(Integer)
    used_ms: Mapped[int] = mapped_column(Integer)
    submitted_ms: Mapped[int] = mapped_column(BigInteger)
    full_marks: Mapped[int] = mapped_column(Integer)
    passed: Mapped[int] = mapped_column(Integer)
    change: Mapped[int] = mapped_column(BigInteger)


class Tally(Base):
    """A unit's own sums (without the units below it), kept in step with attempts and results in the same transaction.

    `started` counts people with an attempt, `participants` people with a result; the other figures are sums over results.
    """

    __tablename__ = "tally"
    __table_args__ = (Index("ix_tally_change", "competition_id", "change"),)

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    started: Mapped[int] = mapped_column(Integer, default=0)
    participants: Mapped[int] = mapped_column(Integer, default=0)
    score_sum: Mapped[int] = mapped_column(BigInteger, default=0)
    used_ms_sum: Mapped[int] = mapped_column(BigInteger, default=0)
    full_marks: Mapped[int] = mapped_column(Integer, default=0)
    passed: Mapped[int] = mapped_column(Integer, default=0)
    change: Mapped[int] = mapped_column(BigInteger, default=0)


class CorrectedKey(Base):
    """The answer key of a question that a correction of the frozen standings put in place of the published one.

    `key` in letters as written in the bank, None where the question is void. It and `VoidAttempt` say what the corrections in
    force say, for the person's own pages; what was recorded and the bank version stay as they are.
    """

    __tablename__ = "corrected_key"

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str | None] = mapped_column(String(8))


class VoidAttempt(Base):
    """An attempt that a correction of the frozen standings has made void: it counts for nothing."""

    __tablename__ = "void_attempt"
    __table_args__ = (
        ForeignKeyConstraint(
            ["competition_id", "account_id", "ordinal"],
            ["attempt.competition_id", "attempt.account_id", "attempt.ordinal"],
            name="fk_void_attempt",
        ),
    )

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(Integer, primary_key=True)


class QuestionExposure(Base):
    """How often a question was drawn for papers of a competition, counted after its end (`exposure`)."""

    __tablename__ = "question_exposure"

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), primary_key=True, index=True)
    drawn: Mapped[int] = mapped_column(Integer)


class ExposureCount(Base):
    """How far a competition's `QuestionExposure` has come: `attempts` are counted, in the order of their keys, up to the last.

    `closes_at` is the close that it was counted for: one that is put off makes another count.
    """

    __tablename__ = "exposure_count"

    competition_id: Mapped[int] = mapped_column(ForeignKey("competition.id"), primary_key=True)
    closes_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    last_account_id: Mapped[int] = mapped_column(BigInteger)
    last_ordinal: Mapped[int] = mapped_column(Integer)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Unrecordable(Base):
    """A stream entry that could not be recorded, with the reason: never dropped, never in the way of the rest.

    It holds up freezing until somebody settles it: `settlement` is then "retried" or why it was dismissed.
    """

    __tablename__ = "unrecordable"
    __table_args__ = (
        CheckConstraint("(settled_at IS NULL) = (settlement IS NULL)", name="settled_how"),
        Index("uq_unrecordable_entry", "stream", "entry_id", unique=True),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    competition_id: Mapped[int | None] = mapped_column(Integer, index=True)
    stream: Mapped[str] = mapped_column(String(80))
    entry_id: Mapped[str] = mapped_column(String(40))
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(String(200))
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settlement: Mapped[str | None] = mapped_column(String(200))
