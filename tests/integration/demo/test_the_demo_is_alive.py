"""The demo is filled through the same actions and the same engine as the real thing, and may be filled again."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from quizapp.accounts.models import Account
from quizapp.banks.models import BankVersion
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.phase import Phase, phase
from quizapp.demo.filling import cast_lines, demo_password, fill
from quizapp.extensions import db, grader
from quizapp.organizations.models import Organization
from tests.conftest import SignIn

PASSWORD = "tqm-0123abcd"
PEOPLE = 12


@pytest.mark.slow
def test_the_demo_is_filled_once_however_often_it_is_asked_for(app: Flask, sign_in: SignIn) -> None:
    with app.app_context():
        for _ in range(2):
            fill(PASSWORD, lambda *_: None, count=PEOPLE, answering_s=0.1)
        counts = [db.session.scalar(select(func.count()).select_from(model)) for model in (Organization, BankVersion)]
        assert counts == [40, 1]
        competition = db.session.scalars(select(Competition)).one()
        assert phase(competition, utc_now()) is Phase.OPEN
        people = db.session.scalars(select(Account.id).where(Account.login.startswith("demo-"))).all()
        assert len(people) == PEOPLE
        for account in people:
            state = grader.read(competition.id, competition.shards, account)
            assert state.count == 1
            assert state.attempt is not None
            assert state.attempt.answers
    for login, password, _ in cast_lines(PASSWORD):
        reply = app.test_client().post("/sign-in", data={"login": login, "password": password})
        assert reply.status_code == 303, login


def test_the_demos_password_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    password = demo_password(tmp_path)
    assert demo_password(tmp_path) == password
    assert (tmp_path / "demo_password").stat().st_mode & 0o077 == 0
