"""Who may open which of the organizer's pages."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import start_verdict
from quizapp.extensions import db
from tests.cast import Cast, OpenCompetition
from tests.conftest import SignIn

PAGES = ("", "/edit", "/preview", "/publish", "/copy", "/times", "/pause", "/extra-time", "/announcements")
MAY_LOOK = {"qin", "ada", "jun"}
MAY_CHANGE = {"qin", "ada"}


@pytest.mark.parametrize("who", ["lin", "chen", "qin", "wu", "ada", "jun", "su"])
def test_only_organizers_administrators_and_auditors_look_in(
    app: Flask, sign_in: SignIn, cast: Cast, competition: OpenCompetition, who: str
) -> None:
    client = sign_in(app.test_client(), cast.everyone[who])
    for page in PAGES:
        status = client.get(f"/admin/competitions/{competition.id}{page}").status_code
        assert status in ((200, 302) if who in MAY_LOOK else (403,)), page
    assert client.get("/admin/competitions/").status_code == (200 if who in MAY_LOOK else 403)


@pytest.mark.parametrize("who", ["lin", "chen", "wu", "jun", "su"])
def test_nobody_else_changes_anything(
    app: Flask, sign_in: SignIn, cast: Cast, competition: OpenCompetition, who: str
) -> None:
    client = sign_in(app.test_client(), cast.everyone[who])
    for deed in ("edit", "publish", "withdraw", "delete", "copy", "times", "pause", "resume", "announcements"):
        assert client.post(f"/admin/competitions/{competition.id}/{deed}").status_code == 403, deed
    grant = f"/admin/competitions/{competition.id}/extra-time/person/{cast.lin.id}"
    assert client.post(grant, data={"minutes": "5", "reason": "x"}).status_code == 403
    assert client.post("/admin/competitions/new").status_code == 403
    assert client.post("/admin/competitions/supply", json={}).status_code == 403
    with app.app_context():
        assert db.session.query(Competition).count() == 1
        assert db.session.get_one(Competition, competition.id).paused_at is None


def test_a_stranger_is_sent_to_sign_in(client: FlaskClient, competition: OpenCompetition) -> None:
    for page in PAGES:
        reply = client.get(f"/admin/competitions/{competition.id}{page}")
        assert reply.status_code == 303, page
        assert "/sign-in" in reply.location


def test_a_forged_request_changes_nothing(
    app: Flask, client: FlaskClient, sign_in: SignIn, cast: Cast, competition: OpenCompetition
) -> None:
    sign_in(client, cast.qin)
    reply = client.post(f"/admin/competitions/{competition.id}/pause", data={"reason": "x"}, csrf=False)
    assert reply.status_code == 400
    with app.app_context():
        assert db.session.get_one(Competition, competition.id).paused_at is None


@pytest.mark.parametrize(
    ("who", "code"), [("lin", ""), ("chen", ""), ("qin", "membership_missing"), ("jun", "membership_missing")]
)
def test_the_verdict_follows_from_the_membership(
    app: Flask, cast: Cast, competition: OpenCompetition, who: str, code: str
) -> None:
    with app.app_context():
        held = db.session.get_one(Competition, competition.id)
        assert start_verdict(held, cast.everyone[who].account, utc_now()).code == code
        assert start_verdict(held, None, utc_now()).code == "sign_in_first"
