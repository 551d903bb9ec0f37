"""Proving who one is: a password, or a one-time code. Both hash, so both let go of the database while they do.

These steps begin and end transactions around the hashing; what they change the edge commits.
"""

from datetime import datetime

from quizapp.accounts import actions, passwords, queries, sign_in_limits
from quizapp.accounts.codes import code_digest, read_code
from quizapp.accounts.logins import read_login
from quizapp.accounts.models import Account
from quizapp.errors import Refused
from quizapp.extensions import db, settings


def authenticate(login: str, password: str, *, address: str, devices: dict[int, str], now: datetime) -> Account:
    """The account of this login and password; `devices` are the accounts that this device knows, each with its id.

    Raises Refused `sign_in_failed` (alike in words and time, whichever of the two is wrong), `sign_in_too_often` or
    `account_disabled`, the last only to who knows the password.
    """
    account = queries.account_by_login(login)
    account_id, stored = (account.id, account.password_hash) if account else (0, None)
    tries = sign_in_limits.SignInTries(read_login(login), address, devices.get(account_id))
    check_password(stored, password, tries, now=now)
    newer = passwords.hash_password(password) if stored and passwords.is_outdated(stored) else None
    if stored and newer:
        actions.replace_outdated_hash(account_id, stored, newer)
    account = queries.account_or_404(account_id)
    if account.disabled_at:
        raise Refused("account_disabled", status=403)
    return account


def check_password(stored: str | None, password: str, tries: sign_in_limits.SignInTries, *, now: datetime) -> None:
    """Count the try and compare. Raises Refused `sign_in_failed` or `sign_in_too_often`."""
    db.session.rollback()  # hashing takes a while: no transaction, and no write lock, is held meanwhile
    tries.take(now.timestamp())
    if not passwords.matches(stored, password):
        tries.failed()
        raise Refused("sign_in_failed", status=422)
    tries.succeeded()


def redeem(
    account: Account | None, named: str, purpose: str, code: str, password: str, *, address: str, now: datetime
) -> Account:
    """The account after its one-time code was used up and its password set; `named` is what was typed to name it.

    Raises Refused `code_wrong` (for an unknown account too), `account_disabled` or `sign_in_too_often`.
    """
    sign_in_limits.take_code_try(read_login(named), address, now.timestamp())
    digest = code_digest(read_code(code), settings().secret_key)
    found = queries.valid_code(account, purpose, digest, now) if account else None
    if account is None or found is None:
        raise Refused("code_wrong", status=422)
    if account.disabled_at:
        raise Refused("account_disabled", status=403)
    account_id = account.id
    db.session.rollback()
    hashed = passwords.hash_password(password)
    account = queries.account_or_404(account_id)
    found = queries.valid_code(account, purpose, digest, now)
    if found is None:
        raise Refused("code_wrong", status=422)
    actions.redeem_code(account, found, hashed, now=now)
    return account
