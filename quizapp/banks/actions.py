"""What organizers do to banks: check an upload, save it as the draft, publish or discard the draft."""

from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from quizapp.accounts import audit
from quizapp.accounts.models import Account
from quizapp.banks.checks import Report, check_content, check_source
from quizapp.banks.content import BankContent, content_digest, content_to_json, question_digest, question_to_json
from quizapp.banks.entries import Entry, Header, Source
from quizapp.banks.findings import ERROR
from quizapp.banks.formats import template
from quizapp.banks.models import Bank, BankUpload, BankVersion, Question, VersionQuestion
from quizapp.banks.queries import (
    bank_by_code,
    draft_of,
    header_of,
    latest_content,
    latest_version,
    upload_content,
    version_content,
)
from quizapp.banks.reading import read_upload
from quizapp.errors import Refused
from quizapp.extensions import db

UPLOAD_DAYS = 7
BATCH = 1000


def check_for_bank(source: Source, chosen: Header | None = None) -> Report:
    """Check a source against the bank that it names, or else that of `chosen`; the bank need not exist yet."""
    chosen = chosen or Header()
    bank = bank_by_code(source.header.code or chosen.code)
    if bank is None:
        return check_source(source, bank=chosen)
    known = header_of(bank)
    if chosen.code and chosen.code != bank.code:  # the file belongs to another bank: the check says so
        known = chosen
    return check_source(source, bank=known, latest=latest_content(bank))


def check_upload(
    name: str, content: bytes, *, chosen: Header, actor: Account, now: datetime
) -> tuple[BankUpload, Report]:
    """Check an uploaded file and keep the report; nothing else changes, but that old reports are cleared away."""
    shown = _plain_name(name)
    report = check_for_bank(read_upload(shown, content), chosen)
    upload = BankUpload(
        bank_code=report.content.code[:40],
        source_name=shown,
        question_count=report.entry_count,
        content=content_to_json(report.content),
        findings=[asdict(finding) for finding in report.findings],
        faulty=faulty_rows(report),
        created_at=now,
        created_by_id=actor.id,
    )
    db.session.add(upload)
    db.session.flush()
    db.session.execute(delete(BankUpload).where(BankUpload.created_at < now - timedelta(days=UPLOAD_DAYS)))
    return upload, report


def faulty_rows(report: Report) -> dict[str, list[list[Any]]]:
    """The rows that have an error, by sheet, as they were written: the headings, then rows with the entry's number first."""
    sheets: dict[str, list[list[Any]]] = {}
    for number in report.faulty:
        entry = report.source.entries[number]
        sheet = entry.where().sheet
        if sheet not in sheets:
            sheets[sheet] = [list(report.source.columns.get(sheet, template.headings()))]
        sheets[sheet].append([number, *_cells(entry)])
    return sheets


def _cells(entry: Entry) -> list[str]:
    return list(entry.cells) or [entry.values.get(name, "") for name in template.COLUMNS]


def save_upload(upload: BankUpload, *, actor: Account, now: datetime) -> BankVersion:
    """Make an upload's questions the bank's draft. Refuses one with errors."""
    errors = sum(finding["severity"] == ERROR for finding in upload.findings)
    if errors:
        raise Refused("upload_has_errors", errors=errors)
    upload.saved_at = now
    return save_draft(upload_content(upload), source_name=upload.source_name, actor=actor, now=now)


def save_draft(content: BankContent, *, source_name: str, actor: Account | None, now: datetime) -> BankVersion:
    """Make `content` the draft of its bank, instead of the one that is there; all of it or, refused, nothing.

    Makes the bank if there is none of that code. Refuses a content with errors.
    """
    errors = _errors(content)
    if errors:
        raise Refused("upload_has_errors", errors=errors)
    bank = _locked_bank(content, now)
    old = draft_of(bank)
    if old is not None:
        db.session.delete(old)
        db.session.flush()
    bank.title = content.title
    draft = BankVersion(
        bank=bank,
        title=content.title,
        topics=dict(content.topics),
        source_name=source_name[:200],
        created_at=now,
        created_by_id=actor.id if actor else None,
    )
    db.session.add(draft)
    db.session.flush()
    ids = _question_ids(bank, content)
    places = [
        {"version_id": draft.id, "ordinal": ordinal, "question_id": question_id}
        for ordinal, question_id in enumerate(ids)
    ]
    db.session.execute(insert(VersionQuestion), places)
    audit.record(
        "save_bank_draft",
        actor=actor,
        subject_type="bank",
        subject_id=bank.id,
        now=now,
        bank=bank.code,
        questions=len(places),
        source=draft.source_name,
        replaced=old is not None,
    )
    return draft


