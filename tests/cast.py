"""The fixed cast of the tests' stories.

Lin and Bo work in unit A, Chen in unit B, both below one group. Qin is the organizer, Wu coordinates unit A, Ada is the
administrator, Jun the auditor, and Su is of the association of unit A's region. Everyone's password is PASSWORD.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from argon2 import PasswordHasher
from flask import Flask, current_app, has_app_context

from quizapp.accounts.models import Account, RoleGrant
from quizapp.banks.content import BankContent, English, Question, content_digest, question_digest, question_to_json
from quizapp.banks.models import Bank, BankVersion, VersionQuestion
from quizapp.banks.models import Question as QuestionRow
from quizapp.competitions.models import Competition
from quizapp.extensions import Base, db
from quizapp.organizations.models import Membership, Organization
from quizapp.papers.blueprint import Blueprint, Section

PASSWORD = "Zhiliang-2026"
BORN = datetime(2026, 1, 1, tzinfo=UTC)
Row = TypeVar("Row", bound=Base)


@cache
def password_hash() -> str:
    """PASSWORD hashed, once a run."""
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(PASSWORD)


def row(app: Flask, model: type[Row], key: Any) -> Row:
    """A row by its key: inside an application context one of its session, outside a copy that stands alone."""
    if has_app_context() and current_app._get_current_object() is app:  # type: ignore[attr-defined]
        return db.session.get_one(model, key)
    with app.app_context():
        found = db.session.get_one(model, key)
        db.session.expunge(found)
        return found


@dataclass(frozen=True)
class Person:
    """One of the cast."""

    app: Flask
    id: int
    name: str
    login: str
    password: str = PASSWORD

    @property
    def account(self) -> Account:
        """The account as it is now."""
        return row(self.app, Account, self.id)


@dataclass(frozen=True)
class Unit:
    """An organization of the cast."""

    app: Flask
    id: int
    name: str

    @property
    def organization(self) -> Organization:
        """The row as it is now."""
        return row(self.app, Organization, self.id)


@dataclass(frozen=True)
class Cast:
    """Everybody, and the units."""

    lin: Person
    bo: Person
    chen: Person
    qin: Person
    wu: Person
    ada: Person
    jun: Person
    su: Person
    group: Unit
    unit_a: Unit
    unit_b: Unit

    @property
    def everyone(self) -> dict[str, Person]:
        """By name in lower case."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Person)}


@dataclass(frozen=True)
class TinyBank:
    """A published version of twelve formal questions (see `tiny_content`) and two for practice."""

    app: Flask
    bank_id: int
    version_id: int
    content: BankContent

    @property
    def version(self) -> BankVersion:
        """The row."""
        return row(self.app, BankVersion, self.version_id)


@dataclass(frozen=True)
class OpenCompetition:
    """A competition as an organizer has it, by its id; `competition` is the row as it is now."""

    app: Flask
    id: int

    @property
    def competition(self) -> Competition:
        """The row as it is now."""
        return row(self.app, Competition, self.id)


def add_person(
    app: Flask, login: str, name: str, *, unit: Unit | None = None, state: str = "confirmed", **grant: Any
) -> Person:
    """Add an account, its membership of `unit`, and with `role=…` its grant. Commits."""
    with app.app_context():
        account = Account(
            login=login, name=name, password_hash=password_hash(), session_round=0, created_at=BORN, consented_at=BORN
        )
        db.session.add(account)
        db.session.flush()
        if unit:
            db.session.add(
                Membership(
                    account_id=account.id, organization_id=unit.id, state=state, joined_at=BORN, staff_number=login
                )
            )
        if grant:
            db.session.add(RoleGrant(account_id=account.id, granted_at=BORN, **grant))
        db.session.commit()
        return Person(app, account.id, name, login)


def add_unit(app: Flask, code: str, name: str, *, parent: Unit | None = None, **columns: Any) -> Unit:
    """Add an organization with its path. Commits."""
    with app.app_context():
        organization = Organization(
            code=code,
            join_code=f"JOIN{code}",
            name=name,
            parent_id=parent.id if parent else None,
            created_at=BORN,
            **columns,
        )
        db.session.add(organization)
        db.session.flush()
        above = db.session.get_one(Organization, parent.id).path if parent else "/"
        organization.path = f"{above}{organization.id}/"
        db.session.commit()
        return Unit(app, organization.id, name)


