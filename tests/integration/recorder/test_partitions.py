"""On PostgreSQL each competition's attempts and responses lie apart; on neither database does a row get lost over it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from quizapp.attempts.partitions import make_partitions
from quizapp.attempts.queries import recorded_attempts
from quizapp.attempts.recorder import sources_of
from quizapp.attempts.recording import record
from quizapp.attempts.restoring import restore_open_attempts
from quizapp.competitions.models import Competition
from quizapp.extensions import db
from quizapp.grader.consumer import Entry
from quizapp.grader.stream import Record, encode
from tests.cast import Cast, TinyBank
from tests.integration.recorder.stage import Stage, add_stage, answered, expected, finished, started

BEFORE = "0016"  # the migration before the partitions


@pytest.fixture
def stages(app: Flask, cast: Cast, tiny_bank: TinyBank) -> Iterator[tuple[Stage, Stage]]:
    """Two competitions of the same people."""
    stages = add_stage(app, cast, tiny_bank), add_stage(app, cast, tiny_bank)
    yield stages
    for stage in stages:
        stage.close()


def story(stage: Stage) -> list[Record]:
    lin, bo, *_ = stage.people
    return [started(lin, unit=stage.units[0]), answered(lin, 1, 2, 1), started(bo), finished(lin, 8000)]


def lying_in(app: Flask, table: str) -> dict[int, set[str]]:
    """Where the rows of each competition lie."""
    with app.app_context():
        rows = db.session.execute(text(f"SELECT DISTINCT competition_id, tableoid::regclass::text FROM {table}"))
        found: dict[int, set[str]] = {}
        for competition, partition in rows:
            found.setdefault(competition, set()).add(partition)
        return found


def locked() -> set[str]:
    """The tables and indexes that the transaction at hand has touched."""
    rows = "SELECT relation::regclass::text FROM pg_locks WHERE pid = pg_backend_pid() AND relation IS NOT NULL"
    return set(db.session.scalars(text(rows)))


def records_of(stage: Stage) -> list[Entry]:
    return [Entry(f"{number}-0", encode([each])) for number, each in enumerate(story(stage), 1)]


@pytest.mark.postgresql
def test_the_recorder_makes_the_partitions_before_the_first_row(app: Flask, stages: tuple[Stage, Stage]) -> None:
    for stage in stages:
        records = story(stage)
        stage.publish(*([each] for each in records))
        stage.record_all()
        assert stage.everything() == expected(stage, records)
    for table in ("attempt", "response"):
        assert lying_in(app, table) == {stage.id: {f"{table}_{stage.id}"} for stage in stages}


@pytest.mark.postgresql
def test_nothing_touches_another_competitions_partition(app: Flask, stages: tuple[Stage, Stage]) -> None:
    own, other = stages
    for stage in stages:
        stage.recorder().prime()
    # The plans of statements that are often repeated are kept: those that are chosen in the end are looked at as well.
    for turn in range(12):
        with app.app_context():
            competition = db.session.get_one(Competition, own.id)
            source = sources_of(competition)[0]
            now = datetime(2027, 1, 15, tzinfo=UTC)
            record(db.session.connection(), source, records_of(own), now=now, now_ms=1, final=False)
            assert len(recorded_attempts(competition, own.people[0])) == 1
            restore_open_attempts(competition, 0)
            touched = locked()
            assert {f"response_{own.id}", f"attempt_{own.id}"} <= touched
            assert not {name for name in touched if {str(other.id), "default"} & set(name.split("_"))}, turn
            db.session.rollback()


@pytest.mark.postgresql
def test_partitions_wait_for_who_writes_and_answers_wait_for_them(app: Flask, stages: tuple[Stage, Stage]) -> None:
    stage = stages[0]
    records = story(stage)
    stage.publish(*([each] for each in records))
    with app.app_context(), db.engine.connect() as somebody:
        somebody.execute(text("LOCK TABLE account IN ROW EXCLUSIVE MODE"))
        recorder = stage.recorder()
        recorder.take()
        assert stage.attempts() == []
    recorder.look_around()
    stage.record_all()
    assert stage.everything() == expected(stage, records)
    assert lying_in(app, "response") == {stage.id: {f"response_{stage.id}"}}


@pytest.mark.postgresql
def test_what_came_without_a_partition_stays_in_the_net(app: Flask, stages: tuple[Stage, Stage]) -> None:
    stage = stages[0]
    records = story(stage)
    with app.app_context():
        source = sources_of(db.session.get_one(Competition, stage.id))[0]
        now = datetime(2027, 1, 15, tzinfo=UTC)
        record(db.session.connection(), source, records_of(stage)[:2], now=now, now_ms=1, final=False)
        db.session.commit()
        assert make_partitions(db.session.connection(), stage.id)
        db.session.commit()
    stage.publish(*([each] for each in records))
    stage.record_all()
    assert stage.everything() == expected(stage, records)
    assert lying_in(app, "attempt") == {stage.id: {"attempt_default"}}


def test_the_migration_moves_every_row_both_ways(app: Flask, stages: tuple[Stage, Stage]) -> None:
    for stage in stages:
        stage.publish(*([each] for each in story(stage)))
        stage.record_all()
    before = [stage.everything() for stage in stages]
    with app.app_context():
        downgrade(revision=BEFORE)
    assert [stage.everything() for stage in stages] == before
    with app.app_context():
        upgrade()
    assert [stage.everything() for stage in stages] == before
    assert before == [expected(stage, story(stage)) for stage in stages]
