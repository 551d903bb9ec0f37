"""The audit trail's one way in."""

from collections.abc import Mapping
from datetime import datetime

from quizapp.accounts.models import Account, AuditEntry
from quizapp.extensions import db

_deeds: dict[str, object] = {}


def add_deeds(deeds: Mapping[str, object]) -> None:
    """Register a feature's DEEDS: action → lazy text, as the audit trail's page calls it."""
    _deeds.update(deeds)


def deed_name(action: str) -> str:
    """What an action is called in the reader's language."""
    return str(_deeds.get(action, action))


def record(
    action: str, *, actor: Account | None, subject_type: str, subject_id: object, now: datetime, **facts: object
) -> AuditEntry:
    """Add an entry to the session (the edge commits it with the deed). `facts` are JSON values and hold no secret."""
    entry = AuditEntry(
        at=now,
        actor_id=actor.id if actor else None,
        action=action,
        subject_type=subject_type,
        subject_id=str(subject_id),
        facts=facts,
    )
    db.session.add(entry)
    return entry
