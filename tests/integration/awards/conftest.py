"""The contest of the awards' tests, and who visits it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.cast import Cast, OpenCompetition
from tests.conftest import SignIn
from tests.integration.awards.contests import Contest, add_contest


@pytest.fixture
def contest(app: Flask, cast: Cast, competition: OpenCompetition) -> Contest:
    """A competition that is open, with results of all units."""
    return add_contest(app, cast, competition)


@pytest.fixture
def qin(app: Flask, cast: Cast, sign_in: SignIn) -> FlaskClient:
    return sign_in(app.test_client(), cast.qin)


@pytest.fixture
def wu(app: Flask, cast: Cast, sign_in: SignIn) -> FlaskClient:
    return sign_in(app.test_client(), cast.wu)


@pytest.fixture
def ada(app: Flask, cast: Cast, sign_in: SignIn) -> FlaskClient:
    return sign_in(app.test_client(), cast.ada)
