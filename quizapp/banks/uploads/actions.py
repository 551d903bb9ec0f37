"""What organizers do with uploads: hand in a file, save what was read as the draft, take that back."""

from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import delete, select

from quizapp.accounts import audit
from quizapp.accounts.models import Account
from quizapp.banks.actions import store_pictures
from quizapp.banks.checking.checks import BANK_CODE
from quizapp.banks.checking.surroundings import Choices
from quizapp.banks.content import (
    content_to_json,
)
from quizapp.banks.findings import ERROR
from quizapp.banks.models import Bank, BankUpload, BankVersion, Picture
from quizapp.banks.queries import (
    draft_of,
    question_ids_of,
    upload_content,
    upload_of_draft,
)
from quizapp.banks.sandbox import Checked
from quizapp.banks.versions.actions import add_draft, check_seen, locked_bank, save_draft
from quizapp.banks.versions.reviews import add_contributor, contributors_of
from quizapp.errors import Refused
from quizapp.extensions import db

UPLOAD_DAYS = 7


def add_upload(
    name: str,
    content: bytes | None,
    *,
    choices: Choices,
    actor: Account | None,
    now: datetime,
    again: BankUpload | None = None,
) -> BankUpload:
    """Take a file that waits to be checked; clears old uploads away. `again`: the upload whose file is checked anew."""
    upload = BankUpload(
        bank_code="",
        source_name=_plain_name(name),
        state="waiting",
        progress=0,
        failure="",
        touched_at=now,
        choices=asdict(choices),
        file=content,
        question_count=0,
        content={},
        findings=[],
        faulty={},
        created_at=now,
        created_by_id=actor.id if actor else None,
    )
    db.session.add(upload)
    if again is not None:
        again.file = None
    db.session.flush()
    _clear_old_uploads(now)
    return upload


def _clear_old_uploads(now: datetime) -> None:
    """What became a draft that is still one stays, because it can be undone."""
    before = now - timedelta(days=UPLOAD_DAYS)
    drafts = select(BankVersion.id).where(BankVersion.number.is_(None))
    became_draft = BankUpload.draft_id.is_not(None) & BankUpload.draft_id.in_(drafts)
    db.session.execute(delete(BankUpload).where(BankUpload.created_at < before, ~became_draft))
    db.session.execute(delete(Picture).where(Picture.uploaded_at < before, Picture.in_use.is_(False)))


def keep_report(upload: BankUpload, checked: Checked, *, now: datetime) -> None:
    """Keep what the check of an upload found, and the pictures that the file brought."""
    report = checked.report
    store_pictures(report.source.pictures.values(), now=now)
    upload.bank_code = report.content.code if BANK_CODE.fullmatch(report.content.code) else ""
    upload.question_count = report.entry_count
    upload.content = content_to_json(report.content)
    upload.findings = [asdict(finding) for finding in report.findings]
    upload.faulty = checked.faulty
    upload.state, upload.progress, upload.touched_at = "checked", 100, now
    db.session.flush()


def save_upload(upload: BankUpload, *, actor: Account | None, now: datetime) -> BankVersion:
    """Make an upload's questions the bank's draft, and remember what they replace. Refuses one with errors.

    One that is the draft already stays so, with what has been edited in it since.
    """
    if upload.state != "checked":
        raise Refused("upload_not_checked")
    errors = sum(finding["severity"] == ERROR for finding in upload.findings)
    if errors:
        raise Refused("upload_has_errors", errors=errors)
    content = upload_content(upload)
    bank = locked_bank(content, now)
    db.session.refresh(upload)  # what was read before the lock may have changed
    if (now_there := draft_of(bank)) is not None and now_there.id == upload.draft_id:
        return now_there
    replaced = _as_remembered(bank)
    draft = save_draft(content, source_name=upload.source_name, actor=actor, now=now)
    add_contributor(draft, upload.created_by)  # who saves it need not be who uploaded it
    upload.saved_at, upload.undone_at = now, None
    upload.draft_id, upload.replaced, upload.file = draft.id, replaced, None
    return draft


def _as_remembered(bank: Bank) -> dict[str, Any]:
    """The bank's title and its draft, so that both can be brought back."""
    value: dict[str, Any] = {"bank_title": bank.title}
    if draft := draft_of(bank):
        earlier = upload_of_draft(draft)
        value["draft"] = {
            "title": draft.title,
            "topics": dict(draft.topics),
            "source_name": draft.source_name,
            "created_at": draft.created_at.isoformat(),
            "created_by_id": draft.created_by_id,
            "contributors": contributors_of(draft),
            "questions": question_ids_of(draft),
            "upload_id": earlier.id if earlier else None,
        }
    return value


def undo_upload(
    upload: BankUpload, *, actor: Account | None, now: datetime, expected_digest: str | None = None
) -> BankVersion | None:
    """Take back the saving of an upload: the draft that it became goes, the one that was there before comes back.

    Refuses where that draft has been published, replaced or discarded since, or isn't the one with `expected_digest` that
    was looked at: somebody has edited it.
    """
    its_bank = select(BankVersion.bank_id).where(BankVersion.id == upload.draft_id)
    bank = db.session.scalar(select(Bank).where(Bank.id.in_(its_bank)).with_for_update())
    db.session.refresh(upload)  # what was read before the lock may have changed
    draft = db.session.get(BankVersion, upload.draft_id, populate_existing=True) if upload.draft_id else None
    replaced = upload.replaced
    if bank is None or draft is None or draft.number is not None or replaced is None:
        raise Refused("upload_not_draft")
    check_seen(draft, expected_digest)
    questions = len(question_ids_of(draft))
    db.session.delete(draft)
    db.session.flush()
    bank.title = replaced["bank_title"]
    restored = _restored_draft(bank, replaced["draft"]) if "draft" in replaced else None
    upload.saved_at, upload.draft_id, upload.replaced, upload.undone_at = None, None, None, now
    audit.record(
        "undo_bank_upload",
        actor=actor,
        subject_type="bank",
        subject_id=bank.id,
        now=now,
        bank=bank.code,
        source=upload.source_name,
        questions=questions,
        restored=replaced["draft"]["source_name"] if restored else None,
    )
    db.session.flush()
    return restored


def _restored_draft(bank: Bank, value: dict[str, Any]) -> BankVersion:
    draft = BankVersion(
        bank=bank,
        title=value["title"],
        topics=value["topics"],
        source_name=value["source_name"],
        created_at=datetime.fromisoformat(value["created_at"]),
        created_by_id=value["created_by_id"],
        contributors=value.get("contributors", []),
    )
    add_draft(draft, value["questions"])
    earlier = db.session.get(BankUpload, value["upload_id"]) if value["upload_id"] else None
    if earlier is not None:  # so that it can be undone in its turn
        earlier.draft_id = draft.id
    return draft


def _plain_name(name: str) -> str:
    """A file's name without a path and without what can't be shown."""
    last = PurePosixPath(name.replace("\\", "/")).name
    shown = "".join(char if char.isprintable() else "�" for char in last)
    stem, dot, ending = shown.rpartition(".")
    return f"{stem[:150]}{dot}{ending[:20]}" or "?"