def add_cast(app: Flask) -> Cast:
    """Add everybody. Commits."""
    group = add_unit(app, "G", "远大集团", region="110000", industry="C", headcount=30)
    unit_a = add_unit(app, "A", "甲厂", parent=group, region="110000", industry="C", headcount=10)
    unit_b = add_unit(app, "B", "乙厂", parent=group, region="310000", industry="D", headcount=20)
    return Cast(
        lin=add_person(app, "lin", "林晓", unit=unit_a),
        bo=add_person(app, "bo", "薄明", unit=unit_a),
        chen=add_person(app, "chen", "陈光", unit=unit_b),
        qin=add_person(app, "qin", "秦悦", role="organizer"),
        wu=add_person(app, "wu", "吴越", unit=unit_a, role="coordinator", organization_id=unit_a.id),
        ada=add_person(app, "ada", "艾达", role="administrator"),
        jun=add_person(app, "jun", "君山", role="auditor"),
        su=add_person(app, "su", "苏协", role="association", region="110000"),
        group=group,
        unit_a=unit_a,
        unit_b=unit_b,
    )


def tiny_content() -> BankContent:
    """Six single choice, three multiple choice and three true-or-false questions, then one single choice and one true-or-
    false for practice. The key of single choice is A, of multiple choice A and C, of true-or-false true."""
    kinds = [("single", "formal")] * 6 + [("multiple", "formal")] * 3 + [("judge", "formal")] * 3
    kinds += [("single", "practice"), ("judge", "practice")]
    questions = tuple(
        Question(
            code=f"T{number:02}",
            type=kind,
            topic="T01" if number % 2 else "T02",
            difficulty=("easy", "medium", "hard")[number % 3],
            pool=pool,
            stem=f"第 {number} 题的题干",
            options=("正确", "错误") if kind == "judge" else tuple(f"题{number}选项{letter}" for letter in "甲乙丙丁"),
            right={"single": 1, "multiple": 5, "judge": 1}[kind],
            explanation=f"第 {number} 题的解析",
            reference=f"第 {number} 题的出处",
            english=English(
                f"Stem of question {number}",
                () if kind == "judge" else tuple(f"Option {letter} of {number}" for letter in "ABCD"),
                f"Explanation of question {number}",
            ),
        )
        for number, (kind, pool) in enumerate(kinds, start=1)
    )
    return BankContent("tiny", "小题库", {"T01": "质量管理基础", "T02": "质量工具"}, questions)


def add_tiny_bank(app: Flask, content: BankContent | None = None) -> TinyBank:
    """Add the tiny bank (or one of other content), published. Commits."""
    content = content or tiny_content()
    with app.app_context():
        bank = Bank(code=content.code, title=content.title, created_at=BORN)
        version = BankVersion(
            bank=bank, title=content.title, topics=content.topics, source_name="tiny.yaml", created_at=BORN
        )
        db.session.add(version)
        db.session.flush()
        for ordinal, question in enumerate(content.questions):
            db.session.add(
                VersionQuestion(
                    version_id=version.id,
                    ordinal=ordinal,
                    question=QuestionRow(
                        bank_id=bank.id,
                        digest=question_digest(question),
                        code=question.code,
                        content=question_to_json(question),
                    ),
                )
            )
        db.session.flush()  # the places go in while it is a draft: a published version takes none
        version.number, version.digest, version.published_at = 1, content_digest(content), BORN
        db.session.commit()
        return TinyBank(app, bank.id, version.id, content)


TINY_BLUEPRINT = Blueprint((Section("single", 3, 2000), Section("multiple", 1, 2000), Section("judge", 1, 2000)))


def add_competition(
    app: Flask, version_id: int, *, primed: bool = True, now: datetime, **columns: Any
) -> OpenCompetition:
    """Add a published competition that opened an hour ago and closes in a day: five questions of 20 points. Commits."""
    from quizapp.competitions.priming import prime_if_reachable

    values: dict[str, Any] = {
        "title": "测试竞赛",
        "host": "测试主办方",
        "contact": "010-12345678",
        "opens_at": now - timedelta(hours=1),
        "closes_at": now + timedelta(days=1),
        "published_at": now - timedelta(hours=2),
        "bank_version_id": version_id,
        "blueprint": TINY_BLUEPRINT.to_json(),
        "attempts_total": 1,
        "created_at": now - timedelta(hours=3),
    }
    with app.app_context():
        competition = Competition(**{**values, **columns})
        db.session.add(competition)
        db.session.commit()
        if primed:
            prime_if_reachable(competition)
        return OpenCompetition(app, competition.id)
