"""What a start costs in SQL: statements are counted, because a whole company starts in the same second."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.competitions.models import Competition
from quizapp.extensions import db, grader
from quizapp.organizations.models import Organization
from tests.cast import Cast, OpenCompetition
from tests.conftest import SignIn
from tests.integration.attempts.conftest import counted_statements

# In order, as the browser asks. Account with its roles, competition; then: invited units, membership, announcements, digest
# of the bank version · invited units, membership, digest, extra time, recorded attempts · nothing more · digest · attempts ·
# attempts, counted result, interruptions.
STEPS = [
    ("GET", "", 200, 6),
    ("POST", "/start", 303, 7),
    ("GET", "/answering", 200, 2),
    ("POST", "/open", 200, 3),
    ("GET", "/state", 200, 3),
    ("GET", "/result", 200, 5),
]


@pytest.mark.once
def test_the_pages_of_a_start_ask_few_questions_of_sql(
    app: Flask, client: FlaskClient, sign_in: SignIn, cast: Cast, competition: OpenCompetition
) -> None:
    with app.app_context():
        row = db.session.get_one(Competition, competition.id)
        row.organizations = list(db.session.scalars(db.select(Organization)))
        db.session.commit()
    address = f"/competitions/{competition.id}"
    client.get(address)  # the bank's version is read once for all
    sign_in(client, cast.lin)
    asked = {}
    for method, path, status, _ in STEPS:
        if path == "/result":
            grader.submit(competition.id, 0, cast.lin.id, 1, 1)
        with counted_statements() as statements:
            assert client.open(address + path, method=method).status_code == status
        asked[path] = len([each for each in statements if not each.startswith("BEGIN")])
    assert asked == {path: most for _, path, _, most in STEPS}
