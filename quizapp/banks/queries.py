"""Reads of banks and their versions."""

from functools import lru_cache

from sqlalchemy import select

from quizapp.banks.content import BankContent, question_from_json
from quizapp.banks.models import Bank, BankVersion, Question, VersionQuestion
from quizapp.errors import NotFound
from quizapp.extensions import db


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
