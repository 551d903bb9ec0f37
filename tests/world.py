"""A small but rich site: everything that has a page of its own is there once, from a draft bank to frozen standings."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from quizapp.accounts.models import Account, RoleGrant
from quizapp.attempts.actions import open_attempt, start_attempt
from quizapp.attempts.models import Attempt
from quizapp.attempts.recorder import Recorder
from quizapp.attempts.refresh import count_competition
from quizapp.awards.actions import request_headcount
from quizapp.banks.actions import store_pictures
from quizapp.banks.checking.surroundings import Choices
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.models import Bank, BankUpload, BankVersion
from quizapp.banks.pictures import read_picture, token
from quizapp.banks.queries import question_ids_of
from quizapp.banks.uploads.actions import add_upload
from quizapp.banks.versions.actions import publish_version, save_draft
from quizapp.banks.versions.retirement import retire_version
from quizapp.clock import to_ms, utc_now
from quizapp.competitions.actions import announce, grant_extra_time
from quizapp.competitions.models import Announcement, Competition, ExtraTime
from quizapp.competitions.priming import prime
from quizapp.draws import actions as draws
from quizapp.draws.beacon import Round, time_of
from quizapp.draws.drawing import Prize
from quizapp.extensions import db, grader
from quizapp.grader.engine import AnswerCall
from quizapp.grader.keys import shard_of
from quizapp.leaderboards.actions import freeze_standings
from quizapp.leaderboards.models import Freezing
from quizapp.notices.actions import apply_correction, begin_notice, file_objection, propose_correction
from quizapp.organizations.actions import declare_headcount
from quizapp.organizations.evidence import read_evidence
from quizapp.organizations.models import Membership, Organization
from quizapp.papers.blueprint import Blueprint, Section
from quizapp.receipts.jobs import close_days
from quizapp.receipts.ledger import drawn_up, enter, missing_receipts
from tests.cast import BORN, Cast, Person, TinyBank, add_competition, add_person, add_unit, tiny_content
from tests.integration.awards.rules import add_award, composite
from tests.integration.leaderboards.stage import Stage
from tests.uploads import send

# As drand's quicknet published it.
ROUND_1000 = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
SignIn = Callable[[FlaskClient, Any], FlaskClient]

# With topics and a difficulty in its rows, and a total that the tiny bank can satisfy.
DRAFT_BLUEPRINT = Blueprint(
    (
        Section("single", 3, 2000, ("T01", "T02"), None),
        Section("multiple", 1, 2000),
        Section("judge", 1, 2000, ("T01", "T02")),
    )
)
UPLOADED = """题型,题干,选项A,选项B,选项C,答案,章节
单选题,哪一项不是质量管理的原则？,以顾客为关注焦点,只看结果,,AB,T01
判断题,质量是检验出来的。,,,,V,T01
多选题,PDCA 包括哪些？,策划,实施,检查,ABC,T02
"""


@dataclass(frozen=True)
class World:
    """What addresses are made of: `ids` by the names that the tables of pages use."""

    app: Flask
    cast: Cast
    ids: dict[str, Any]


def add_world(app: Flask, cast: Cast, tiny_bank: TinyBank, sign_in: SignIn) -> World:
    """Add everything to a site that has the cast and the tiny bank. Commits."""
    ids: dict[str, Any] = {"bank": tiny_bank.bank_id, "version": tiny_bank.version_id}
    with app.app_context():
        ids["question"] = question_ids_of(tiny_bank.version)[0]
    ids |= {"unit_a": cast.unit_a.id, "unit_b": cast.unit_b.id, "group": cast.group.id}
    ids["empty_unit"] = add_unit(app, "E", "新设车间", parent=cast.group).id
    add_person(app, "bai", "白待确认", unit=cast.unit_a, state="pending")
    ids |= _add_competitions(app, tiny_bank)
    crowd = _add_results(app, cast, ids)
    _answer(app, ids["open"], cast.lin, ends=True)
    _answer(app, ids["open"], cast.bo, ends=False)
    _record(app)
    with app.app_context():
        enter(drawn_up(missing_receipts((0, 0, 0), 100)), now=utc_now() - timedelta(days=1))
        db.session.commit()
        assert close_days() == 1
        qin, now = cast.qin.account, utc_now()
        opened = db.session.get_one(Competition, ids["open"])
        announce(opened, title="开赛通知", body="竞赛已经开始，请各单位组织员工参加。", actor=qin, now=now)
        grant_extra_time(opened, cast.chen.account, minutes=10, reason="视力障碍", actor=qin, now=now)
        db.session.commit()
        prime(opened)
        ids["notice"] = db.session.scalars(select(Announcement.id)).one()
        ids["extra"] = db.session.scalars(select(ExtraTime.id)).one()
    ids |= _add_drafts(app, sign_in(app.test_client(), cast.qin))
    ids |= _add_awards(app, cast, ids)
    Stage(app, ids["frozen"]).freeze(sign_in(app.test_client(), cast.qin))
    answer = sign_in(app.test_client(), cast.qin).post(
        f"/admin/competitions/{ids['frozen']}/awards/{ids['frozen_award']}/result", data={"sure": "y"}
    )
    assert answer.status_code == 303, answer.text
    with app.app_context():
        count_competition(ids["frozen"])
        ids |= _add_notice(cast, ids["noticed"], crowd)
        now = utc_now()
        half_way: dict[str, Any] = {"runner": "elsewhere", "touched_at": now, "done": 12_000, "total": 20_000}
        db.session.add(Freezing(competition_id=ids["freezing"], asked_at=now, **half_way))
        failed: dict[str, Any] = {"touched_at": now, "failure": "freeze_failed"}
        db.session.add(Freezing(competition_id=ids["unfrozen"], asked_at=now, **failed))
        db.session.commit()
        ids["retired_version"] = _add_retired_version(cast)
        _add_draws(cast, ids)
    answer = sign_in(app.test_client(), cast.ada).post(f"/admin/accounts/{crowd[0].id}/disable")
    assert answer.status_code == 303, answer.text
    ids |= {name: person.id for name, person in cast.everyone.items()} | {"disabled": crowd[0].id}
    with app.app_context():
        for each in db.session.scalars(select(Membership)):
            if name := next((name for name, person in cast.everyone.items() if person.id == each.account_id), ""):
                ids[f"membership_of_{name}"] = each.id
        for grant in db.session.scalars(select(RoleGrant)):
            ids[f"{grant.role}_grant"] = grant.id
    return World(app, cast, ids)


def _add_awards(app: Flask, cast: Cast, ids: dict[str, Any]) -> dict[str, Any]:
    """An award that can still be changed, one of what runs, one of what is over; and a request for another headcount."""
    by_size = {"participants": 70, "coverage": 0, "mean": 20, "pass_rate": 6, "full_marks": 4}
    rules = {
        "upcoming": composite(by=("region", "industry"), bands=(100, 1000)),
        "open": composite(),
        "frozen": composite(competing="branches", weights=by_size, reference=12),
    }
    with app.app_context():
        found: dict[str, Any] = {
            f"{name}_award": add_award(db.session.get_one(Competition, ids[name]), "优秀组织奖", each)
            for name, each in rules.items()
        }
        unit = db.session.get_one(Organization, cast.unit_a.id)
        evidence = read_evidence(b"%PDF-1.4\n%%EOF\n")
        asked = request_headcount(
            db.session.get_one(Competition, ids["open"]),
            unit,
            12,
            reason="新并入一个班组，见人事月报",
            evidence=evidence,
            actor=cast.wu.account,
            now=utc_now(),
        )
        declare_headcount(unit, 11, note="人事月报", evidence=evidence, actor=cast.wu.account, now=utc_now())
        db.session.commit()
        return found | {"headcount_request": asked.id, "evidence": evidence.digest}


def _add_competitions(app: Flask, tiny_bank: TinyBank) -> dict[str, int]:
    now = utc_now()
    common: dict[str, Any] = {"introduction": "人人学质量，全员促改进。", "attempts_total": 3, "pass_score": 6000}
    long_ago = {"opens_at": now - timedelta(days=9), "closes_at": now - timedelta(days=1)}
    variants: dict[str, dict[str, Any]] = {
        "open": {"title": "2026年全国企业员工全面质量管理知识竞赛", "show_answers": "submitted"},
        "upcoming": {"opens_at": now + timedelta(days=1), "closes_at": now + timedelta(days=9), "title": "秋季竞赛"},
        "draft": {"published_at": None, "title": "明年竞赛", "blueprint": DRAFT_BLUEPRINT.to_json(), "contact": ""},
        "paused": {"paused_at": now - timedelta(minutes=5), "title": "暂停的竞赛"},
        "closed": {**long_ago, "title": "夏季竞赛"},
        "frozen": {**long_ago, "title": "春季竞赛"},
        "noticed": {**long_ago, "title": "冬季竞赛"},
        "freezing": {**long_ago, "title": "正在冻结的竞赛"},
        "unfrozen": {**long_ago, "title": "没有冻成的竞赛"},
    }
    return {
        name: add_competition(app, tiny_bank.version_id, now=now, **{**common, **columns}).id
        for name, columns in variants.items()
    }


def _add_results(app: Flask, cast: Cast, ids: dict[str, Any]) -> list[Person]:
    """Eight people of unit B, the last two tied, have results in all that has opened; and Lin in what is over."""
    opened = Stage(app, ids["open"])
    crowd = opened.add_people("b", "李某", 8, cast.unit_b)
    now_ms = to_ms(utc_now())
    for name in ("open", "closed", "frozen", "noticed"):
        stage = Stage(app, ids[name], now_ms=now_ms)
        ended_ms = now_ms - 600_000 if name == "open" else now_ms - 3 * 86_400_000
        stage.set_results(
            (person.id, cast.unit_b.id, 9000 - 1000 * min(number, 6), 300_000 + 7000 * min(number, 6), ended_ms)
            for number, person in enumerate(crowd)
        )
        if name != "open":
            stage.set_result(cast.lin.id, cast.unit_a.id, 10_000, 240_000, ended_ms)
        stage.refresh()
    with app.app_context():  # the stage gives no points by question, which a review shows
        for attempt in db.session.scalars(select(Attempt)):
            right, rest = divmod(attempt.score or 0, 2000)
            attempt.points = [*[2000] * right, rest, 0, 0, 0, 0][:5]
        db.session.commit()
    return crowd


def _answer(app: Flask, competition_id: int, person: Person, *, ends: bool) -> None:
    """An attempt through the engine: A everywhere."""
    with app.app_context():
        competition, account = db.session.get_one(Competition, competition_id), db.session.get_one(Account, person.id)
        ordinal = start_attempt(competition, account, now=utc_now())
        epoch = open_attempt(competition, account).epoch
        shard = shard_of(account.id, competition.shards)
        answers = [(position, 1, position) for position in (1, 2, 3)]
        grader.answer(competition.id, shard, [AnswerCall(account.id, ordinal, epoch, answers)])
        if ends:
            grader.submit(competition.id, shard, account.id, ordinal, epoch)


def _record(app: Flask) -> None:
    recorder = Recorder(app, "world")
    recorder.look_around()
    while recorder.take():
        pass
    recorder.close()


def _add_notice(cast: Cast, competition: int, crowd: list[Person]) -> dict[str, Any]:
    """Of the frozen standings a correction that is applied, the notice after it, an objection to that, and a correction that waits."""
    qin, now = cast.qin.account, utc_now()
    freeze_standings(db.session.get_one(Competition, competition), actor=qin, now=now)
    found: dict[str, Any] = {}
    for name, person in (("applied_correction", crowd[7]), ("correction", crowd[6])):
        change = {"kind": "void", "account": person.id, "ordinal": 1}
        made = propose_correction(competition, change, reason="代他人答题", actor=qin, now=now)
        found[name] = made.id
        if name == "applied_correction":
            apply_correction(competition, made.id, actor=cast.ada.account, now=now)
            # The last day counts only where this year's holidays are not known.
            begin_notice(competition, last_day=(now + timedelta(days=14)).date(), actor=qin, now=now)
    facts = {"name": "路过的人", "contact": "a@example.cn", "body": "乙厂的人数不对。"}
    objection = file_objection(competition, account=None, now=now, **facts)
    db.session.commit()
    return found | {"objection": objection.id, "objection_code": objection.code}


def _add_retired_version(cast: Cast) -> int:
    """A bank whose one version is out of use, with a draft competition that holds to it and asks for four eyes."""
    draft = save_draft(
        replace(tiny_content(), code="old", title="旧题库"), source_name="old.yaml", actor=None, now=BORN
    )
    version = publish_version(draft.bank, actor=cast.ada.account, now=BORN)
    retire_version(version, reason="第 3 题的答案有误", actor=cast.qin.account, now=BORN)
    db.session.commit()
    version_id = version.id
    db.session.rollback()
    draft_terms: dict[str, Any] = {"published_at": None, "bank_four_eyes": True, "title": "用旧题库的竞赛"}
    add_competition(cast.qin.app, version_id, now=utc_now(), primed=False, **draft_terms)
    return version_id


def _add_draws(cast: Cast, ids: dict[str, Any]) -> None:
    """Of the frozen competition a draw that is drawn, one that failed, and one that waits to be drawn; a planned one of the closed."""
    at, hour = time_of(1000), timedelta(hours=1)
    qin, ada, jun = (db.session.get_one(Account, person.id) for person in (cast.qin, cast.ada, cast.jun))
    prizes = [Prize("一等奖", 1, 10_000, 10_000), Prize("二等奖", 2, 8000, 9999), Prize("三等奖", 2, 3000, 7999)]
    plan: dict[str, Any] = {"prizes": prizes, "exclude_staff": True, "exclude_earlier": "none", "excluded": {}}
    draws.plan_draw(
        draws.add_draw(db.session.get_one(Competition, ids["closed"]), reason="", actor=qin, now=at),
        **plan,
        actor=qin,
        now=at,
    )
    frozen = db.session.get_one(Competition, ids["frozen"])
    for number, start in ((1, at - 3 * hour), (2, at + hour), (3, at + 50 * hour)):
        draw = draws.add_draw(frozen, reason="上一次没有开奖" if number > 1 else "", actor=qin, now=start)
        draws.plan_draw(draw, **plan, actor=qin, now=start)
        for other in (ada, jun) if number > 1 else ():
            draws.approve_draw(draw, actor=other, now=start)
        draws.freeze_roll(frozen, draw, actor=qin, now=start)
        if number == 2:
            ends: dict[str, Any] = {"happens_at": at + 2 * hour, "open_by": at + 3 * hour}
            draws.name_commitment(draw, secret="5e" * 32, source="双色球开奖号码", **ends, actor=qin, now=start)
        else:
            draws.name_beacon(draw, start + 3 * hour, actor=qin, now=start)
        if number == 1:
            draws.draw_by_beacon(draw, Round(1000, ROUND_1000), actor=qin, now=at)
    db.session.commit()


def _add_drafts(app: Flask, qin: FlaskClient) -> dict[str, Any]:
    """A draft of the tiny bank with changes, a bank that is a draft only and has a picture, and uploads in each state."""
    first, second, _, *rest = tiny_content().questions
    new = replace(first, code="NEW", stem="新的一题", options=("一", "二", "三", "四"))
    questions = (replace(first, right=2), replace(second, explanation="改写"), *rest, new)
    with app.app_context():
        draft = save_draft(replace(tiny_content(), questions=questions), source_name="a.yaml", actor=None, now=BORN)
        file = io.BytesIO()
        Image.new("RGB", (640, 480), "navy").save(file, "PNG")
        picture = read_picture(file.getvalue())
        store_pictures([picture], now=utc_now())
        shown = replace(first, stem=f"{first.stem} {token(picture, '一张图')}", english=None)
        other = replace(tiny_content(), code="other", title="另一题库", questions=(shown, second, *rest))
        save_draft(other, source_name="other.yaml", actor=None, now=BORN)
        db.session.commit()
        found = {"draft_version": draft.id}
        found["draft_question"] = question_ids_of(draft)[0]
        found["other_bank"] = db.session.scalars(select(Bank.id).where(Bank.code == "other")).one()
        assert db.session.get_one(BankVersion, draft.id).number is None
    files: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("题库.csv", UPLOADED, {"code": "new", "title": "新题库"}),
        ("tiny.yaml", write_yaml(tiny_content()), {}),
        ("other.yaml", write_yaml(other), {}),
    )
    for name, text, fields in files:
        answer = send(qin, name, text.encode(), **fields)
        assert answer.status_code == 303, answer.text
    assert qin.post(f"{answer.location}/save").status_code == 303
    with app.app_context():
        names = ("faulty_upload", "good_upload", "saved_upload")
        found.update(zip(names, db.session.scalars(select(BankUpload.id).order_by(BankUpload.id)), strict=True))
        for state, touched_at in (("interrupted", BORN), ("checking", utc_now() + timedelta(hours=1))):
            upload = add_upload("慢.yaml", b"a: b", choices=Choices(), actor=None, now=utc_now())
            upload.state, upload.touched_at = "checking", touched_at
            db.session.flush()
            found[f"{state}_upload"] = upload.id
        db.session.commit()
    return found | {"picture": picture.digest}
