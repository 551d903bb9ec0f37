"""What is asked of SQL does not grow with how many start, answer and submit: PostgreSQL takes all rows of a kind at once."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from quizapp.extensions import db
from quizapp.grader.stream import Record
from tests.cast import Cast, TinyBank
from tests.integration.recorder.stage import Stage, add_stage, answered, expected, finished, started


@pytest.fixture
def stage(app: Flask, cast: Cast, tiny_bank: TinyBank) -> Iterator[Stage]:
    stage = add_stage(app, cast, tiny_bank, people=60)
    yield stage
    stage.close()


@pytest.mark.postgresql  # SQLite has no round trips to save
def test_the_rows_of_a_batch_go_to_postgresql_all_at_once(stage: Stage) -> None:
    with stage.app.app_context():
        engine = db.engine
    one_by_one: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, rows: object, _context: object, many: bool) -> None:
        if many:
            one_by_one.append(statement)

    records: list[Record] = []
    for number, account in enumerate(stage.people):
        records += [started(account, unit=stage.units[number % 2]), answered(account, 1, 1, sequence=1)]
        records += [answered(account, 2, 2, sequence=2), finished(account, 100 * number)]
    stage.publish(*([record] for record in records))
    reader = stage.recorder()
    event.listen(engine, "before_cursor_execute", note)
    try:
        reader.take()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    # SQLite lies in the process itself: there are no round trips to save.
    assert one_by_one == [] or engine.dialect.name == "sqlite"
    assert stage.everything() == expected(stage, records)


MANY, ENDING = 20_000, 1_000


@pytest.mark.postgresql  # SQLite is asked for one row after the other
def test_no_row_of_a_batch_is_compared_with_all_others_before_the_first_statistics(stage: Stage) -> None:
    """A new competition's partition has no statistics until PostgreSQL looks at it, a minute later: a herd comes earlier."""
    stage.recorder()
    first = 1_000_000
    with stage.app.app_context():
        db.session.execute(text("SET LOCAL session_replication_role = replica"))  # accounts are not what this is about
        db.session.execute(
            text(
                """INSERT INTO attempt (competition_id, account_id, ordinal, seed, started_ms, extra_ms, shift_ms)
                SELECT :competition, n, 1, 'seed', 1, 0, 0 FROM generate_series(:first, :last) n"""
            ),
            {"competition": stage.id, "first": first, "last": first + MANY - 1},
        )
        rows = "SELECT id, id::text, 'x', 0, now() FROM generate_series(:first, :last) id"
        db.session.execute(
            text(f"INSERT INTO account (id, login, name, session_round, created_at) {rows}"),
            {"first": first, "last": first + ENDING - 1},
        )
        db.session.commit()
        assert not db.session.scalar(text(f"SELECT count(*) FROM pg_stats WHERE tablename = 'attempt_{stage.id}'"))
        db.session.rollback()
        database = db.engine.url.database
        db.session.execute(text(f"ALTER DATABASE {database} SET session_preload_libraries = 'auto_explain'"))
        for name, value in (("min_duration", "0"), ("analyze", "on"), ("format", "json"), ("level", "notice")):
            db.session.execute(text(f"ALTER DATABASE {database} SET auto_explain.log_{name} = '{value}'"))
        db.session.commit()
        db.engine.dispose()
        plans: list[dict[str, Any]] = []

        def listen(connection: Any, _record: object) -> None:
            connection.add_notice_handler(lambda notice: plans.append(_plan(notice.message_primary)))

        event.listen(db.engine, "connect", listen)
    stage.publish([finished(account, 100) for account in range(first, first + ENDING)])
    stage.record_all()
    assert len(stage.results()) == ENDING
    ends = [plan for plan in plans if plan["Query Text"].startswith("UPDATE attempt")]
    assert len(ends) == 1
    compared = sum(node["Actual Rows"] * node["Actual Loops"] for node in _nodes(ends[0]["Plan"]))
    assert compared < 10 * (MANY + ENDING)


def _plan(message: str) -> dict[str, Any]:
    """A plan as auto_explain tells it, behind how long it took."""
    plan: dict[str, Any] = json.loads(message[message.index("{") :])
    return plan


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
