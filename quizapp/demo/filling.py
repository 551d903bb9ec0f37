"""Filling the demo, step by step. Each step looks at what is there already, so that a filling cut short goes on."""

import secrets
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

import yaml
from sqlalchemy import func, select

from quizapp.accounts.actions import create_account, grant_role
from quizapp.accounts.models import Account
from quizapp.accounts.passwords import hash_password
from quizapp.accounts.queries import account_by_login
from quizapp.attempts.actions import open_attempt, start_attempt
from quizapp.attempts.queries import paper_of
from quizapp.awards.actions import lock_headcounts_at, write_award
from quizapp.awards.composite import Composite, Tier
from quizapp.banks.checking.lookup import check_for_bank
from quizapp.banks.content import BankContent
from quizapp.banks.models import BankVersion
from quizapp.banks.queries import published_versions, version_content
from quizapp.banks.reading import read_path
from quizapp.banks.versions.actions import publish_version, save_draft
from quizapp.clock import utc_now
from quizapp.competitions.actions import announce, create_draft, publish_competition
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime
from quizapp.competitions.terms import Terms
from quizapp.demo.people import made_up_choices, made_up_name
from quizapp.extensions import db, grader
from quizapp.grader.engine import AnswerCall
from quizapp.grader.keys import shard_of
from quizapp.organizations.actions import create_organization
from quizapp.organizations.models import Membership, Organization
from quizapp.papers.blueprint import DEFAULT_BLUEPRINT

Say = Callable[[str, str], None]
BANK_FOLDER = Path(__file__).resolve().parent.parent.parent / "question_banks" / "tqm"
PARTICIPANTS = 320
ANSWERING_S = 20.0
"""How long the made-up people take together, so that the times used differ."""

# login, name, role, and the code of the unit (a coordinator's, a participant's) or region (an association's)
CAST = (
    ("admin", "安若山", "administrator", ""),
    ("organizer", "秦主办", "organizer", ""),
    ("association", "何协会", "association", "310000"),
    ("coordinator", "吴联络", "coordinator", "DL"),
    ("auditor", "君监督", "auditor", ""),
    ("employee", "林晓雨", "", "DL0102"),
    ("employee2", "陈思远", "", "HY0101"),
)
AWARD = Composite(
    weights={"participants": 30, "coverage": 30, "mean": 20, "pass_rate": 10, "full_marks": 10},
    minimum=10,
    reference=100,
    shrinkage=20,
    tiers=(Tier("一等奖", 1, 1), Tier("二等奖", 1, 1)),
)


def fill(password: str, say: Say, *, count: int = PARTICIPANTS, answering_s: float = ANSWERING_S) -> None:
    """Everything that is still missing of the demo, with `count` simulated people. Commits after each step."""
    chance = Random(2026)
    say("创建 40 个单位…", "Making 40 units …")
    _make_units(utc_now())
    say("创建各角色账号…", "Making an account for each role …")
    make_cast(password, utc_now())
    say("导入并发布 TQM 题库…", "Importing and publishing the TQM bank …")
    version = publish_bank(utc_now())
    say("创建并开放竞赛…", "Making and opening a competition …")
    competition = _open_competition(version, utc_now())
    say(f"创建 {count} 名模拟参赛者…", f"Making {count} simulated participants …")
    people = _make_participants(count, chance, utc_now())
    say("模拟参赛者开始答题…", "They are answering through the real engine …")
    _answer(competition, people, chance, say, answering_s)


def cast_lines(password: str) -> list[tuple[str, str, str]]:
    """Login, password and role of the demo's accounts."""
    return [(login, password, role or "participant") for login, _, role, _ in CAST]


def _one(login: str) -> Account:
    account = account_by_login(login)
    assert account is not None
    return account


def _make_units(now: datetime) -> None:
    text = files("quizapp.demo").joinpath("units.yaml").read_text("utf-8")
    for unit, parent_code in _walk(yaml.safe_load(text), None):
        if _unit(unit["code"]) is None:
            create_organization(
                unit["name"],
                unit["code"],
                parent=_unit(parent_code) if parent_code else None,
                details={**unit, "is_central": unit.get("central")},
                actor=None,
                now=now,
                log=False,
            )
    db.session.commit()


def _walk(units: list[dict[str, Any]], parent: str | None) -> Iterator[tuple[dict[str, Any], str | None]]:
    for unit in units:
        yield unit, parent
        yield from _walk(unit.get("units", []), unit["code"])


def _unit(code: str) -> Organization | None:
    return db.session.scalar(select(Organization).where(Organization.code == code))


def make_cast(password: str, now: datetime, *, of_units: bool = True) -> None:
    """An account for each role, without those of the demo's units if not asked for. Commits."""
    for login, name, role, where in CAST:
        if account_by_login(login) is not None or (where and not of_units):
            continue
        account = create_account(login, name, now=now, password_hash=hash_password(password), consented_at=now)
        unit = _unit(where)
        if role == "association":
            grant_role(account, role, actor=None, now=now, region=where)
        elif role:
            grant_role(account, role, actor=None, now=now, organization_id=unit.id if unit else None)
        elif unit:
            db.session.add(_membership(account, unit, login, now))
    db.session.commit()


def _membership(account: Account, unit: Organization, staff_number: str, now: datetime) -> Membership:
    return Membership(
        account_id=account.id,
        organization_id=unit.id,
        staff_number=staff_number,
        state="confirmed",
        joined_at=now,
        decided_at=now,
    )


