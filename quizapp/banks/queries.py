"""Reads of banks and their versions."""

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import func, select

from quizapp.banks.content import BankContent, question_from_json
from quizapp.banks.content import Question as QuestionContent
from quizapp.banks.entries import Header
from quizapp.banks.findings import Finding, Where
from quizapp.banks.models import Bank, BankUpload, BankVersion, Question, VersionQuestion
from quizapp.banks.spellings import fold_width
from quizapp.errors import NotFound
from quizapp.extensions import db


@dataclass(frozen=True)
class BankOverview:
    """A bank with its newest version and its draft, and how many questions those have."""

    bank: Bank
    latest: BankVersion | None
    draft: BankVersion | None
    versions: int
    counts: dict[int, int]


def all_banks() -> list[Bank]:
    """Every bank, by title."""
    return list(db.session.scalars(select(Bank).order_by(Bank.title, Bank.id)))


def bank_overviews() -> list[BankOverview]:
    """Every bank, by title, with what its card shows."""
    versions: dict[int, list[BankVersion]] = {}
    for version in db.session.scalars(select(BankVersion).order_by(BankVersion.number)):
        versions.setdefault(version.bank_id, []).append(version)
    counts = question_counts()
    overviews = []
    for bank in all_banks():
        own = versions.get(bank.id, [])
        published = [version for version in own if version.number is not None]
        draft = next((version for version in own if version.number is None), None)
        latest = max(published, key=lambda version: version.number or 0, default=None)
        overviews.append(BankOverview(bank, latest, draft, len(published), counts))
    return overviews


def question_counts(bank_id: int | None = None) -> dict[int, int]:
    """How many questions each version has (of one bank, or of all)."""
    counts = select(VersionQuestion.version_id, func.count()).group_by(VersionQuestion.version_id)
    if bank_id is not None:
        counts = counts.join(BankVersion).where(BankVersion.bank_id == bank_id)
    return dict(db.session.execute(counts).all())


def bank_or_404(bank_id: int) -> Bank:
    """The bank. Raises NotFound."""
    bank = db.session.get(Bank, bank_id)
    if bank is None:
        raise NotFound()
    return bank


def bank_by_code(code: str) -> Bank | None:
    """The bank of that code, or None."""
    return db.session.scalar(select(Bank).where(Bank.code == code)) if code else None


def versions_of(bank: Bank) -> list[BankVersion]:
    """The published versions of a bank, newest first."""
    rows = select(BankVersion).where(BankVersion.bank_id == bank.id, BankVersion.number.is_not(None))
    return list(db.session.scalars(rows.order_by(BankVersion.number.desc())))


def latest_version(bank: Bank) -> BankVersion | None:
    """The newest published version, or None."""
    rows = select(BankVersion).where(BankVersion.bank_id == bank.id, BankVersion.number.is_not(None))
    return db.session.scalar(rows.order_by(BankVersion.number.desc()).limit(1))


def latest_content(bank: Bank) -> BankContent | None:
    """The content of the newest published version, or None."""
    version = latest_version(bank)
    return version_content(version.id) if version else None


def draft_of(bank: Bank) -> BankVersion | None:
    """The bank's draft, or None."""
    return db.session.scalar(select(BankVersion).where(BankVersion.bank_id == bank.id, BankVersion.number.is_(None)))


def header_of(bank: Bank) -> Header:
    """What a file for this bank may leave out: code, title, and the topics of its draft, or else of its newest version."""
    version = draft_of(bank) or latest_version(bank)
    return Header(bank.code, bank.title, dict(version.topics) if version else {})


def upload_or_404(upload_id: int) -> BankUpload:
    """The upload. Raises NotFound."""
    upload = db.session.get(BankUpload, upload_id)
    if upload is None:
        raise NotFound()
    return upload


def upload_content(upload: BankUpload) -> BankContent:
    """The questions of an upload."""
    value = upload.content
    questions = tuple(question_from_json(question) for question in value["questions"])
    return BankContent(value["code"], value["title"], dict(value["topics"]), questions)


def upload_findings(upload: BankUpload) -> list[Finding]:
    """The findings of an upload, in the order of their places."""
    return [Finding(**{**value, "where": Where(**value["where"])}) for value in upload.findings]


def matching_questions(
    content: BankContent, *, text: str = "", topic: str = "", kind: str = "", difficulty: str = "", pool: str = ""
) -> list[tuple[int, QuestionContent]]:
    """The questions that hold `text` (in code, stem, options, explanation or reference) and are of the given kinds."""
    wanted = fold_width(text).casefold().strip()
    return [
        (ordinal, question)
        for ordinal, question in enumerate(content.questions)
        if (not topic or question.topic == topic)
        and (not kind or question.type == kind)
        and (not difficulty or question.difficulty == difficulty)
        and (not pool or question.pool == pool)
        and (not wanted or wanted in _searchable(question))
    ]


def _searchable(question: QuestionContent) -> str:
    parts = (question.code, question.stem, *question.options, question.explanation, question.reference)
    return fold_width("\n".join(parts)).casefold()


def version_or_404(version_id: int) -> BankVersion:
    """The version, draft or published. Raises NotFound."""
    version = db.session.get(BankVersion, version_id)
    if version is None:
        raise NotFound()
    return version


def published_versions() -> list[BankVersion]:
    """Every published version, by bank title, newest first."""
    rows = select(BankVersion).join(Bank).where(BankVersion.number.is_not(None))
    return list(db.session.scalars(rows.order_by(Bank.title, BankVersion.number.desc())))


def version_content(version_id: int) -> BankContent:
    """The content of a published version, cached for ever because it can't change; a draft's is read anew each time."""
    version = version_or_404(version_id)
    return _frozen_content(version.id, version.digest) if version.digest else _read_content(version)


@lru_cache(maxsize=32)
def _frozen_content(version_id: int, digest: str) -> BankContent:
    """The digest is part of the cache's key: two databases in one process (tests) must not share an id's content."""
    return _read_content(version_or_404(version_id))


def _read_content(version: BankVersion) -> BankContent:
    rows = db.session.scalars(
        select(Question.content)
        .join(VersionQuestion, VersionQuestion.question_id == Question.id)
        .where(VersionQuestion.version_id == version.id)
        .order_by(VersionQuestion.ordinal)
    )
    questions = tuple(question_from_json(content) for content in rows)
    return BankContent(code=version.bank.code, title=version.title, topics=dict(version.topics), questions=questions)
