"""Uploaded tables between the check and the commit: a file in the data folder, for its uploader and one day only."""

import json
import os
import re
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from quizapp.errors import Refused
from quizapp.extensions import settings
from quizapp.web.tables import Table

LIFE = timedelta(days=1)
_TOKEN = re.compile(r"[0-9a-f]{32}")


def _folder() -> Path:
    folder = settings().data_dir / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def stage(tables: list[Table], purpose: str, *, now: datetime) -> str:
    """Keep checked tables; the token names them. `purpose` says who may commit them, and to what."""
    folder = _folder()
    for old in folder.glob("*.json"):
        if old.stat().st_mtime < (now - LIFE).timestamp():
            old.unlink(missing_ok=True)
    token = secrets.token_hex(16)
    content = {"purpose": purpose, "tables": [[table.sheet, table.rows] for table in tables]}
    descriptor = os.open(folder / f"{token}.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
    return token


def staged(token: str, purpose: str) -> list[Table]:
    """The tables of a token. Raises Refused `upload_gone` when it was committed, is too old, or is another's."""
    path = _folder() / f"{token}.json"
    if not _TOKEN.fullmatch(token) or not path.exists():
        raise Refused("upload_gone")
    content = json.loads(path.read_text(encoding="utf-8"))
    if content["purpose"] != purpose:
        raise Refused("upload_gone")
    return [Table(sheet, rows) for sheet, rows in content["tables"]]


def discard(token: str) -> None:
    """Forget the tables of a token."""
    if _TOKEN.fullmatch(token):
        (_folder() / f"{token}.json").unlink(missing_ok=True)
