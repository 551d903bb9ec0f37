"""The migrations, up and down, on the database that the run is for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from quizapp import create_app
from quizapp.config import Settings
from quizapp.extensions import db
from quizapp.installation.checks import database_revisions
from tests.cast import TinyBank, add_tiny_bank
from tests.conftest import SECRET, Databases, close_site

PARTITIONS = "SELECT relname FROM pg_class WHERE relispartition"
MIGRATIONS = Path(__file__).parents[3] / "migrations" / "versions"


@pytest.fixture
def empty_site(tmp_path: Path, databases: Databases, store_url: str) -> Iterator[Flask]:
    """The site on a database without tables."""
    url = databases.new_empty()
    app = create_app(Settings(data_dir=tmp_path, database_url=url, redis_url=store_url, secret_key=SECRET))
    yield app
    close_site(app)
    databases.drop(url)


def differences() -> list[Any]:
    with db.engine.connect() as connection:
        partitions = set(connection.scalars(text(PARTITIONS))) if connection.dialect.name == "postgresql" else set()

        def is_whole(thing: Any, name: str | None, kind: str, *_: object) -> bool:
            """Neither a partition, nor the inner half of a foreign key that points at all of them."""
            inner = kind == "foreign_key_constraint" and thing.referred_table.name in partitions
            return name not in partitions and not inner

        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": is_whole})
        return list(compare_metadata(context, db.metadata))


@pytest.mark.filterwarnings("ignore:.*expression-based index:UserWarning", "ignore:.*expression-based index")
def test_up_down_and_up_again_gives_what_the_models_say(empty_site: Flask) -> None:
    with empty_site.app_context():
        upgrade()
        assert differences() == []
        downgrade(revision="base")
        assert inspect(db.engine).get_table_names() == ["alembic_version"]
        upgrade()
        assert differences() == []


def test_the_newest_migration_is_told_without_alembic_as_alembic_tells_it(empty_site: Flask) -> None:
    settings = empty_site.config["QUIZ_SETTINGS"]
    with empty_site.app_context():
        newest = ScriptDirectory(empty_site.extensions["migrate"].directory).get_current_head()
        assert database_revisions(settings) == (None, newest)
        upgrade()
        assert database_revisions(settings) == (newest, newest)


def test_each_migration_goes_down_alone(empty_site: Flask) -> None:
    with empty_site.app_context():
        upgrade()
        for revision in sorted((path.name[:4] for path in MIGRATIONS.glob("0*.py")), reverse=True):
            downgrade(revision="-1")
            upgrade(revision=revision)
            downgrade(revision="-1")


def test_migrations_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in MIGRATIONS.glob("*.py"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_unit_of_a_role_is_taken_once(app: Flask) -> None:
    with app.app_context():
        indexes = db.session.scalars(
            text("SELECT name FROM sqlite_master WHERE type = 'index'")
            if db.engine.dialect.name == "sqlite"
            else text("SELECT indexname FROM pg_indexes")
        ).all()
        assert "uq_role_grant_scope" in indexes


REFUSED = {
    "a published version": "UPDATE bank_version SET title = 'other' WHERE id = :version",
    "its number": "UPDATE bank_version SET number = NULL, digest = NULL, published_at = NULL WHERE id = :version",
    "a published version as a whole": "DELETE FROM bank_version WHERE id = :version",
    "a place taken out": "DELETE FROM version_question WHERE version_id = :version AND ordinal = 0",
    "a place put in": "INSERT INTO version_question (version_id, ordinal, question_id) "
    "SELECT :version, 99, min(id) FROM question",
    "a place moved": "UPDATE version_question SET ordinal = 99 WHERE version_id = :version AND ordinal = 0",
    "a question's content": "UPDATE question SET content = '{}'",
    "a question": "DELETE FROM question",
}


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED.keys())
def test_the_database_itself_refuses_to_change(app: Flask, tiny_bank: TinyBank, statement: str) -> None:
    with app.app_context(), pytest.raises(DBAPIError, match="immutable"):
        db.session.execute(text(statement), {"version": tiny_bank.version_id})


def test_a_draft_is_free_to_change(app: Flask, tiny_bank: TinyBank) -> None:
    columns = "bank_id, title, topics, source_name, created_at"
    with app.app_context():
        db.session.execute(
            text(f"INSERT INTO bank_version ({columns}) SELECT {columns} FROM bank_version WHERE id = :version"),
            {"version": tiny_bank.version_id},
        )
        draft = db.session.scalar(text("SELECT id FROM bank_version WHERE number IS NULL"))
        put_in = (
            "INSERT INTO version_question (version_id, ordinal, question_id) SELECT :draft, 0, min(id) FROM question"
        )
        db.session.execute(text(put_in), {"draft": draft})
        db.session.execute(text("UPDATE version_question SET ordinal = 1 WHERE version_id = :draft"), {"draft": draft})
        with pytest.raises(DBAPIError, match="immutable"), db.session.begin_nested():
            db.session.execute(
                text("UPDATE version_question SET version_id = :version, ordinal = 99 WHERE version_id = :draft"),
                {"version": tiny_bank.version_id, "draft": draft},
            )
        db.session.execute(text("DELETE FROM version_question WHERE version_id = :draft"), {"draft": draft})
        db.session.execute(text("DELETE FROM bank_version WHERE id = :draft"), {"draft": draft})
        db.session.commit()


def test_a_way_round_is_closed_too(app: Flask, tiny_bank: TinyBank) -> None:
    """Statements that remove rows without a delete."""
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            statement = (
                "INSERT OR REPLACE INTO question (id, bank_id, digest, code, content) "
                "SELECT id, bank_id, 'other', code, '{}' FROM question LIMIT 1"
            )
        else:
            statement = "TRUNCATE question, version_question, question_exposure"
        with pytest.raises(DBAPIError, match="immutable"):
            db.session.execute(text(statement))


def test_the_triggers_are_there_after_going_down_to_them_and_up(empty_site: Flask) -> None:
    with empty_site.app_context():
        upgrade()
        downgrade(revision="0003")
        upgrade()
    bank = add_tiny_bank(empty_site)
    with empty_site.app_context(), pytest.raises(DBAPIError, match="immutable"):
        db.session.execute(text(REFUSED["a published version"]), {"version": bank.version_id})


def test_a_migration_that_fails_changes_nothing(empty_site: Flask) -> None:
    """Everything runs in one transaction, on SQLite too."""
    with empty_site.app_context():
        with db.engine.begin() as connection:
            connection.execute(text("CREATE TABLE standing (x INTEGER)"))  # in the way of the last migration
        with pytest.raises((DBAPIError, SystemExit)):
            upgrade()
        assert inspect(db.engine).get_table_names() == ["standing"]
