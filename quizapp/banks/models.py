"""Banks, their versions and the questions in them. What is published can't be changed: actions, listeners and triggers refuse."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    event,
    inspect,
    select,
    text,
)
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, relationship

from quizapp.accounts.models import Account
from quizapp.errors import Refused
from quizapp.extensions import Base, BigId, UtcDateTime


class Bank(Base):
    """A named bank; its content lives in versions."""

    __tablename__ = "bank"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    versions: Mapped[list["BankVersion"]] = relationship(back_populates="bank", order_by="BankVersion.id")


class BankVersion(Base):
    """A draft (number and digest empty; at most one a bank) or a published version (both set, frozen for ever).

    `digest` is the SHA-256 of the canonical JSON of the content (`content.canonical_json`). `topics` maps topic codes to
    titles. `contributors` are the ids of the accounts that uploaded or changed the draft, None the command line.
    """

    __tablename__ = "bank_version"
    __table_args__ = (
        UniqueConstraint("bank_id", "number", name="uq_bank_version_number"),
        CheckConstraint("(number IS NULL) = (digest IS NULL)", name="published_has_digest"),
        CheckConstraint("(number IS NULL) = (published_at IS NULL)", name="published_has_time"),
        Index(
            "uq_bank_version_draft",
            "bank_id",
            unique=True,
            sqlite_where=text("number IS NULL"),
            postgresql_where=text("number IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("bank.id"))
    number: Mapped[int | None] = mapped_column(Integer)
    digest: Mapped[str | None] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(120))
    topics: Mapped[dict[str, str]] = mapped_column(JSON)
    source_name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    contributors: Mapped[list[int | None]] = mapped_column(JSON, default=list, server_default=text("'[]'"))
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    bank: Mapped[Bank] = relationship(back_populates="versions")
    created_by: Mapped[Account | None] = relationship(foreign_keys=[created_by_id])
    published_by: Mapped[Account | None] = relationship(foreign_keys=[published_by_id])
    places: Mapped[list["VersionQuestion"]] = relationship(
        order_by="VersionQuestion.ordinal", cascade="all, delete-orphan"
    )
    retirement: Mapped["VersionRetirement | None"] = relationship(lazy="selectin")
    reviews: Mapped[list["VersionReview"]] = relationship(order_by="VersionReview.reviewed_at")


class VersionRetirement(Base):
    """That a published version is retired, and why: competitions that hold to it go on, new ones may not take it."""

    __tablename__ = "version_retirement"

    version_id: Mapped[int] = mapped_column(ForeignKey("bank_version.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(200))
    retired_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    retired_by: Mapped[Account | None] = relationship()


class VersionReview(Base):
    """That somebody who had no part in a published version has looked through it and vouches for it."""

    __tablename__ = "version_review"

    version_id: Mapped[int] = mapped_column(ForeignKey("bank_version.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    reviewed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    account: Mapped[Account] = relationship()


class Question(Base):
    """One question's content, addressed by its digest and never changed; versions share what they have in common."""

    __tablename__ = "question"
    __table_args__ = (UniqueConstraint("bank_id", "digest", name="uq_question_digest"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("bank.id"))
    digest: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(40))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


class VersionQuestion(Base):
    """A question's place in a version; `ordinal` counts from 0 and is what papers and the grader call it by."""

    __tablename__ = "version_question"

    version_id: Mapped[int] = mapped_column(ForeignKey("bank_version.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(Integer, primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), index=True)

    question: Mapped[Question] = relationship()


class Picture(Base):
    """A picture that questions show, by the digest of what it shows (`pictures.Picture`).

    What is not `in_use`, because only uploads name it, is cleared away with them.
    """

    __tablename__ = "picture"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    png: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    in_use: Mapped[bool] = mapped_column(Boolean)


class BankUpload(Base):
    """An upload, kept for some days so that its report can be read and its questions saved as a draft.

    It is `waiting`, `checking`, `checked` or `failed`; `touched_at` says when its check last gave a sign of life. `choices`
    (`surroundings.Choices`) and `file` are what is needed to check it again.

    Once it is checked, `content` is that of the report (`content.content_to_json`), `findings` are `findings.Finding` as
    JSON, `faulty` maps sheets to rows of cells as uploaded: the headings, then each row with the entry's number before it.

    Once it is saved, `draft_id` is the draft that it became, as long as that is there, and `replaced` what stood there
    before (`actions.save_upload`).
    """

    __tablename__ = "bank_upload"
    __table_args__ = (CheckConstraint("state IN ('waiting', 'checking', 'checked', 'failed')", name="state_known"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    bank_code: Mapped[str] = mapped_column(String(40), index=True)
    source_name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(8))
    progress: Mapped[int] = mapped_column(Integer)
    failure: Mapped[str] = mapped_column(String(40))
    touched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    choices: Mapped[dict[str, Any]] = mapped_column(JSON)
    file: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    question_count: Mapped[int] = mapped_column(Integer)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    faulty: Mapped[dict[str, list[list[Any]]]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    saved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("bank_version.id", ondelete="SET NULL"), index=True)
    replaced: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    created_by: Mapped[Account | None] = relationship()


# What is published is refused every change here, in the session, before SQL sees it; the triggers refuse what gets by.

_FROZEN_TABLES = {BankVersion.__table__, VersionQuestion.__table__, Question.__table__}


@event.listens_for(Session, "before_flush")
def _refuse_changes(session: Session, _context: object, _instances: object) -> None:
    changed = [each for each in session.dirty if session.is_modified(each, include_collections=False)]
    new = session.new  # asked once: each asking copies all of it
    touched: set[int] = set()
    for thing in (*changed, *session.deleted, *new):
        if isinstance(thing, VersionQuestion):
            touched |= {version_id for version_id in _both(thing, "version_id") if version_id is not None}
        elif thing in new:
            continue
        elif isinstance(thing, Question) or (isinstance(thing, BankVersion) and _both(thing, "number")[0] is not None):
            raise Refused("version_published")
    if touched:
        with session.no_autoflush:
            published = select(BankVersion.id).where(BankVersion.id.in_(touched), BankVersion.number.is_not(None))
            if session.scalars(published).first() is not None:
                raise Refused("version_published")


def _both(thing: Base, name: str) -> list[Any]:
    """An attribute's value in the database, then the one to be written."""
    history = inspect(thing).attrs[name].load_history()
    return [*(history.deleted or history.unchanged or [None]), getattr(thing, name)]


@event.listens_for(Session, "do_orm_execute")
def _refuse_bulk(state: ORMExecuteState) -> None:
    """A bulk statement can't say which rows it spares, and nothing here needs one."""
    if (state.is_update or state.is_delete) and getattr(state.statement, "table", None) in _FROZEN_TABLES:
        raise Refused("version_published")
