"""Accounts, role grants, one-time codes and the audit trail."""

from datetime import datetime
from typing import Any

from flask_login import UserMixin
from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quizapp.extensions import Base, BigId, UtcDateTime


class Account(UserMixin, Base):
    """Who can sign in. `login` is a phone number, a chosen name, or "unit code/staff number", in lower case.

    `password_hash` is empty while the account waits to be claimed with a one-time code. `session_round` is part of every
    session: raising it signs the account out everywhere.
    """

    __tablename__ = "account"
    __table_args__ = (Index("uq_account_login", "login", unique=True),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    login: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(60))
    phone: Mapped[str | None] = mapped_column(String(20), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    session_round: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    consented_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    grants: Mapped[list["RoleGrant"]] = relationship(
        back_populates="account", foreign_keys="RoleGrant.account_id", lazy="selectin", cascade="all, delete-orphan"
    )

    @property
    def roles(self) -> frozenset[str]:
        """The names of the roles held."""
        return frozenset(grant.role for grant in self.grants)

    @property
    def is_active(self) -> bool:
        """Whether the account may sign in; the name is Flask-Login's."""
        return self.disabled_at is None

    def get_id(self) -> str:
        """What the session holds; the name is Flask-Login's."""
        return f"{self.id}.{self.session_round}"


class RoleGrant(Base):
    """A role held by an account: a coordinator's for a unit and all below it, an association's for a region or industry."""

    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint(
            "role IN ('administrator', 'organizer', 'association', 'coordinator', 'auditor')", name="role_known"
        ),
        CheckConstraint("(role = 'coordinator') = (organization_id IS NOT NULL)", name="coordinator_has_unit"),
        CheckConstraint(
            "(role = 'association') = (region IS NOT NULL OR industry IS NOT NULL)", name="association_has_field"
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    region: Mapped[str | None] = mapped_column(String(6))
    industry: Mapped[str | None] = mapped_column(String(10))
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)

    account: Mapped[Account] = relationship(back_populates="grants", foreign_keys=[account_id])


# NULLs differ from each other in a unique index, so the empty scope is written as 0 or ''.
Index(
    "uq_role_grant_scope",
    RoleGrant.account_id,
    RoleGrant.role,
    func.coalesce(RoleGrant.organization_id, 0),
    func.coalesce(RoleGrant.region, ""),
    func.coalesce(RoleGrant.industry, ""),
    unique=True,
)


class OneTimeCode(Base):
    """A code that lets somebody claim an account or set a new password, once, before `expires_at`. Kept hashed."""

    __tablename__ = "one_time_code"
    __table_args__ = (CheckConstraint("purpose IN ('claim', 'reset')", name="purpose_known"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(10))
    code_hash: Mapped[str] = mapped_column(String(64), index=True)
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AuditEntry(Base):
    """Who did what to what, when. Written by `audit.record`, never changed, never holding a secret."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject_type", "subject_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    action: Mapped[str] = mapped_column(String(60), index=True)
    subject_type: Mapped[str] = mapped_column(String(30))
    subject_id: Mapped[str] = mapped_column(String(60))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)

    actor: Mapped[Account | None] = relationship()
