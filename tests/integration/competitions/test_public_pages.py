"""What everybody sees: the list, one competition, and the button that says what it will do."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.extensions import db
from quizapp.organizations.models import Membership
from tests.cast import Cast, OpenCompetition, TinyBank, add_competition
from tests.conftest import SignIn


def change(competition: OpenCompetition, **columns: Any) -> None:
    with competition.app.app_context():
        held = db.session.get_one(Competition, competition.id)
        for name, value in columns.items():
            setattr(held, name, value)
        db.session.commit()


def test_the_list_shows_open_ones_first_and_no_drafts(app: Flask, client: FlaskClient, tiny_bank: TinyBank) -> None:
    now = utc_now()
    day = timedelta(days=1)
    assert "还没有竞赛" in client.get("/competitions/").text
    add_competition(app, tiny_bank.version_id, now=now, title="过去的", opens_at=now - 9 * day, closes_at=now - day)
    add_competition(app, tiny_bank.version_id, now=now, title="将来的", opens_at=now + day, closes_at=now + 2 * day)
    add_competition(app, tiny_bank.version_id, now=now, title="现在的")
    add_competition(app, tiny_bank.version_id, now=now, title="草稿的", published_at=None)
    page = client.get("/competitions/").text
    assert page.index("现在的") < page.index("将来的") < page.index("过去的")
    assert "草稿的" not in page


def test_a_stranger_is_asked_to_sign_in_and_comes_back(client: FlaskClient, competition: OpenCompetition) -> None:
    page = client.get(f"/competitions/{competition.id}")
    assert page.status_code == 200
    assert "登录后参加" in page.text
    assert f"next=/competitions/{competition.id}" in page.text
    for shown in ("测试竞赛", "测试主办方", "010-12345678", "5 题，满分 100 分，60 分及格", "30 分钟", "每人一次机会"):
        assert shown in page.text
    assert "我的成绩" not in page.text


def test_a_member_may_start(client: FlaskClient, sign_in: SignIn, cast: Cast, competition: OpenCompetition) -> None:
    page = sign_in(client, cast.lin).get(f"/competitions/{competition.id}").text
    assert "开始答题" in page
    assert f'action="/competitions/{competition.id}/start"' in page
    assert "我的成绩" in page
    assert "请先允许脚本并刷新本页" in page.split("<noscript>")[1].split("</noscript>")[0]  # the click starts the time


def test_somebody_without_a_unit_is_led_to_join_one(
    client: FlaskClient, sign_in: SignIn, cast: Cast, competition: OpenCompetition
) -> None:
    page = sign_in(client, cast.qin).get(f"/competitions/{competition.id}").text
    assert "加入单位" in page
    assert 'href="/join"' in page


def test_a_pending_member_waits_where_confirmation_is_asked(
    app: Flask, client: FlaskClient, sign_in: SignIn, cast: Cast, tiny_bank: TinyBank
) -> None:
    competition = add_competition(app, tiny_bank.version_id, now=utc_now(), entry="confirmed")
    with app.app_context():
        db.session.query(Membership).filter_by(account_id=cast.lin.id).one().state = "pending"
        db.session.commit()
    page = sign_in(client, cast.lin).get(f"/competitions/{competition.id}").text
    assert "等待单位确认" in page
    assert f'action="/competitions/{competition.id}/start"' not in page


def test_chen_is_told_that_only_unit_a_is_invited(
    client: FlaskClient, sign_in: SignIn, cast: Cast, competition: OpenCompetition
) -> None:
    change(competition, organizations=[cast.unit_a.organization])
    page = sign_in(client, cast.chen).get(f"/competitions/{competition.id}").text
    assert "不在参赛范围" in page
    assert "甲厂，包括下属单位" in page


@pytest.mark.parametrize(
    ("window", "text"),
    [
        ((1, 2), "尚未开始"),
        ((-2, -1), "竞赛已截止"),
    ],
)
def test_outside_of_the_window_the_button_says_so(
    app: Flask,
    client: FlaskClient,
    sign_in: SignIn,
    cast: Cast,
    tiny_bank: TinyBank,
    window: tuple[int, int],
    text: str,
) -> None:
    now = utc_now()
    opens_at, closes_at = (now + timedelta(days=days) for days in window)
    competition = add_competition(app, tiny_bank.version_id, now=now, opens_at=opens_at, closes_at=closes_at)
    page = sign_in(client, cast.lin).get(f"/competitions/{competition.id}").text
    assert text in page
    assert f'action="/competitions/{competition.id}/start"' not in page


def test_while_it_is_paused_nobody_can_start(
    client: FlaskClient, sign_in: SignIn, cast: Cast, competition: OpenCompetition
) -> None:
    change(competition, paused_at=utc_now())
    assert "竞赛暂停中" in sign_in(client, cast.lin).get(f"/competitions/{competition.id}").text


@pytest.mark.parametrize(("boards", "seen", "seen_signed_in"), [("public", 1, 1), ("members", 0, 1), ("off", 0, 0)])
def test_the_boards_are_offered_to_whom_they_are_open(
    client: FlaskClient,
    sign_in: SignIn,
    cast: Cast,
    competition: OpenCompetition,
    boards: str,
    seen: int,
    seen_signed_in: int,
) -> None:
    change(competition, boards=boards)
    address = f"/competitions/{competition.id}/boards/people"
    assert (address in client.get(f"/competitions/{competition.id}").text) == seen
    assert (address in sign_in(client, cast.lin).get(f"/competitions/{competition.id}").text) == seen_signed_in


def test_words_of_the_organizer_are_never_markup(client: FlaskClient, competition: OpenCompetition) -> None:
    change(competition, title="<script>x</script>", introduction="<img src=x>", contact="<b>y</b>")
    page = client.get(f"/competitions/{competition.id}").text
    assert "<script>x" not in page
    assert "<img src=x>" not in page
    assert "<b>y</b>" not in page


def test_the_page_speaks_english(client: FlaskClient, competition: OpenCompetition) -> None:
    page = client.get(f"/competitions/{competition.id}", headers={"Accept-Language": "en"}).text
    assert "Sign in to take part" in page
    assert "登录后参加" not in page
