"""Start, answer, look at the result: the participant's pages over plain WSGI, with the real store and recorder."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.attempts.models import Attempt
from quizapp.attempts.recorder import Recorder
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime_if_reachable
from quizapp.extensions import db
from tests.cast import Cast, OpenCompetition, TinyBank, add_competition

JSON = {"Accept": "application/json"}


@pytest.fixture
def lin(app: Flask, cast: Cast, sign_in: Any) -> FlaskClient:
    signed: FlaskClient = sign_in(app.test_client(), cast.lin)
    return signed


@pytest.fixture
def record(app: Flask) -> Callable[[], None]:
    """Bring what the store has into SQL."""

    def run() -> None:
        with app.app_context():
            recorder = Recorder(app)
            recorder.look_around()
            while recorder.take():
                pass
            recorder.close()

    return run


def start(client: FlaskClient, competition: OpenCompetition) -> Any:
    return client.post(f"/competitions/{competition.id}/start")


def open_paper(client: FlaskClient, competition: OpenCompetition) -> dict[str, Any]:
    reply = client.post(f"/competitions/{competition.id}/open", json={}, headers=JSON)
    assert reply.status_code == 200, reply.text
    paper: dict[str, Any] = reply.get_json()
    return paper


def answer(client: FlaskClient, paper: dict[str, Any], position: int, chosen: int, sequence: int = 1) -> dict[str, Any]:
    body = {"answers": [{"position": position, "chosen": chosen, "sequence": sequence}]}
    reply = client.post("/answer", json=body, headers={"X-Ticket": paper["ticket"]}, csrf=False)
    assert reply.status_code == 200, reply.text
    result: dict[str, Any] = reply.get_json()["results"][0]
    return result


def submit(client: FlaskClient, paper: dict[str, Any]) -> Any:
    return client.post("/submit", headers={"X-Ticket": paper["ticket"]}, csrf=False)


def right_answer(place: dict[str, Any]) -> int:
    """The tiny bank's keys: A of single choice, A and C of multiple choice, true."""
    if place["type"] == "judge":
        return 1
    wanted = ("甲",) if place["type"] == "single" else ("甲", "丙")
    return sum(1 << letter for letter, text in enumerate(place["options"]) if text.endswith(wanted))


def change(app: Flask, competition: OpenCompetition, **columns: Any) -> None:
    with app.app_context():
        row = db.session.get_one(Competition, competition.id)
        for name, value in columns.items():
            setattr(row, name, value)
        db.session.commit()
        prime_if_reachable(row)


def test_from_the_start_to_the_result(
    lin: FlaskClient, competition: OpenCompetition, record: Callable[[], None]
) -> None:
    started = start(lin, competition)
    assert (started.status_code, started.location) == (303, f"/competitions/{competition.id}/answering")
    shell = lin.get(started.location)
    assert shell.headers["Cache-Control"] == "private, no-store"
    assert "题干" not in shell.text
    paper = open_paper(lin, competition)
    for place in paper["positions"]:
        assert answer(lin, paper, place["position"], right_answer(place))["outcome"] == "saved"
    assert submit(lin, paper).get_json()["score"] == 10000
    before = lin.get(f"/competitions/{competition.id}/result").text
    assert "100 分" in before
    assert "满分" in before
    record()
    after = lin.get(f"/competitions/{competition.id}/result?attempt=1").text
    assert "100 分" in after
    assert "5 / 5 题" in after


def test_the_paper_that_is_opened_tells_nothing_of_the_key(lin: FlaskClient, competition: OpenCompetition) -> None:
    start(lin, competition)
    reply = lin.post(f"/competitions/{competition.id}/open", json={}, headers=JSON)
    paper = reply.get_json()
    assert set(paper["positions"][0]) == {
        *("position", "type", "stem", "options", "points", "chosen", "sequence", "right"),
    }
    assert all(place["right"] is None for place in paper["positions"])
    assert "解析" not in reply.text
    assert "出处" not in reply.text
    assert reply.headers["Cache-Control"] == "private, no-store"


def test_opening_again_gives_the_same_paper_and_answers_and_supersedes_the_page_before(
    lin: FlaskClient, competition: OpenCompetition
) -> None:
    start(lin, competition)
    first = open_paper(lin, competition)
    answer(lin, first, 2, 2)
    second = open_paper(lin, competition)
    stems = [[(place["stem"], place["options"]) for place in paper["positions"]] for paper in (first, second)]
    assert stems[0] == stems[1]
    assert second["positions"][1]["chosen"] == 2
    assert second["deadline_ms"] == first["deadline_ms"]
    assert answer(lin, first, 2, 1, 2) | {"outcome": "superseded", "chosen": 2} == answer(lin, first, 2, 1, 2)


def test_starting_twice_goes_on_with_the_one_attempt(lin: FlaskClient, competition: OpenCompetition) -> None:
    start(lin, competition)
    ordinal = open_paper(lin, competition)["ordinal"]
    start(lin, competition)
    assert open_paper(lin, competition)["ordinal"] == ordinal == 1


