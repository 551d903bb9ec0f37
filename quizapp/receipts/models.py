"""The ledger of receipts, its days that are over, and the keys that signed them. Triggers refuse every change of them."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.extensions import Base, UtcDateTime


class ReceiptEntry(Base):
    """The ledger (收据总账): a receipt's place among those that were entered on `day`, from 0 and without gaps; never changed.

    The day is the site's own, and the one of the entering: a day that has its root (`ReceiptDay`) takes no more.
    """

    __tablename__ = "receipt_entry"
    __table_args__ = (
        ForeignKeyConstraint(
            ["competition_id", "account_id", "ordinal"],
            ["attempt.competition_id", "attempt.account_id", "attempt.ordinal"],
            name="fk_receipt_entry_attempt",
        ),
        UniqueConstraint("competition_id", "account_id", "ordinal", name="uq_receipt_entry_attempt"),
    )

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    competition_id: Mapped[int] = mapped_column(BigInteger)
    account_id: Mapped[int] = mapped_column(BigInteger)
    ordinal: Mapped[int] = mapped_column(Integer)
    attempt: Mapped[bytes] = mapped_column(LargeBinary(16))
    answers: Mapped[bytes] = mapped_column(LargeBinary(32))
    ended_ms: Mapped[int] = mapped_column(BigInteger)


class ReceiptDay(Base):
    """A day that is over: its signed statement (`content.day_statement`), which is published and never changed.

    `blocks` holds the roots of each 1,024 receipts, 32 bytes each, so that a proof need not read the whole day.
    """

    __tablename__ = "receipt_day"
    __table_args__ = (CheckConstraint("count > 0", name="count_positive"),)

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    previous: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(16))
    signature: Mapped[str] = mapped_column(String(128))
    blocks: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    closed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PublishedKey(Base):
    """A public key that this installation signs or has signed with; kept for ever, so that what it signed can be checked."""

    __tablename__ = "published_key"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    public: Mapped[str] = mapped_column(String(64))
    first_used_at: Mapped[datetime] = mapped_column(UtcDateTime)
