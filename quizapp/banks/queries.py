"""Reads of banks and their versions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import aliased

from quizapp.banks.checking.checks import BANK_CODE, QUESTIONS
from quizapp.banks.checking.similarity import Earlier
from quizapp.banks.checking.surroundings import Choices
from quizapp.banks.content import BankContent, pictures_of, question_from_json, texts_of
from quizapp.banks.content import Question as QuestionContent
from quizapp.banks.entries import Header
from quizapp.banks.findings import Finding, Where
from quizapp.banks.models import Bank, BankUpload, BankVersion, Picture, Question, VersionQuestion
from quizapp.banks.spellings import fold_width
from quizapp.errors import NotFound
from quizapp.extensions import db

# A child has 17 s (sandbox.TIME_LIMIT_S), and its check gives a sign of life before, between and after.
SILENCE = timedelta(seconds=30)


_DIGEST = select(BankVersion.digest).where(BankVersion.id == bindparam("version_id"))


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


def shared_count(version: BankVersion, other: BankVersion) -> int:
    """How many questions two versions have in common: the same rows, stored once."""
    ours, theirs = aliased(VersionQuestion), aliased(VersionQuestion)
    both = select(func.count()).join_from(ours, theirs, theirs.question_id == ours.question_id)
    return db.session.scalar(both.where(ours.version_id == version.id, theirs.version_id == other.id)) or 0


def bank_or_404(bank_id: int) -> Bank:
    """The bank. Raises NotFound."""
    bank = db.session.get(Bank, bank_id)
    if bank is None:
        raise NotFound()
    return bank


def bank_by_code(code: str) -> Bank | None:
    """The bank of that code, or None; an uploaded file may name one that no database would even be asked for."""
    return db.session.scalar(select(Bank).where(Bank.code == code)) if BANK_CODE.fullmatch(code) else None


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


def earlier_questions(bank: Bank) -> tuple[Earlier, ...]:
    """What older versions had and the newest hasn't, or not in these words; the latest first, and not without end."""
    latest = latest_version(bank)
    if latest is None:
        return ()
    kept = select(VersionQuestion.question_id).where(VersionQuestion.version_id == latest.id)
    last = func.max(BankVersion.number)
    rows = (
        select(Question.content, last)
        .join(VersionQuestion, VersionQuestion.question_id == Question.id)
        .join(BankVersion, BankVersion.id == VersionQuestion.version_id)
        .where(BankVersion.bank_id == bank.id, BankVersion.number.is_not(None), Question.id.not_in(kept))
        .group_by(Question.id)
        .order_by(last.desc(), Question.id)
        .limit(QUESTIONS)
    )
    return tuple(Earlier(number, question_from_json(content)) for content, number in db.session.execute(rows))


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


def upload_of_draft(draft: BankVersion) -> BankUpload | None:
    """The upload that became this draft, as long as it is kept."""
    return db.session.scalar(select(BankUpload).where(BankUpload.draft_id == draft.id))


def question_ids_of(version: BankVersion) -> list[int]:
    """The rows of a version's questions, in their order."""
    rows = select(VersionQuestion.question_id).where(VersionQuestion.version_id == version.id)
    return list(db.session.scalars(rows.order_by(VersionQuestion.ordinal)))


def has_question(bank: Bank, question_id: int) -> bool:
    """Whether this is, or was, a question of that bank."""
    found = select(Question.id).where(Question.id == question_id, Question.bank_id == bank.id)
    return db.session.scalar(found) is not None


def question_with(bank: Bank, digest: str) -> QuestionContent | None:
    """The question of the bank that has, or had, this digest; None if it never had."""
    content = db.session.scalar(select(Question.content).where(Question.bank_id == bank.id, Question.digest == digest))
    return question_from_json(content) if content else None


def place_in(version: BankVersion, question_id: int) -> int | None:
    """Where a version has this question, or else what it has under the same code; None where it has neither."""
    places = select(VersionQuestion.ordinal).where(VersionQuestion.version_id == version.id)
    if (place := db.session.scalar(places.where(VersionQuestion.question_id == question_id))) is not None:
        return place
    code = select(Question.code).where(Question.id == question_id, Question.bank_id == version.bank_id)
    same_code = places.join(Question).where(
        Question.bank_id == version.bank_id, Question.code == code.scalar_subquery()
    )
    return db.session.scalar(same_code.limit(1))


def stored_pictures(digests: Iterable[str]) -> frozenset[str]:
    """Which of these pictures there are."""
    wanted = list(digests)
    return (
        frozenset(db.session.scalars(select(Picture.digest).where(Picture.digest.in_(wanted))))
        if wanted
        else frozenset()
    )


@lru_cache(maxsize=64)  # tens of megabytes at most; what a digest names never changes
def picture_png(digest: str) -> bytes:
    """The file of a picture. Raises NotFound."""
    png = db.session.scalar(select(Picture.png).where(Picture.digest == digest))
    if png is None:
        raise NotFound()
    return png


def picture_files(content: BankContent) -> dict[str, bytes]:
    """The files of the pictures that a content names, by their digests."""
    wanted = pictures_of(content)
    files = select(Picture.digest, Picture.png).where(Picture.digest.in_(wanted))
    return dict(db.session.execute(files).all()) if wanted else {}


def choices_of(upload: BankUpload) -> Choices:
    """What the organiser chose for an upload."""
    return msgspec.convert(upload.choices, Choices)


def state_of(upload: BankUpload, now: datetime) -> str:
    """Its state, or `interrupted`: the process that checked it has given no sign of life for a while and must be gone."""
    silent = upload.state in ("waiting", "checking") and now - upload.touched_at > SILENCE
    return "interrupted" if silent else upload.state


def has_file(upload: BankUpload) -> bool:
    """Whether the upload still has its file, without reading it."""
    return bool(db.session.scalar(select(BankUpload.file.is_not(None)).where(BankUpload.id == upload.id)))


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
    """The questions that hold `text` (in the code or any text, English ones too) and are of the given kinds."""
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
    texts = [text for _field, text in texts_of(question)]
    return fold_width("\n".join([question.code, *texts])).casefold()


def version_or_404(version_id: int) -> BankVersion:
    """The version, draft or published. Raises NotFound."""
    version = db.session.get(BankVersion, version_id)
    if version is None:
        raise NotFound()
    return version


def published_versions() -> list[BankVersion]:
    """Every published version, by bank title, newest first; the retired ones too."""
    rows = select(BankVersion).join(Bank).where(BankVersion.number.is_not(None))
    return list(db.session.scalars(rows.order_by(Bank.title, BankVersion.number.desc())))


def offered_versions() -> list[BankVersion]:
    """The published versions that a new competition may take, in the same order."""
    return [version for version in published_versions() if version.retirement is None]


def held_version(version_id: int) -> BankVersion:
    """The version as it is now; until the commit it can't be retired or brought back. Raises NotFound."""
    bank_of = select(BankVersion.bank_id).where(BankVersion.id == version_id).scalar_subquery()
    db.session.scalar(select(Bank).where(Bank.id == bank_of).with_for_update(read=True))
    version = version_or_404(version_id)
    db.session.refresh(version, ["retirement", "reviews"])
    return version


def version_content(version_id: int) -> BankContent:
    """The content of a published version, cached for ever because it can't change; a draft's is read anew each time."""
    # Asked at each start of an attempt: the digest alone, by a statement that is built once, costs a third of the row.
    digest = db.session.scalar(_DIGEST, {"version_id": version_id})
    return _frozen_content(version_id, digest) if digest else _read_content(version_or_404(version_id))


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
