"""The audit trail's one way in."""

from datetime import datetime

from quizapp.accounts.models import Account, AuditEntry
from quizapp.extensions import db


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
