"""Taking out of use: a whole version, with a reason, or questions that were drawn too often, in the next draft."""

from datetime import datetime

from sqlalchemy import select

from quizapp.accounts import audit
from quizapp.accounts.models import Account
from quizapp.banks.actions import lock_bank
from quizapp.banks.models import BankVersion, VersionRetirement
from quizapp.errors import Refused
from quizapp.extensions import db


def retire_version(version: BankVersion, *, reason: str, actor: Account, now: datetime) -> None:
    """Let no further competition take a published version; those that hold to it go on.

    Raises Refused for a draft, or for one that is retired already.
    """
    _lock(version)
    if version.number is None:
        raise Refused("version_not_published")
    if version.retirement is not None:
        raise Refused("already_retired")
    db.session.add(VersionRetirement(version_id=version.id, reason=reason, retired_at=now, retired_by_id=actor.id))
    _record("retire_bank_version", version, actor, now, reason=reason)
    db.session.flush()
    db.session.refresh(version, ["retirement"])


def newer_than_retirement(version: BankVersion) -> int | None:
    """The number of a version that was published after this one was retired, and has taken its place; mostly None."""
    if version.retirement is None:
        return None
    later = select(BankVersion.number).where(
        BankVersion.bank_id == version.bank_id, BankVersion.published_at > version.retirement.retired_at
    )
    return db.session.scalar(later.order_by(BankVersion.number).limit(1))


def bring_back_version(version: BankVersion, *, actor: Account, now: datetime) -> None:
    """Take a retirement back. Raises Refused once another version has been published since: it has taken the place."""
    _lock(version)
    if version.retirement is None:
        raise Refused("not_retired")
    if (number := newer_than_retirement(version)) is not None:
        raise Refused("retirement_is_final", number=number)
    db.session.delete(version.retirement)
    _record("bring_back_bank_version", version, actor, now)
    db.session.flush()
    db.session.refresh(version, ["retirement"])


def _lock(version: BankVersion) -> None:
    """Two organizers, or one who retires and one who publishes a competition: the second waits, and sees what was done."""
    lock_bank(version.bank_id)
    db.session.refresh(version, ["retirement"])


def _record(action: str, version: BankVersion, actor: Account, now: datetime, **facts: object) -> None:
    audit.record(
        action,
        actor=actor,
        subject_type="bank",
        subject_id=version.bank_id,
        now=now,
        bank=version.bank.code,
        number=version.number,
        **facts,
    )
