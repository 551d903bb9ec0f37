"""The organizer drafts, previews, publishes, copies and throws away."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import select

from quizapp.accounts.models import AuditEntry
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.extensions import db
from tests.cast import Cast, OpenCompetition, TinyBank, add_competition
from tests.conftest import SignIn
from tests.integration.competitions.form_data import draft_form


@pytest.fixture
def qin(client: FlaskClient, sign_in: SignIn, cast: Cast) -> FlaskClient:
    return sign_in(client, cast.qin)


def only_competition(app: Flask) -> Competition:
    with app.app_context():
        found = db.session.scalars(select(Competition)).one()
        db.session.expunge_all()
        return found


def actions_recorded(app: Flask) -> list[str]:
    with app.app_context():
        rows = select(AuditEntry.action).where(AuditEntry.subject_type == "competition").order_by(AuditEntry.id)
        return list(db.session.scalars(rows))


def errors_of(html: str) -> list[str]:
    return [
        re.sub(r"<[^>]+>", "", text).strip()
        for text in re.findall(r'<div class="field-error".*?</div>\s*</div>', html, re.S)
    ]


def test_the_list_is_empty_at_first_and_offers_the_next_step(qin: FlaskClient) -> None:
    page = qin.get("/admin/competitions/")
    assert page.status_code == 200
    assert "还没有竞赛" in page.text


def test_without_a_published_bank_she_is_led_to_the_banks(qin: FlaskClient) -> None:
    assert "还没有发布的题库" in qin.get("/admin/competitions/new").text


def test_a_draft_is_saved_as_it_was_entered(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    assert qin.get("/admin/competitions/new").status_code == 200
    reply = qin.post("/admin/competitions/new", data=draft_form(tiny_bank.version_id, unit_codes="a, G"))
    assert reply.status_code == 302
    saved = only_competition(app)
    assert saved.title == "2026 年全面质量管理知识竞赛"
    assert saved.opens_at == datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    assert saved.closes_at == datetime(2027, 1, 31, 10, 0, 30, tzinfo=UTC)
    assert saved.blueprint == [
        {"type": "single", "count": 3, "points": 2000, "topics": [], "difficulty": None},
        {"type": "multiple", "count": 2, "points": 1250, "topics": ["T01", "T02"], "difficulty": None},
    ]
    assert (saved.pass_score, saved.attempts_total, saved.attempts_per_day) == (6000, 1, None)
    assert saved.published_at is None
    assert actions_recorded(app) == ["competition_created"]
    assert "甲厂" in qin.get(f"/admin/competitions/{saved.id}").text


def test_a_draft_comes_back_into_the_form_unchanged(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    qin.post("/admin/competitions/new", data=draft_form(tiny_bank.version_id, unit_codes="A"))
    saved = only_competition(app)
    page = qin.get(f"/admin/competitions/{saved.id}/edit").text
    for shown in (
        'value="2026-12-01T09:00:00"',
        'value="2027-01-31T18:00:30"',
        'value="12.5"',
        'value="60"',
        "\nA</textarea>",
    ):
        assert shown in page
    assert len(re.findall(r'name="sections-\d+-topics"[^>]*checked|checked[^>]*name="sections-\d+-topics"', page)) == 2


@pytest.mark.once
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title": "  "}, "请填写此项。"),
        ({"title": "长" * 121}, "最多 120 个字。"),
        ({"title": "坏\x00名"}, "控制字符"),
        ({"host": ""}, "请填写此项。"),
        ({"introduction": "长" * 5001}, "最多 5000 个字。"),
        ({"contact": "长" * 201}, "最多 200 个字。"),
        ({"timezone": "Mars/Base"}, "没有这个时区"),
        ({"timezone": ""}, "请填写此项。"),
        ({"opens_at": ""}, "请填写此项。"),
        ({"opens_at": "明天"}, "请填写完整的日期和时间"),
        ({"opens_at": "1999-12-31T09:00"}, "年份应在 2000 到 2100 之间。"),
        ({"closes_at": "2026-12-01T09:00:00"}, "截止时间必须晚于开始时间。"),
        ({"timezone": "Europe/Berlin", "opens_at": "2026-03-29T02:30"}, "在该时区不存在"),
        ({"bank_version_id": "999"}, ""),
        ({"bank_version_id": "x"}, ""),
        ({"sections-0-type": "essay"}, ""),
        ({"sections-3-topics": ["T99"]}, ""),
        ({"sections-0-difficulty": "absurd"}, ""),
        ({"sections-0-count": "0"}, "请填写 1 到 200 之间的整数。"),
        ({"sections-0-count": "3.5"}, "请填写整数。"),
        ({"sections-0-count": "9" * 5000}, "请填写整数。"),
        ({"sections-0-count": "7"}, "需要 7 题，题库只能提供 6 题"),
        ({"sections-0-count": "7"}, "没有保存：题库不能满足组卷规则"),
        ({"sections-0-points": "0"}, "分数最多两位小数"),
        ({"sections-0-points": "1.234"}, "分数最多两位小数"),
        ({"sections-0-points": "NaN"}, "请填写分数"),
        ({"sections-0-points": "1e400"}, "分数最多两位小数"),
        ({"sections-0-points": ""}, "请填写此项。"),
        ({"minutes": "0"}, "请填写 1 到 600 之间的整数。"),
        ({"minutes": "半小时"}, "请填写整数。"),
        ({"minutes": None}, "请填写此项。"),
        ({"grace_seconds": "61"}, "请填写 0 到 60 之间的整数。"),
        ({"attempts_total": "-1"}, "请填写 1 到 1000 之间的整数。"),
        ({"attempts_total": "2", "attempts_per_day": "3"}, "每天的次数不能多于总次数 2。"),
        ({"keep": "worst"}, ""),
        ({"multiple_scoring": "generous"}, ""),
        ({"show_answers": "always"}, ""),
        ({"pass_score": "85.01"}, "及格分不能高于总分 85。"),
        ({"pass_score": "-1"}, "分数最多两位小数"),
        ({"entry": "friends"}, ""),
        ({"unit_codes": "A X1 X2"}, "没有代码为 X1、X2 的单位。"),
        ({"boards": "secret"}, ""),
        ({"board_minimum_people": "0"}, "请填写 1 到 1000 之间的整数。"),
        ({"tie_keys": "luck"}, ""),
        ({"shards": "65"}, "请填写 1 到 64 之间的整数。"),
        ({"is_admin": "1"}, "不认识的内容"),
        ({"sections-0-weight": "1"}, "不认识的内容"),
        ({"sections-x-type": "single"}, "不认识的内容"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    app: Flask, qin: FlaskClient, tiny_bank: TinyBank, changes: dict[str, Any], sentence: str
) -> None:
    reply = qin.post("/admin/competitions/new", data=draft_form(tiny_bank.version_id, **changes))
    assert reply.status_code == 422
    assert sentence in reply.text
    assert "field-error" in reply.text or "flash-danger" in reply.text
    with app.app_context():
        assert db.session.scalar(select(Competition.id)) is None


@pytest.mark.once
def test_a_blueprint_without_rows_is_refused(qin: FlaskClient, tiny_bank: TinyBank) -> None:
    form = {name: value for name, value in draft_form(tiny_bank.version_id).items() if not name.startswith("sections")}
    reply = qin.post("/admin/competitions/new", data=form)
    assert reply.status_code == 422
    assert "请至少添加一行组卷规则。" in reply.text


@pytest.mark.once
def test_a_blueprint_with_too_many_rows_or_questions_is_refused(qin: FlaskClient, tiny_bank: TinyBank) -> None:
    rows = {
        f"sections-{row}-{name}": value
        for row in range(31)
        for name, value in (("type", "single"), ("difficulty", ""), ("count", "1"), ("points", "1"))
    }
    reply = qin.post("/admin/competitions/new", data=draft_form(tiny_bank.version_id, **rows))
    assert "组卷规则最多 30 行。" in reply.text
    rows = {
        name: "200" if name.endswith("count") else value for name, value in rows.items() if int(name.split("-")[1]) < 2
    }
    reply = qin.post("/admin/competitions/new", data=draft_form(tiny_bank.version_id, **rows))
    assert "一份试卷最多 200 题。" in reply.text


def test_the_supply_is_told_row_by_row(qin: FlaskClient, tiny_bank: TinyBank) -> None:
    row = {"topics": [], "difficulty": "", "points": 400}
    reply = qin.post(
        "/admin/competitions/supply",
        json={
            "bank_version": tiny_bank.version_id,
            "sections": [
                {**row, "type": "single", "count": 5},
                {**row, "type": "single", "topics": ["T01"], "count": 3},
                {**row, "type": "judge", "count": None, "points": None},
            ],
        },
    )
    assert reply.status_code == 200
    body = reply.get_json()
    assert body["rows"][0]["available"] == 6
    assert body["rows"][1]["available"] == 3
    assert body["rows"][2] == {"needed": 0, "available": 3, "granted": 0}
    assert body["rows"][0]["granted"] + body["rows"][1]["granted"] == 6
    assert (body["question_count"], body["full_score"]) == (8, 3200)
    assert body["topics"] == {"T01": "质量管理基础", "T02": "质量工具"}


@pytest.mark.once
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"bank_version": "1", "sections": []}',
        b'{"bank_version": 1, "sections": [], "more": 1}',
        b'{"bank_version": 1, "sections": [{"type": "single"}]}',
        b'{"bank_version": 1, "sections": [{"type":"single","topics":[],"difficulty":"","count":NaN,"points":1}]}',
        b'{"bank_version": 1, "sections": [{"type":"single","topics":[],"difficulty":"","count":1e400,"points":1}]}',
        b'{"bank_version": 1, "sections": ' + b"[" * 5000,
    ],
)
def test_a_supply_question_that_makes_no_sense_is_refused(qin: FlaskClient, tiny_bank: TinyBank, body: bytes) -> None:
    reply = qin.post(
        "/admin/competitions/supply", data=body, content_type="application/json", headers={"Accept": "application/json"}
    )
    assert reply.status_code == 422
    assert reply.get_json()["error"]["code"] == "supply_invalid"


def test_the_supply_of_no_version_is_missing(qin: FlaskClient, tiny_bank: TinyBank) -> None:
    reply = qin.post("/admin/competitions/supply", json={"bank_version": 999, "sections": []})
    assert reply.status_code == 404


def test_units_are_found_by_name_and_by_code(qin: FlaskClient) -> None:
    found = qin.get("/admin/competitions/units?q=厂").get_json()["units"]
    assert [unit["code"] for unit in found] == ["B", "A"]
    assert qin.get("/admin/competitions/units?q=g").get_json()["units"] == [{"code": "G", "name": "远大集团"}]
    assert qin.get("/admin/competitions/units?q=%25").get_json()["units"] == []
    assert qin.get("/admin/competitions/units").get_json()["units"] == []


def make_draft(app: Flask, qin: FlaskClient, tiny_bank: TinyBank, **changes: Any) -> Competition:
    later = utc_now() + timedelta(days=1)
    window = {"opens_at": f"{later:%Y-%m-%dT%H:%M:%S}", "closes_at": f"{later + timedelta(days=9):%Y-%m-%dT%H:%M:%S}"}
    reply = qin.post("/admin/competitions/new", data=draft_form(tiny_bank.version_id, **{**window, **changes}))
    assert reply.status_code == 302
    return only_competition(app)


def test_a_drawn_example_is_the_same_for_the_same_seed(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    draft = make_draft(app, qin, tiny_bank)
    path = f"/admin/competitions/{draft.id}/preview"

    def stems(seed: str) -> list[str]:
        return re.findall(r"第 \d+ 题的题干", qin.get(f"{path}?seed={seed}").text)

    assert len(stems("one")) == 5
    assert stems("one") == stems("one")
    assert {tuple(stems(str(number))) for number in range(8)} != {tuple(stems("0"))}
    assert qin.get(path).status_code == 200


def test_publishing_shows_what_is_pinned_and_primes_the_grader(
    app: Flask, qin: FlaskClient, tiny_bank: TinyBank, store: Redis
) -> None:
    draft = make_draft(app, qin, tiny_bank)
    page = qin.get(f"/admin/competitions/{draft.id}/publish").text
    assert "发布后固定，不能再改" in page
    assert tiny_bank.version.digest is not None
    assert tiny_bank.version.digest in page
    assert "题库的正式题不到一份试卷的两倍" not in page
    assert qin.get(f"/competitions/{draft.id}").status_code == 404
    assert qin.post(f"/admin/competitions/{draft.id}/publish").status_code == 302
    assert only_competition(app).published_at is not None
    assert qin.get(f"/competitions/{draft.id}").status_code == 200
    assert store.exists(f"{{q{draft.id}.0}}:rules", f"{{q{draft.id}.0}}:key") == 2
    assert actions_recorded(app)[-1] == "competition_published"
    assert qin.post(f"/admin/competitions/{draft.id}/publish").status_code == 409


def test_a_window_in_the_past_can_not_be_published(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    draft = make_draft(app, qin, tiny_bank, opens_at="2020-01-01T00:00", closes_at="2020-01-02T00:00")
    assert "截止时间已经过去" in qin.get(f"/admin/competitions/{draft.id}/publish").text
    assert qin.post(f"/admin/competitions/{draft.id}/publish").status_code == 422
    assert only_competition(app).published_at is None


def test_a_draft_that_its_bank_can_not_fill_is_not_published(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    draft = make_draft(app, qin, tiny_bank)
    with app.app_context():
        row = db.session.get_one(Competition, draft.id)
        row.blueprint = [{**row.blueprint[0], "count": 7}]
        db.session.commit()
    sentence = "组卷规则第 1 行需要 7 题，题库只能提供 6 题"
    assert sentence in qin.get(f"/admin/competitions/{draft.id}/publish").text
    reply = qin.post(f"/admin/competitions/{draft.id}/publish")
    assert reply.status_code == 422
    assert sentence in reply.text
    assert only_competition(app).published_at is None


def test_what_has_not_opened_may_be_withdrawn_and_revised(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    draft = make_draft(app, qin, tiny_bank)
    qin.post(f"/admin/competitions/{draft.id}/publish")
    assert qin.get(f"/admin/competitions/{draft.id}/withdraw").status_code == 200
    assert qin.post(f"/admin/competitions/{draft.id}/withdraw").status_code == 302
    assert qin.get(f"/competitions/{draft.id}").status_code == 404
    form = draft_form(tiny_bank.version_id, title="改过的名称")
    assert qin.post(f"/admin/competitions/{draft.id}/edit", data=form).status_code == 302
    assert only_competition(app).title == "改过的名称"


def test_what_has_opened_can_not_be_withdrawn_or_deleted(
    app: Flask, qin: FlaskClient, competition: OpenCompetition
) -> None:
    for deed in ("withdraw", "delete"):
        assert qin.post(f"/admin/competitions/{competition.id}/{deed}").status_code == 409
    assert only_competition(app).published_at is not None


def test_a_draft_may_be_deleted(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    draft = make_draft(app, qin, tiny_bank, unit_codes="A")
    assert qin.get(f"/admin/competitions/{draft.id}/delete").status_code == 200
    assert qin.post(f"/admin/competitions/{draft.id}/delete").status_code == 302
    assert qin.get(f"/admin/competitions/{draft.id}").status_code == 404
    assert actions_recorded(app)[-1] == "competition_deleted"


def test_last_years_competition_is_copied_a_year_later(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    qin.post("/admin/competitions/new", data=draft_form(tiny_bank.version_id, unit_codes="A"))
    source = only_competition(app)
    qin.post(f"/admin/competitions/{source.id}/publish")
    reply = qin.post(f"/admin/competitions/{source.id}/copy")
    assert reply.status_code == 302
    copy_id = int(reply.location.split("/")[-2])
    with app.app_context():
        copy = db.session.get_one(Competition, copy_id)
        assert copy.title == "2027 年全面质量管理知识竞赛"
        assert copy.opens_at == datetime(2027, 12, 1, 1, 0, tzinfo=UTC)
        assert copy.closes_at == datetime(2028, 1, 31, 10, 0, 30, tzinfo=UTC)
        assert copy.published_at is None
        assert copy.copied_from_id == source.id
        assert copy.blueprint == source.blueprint
        assert [unit.code for unit in copy.organizations] == ["A"]
    assert qin.get(reply.location).status_code == 200


def test_another_organizers_stale_draft_does_not_undo_a_publication(
    app: Flask, qin: FlaskClient, tiny_bank: TinyBank
) -> None:
    draft = make_draft(app, qin, tiny_bank)
    qin.post(f"/admin/competitions/{draft.id}/publish")
    reply = qin.post(f"/admin/competitions/{draft.id}/edit", data=draft_form(tiny_bank.version_id, minutes="5"))
    assert reply.status_code == 422  # the page of a published competition knows no such fields
    assert only_competition(app).minutes == 30


@pytest.mark.parametrize("address", ["999", str(2**70)])
def test_a_competition_that_is_not_there_is_missing(qin: FlaskClient, address: str) -> None:
    for path in ("", "/edit", "/publish", "/preview", "/times", "/pause", "/extra-time", "/announcements", "/copy"):
        assert qin.get(f"/admin/competitions/{address}{path}").status_code == 404, path
    assert qin.get(f"/competitions/{address}").status_code == 404


def test_a_draft_goes_with_its_notices_and_extra_time(
    app: Flask, qin: FlaskClient, cast: Cast, tiny_bank: TinyBank
) -> None:
    now = utc_now()
    made = add_competition(app, tiny_bank.version_id, now=now, opens_at=now + timedelta(hours=1))
    path = f"/admin/competitions/{made.id}"
    assert qin.post(f"{path}/announcements", data={"title": "通知", "body": "内容"}).status_code == 302
    given = {"minutes": "5", "reason": "视力不便"}
    assert qin.post(f"{path}/extra-time/person/{cast.lin.id}", data=given).status_code == 302
    assert qin.post(f"{path}/withdraw", data={}).status_code == 302
    assert qin.post(f"{path}/delete", data={}).status_code == 302
    with app.app_context():
        assert db.session.get(Competition, made.id) is None


@pytest.mark.parametrize("deed", ["withdraw", "delete"])
def test_what_can_no_longer_be_done_is_not_offered_as_if_nobody_had_answered(
    qin: FlaskClient, competition: OpenCompetition, deed: str
) -> None:
    page = qin.get(f"/admin/competitions/{competition.id}/{deed}")
    assert page.status_code == 409
    assert "还没有人答题" not in page.text