def publish_bank(now: datetime) -> BankVersion:
    """The published version of the TQM bank. Commits."""
    for version in published_versions():
        if version.bank.code == "tqm":
            return version
    organizer = _one("organizer")
    report = check_for_bank(read_path(BANK_FOLDER), now=now)
    draft = save_draft(report.content, source_name="question_banks/tqm", actor=organizer, now=now)
    version = publish_version(draft.bank, actor=organizer, now=now)
    db.session.commit()
    return version


def _open_competition(version: BankVersion, now: datetime) -> Competition:
    organizer = _one("organizer")
    competition = db.session.scalar(select(Competition).where(Competition.created_by_id == organizer.id).limit(1))
    if competition is None:
        competition = create_draft(terms_of(version, now), [], actor=organizer, now=now)
        write_award(competition, None, "优秀组织奖", AWARD, actor=organizer, now=now)
        # Not at the opening, which is over when somebody looks: so headcounts can be declared in the demo.
        lock_headcounts_at(competition, now + timedelta(days=7), actor=organizer, now=now)
        publish_competition(competition, actor=organizer, now=now)
        announce(
            competition,
            title="欢迎参加演示竞赛",
            body="本竞赛的单位、人员和成绩均为模拟，题目来自本系统自带的全面质量管理题库。",
            actor=organizer,
            now=now,
        )
        db.session.commit()
    prime(competition)
    return competition


def terms_of(version: BankVersion, now: datetime) -> Terms:
    """Of a competition that has opened a minute ago."""
    return Terms(
        title=f"{now.year}年全国企业员工全面质量管理知识竞赛（演示）",
        host="演示质量协会",
        introduction="人人学质量，全员促改进。共 25 题，满分 100 分，限时 30 分钟。",
        contact="竞赛办公室 010-00000000",
        timezone="Asia/Shanghai",
        opens_at=now - timedelta(minutes=1),
        closes_at=now + timedelta(days=90),
        bank_version_id=version.id,
        blueprint=DEFAULT_BLUEPRINT,
        minutes=30,
        grace_ms=2000,
        attempts_total=3,
        attempts_per_day=None,
        keep="best",
        shuffle_questions=True,
        shuffle_options=True,
        multiple_scoring="exact",
        show_answers="closed",
        pass_score=6000,
        entry="members",
        boards="public",
        board_minimum_people=5,
        tie_keys="score,time,earlier",
        shards=1,
        bank_four_eyes=False,
    )


def _make_participants(count: int, chance: Random, now: datetime) -> list[Account]:
    """Simulated people have no password: nobody can sign in as one."""
    prefix = "demo-"
    units = list(db.session.scalars(select(Organization).order_by(Organization.id)))
    parents = {unit.parent_id for unit in units}
    leaves = [unit for unit in units if unit.id not in parents]
    there = db.session.scalar(select(func.count()).select_from(Account).where(Account.login.startswith(prefix))) or 0
    weights = [unit.headcount or 1 for unit in leaves]
    for number in range(count):
        name, unit = made_up_name(chance), chance.choices(leaves, weights)[0]
        if number < there:
            continue
        account = create_account(f"{prefix}{number:04d}", name, now=now, consented_at=now)
        db.session.add(_membership(account, unit, f"{number:04d}", now))
    db.session.commit()
    return list(db.session.scalars(select(Account).where(Account.login.startswith(prefix)).order_by(Account.id)))


def _answer(competition: Competition, people: list[Account], chance: Random, say: Say, answering_s: float) -> None:
    """Start everybody, then let them answer in mixed order, at the pace that spreads the times used."""
    content = version_content(competition.bank_version_id)
    calls: list[tuple[float, Callable[[], object]]] = []
    begun_s = time.monotonic()
    for account in people:
        skill = min(0.99, max(0.25, chance.gauss(0.8, 0.15)))
        if grader.read(competition.id, competition.shards, account.id).count:
            continue
        calls += _attempt_of(competition, account, content, chance, skill)
        db.session.rollback()  # reading took a lock on SQLite that the recorder waits for
    calls.sort(key=lambda call: call[0])
    for number, (share, call) in enumerate(calls):
        time.sleep(max(0.0, begun_s + share * answering_s - time.monotonic()))
        call()
        if number and number % 2000 == 0:
            say(f"已作答 {number} / {len(calls)}", f"{number} of {len(calls)} answers given")


def _attempt_of(
    competition: Competition, account: Account, content: BankContent, chance: Random, skill: float
) -> list[tuple[float, Callable[[], object]]]:
    """The steps of one person's attempt after its start, each with its time as a share of all. One in twenty never submits."""
    ordinal = start_attempt(competition, account, now=utc_now())
    epoch = open_attempt(competition, account).epoch
    state = grader.read(competition.id, competition.shards, account.id, ordinal).attempt
    assert state is not None
    shard = shard_of(account.id, competition.shards)
    first, pace = chance.uniform(0, 0.5), chance.uniform(0.0075, 0.019)
    steps: list[tuple[float, Callable[[], object]]] = []
    paper = paper_of(competition, state.seed)
    for position, chosen in made_up_choices(chance, skill=skill, paper=paper, content=content):
        call = AnswerCall(account.id, ordinal, epoch, [(position, chosen, position)])
        steps.append((first + position * pace, partial(grader.answer, competition.id, shard, [call])))
    if chance.random() > 0.05:
        last = first + (len(steps) + 1) * pace
        steps.append((last, partial(grader.submit, competition.id, shard, account.id, ordinal, epoch)))
    return steps


def demo_password(folder: Path) -> str:
    """The password of the demo's accounts: made once, kept readable for its owner alone."""
    path = folder / "demo_password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(f"tqm-{secrets.token_hex(4)}")
    return path.read_text()