def test_a_refused_start_is_told_on_the_competitions_page(lin: FlaskClient, competition: OpenCompetition) -> None:
    start(lin, competition)
    submit(lin, open_paper(lin, competition))
    refused = start(lin, competition)
    assert (refused.status_code, refused.location) == (303, f"/competitions/{competition.id}")
    assert "答题次数已经用完" in lin.get(refused.location).text


def test_without_an_attempt_there_is_nothing_to_open_and_no_result(
    lin: FlaskClient, competition: OpenCompetition
) -> None:
    reply = lin.post(f"/competitions/{competition.id}/open", json={}, headers=JSON)
    assert reply.status_code == 404
    assert reply.get_json()["error"]["code"] == "no_attempt"
    assert "还没有成绩" in lin.get(f"/competitions/{competition.id}/result").text


def test_a_submitted_attempt_is_not_opened_again(lin: FlaskClient, competition: OpenCompetition) -> None:
    start(lin, competition)
    submit(lin, open_paper(lin, competition))
    reply = lin.post(f"/competitions/{competition.id}/open", json={}, headers=JSON)
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (409, "already_submitted")


def test_opening_needs_the_csrf_token_and_a_sign_in(app: Flask, lin: FlaskClient, competition: OpenCompetition) -> None:
    start(lin, competition)
    forged = lin.post(f"/competitions/{competition.id}/open", json={}, headers=JSON, csrf=False)
    assert (forged.status_code, forged.get_json()["error"]["code"]) == (400, "csrf_failed")
    assert app.test_client().post(f"/competitions/{competition.id}/open", json={}).status_code in (303, 401)


def test_the_state_says_what_runs_and_what_may_still_be_started(
    lin: FlaskClient, app: Flask, tiny_bank: TinyBank
) -> None:
    competition = add_competition(app, tiny_bank.version_id, now=utc_now(), attempts_total=3, attempts_per_day=2)
    address = f"/competitions/{competition.id}/state"
    fresh = lin.get(address).get_json()
    assert fresh["running"] is None
    assert (fresh["attempts"], fresh["attempts_left"], fresh["attempts_left_today"]) == (0, 3, 2)
    assert fresh["has_result"] is False
    start(lin, competition)
    paper = open_paper(lin, competition)
    during = lin.get(address).get_json()
    assert during["running"] == {"ordinal": 1, "epoch": paper["epoch"], "deadline_ms": paper["deadline_ms"]}
    assert (during["attempts_left"], during["attempts_left_today"], during["paused"]) == (2, 1, False)
    change(app, competition, paused_at=utc_now())
    assert lin.get(address).get_json()["paused"] is True
    change(app, competition, paused_at=None)
    submit(lin, paper)
    ended = lin.get(address).get_json()
    assert (ended["running"], ended["has_result"], ended["attempts"]) == (None, True, 1)


def test_asking_for_the_state_does_not_supersede_the_page(lin: FlaskClient, competition: OpenCompetition) -> None:
    start(lin, competition)
    paper = open_paper(lin, competition)
    lin.get(f"/competitions/{competition.id}/state")
    assert answer(lin, paper, 1, 1)["outcome"] == "saved"


@pytest.mark.parametrize("show_answers", ["at_once", "submitted", "closed", "never"])
def test_answers_show_when_the_rule_allows_it_and_never_earlier(
    lin: FlaskClient, app: Flask, tiny_bank: TinyBank, cast: Cast, show_answers: str, record: Callable[[], None]
) -> None:
    now = utc_now()
    competition = add_competition(
        app,
        tiny_bank.version_id,
        now=now,
        show_answers=show_answers,
        attempts_total=2,
        published_at=now - timedelta(hours=4),
        opens_at=now - timedelta(hours=3),
        grace_ms=3_600_000,
    )
    address = f"/competitions/{competition.id}/result"

    def explained() -> bool:
        page = lin.get(address).text
        assert ("题的解析" in page) == ("正确答案" in page or "您选的，正确" in page)
        return "题的解析" in page

    start(lin, competition)
    paper = open_paper(lin, competition)
    answer(lin, paper, 1, right_answer(paper["positions"][0]))
    assert not explained()
    submit(lin, paper)
    assert explained() == (show_answers in ("at_once", "submitted"))
    record()
    assert explained() == (show_answers in ("at_once", "submitted"))
    start(lin, competition)  # a second one runs: the first may show, the second may not
    assert explained() == (show_answers in ("at_once", "submitted"))
    assert lin.get(f"{address}?attempt=2").status_code == 404
    submit(lin, open_paper(lin, competition))
    record()
    change(app, competition, closes_at=now - timedelta(minutes=1))
    assert explained() == (show_answers in ("at_once", "submitted"))  # somebody may still be answering
    change(app, competition, closes_at=now - timedelta(hours=2))
    assert explained() == (show_answers != "never")


