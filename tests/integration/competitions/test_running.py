"""While it runs: later closes, more minutes, extra time, a pause. Running attempts follow, through the real grader."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import select

from quizapp.accounts.models import AuditEntry
from quizapp.attempts.actions import start_attempt
from quizapp.clock import to_ms, utc_now
from quizapp.competitions.models import Announcement, Competition, ExtraTime
from quizapp.competitions.phase import Phase, phase
from quizapp.competitions.priming import prime
from quizapp.competitions.queries import competition_or_404, extra_times_of
from quizapp.errors import Refused
from quizapp.extensions import db, grader
from quizapp.grader.engine import AttemptState
from tests.cast import Cast, OpenCompetition, Person, TinyBank, add_competition
from tests.conftest import SignIn

MINUTE = 60_000


@pytest.fixture
def qin(client: FlaskClient, sign_in: SignIn, cast: Cast) -> FlaskClient:
    return sign_in(client, cast.qin)


def start(competition: OpenCompetition, person: Person) -> AttemptState:
    with competition.app.app_context():
        start_attempt(competition_or_404(competition.id), person.account, now=utc_now())
    return attempt(competition, person)


def attempt(competition: OpenCompetition, person: Person) -> AttemptState:
    with competition.app.app_context():
        found = grader.read(competition.id, 1, person.id).attempt
    assert found is not None
    return found


def row(competition: OpenCompetition) -> Competition:
    return competition.competition


def local(competition: OpenCompetition, **shift: float) -> dict[str, str]:
    """The form of the times as it stands, the close later by `shift`."""
    held = row(competition)
    zone = ZoneInfo(held.timezone)
    return {
        "opens_at": f"{held.opens_at.astimezone(zone):%Y-%m-%dT%H:%M:%S}",
        "closes_at": f"{held.closes_at.astimezone(zone) + timedelta(**shift):%Y-%m-%dT%H:%M:%S}",
        "minutes": str(held.minutes),
    }


def audited(app: Flask, action: str) -> dict[str, object]:
    with app.app_context():
        return dict(db.session.scalars(select(AuditEntry).where(AuditEntry.action == action)).one().facts)


def test_more_minutes_reach_the_attempt_that_is_running(
    app: Flask, qin: FlaskClient, cast: Cast, competition: OpenCompetition
) -> None:
    before = start(competition, cast.lin).deadline_ms
    path = f"/admin/competitions/{competition.id}/times"
    assert qin.get(path).status_code == 200
    form = {**local(competition), "minutes": "45"}
    asked = qin.post(path, data=form)
    assert asked.status_code == 200
    assert "现在有 1 人正在答题。" in asked.text
    assert attempt(competition, cast.lin).deadline_ms == before
    assert qin.post(path, data={**form, "confirmed": "yes"}).status_code == 302
    assert attempt(competition, cast.lin).deadline_ms == before + 15 * MINUTE
    assert audited(app, "competition_times_changed")["minutes"] == [30, 45]


@pytest.mark.parametrize(("show_answers", "warned"), [("closed", True), ("never", False)])
def test_who_opens_a_closed_competition_again_is_told_that_its_answers_were_shown(
    app: Flask, qin: FlaskClient, tiny_bank: TinyBank, show_answers: str, warned: bool
) -> None:
    now = utc_now()
    closed = add_competition(
        app, tiny_bank.version_id, now=now, closes_at=now - timedelta(minutes=5), show_answers=show_answers
    )
    page = qin.post(f"/admin/competitions/{closed.id}/times", data=local(closed, hours=1)).text
    assert "延后后会重新开放" in page
    assert ("就能看到答案" in page) is warned


def test_a_sweep_that_read_earlier_takes_no_extra_time_back(
    app: Flask, qin: FlaskClient, cast: Cast, competition: OpenCompetition
) -> None:
    path = f"/admin/competitions/{competition.id}/extra-time/person/{cast.lin.id}"
    assert qin.post(path, data={"minutes": "5", "reason": "断电"}).status_code == 302
    before = start(competition, cast.lin).deadline_ms
    with app.app_context():
        db.session.connection(execution_options={"reads_only": True})
        as_of_ms = grader.now_ms()
        held = competition_or_404(competition.id)
        assert [extra.minutes for extra, _ in extra_times_of(held)] == [5]
        with ThreadPoolExecutor() as elsewhere:
            granted = elsewhere.submit(qin.post, path, data={"minutes": "20", "reason": "断电"})
        assert granted.result().status_code == 302
        prime(held, as_of_ms=as_of_ms)
    assert attempt(competition, cast.lin).deadline_ms == before + 15 * MINUTE


def test_a_later_close_reaches_the_attempt_that_it_would_have_cut(
    app: Flask, qin: FlaskClient, cast: Cast, tiny_bank: TinyBank
) -> None:
    now = utc_now()
    competition = add_competition(app, tiny_bank.version_id, now=now, closes_at=now + timedelta(minutes=10))
    assert start(competition, cast.lin).deadline_ms == to_ms(now + timedelta(minutes=10))
    path = f"/admin/competitions/{competition.id}/times"
    qin.post(path, data={**local(competition, hours=1), "confirmed": "yes"})
    held = attempt(competition, cast.lin)
    assert held.deadline_ms == held.started_ms + 30 * MINUTE


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"minutes": "29"}, "发布后答题时长只能增加，不能减少。"),
        ({"minutes": "x"}, "请填写整数。"),
        ({"minutes": ""}, "请填写此项。"),
        ({"closes_at": ""}, "请填写此项。"),
        ({"closes_at": "never"}, "请填写完整的日期和时间"),
        ({"closes_at": "2001-01-02T00:00"}, "截止时间必须晚于开始时间。"),
        ({"opens_at": "2026-01-01T00:00"}, "开始时间只能在开始之前修改"),
        ({"shift_ms": "1"}, "不认识的内容"),
    ],
)
def test_times_that_would_hurt_somebody_are_refused(
    qin: FlaskClient, competition: OpenCompetition, changes: dict[str, str], sentence: str
) -> None:
    before = row(competition)
    form = {**local(competition), "confirmed": "yes", **changes}
    reply = qin.post(f"/admin/competitions/{competition.id}/times", data=form)
    assert reply.status_code == 422
    assert sentence in reply.text
    after = row(competition)
    assert (after.opens_at, after.closes_at, after.minutes) == (before.opens_at, before.closes_at, before.minutes)


def test_the_close_never_comes_earlier(qin: FlaskClient, competition: OpenCompetition) -> None:
    form = {**local(competition, hours=-1), "confirmed": "yes"}
    reply = qin.post(f"/admin/competitions/{competition.id}/times", data=form)
    assert reply.status_code == 422
    assert "发布后截止时间只能延后，不能提前。" in reply.text


def test_times_left_as_they_are_change_nothing_not_even_a_fraction(
    app: Flask, qin: FlaskClient, competition: OpenCompetition
) -> None:
    before = row(competition)
    reply = qin.post(f"/admin/competitions/{competition.id}/times", data={**local(competition), "confirmed": "yes"})
    assert reply.status_code == 302
    assert row(competition).closes_at == before.closes_at


def test_a_pause_stops_time_for_everybody_and_gives_it_back(
    app: Flask, qin: FlaskClient, cast: Cast, competition: OpenCompetition
) -> None:
    before = start(competition, cast.lin)
    path = f"/admin/competitions/{competition.id}"
    assert "现在有 1 人正在答题。" in qin.get(f"{path}/pause").text
    assert qin.post(f"{path}/pause", data={"reason": ""}).status_code == 422
    assert qin.post(f"{path}/pause", data={"reason": "停电", "notice": "暂停一会儿"}).status_code == 302
    assert attempt(competition, cast.lin).paused_ms == to_ms(row(competition).paused_at or utc_now())
    with app.app_context(), pytest.raises(Refused, match="competition_paused"):
        start_attempt(competition_or_404(competition.id), cast.bo.account, now=utc_now())
    assert "暂停一会儿" in qin.get(f"/competitions/{competition.id}").text
    assert qin.post(f"{path}/pause", data={"reason": "再停"}).status_code == 409

    with app.app_context():  # the pause began a quarter of an hour ago
        held = db.session.get_one(Competition, competition.id)
        held.paused_at = (held.paused_at or utc_now()) - timedelta(minutes=15)
        db.session.commit()
    assert qin.get(f"{path}/resume").status_code == 200
    closes_at = row(competition).closes_at
    assert qin.post(f"{path}/resume", data={"extend": "y"}).status_code == 302
    facts = audited(app, "competition_resumed")
    lasted = facts["paused_ms"]
    assert isinstance(lasted, int)
    assert 15 * MINUTE <= lasted < 16 * MINUTE
    after = attempt(competition, cast.lin)
    assert after.paused_ms == 0
    assert after.deadline_ms == before.deadline_ms + lasted
    assert row(competition).closes_at == closes_at + timedelta(milliseconds=lasted)
    assert qin.post(f"{path}/resume").status_code == 409


def test_a_pause_over_the_close_ends_open_or_closed_as_she_says(
    app: Flask, qin: FlaskClient, cast: Cast, tiny_bank: TinyBank
) -> None:
    now = utc_now()
    times: dict[str, Any] = {"closes_at": now - timedelta(minutes=1), "paused_at": now - timedelta(minutes=5)}
    for extend, expected in ((True, Phase.OPEN), (False, Phase.CLOSED)):
        competition = add_competition(app, tiny_bank.version_id, now=now, **times)
        assert phase(row(competition), now) is Phase.OPEN
        assert "恢复后竞赛立即截止" in qin.get(f"/admin/competitions/{competition.id}/resume").text
        qin.post(f"/admin/competitions/{competition.id}/resume", data={"extend": "y" if extend else ""})
        assert phase(row(competition), utc_now()) is expected


def test_extra_time_reaches_the_running_attempt_of_the_person_and_nobody_elses(
    app: Flask, qin: FlaskClient, cast: Cast, competition: OpenCompetition
) -> None:
    lin, bo = start(competition, cast.lin), start(competition, cast.bo)
    path = f"/admin/competitions/{competition.id}/extra-time"
    found = qin.get(f"{path}?q=林").text
    assert "林晓" in found
    assert "薄明" not in found
    assert "林晓" in qin.get(f"{path}?q=LIN").text
    assert "没有找到符合的人员" in qin.get(f"{path}?q=%25").text
    grant = f"{path}/person/{cast.lin.id}"
    assert "甲厂" in qin.get(grant).text
    assert qin.post(grant, data={"minutes": "20", "reason": "视力障碍"}).status_code == 302
    assert attempt(competition, cast.lin).deadline_ms == lin.deadline_ms + 20 * MINUTE
    assert attempt(competition, cast.bo).deadline_ms == bo.deadline_ms
    assert audited(app, "extra_time_granted")["minutes"] == 20
    assert "视力障碍" in qin.get(path).text
    assert qin.post(grant, data={"minutes": "10", "reason": "少一点"}).status_code == 409
    assert qin.post(grant, data={"minutes": "25", "reason": "多一点"}).status_code == 302
    assert attempt(competition, cast.lin).deadline_ms == lin.deadline_ms + 25 * MINUTE


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"minutes": "0", "reason": "x"}, "请填写 1 到 600 之间的整数。"),
        ({"minutes": "", "reason": "x"}, "请填写此项。"),
        ({"minutes": "5", "reason": " "}, "请填写此项。"),
        ({"minutes": "5", "reason": "长" * 201}, "最多 200 个字。"),
    ],
)
def test_extra_time_that_makes_no_sense_is_refused(
    app: Flask, qin: FlaskClient, cast: Cast, competition: OpenCompetition, form: dict[str, str], sentence: str
) -> None:
    reply = qin.post(f"/admin/competitions/{competition.id}/extra-time/person/{cast.lin.id}", data=form)
    assert reply.status_code == 422
    assert sentence in reply.text
    with app.app_context():
        assert db.session.scalar(select(ExtraTime.id)) is None


def test_extra_time_in_use_is_not_taken_back_and_unused_is(
    app: Flask, qin: FlaskClient, cast: Cast, competition: OpenCompetition
) -> None:
    base = f"/admin/competitions/{competition.id}/extra-time"
    for person in (cast.lin, cast.bo):
        qin.post(f"{base}/person/{person.id}", data={"minutes": "20", "reason": "特殊情况"})
    start(competition, cast.lin)
    with app.app_context():
        ids = {extra.account_id: extra.id for extra in db.session.scalars(select(ExtraTime))}
    assert qin.get(f"{base}/{ids[cast.bo.id]}/revoke").status_code == 200
    assert qin.post(f"{base}/{ids[cast.lin.id]}/revoke").status_code == 409
    assert qin.post(f"{base}/{ids[cast.bo.id]}/revoke").status_code == 302
    bo = start(competition, cast.bo)
    assert bo.deadline_ms == bo.started_ms + 30 * MINUTE
    assert qin.post(f"{base}/{ids[cast.bo.id]}/revoke").status_code == 404


def test_extra_time_of_another_competition_is_missing(
    app: Flask, qin: FlaskClient, cast: Cast, competition: OpenCompetition, tiny_bank: TinyBank
) -> None:
    other = add_competition(app, tiny_bank.version_id, now=utc_now())
    qin.post(f"/admin/competitions/{other.id}/extra-time/person/{cast.lin.id}", data={"minutes": "9", "reason": "因"})
    with app.app_context():
        extra_id = db.session.scalar(select(ExtraTime.id))
    assert qin.get(f"/admin/competitions/{competition.id}/extra-time/{extra_id}/revoke").status_code == 404
    assert qin.get(f"/admin/competitions/{competition.id}/extra-time/person/999").status_code == 404


def test_only_people_of_invited_units_are_found(
    app: Flask, qin: FlaskClient, cast: Cast, competition: OpenCompetition
) -> None:
    with app.app_context():
        db.session.get_one(Competition, competition.id).organizations = [cast.unit_b.organization]
        db.session.commit()
    path = f"/admin/competitions/{competition.id}/extra-time"
    assert "没有找到符合的人员" in qin.get(f"{path}?q=林").text
    assert "陈光" in qin.get(f"{path}?q=陈").text


def test_words_and_boards_may_change_and_more_units_may_come(
    app: Flask, qin: FlaskClient, cast: Cast, competition: OpenCompetition
) -> None:
    with app.app_context():
        db.session.get_one(Competition, competition.id).organizations = [cast.unit_a.organization]
        db.session.commit()
    path = f"/admin/competitions/{competition.id}/edit"
    form = {
        "title": "新名称",
        "host": "新主办",
        "introduction": "",
        "contact": "",
        "boards": "off",
        "board_minimum_people": "3",
        "unit_codes": "A B",
    }
    assert qin.post(path, data=form).status_code == 302
    held = row(competition)
    assert (held.title, held.host, held.boards, held.board_minimum_people) == ("新名称", "新主办", "off", 3)
    facts = audited(app, "competition_reworded")
    assert facts["units_added"] == [cast.unit_b.id]
    assert qin.post(path, data={**form, "unit_codes": "B"}).status_code == 409
    assert qin.post(path, data={**form, "title": ""}).status_code == 422
    for field, value in (("minutes", "1"), ("bank_version_id", "1"), ("show_answers", "submitted")):
        reply = qin.post(path, data={**form, field: value})
        assert reply.status_code == 422
        assert "不认识的内容" in reply.text


def test_a_competition_for_all_units_is_not_narrowed(qin: FlaskClient, competition: OpenCompetition) -> None:
    form = {"title": "x", "host": "y", "boards": "public", "board_minimum_people": "5", "unit_codes": "A"}
    assert qin.post(f"/admin/competitions/{competition.id}/edit", data=form).status_code == 409


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("bank_version_id", 7),
        ("blueprint", []),
        ("show_answers", "submitted"),
        ("keep", "last"),
        ("pass_score", 1),
        ("attempts_total", 5),
        ("shards", 2),
        ("tie_keys", "score"),
    ],
)
def test_what_was_published_can_not_change_whatever_code_asks(
    app: Flask, competition: OpenCompetition, column: str, value: object
) -> None:
    with app.app_context():
        setattr(db.session.get_one(Competition, competition.id), column, value)
        with pytest.raises(ValueError, match=column):
            db.session.commit()


def test_announcements_come_and_go(app: Flask, qin: FlaskClient, competition: OpenCompetition) -> None:
    path = f"/admin/competitions/{competition.id}/announcements"
    assert "还没有公告。" in qin.get(path).text
    assert qin.post(path, data={"title": "", "body": ""}).status_code == 422
    assert qin.post(path, data={"title": "通知", "body": "第一行\n<b>第二行</b>"}).status_code == 302
    public = qin.get(f"/competitions/{competition.id}").text
    assert "&lt;b&gt;第二行&lt;/b&gt;" in public
    with app.app_context():
        notice_id = db.session.scalar(select(Announcement.id))
    assert qin.get(f"{path}/{notice_id}/remove").status_code == 200
    assert qin.post(f"{path}/{notice_id}/remove").status_code == 302
    assert "第二行" not in qin.get(f"/competitions/{competition.id}").text
    assert audited(app, "announcement_removed")["body"] == "第一行\n<b>第二行</b>"
    assert qin.get(f"{path}/{notice_id}/remove").status_code == 404


def test_a_change_that_did_not_reach_the_store_is_healed_by_priming_again(
    app: Flask, cast: Cast, competition: OpenCompetition, store: Redis
) -> None:
    before = start(competition, cast.lin)
    with app.app_context():  # a process that died after its commit
        held = db.session.get_one(Competition, competition.id)
        held.minutes = 50
        db.session.add(
            ExtraTime(competition_id=held.id, account_id=cast.lin.id, minutes=5, reason="因", granted_at=utc_now())
        )
        db.session.commit()
        prime(held, as_of_ms=grader.now_ms())
        prime(held, as_of_ms=grader.now_ms())
    assert attempt(competition, cast.lin).deadline_ms == before.deadline_ms + 25 * MINUTE
