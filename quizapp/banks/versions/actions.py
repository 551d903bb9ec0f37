"""What organizers do to a bank's draft as a whole: save it, publish it, discard it."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from quizapp.accounts import audit
from quizapp.accounts.models import Account
from quizapp.banks.actions import held_draft, keep_pictures
from quizapp.banks.checking.checks import errors_in
from quizapp.banks.content import (
    BankContent,
    content_digest,
    pictures_of,
    question_digest,
    question_to_json,
)
from quizapp.banks.models import Bank, BankVersion, Question, VersionQuestion
from quizapp.banks.queries import (
    draft_of,
    latest_version,
    stored_pictures,
    version_content,
)
from quizapp.banks.versions.reviews import add_contributor, publishing_problem
from quizapp.errors import Refused
from quizapp.extensions import db


def save_draft(content: BankContent, *, source_name: str, actor: Account | None, now: datetime) -> BankVersion:
    """Make `content` the draft of its bank, instead of the one that is there; all of it or, refused, nothing.

    Makes the bank if there is none of that code. Refuses a content with errors, such as a picture that isn't stored.
    """
    errors = _errors(content)
    if errors:
        raise Refused("upload_has_errors", errors=errors)
    bank = locked_bank(content, now)
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
    add_draft(draft, ids)
    keep_pictures(pictures_of(content))
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


def add_draft(draft: BankVersion, question_ids: list[int]) -> None:
    """Store a new draft with these rows as its questions, in this order."""
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


def locked_bank(content: BankContent, now: datetime) -> Bank:
    """The bank's row, locked until the commit, so that two people don't change its draft at once."""
    wanted = select(Bank).where(Bank.code == content.code).with_for_update()
    bank = db.session.scalar(wanted)
    if bank is not None:
        return bank
    # Where somebody else makes it at the same moment, this waits for them, and then takes theirs.
    with suppress(IntegrityError), db.session.begin_nested():
        db.session.add(Bank(code=content.code, title=content.title, created_at=now))
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
    draft = held_draft(bank)
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
    draft = held_draft(bank)
    if draft is None:
        raise Refused("draft_missing")
    check_seen(draft, expected_digest)
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


def check_seen(draft: BankVersion, expected_digest: str | None) -> None:
    """Raises Refused where somebody has edited the draft since it was looked at."""
    if expected_digest is not None and content_digest(version_content(draft.id)) != expected_digest:
        raise Refused("draft_changed")
