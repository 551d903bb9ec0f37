"""The tree of organizations and who belongs to which."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quizapp.accounts.models import Account
from quizapp.extensions import Base, BigId, UtcDateTime


class Organization(Base):
    """A node of the tree, of any depth. `path` is "/1/5/9/": a unit and all below it are one prefix.

    `code` is short, permanent and public (it stands before a staff number at sign-in); `join_code` lets people register
    and can be renewed. `headcount` is how many people should take part, the units below included; None is undeclared.
    """

    __tablename__ = "organization"
    __table_args__ = (
        CheckConstraint("headcount IS NULL OR headcount > 0", name="headcount_positive"),
        Index("ix_organization_path", "path", postgresql_ops={"path": "text_pattern_ops"}),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    path: Mapped[str] = mapped_column(String(200), default="/")
    name: Mapped[str] = mapped_column(String(120))
    code: Mapped[str] = mapped_column(String(20), unique=True)
    join_code: Mapped[str] = mapped_column(String(20), unique=True)
    region: Mapped[str | None] = mapped_column(String(6), index=True)
    industry: Mapped[str | None] = mapped_column(String(10), index=True)
    league: Mapped[str | None] = mapped_column(String(40))
    is_central: Mapped[bool] = mapped_column(Boolean, default=False)
    headcount: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    parent: Mapped["Organization | None"] = relationship(remote_side=[id])

    @property
    def ancestor_ids(self) -> list[int]:
        """The ids from the root down to this unit itself."""
        return [int(part) for part in self.path.strip("/").split("/") if part]


class Membership(Base):
    """An account's place in one unit. A person has one current membership; removed ones stay as history."""

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'confirmed', 'removed')", name="state_known"),
        Index(
            "uq_membership_current_account",
            "account_id",
            unique=True,
            sqlite_where=text("state <> 'removed'"),
            postgresql_where=text("state <> 'removed'"),
        ),
        Index(
            "uq_membership_staff_number",
            "organization_id",
            "staff_number",
            unique=True,
            sqlite_where=text("state <> 'removed'"),
            postgresql_where=text("state <> 'removed'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    staff_number: Mapped[str | None] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(10), default="pending")
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    account: Mapped[Account] = relationship(foreign_keys=[account_id])
    organization: Mapped[Organization] = relationship()


class HeadcountEvidence(Base):
    """A file that proves a unit's headcount, by its digest (`evidence.read_evidence`). A trigger refuses every change."""

    __tablename__ = "headcount_evidence"

    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(4))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)
    kept_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class HeadcountDeclaration(Base):
    """That a unit's headcount became another one: from `before` to `headcount` (None: undeclared), and what proves it.

    So the headcount of any past moment is known: competitions lock it at a date (`leaderboards.headcounts`). `note` says where
    the number comes from, `evidence` is the digest of a file. A trigger refuses every change.
    """

    __tablename__ = "headcount_declaration"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), index=True)
    before: Mapped[int | None] = mapped_column(Integer)
    headcount: Mapped[int | None] = mapped_column(Integer)
    note: Mapped[str] = mapped_column(String(200), default="")
    evidence: Mapped[str | None] = mapped_column(String(64))
    declared_at: Mapped[datetime] = mapped_column(UtcDateTime)
    declared_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    declared_by: Mapped[Account | None] = relationship()


class StagedTables(Base):
    """A checked upload of tables that waits for its confirmation, as [[sheet, rows], …]; `purpose` says whose it is."""

    __tablename__ = "staged_tables"

    token: Mapped[str] = mapped_column(String(32), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(80))
    tables: Mapped[list[Any]] = mapped_column(JSON)
    staged_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