def _errors(content: BankContent) -> int:
    return sum(fault.severity == ERROR for fault in check_content(content))


def _locked_bank(content: BankContent, now: datetime) -> Bank:
    """The bank's row, locked until the commit, so that two people don't change its draft at once."""
    wanted = select(Bank).where(Bank.code == content.code).with_for_update()
    bank = db.session.scalar(wanted)
    if bank is not None:
        return bank
    try:
        with db.session.begin_nested():
            db.session.add(Bank(code=content.code, title=content.title, created_at=now))
    except IntegrityError as error:
        raise Refused("bank_changing") from error
    return db.session.scalars(wanted).one()


def _question_ids(bank: Bank, content: BankContent) -> list[int]:
    """The rows of the content's questions, in order; those that the bank doesn't know yet are added."""
    known = _digests(bank)
    digests = [question_digest(question) for question in content.questions]
    new = [
        {"bank_id": bank.id, "digest": digest, "code": question.code, "content": question_to_json(question)}
        for digest, question in zip(digests, content.questions, strict=True)
        if digest not in known
    ]
    if new:
        db.session.execute(insert(Question), new)
        known = _digests(bank)
    return [known[digest] for digest in digests]


def _digests(bank: Bank) -> dict[str, int]:
    rows = db.session.execute(select(Question.digest, Question.id).where(Question.bank_id == bank.id))
    return dict(rows.all())


def publish_version(
    bank: Bank, *, actor: Account | None, now: datetime, expected_digest: str | None = None
) -> BankVersion:
    """Turn the draft into version n+1, frozen for ever.

    Refuses where there is no draft, the draft isn't the one with `expected_digest` that was looked at, it has errors, or
    nothing differs from the newest version.
    """
    db.session.scalar(select(Bank).where(Bank.id == bank.id).with_for_update())
    draft = draft_of(bank)
    if draft is None:
        raise Refused("draft_missing")
    content = version_content(draft.id)
    digest = content_digest(content)
    if expected_digest is not None and digest != expected_digest:
        raise Refused("draft_changed")
    errors = _errors(content)
    if errors:
        raise Refused("draft_has_errors", errors=errors)
    latest = latest_version(bank)
    if latest is not None and latest.digest == digest:
        raise Refused("version_unchanged", number=latest.number)
    number = db.session.scalar(select(func.max(BankVersion.number)).where(BankVersion.bank_id == bank.id)) or 0
    draft.number = number + 1
    draft.digest = digest
    draft.published_at = now
    draft.published_by_id = actor.id if actor else None
    db.session.flush()
    audit.record(
        "publish_bank_version",
        actor=actor,
        subject_type="bank",
        subject_id=bank.id,
        now=now,
        bank=bank.code,
        number=draft.number,
        digest=digest,
        questions=len(content.questions),
    )
    return draft


def discard_draft(bank: Bank, *, actor: Account, now: datetime) -> None:
    """Throw the draft away. The published versions stay as they are."""
    db.session.scalar(select(Bank).where(Bank.id == bank.id).with_for_update())
    draft = draft_of(bank)
    if draft is None:
        raise Refused("draft_missing")
    audit.record(
        "discard_bank_draft",
        actor=actor,
        subject_type="bank",
        subject_id=bank.id,
        now=now,
        bank=bank.code,
        source=draft.source_name,
    )
    db.session.delete(draft)
    db.session.flush()


def _plain_name(name: str) -> str:
    """A file's name without a path and without what can't be shown."""
    last = PurePosixPath(name.replace("\\", "/")).name
    shown = "".join(char if char.isprintable() else "�" for char in last)
    stem, dot, ending = shown.rpartition(".")
    return f"{stem[:150]}{dot}{ending[:20]}" or "?"
