"""What the organizer's session protects, and who may start."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import start_verdict
from quizapp.extensions import db
from quizapp.organizations.queries import membership_of
from tests.cast import Cast, OpenCompetition
from tests.conftest import SignIn


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
        account = cast.everyone[who].account
        assert start_verdict(held, [], account, membership_of(account), utc_now()).code == code
        assert start_verdict(held, [], None, None, utc_now()).code == "sign_in_first"
