"""What organizers do to banks: check an upload, save it as the draft, publish or discard the draft."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from quizapp.accounts import audit
from quizapp.accounts.models import Account
from quizapp.banks.checks import BANK_CODE, Report, errors_in
from quizapp.banks.content import (
    BankContent,
    content_digest,
    content_to_json,
    pictures_of,
    question_digest,
    question_to_json,
)
from quizapp.banks.entries import Header, Source
from quizapp.banks.findings import ERROR
from quizapp.banks.models import Bank, BankUpload, BankVersion, Picture, Question, VersionQuestion
from quizapp.banks.pictures import Picture as PictureContent
from quizapp.banks.queries import (
    bank_by_code,
    draft_of,
    earlier_questions,
    header_of,
    latest_content,
    latest_version,
    question_ids_of,
    stored_pictures,
    upload_content,
    upload_of_draft,
    version_content,
)
from quizapp.banks.reviews import add_contributor, contributors_of, publishing_problem
from quizapp.banks.sandbox import Checked
from quizapp.banks.surroundings import Choices, Surroundings, check
from quizapp.banks.uses import users
from quizapp.errors import Refused
from quizapp.extensions import db

UPLOAD_DAYS = 7
ZONE = ZoneInfo("Asia/Shanghai")  # where a standard's or a question's day begins
BATCH = 1000


def surroundings(header: Header, choices: Choices, pictures: Iterable[str] = (), *, now: datetime) -> Surroundings:
    """What is known of the bank that a file names by its `header`, or else of the one chosen; there need be none yet."""
    chosen = choices.header
    bank = bank_by_code(header.code or chosen.code)
    known = header_of(bank) if bank else chosen
    topics = header.topics or known.topics
    if bank and chosen.code and chosen.code != bank.code:  # the file belongs to another bank: the check says so
        known = chosen
    return Surroundings(
        known,
        latest_content(bank) if bank else None,
        stored_pictures(pictures),
        earlier=earlier_questions(bank) if bank else (),
        needs=tuple(users.needs(bank.code, topics, now)) if bank else (),
        today=now.astimezone(ZONE).date(),
    )


def check_for_bank(source: Source, *, now: datetime) -> Report:
    """Check a source of our own; what strangers send is read and checked in the child process (`jobs.check_upload`)."""
    choices = Choices()
    return check(source, surroundings(source.header, choices, now=now), choices)


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


def store_pictures(pictures: Iterable[PictureContent], *, now: datetime) -> None:
    """Keep pictures; those that are there already stay as they are, and as long as new ones would."""
    rows = [
        {**asdict(picture), "uploaded_at": now, "in_use": False}
        for picture in {picture.digest: picture for picture in pictures}.values()
    ]
    if not rows:
        return
    # In one statement with what may be there: the same file may be uploaded twice at once.
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    new = dialect.insert(Picture.__table__)
    known = {"uploaded_at": new.excluded.uploaded_at}
    db.session.execute(new.on_conflict_do_update(index_elements=["digest"], set_=known), rows)


def save_upload(upload: BankUpload, *, actor: Account | None, now: datetime) -> BankVersion:
    """Make an upload's questions the bank's draft, and remember what they replace. Refuses one with errors."""
    if upload.state != "checked":
        raise Refused("upload_not_checked")
    errors = sum(finding["severity"] == ERROR for finding in upload.findings)
    if errors:
        raise Refused("upload_has_errors", errors=errors)
    content = upload_content(upload)
    bank = _locked_bank(content, now)
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
    _check_seen(draft, expected_digest)
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
    _add_draft(draft, value["questions"])
    earlier = db.session.get(BankUpload, value["upload_id"]) if value["upload_id"] else None
    if earlier is not None:  # so that it can be undone in its turn
        earlier.draft_id = draft.id
    return draft


def save_draft(content: BankContent, *, source_name: str, actor: Account | None, now: datetime) -> BankVersion:
    """Make `content` the draft of its bank, instead of the one that is there; all of it or, refused, nothing.

    Makes the bank if there is none of that code. Refuses a content with errors, such as a picture that isn't stored.
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
    ids = _question_ids(bank, content)
    draft = BankVersion(
        bank=bank,
        title=content.title,
        topics=dict(content.topics),
        source_name=source_name[:200],
        created_at=now,
        created_by_id=actor.id if actor else None,
        contributors=[],
    )
    add_contributor(draft, actor)
    _add_draft(draft, ids)
    db.session.execute(
        update(Picture).where(Picture.digest.in_(pictures_of(content)), Picture.in_use.is_(False)).values(in_use=True),
        execution_options={"synchronize_session": False},
    )
    audit.record(
        "save_bank_draft",
        actor=actor,
        subject_type="bank",
        subject_id=bank.id,
        now=now,
        bank=bank.code,
        questions=len(ids),
        source=draft.source_name,
        replaced=old is not None,
    )
    return draft


def _add_draft(draft: BankVersion, question_ids: list[int]) -> None:
    db.session.add(draft)
    db.session.flush()
    places = [
        {"version_id": draft.id, "ordinal": ordinal, "question_id": question_id}
        for ordinal, question_id in enumerate(question_ids)
    ]
    if places:
        db.session.execute(insert(VersionQuestion), places)


def _errors(content: BankContent) -> int:
    return errors_in(content, stored_pictures(pictures_of(content)))


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

    Refuses where there is no draft, the draft isn't the one with `expected_digest` that was looked at, it has errors,
    nothing differs from the newest version, or a competition wants somebody else to publish it (`reviews`).
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
    if problem := publishing_problem(draft, actor=actor, now=now):
        raise problem
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


def discard_draft(bank: Bank, *, actor: Account, now: datetime, expected_digest: str | None = None) -> None:
    """Throw the draft away. The published versions stay as they are.

    Refuses where there is none, or it isn't the one with `expected_digest` that was looked at.
    """
    db.session.scalar(select(Bank).where(Bank.id == bank.id).with_for_update())
    draft = draft_of(bank)
    if draft is None:
        raise Refused("draft_missing")
    _check_seen(draft, expected_digest)
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


def _check_seen(draft: BankVersion, expected_digest: str | None) -> None:
    if expected_digest is not None and content_digest(version_content(draft.id)) != expected_digest:
        raise Refused("draft_edited")


def _plain_name(name: str) -> str:
    """A file's name without a path and without what can't be shown."""
    last = PurePosixPath(name.replace("\\", "/")).name
    shown = "".join(char if char.isprintable() else "�" for char in last)
    stem, dot, ending = shown.rpartition(".")
    return f"{stem[:150]}{dot}{ending[:20]}" or "?"
