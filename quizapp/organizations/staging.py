"""Uploaded tables between the check and the commit: kept in SQL, because any host may get the second click; for a day only."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete

from quizapp.errors import Refused
from quizapp.extensions import db
from quizapp.organizations.models import StagedTables
from quizapp.web.tables import Table

LIFE = timedelta(days=1)


def stage(tables: list[Table], purpose: str, *, now: datetime) -> str:
    """Keep checked tables; the token names them. `purpose` says who may commit them, and to what."""
    db.session.execute(delete(StagedTables).where(StagedTables.staged_at < now - LIFE))
    held = StagedTables(
        token=secrets.token_hex(16),
        purpose=purpose,
        tables=[[table.sheet, table.rows] for table in tables],
        staged_at=now,
    )
    db.session.add(held)
    return held.token


def staged(token: str, purpose: str) -> list[Table]:
    """The tables of a token. Raises Refused `upload_gone` when it was committed, is too old, or is another's."""
    held = db.session.get(StagedTables, token)
    if held is None or held.purpose != purpose:
        raise Refused("upload_gone")
    return [Table(sheet, rows) for sheet, rows in held.tables]


def discard(token: str) -> None:
    """Forget the tables of a token, in the transaction that commits them. Raises Refused if another click came first."""
    gone = delete(StagedTables).where(StagedTables.token == token).returning(StagedTables.token)
    if db.session.scalar(gone) is None:
        raise Refused("upload_gone")
