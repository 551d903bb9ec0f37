"""What is asked of SQL does not grow with how many start, answer and submit: PostgreSQL takes all rows of a kind at once."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import event

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
