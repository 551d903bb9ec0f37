"""Reads of accounts, grants, one-time codes and the audit trail."""

from datetime import datetime

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import Select, exists, or_, select

from quizapp.accounts.logins import read_login, read_phone
from quizapp.accounts.models import Account, AuditEntry, OneTimeCode, RoleGrant
from quizapp.errors import NotFound
from quizapp.extensions import db


def account_by_login(text: str) -> Account | None:
    """The account that somebody means at sign-in: by its login, else by its phone number."""
    login = read_login(text)[:80]
    found = db.session.scalars(select(Account).where(Account.login == login)).one_or_none()
    if found is None and (phone := read_phone(text)):
        found = db.session.scalars(select(Account).where(Account.phone == phone)).one_or_none()
    return found


def account_or_404(account_id: int) -> Account:
    """The account with this id."""
    found = db.session.get(Account, account_id) if account_id < 2**63 else None
    if found is None:
        raise NotFound()
    return found


def accounts_matching(text: str, role: str, state: str) -> Select[Account]:
    """Accounts by a part of name or login or a whole phone number, by a role held, by "disabled" or "unclaimed"."""
    query = select(Account).order_by(Account.id.desc())
    if text := text.strip():
        tests = [Account.name.contains(text, autoescape=True), Account.login.contains(text.lower(), autoescape=True)]
        if phone := read_phone(text):
            tests.append(Account.phone == phone)
        query = query.where(or_(*tests))
    if role:
        query = query.where(exists().where(RoleGrant.account_id == Account.id, RoleGrant.role == role))
    if state == "disabled":
        query = query.where(Account.disabled_at.is_not(None))
    elif state == "unclaimed":
        query = query.where(Account.password_hash.is_(None))
    return query


def valid_code(account: Account, purpose: str, digest: str, now: datetime) -> OneTimeCode | None:
    """The unused, unexpired one-time code of an account that has this digest."""
    return db.session.scalars(
        select(OneTimeCode).where(
            OneTimeCode.account_id == account.id,
            OneTimeCode.purpose == purpose,
            OneTimeCode.code_hash == digest,
            OneTimeCode.used_at.is_(None),
            OneTimeCode.expires_at > now,
        )
    ).first()


def audit_entries(
    *, action: str, actor: str, subject_type: str, subject_id: str, since: datetime | None, until: datetime | None
) -> Select[AuditEntry]:
    """Entries of the audit trail, the latest first; empty filters let everything through."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc())
    if action:
        query = query.where(AuditEntry.action == action)
    if actor := actor.strip():
        query = query.join(AuditEntry.actor).where(
            or_(Account.name.contains(actor, autoescape=True), Account.login == read_login(actor))
        )
    if subject_type:
        query = query.where(AuditEntry.subject_type == subject_type)
    if subject_id := subject_id.strip():
        query = query.where(AuditEntry.subject_id == subject_id)
    if since:
        query = query.where(AuditEntry.at >= since)
    if until:
        query = query.where(AuditEntry.at < until)
    return query


def audit_actions() -> list[str]:
    """The actions that the audit trail holds."""
    return sorted(db.session.scalars(select(AuditEntry.action).distinct()))


def page_of(query: Select[Account] | Select[AuditEntry], page: int, size: int = 50) -> Pagination:
    """One page of a query's rows; a page beyond the end is an empty one."""
    return db.paginate(query, page=max(1, min(page, 1_000_000)), per_page=size, error_out=False)
