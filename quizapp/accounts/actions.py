"""What can be done to accounts. Actions may flush and never commit; each organiser's deed leaves an audit entry."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from quizapp.accounts import audit, queries
from quizapp.accounts.codes import code_digest, new_code
from quizapp.accounts.models import Account, OneTimeCode, RoleGrant
from quizapp.errors import Invalid, Refused
from quizapp.extensions import db, settings

CODE_LIFE = timedelta(hours=72)


def create_account(
    login: str,
    name: str,
    *,
    now: datetime,
    phone: str | None = None,
    password_hash: str | None = None,
    consented_at: datetime | None = None,
) -> Account:
    """A new account. Raises Refused `login_taken` when login or phone number belong to another, also in a race."""
    if queries.account_by_login(login) or (phone and queries.account_by_login(phone)):
        raise Refused("login_taken")
    account = Account(
        login=login, name=name, phone=phone, password_hash=password_hash, created_at=now, consented_at=consented_at
    )
    try:
        with db.session.begin_nested():
            db.session.add(account)
    except IntegrityError as error:
        raise Refused("login_taken") from error
    return account


def set_password(account: Account, password_hash: str) -> None:
    """A new password: every session of the account ends, those of a thief too."""
    account.password_hash = password_hash
    account.session_round += 1


def replace_outdated_hash(account_id: int, old: str, new: str) -> None:
    """Put the same password's newer hash in place, unless the password was changed meanwhile."""
    db.session.execute(
        update(Account).where(Account.id == account_id, Account.password_hash == old).values(password_hash=new)
    )


def issue_code(account: Account, *, actor: Account | None, now: datetime) -> str:
    """A one-time code for an account, shown once: to claim it if nobody has, else to set a new password.

    Codes issued before end. Raises Refused `account_disabled`.
    """
    if account.disabled_at:
        raise Refused("account_disabled")
    purpose = "reset" if account.password_hash else "claim"
    return issue_codes([account], purpose, actor=actor, now=now)[account.id]


def issue_codes(accounts: list[Account], purpose: str, *, actor: Account | None, now: datetime) -> dict[int, str]:
    """A one-time code for each of the accounts, by account id, with one audit entry each."""
    ids = [account.id for account in accounts]
    for start in range(0, len(ids), 500):
        _end_codes(ids[start : start + 500], now)
    codes = {}
    for account in accounts:
        code = codes[account.id] = new_code()
        db.session.add(
            OneTimeCode(
                account_id=account.id,
                purpose=purpose,
                code_hash=code_digest(code, settings().secret_key),
                issued_by_id=actor.id if actor else None,
                issued_at=now,
                expires_at=now + CODE_LIFE,
            )
        )
        audit.record("issue_code", actor=actor, subject_type="account", subject_id=account.id, now=now, purpose=purpose)
    return codes


def _end_codes(account_ids: list[int], now: datetime, *, but_of: Account | None = None) -> None:
    codes = update(OneTimeCode).where(
        OneTimeCode.account_id.in_(account_ids), OneTimeCode.used_at.is_(None), OneTimeCode.expires_at > now
    )
    if but_of:
        codes = codes.where(OneTimeCode.issued_by_id.is_distinct_from(but_of.id))
    db.session.execute(codes.values(expires_at=now))


def redeem_code(account: Account, code: OneTimeCode, password_hash: str, *, now: datetime) -> None:
    """Use a code up and set the password. Raises Refused `code_wrong` when somebody else was quicker."""
    used = db.session.execute(
        update(OneTimeCode)
        .where(OneTimeCode.id == code.id, OneTimeCode.used_at.is_(None), OneTimeCode.expires_at > now)
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused("code_wrong")
    set_password(account, password_hash)
    if code.purpose == "claim":
        account.consented_at = now
    audit.record(
        "redeem_code", actor=account, subject_type="account", subject_id=account.id, now=now, purpose=code.purpose
    )


def grant_role(
    account: Account,
    role: str,
    *,
    actor: Account | None,
    now: datetime,
    organization_id: int | None = None,
    region: str | None = None,
    industry: str | None = None,
) -> RoleGrant:
    """Give a role, a coordinator's for a unit, an association's for a region or an industry.

    One-time codes that others have issued end: whoever kept one would have the role with it.
    """
    scope = {"organization_id": organization_id, "region": region, "industry": industry}
    if any(grant.role == role and all(getattr(grant, key) == scope[key] for key in scope) for grant in account.grants):
        raise Refused("role_held")
    grant = RoleGrant(
        account_id=account.id, role=role, granted_by_id=actor.id if actor else None, granted_at=now, **scope
    )
    try:
        with db.session.begin_nested():
            db.session.add(grant)
    except IntegrityError as error:
        raise Refused("role_held") from error
    _end_codes([account.id], now, but_of=actor)
    facts = {key: value for key, value in scope.items() if value is not None}
    audit.record("grant_role", actor=actor, subject_type="account", subject_id=account.id, now=now, role=role, **facts)
    return grant


def revoke_role(grant: RoleGrant, *, actor: Account | None, now: datetime) -> None:
    """Take a role back. Raises Refused `last_administrator`."""
    if grant.role == "administrator":
        _keep_an_administrator(grant.account)
    facts = {key: getattr(grant, key) for key in ("organization_id", "region", "industry") if getattr(grant, key)}
    audit.record(
        "revoke_role",
        actor=actor,
        subject_type="account",
        subject_id=grant.account_id,
        now=now,
        role=grant.role,
        **facts,
    )
    db.session.execute(delete(RoleGrant).where(RoleGrant.id == grant.id))


def disable_account(account: Account, *, actor: Account, now: datetime) -> None:
    """Nobody can sign in with the account any more, and every session of it ends. Its results stay."""
    if account.id == actor.id:
        raise Refused("own_account")
    if account.disabled_at:
        return
    if "administrator" in account.roles:
        _keep_an_administrator(account)
    account.disabled_at = now
    account.session_round += 1
    audit.record("disable_account", actor=actor, subject_type="account", subject_id=account.id, now=now)


def enable_account(account: Account, *, actor: Account, now: datetime) -> None:
    """The account can sign in again, with the password that it had."""
    if account.disabled_at:
        account.disabled_at = None
        audit.record("enable_account", actor=actor, subject_type="account", subject_id=account.id, now=now)


def create_administrator(login: str, name: str, password_hash: str, *, now: datetime) -> Account:
    """An administrator, made on the command line. Raises Invalid `login_taken`."""
    account = queries.account_by_login(login)
    if account is None:
        account = create_account(login, name, now=now, password_hash=password_hash, consented_at=now)
    else:
        raise Invalid("login_taken")
    audit.record("create_account", actor=None, subject_type="account", subject_id=account.id, now=now)
    grant_role(account, "administrator", actor=None, now=now)
    return account


def _keep_an_administrator(leaving: Account) -> None:
    # The rows are locked, so that two administrators who remove each other at the same moment come one after the other.
    grants = db.session.scalars(select(RoleGrant).where(RoleGrant.role == "administrator").with_for_update()).all()
    others = {grant.account_id for grant in grants} - {leaving.id}
    active = select(func.count()).select_from(Account).where(Account.id.in_(others), Account.disabled_at.is_(None))
    if not db.session.scalar(active):
        raise Refused("last_administrator")