def test_right_or_wrong_at_once_is_told_and_final(
    lin: FlaskClient, app: Flask, tiny_bank: TinyBank, cast: Cast
) -> None:
    competition = add_competition(app, tiny_bank.version_id, now=utc_now(), show_answers="at_once")
    start(lin, competition)
    paper = open_paper(lin, competition)
    right = right_answer(paper["positions"][0])
    told = answer(lin, paper, 1, right)
    assert (told["right"], told["right_mask"]) == (True, right)
    assert answer(lin, paper, 1, right ^ 3, 2)["outcome"] == "already_final"
    again = open_paper(lin, competition)
    assert again["positions"][0]["right"] == right
    assert again["positions"][1]["right"] is None


def test_all_attempts_are_listed_with_the_counted_one(
    lin: FlaskClient, app: Flask, tiny_bank: TinyBank, record: Callable[[], None]
) -> None:
    competition = add_competition(app, tiny_bank.version_id, now=utc_now(), attempts_total=3, keep="best")
    for right in (True, False):
        start(lin, competition)
        paper = open_paper(lin, competition)
        if right:
            answer(lin, paper, 1, right_answer(paper["positions"][0]))
        submit(lin, paper)
        record()
    counted = lin.get(f"/competitions/{competition.id}/result").text
    assert "第 1 次答卷" in counted
    assert "20 分" in counted
    other = lin.get(f"/competitions/{competition.id}/result?attempt=2").text
    assert "计入成绩的是第 1 次" in other
    assert lin.get(f"/competitions/{competition.id}/result?attempt=7").status_code == 404
    assert lin.get(f"/competitions/{competition.id}/result?attempt=x").status_code == 200


def test_bo_sees_nothing_of_lin(
    lin: FlaskClient, app: Flask, cast: Cast, sign_in: Any, competition: OpenCompetition
) -> None:
    start(lin, competition)
    submit(lin, open_paper(lin, competition))
    bo = sign_in(app.test_client(), cast.bo)
    assert "还没有成绩" in bo.get(f"/competitions/{competition.id}/result").text
    assert bo.get(f"/competitions/{competition.id}/state").get_json()["attempts"] == 0


def test_drafts_look_like_missing_competitions(lin: FlaskClient, app: Flask, tiny_bank: TinyBank) -> None:
    draft = add_competition(app, tiny_bank.version_id, now=utc_now(), published_at=None, primed=False)
    for competition_id in (draft.id, 999):
        assert lin.post(f"/competitions/{competition_id}/start").status_code == 404
        assert lin.post(f"/competitions/{competition_id}/open", json={}).status_code == 404
        for page in ("answering", "result", "state"):
            assert lin.get(f"/competitions/{competition_id}/{page}").status_code == 404


def test_with_the_store_away_the_result_that_sql_has_still_shows(
    lin: FlaskClient, app: Flask, competition: OpenCompetition, record: Callable[[], None], store_url: str
) -> None:
    from quizapp.extensions import grader

    start(lin, competition)
    submit(lin, open_paper(lin, competition))
    record()
    with app.app_context():
        assert db.session.query(Attempt).count() == 1
    grader.bind("unix:///nowhere/store.sock")
    try:
        assert lin.get(f"/competitions/{competition.id}/result").status_code == 200
        away = lin.post(f"/competitions/{competition.id}/open", json={}, headers=JSON)
        assert away.status_code == 503
        assert away.headers["Retry-After"]
        assert lin.post(f"/competitions/{competition.id}/start").status_code == 503
    finally:
        grader.bind(store_url)


@pytest.mark.once  # an embedded database can be taken away from one installation alone
def test_with_sql_away_answers_and_the_submission_are_kept_and_pages_say_what_to_do(
    lin: FlaskClient, app: Flask, competition: OpenCompetition, record: Callable[[], None]
) -> None:
    start(lin, competition)
    paper = open_paper(lin, competition)
    with app.app_context():
        database = Path(db.engine.url.database or "")
        db.engine.dispose()
    away = database.rename(database.with_suffix(".away"))
    database.mkdir()
    try:
        assert answer(lin, paper, 1, right_answer(paper["positions"][0]))["outcome"] == "saved"
        place = f"/competitions/{competition.id}"
        for page in (start(lin, competition), *(lin.get(f"{place}{name}") for name in ("", "/answering", "/result"))):
            assert (page.status_code, "Retry-After" in page.headers) == (503, True)
            assert "您已保存的内容不会丢失。请稍后重试" in page.text
        reopened = lin.post(f"{place}/open", json={}, headers=JSON)
        assert (reopened.status_code, reopened.get_json()["error"]["code"]) == (503, "store_unavailable")
        score = submit(lin, paper).get_json()["score"]
        assert score > 0
    finally:
        database.rmdir()
        away.rename(database)
    record()
    with app.app_context():
        [attempt] = db.session.scalars(db.select(Attempt)).all()
        assert attempt.score == score
