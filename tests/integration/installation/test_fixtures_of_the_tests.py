"""The cast and the site that the other tests stand on."""

from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import func, select

from quizapp.accounts.models import Account
from quizapp.extensions import db
from quizapp.organizations.models import Organization
from tests.cast import Cast, OpenCompetition, TinyBank


def test_the_cast_is_there_with_its_roles_and_units(app: Flask, cast: Cast) -> None:
    assert cast.qin.account.roles == {"organizer"}
    assert cast.unit_a.organization.path == f"/{cast.group.id}/{cast.unit_a.id}/"
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Account)) == 8
        assert db.session.get_one(Organization, cast.unit_b.id).ancestor_ids == [cast.group.id, cast.unit_b.id]


def test_each_test_begins_with_an_empty_database_and_store(app: Flask, store: Redis) -> None:
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Account)) == 0
    assert store.dbsize() == 0


def test_a_competition_is_open_and_known_to_the_store(competition: OpenCompetition, store: Redis) -> None:
    assert competition.competition.published_at is not None
    assert store.keys(f"{{q{competition.id}.*")


def test_the_tiny_bank_reads_back_as_it_was_written(app: Flask, tiny_bank: TinyBank) -> None:
    from quizapp.banks.queries import version_content

    with app.app_context():
        assert version_content(tiny_bank.version_id) == tiny_bank.content


def test_a_page_that_is_not_there_says_so(client: FlaskClient) -> None:
    assert client.get("/no-such-page").status_code == 404
