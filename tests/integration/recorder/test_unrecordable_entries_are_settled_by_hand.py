"""An operator lists, retries or dismisses what could not be recorded; until then it holds up freezing."""

from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from quizapp.accounts.models import AuditEntry
from quizapp.attempts.lag import unrecordable_count
from quizapp.attempts.models import Unrecordable
from quizapp.extensions import db
from tests.cast import Cast, TinyBank
from tests.integration.recorder.stage import Stage, add_stage


@pytest.fixture
def stage(app: Flask, cast: Cast, tiny_bank: TinyBank) -> Iterator[Stage]:
    stage = add_stage(app, cast, tiny_bank)
    yield stage
    stage.close()


def quizapp(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["unrecordable", *arguments])


def only_row(app: Flask) -> Unrecordable:
    with app.app_context():
        row = db.session.scalars(select(Unrecordable).order_by(Unrecordable.id.desc())).first()
        assert row is not None
        return row


def test_a_dismissed_entry_stays_with_its_reason_and_no_longer_counts(app: Flask, stage: Stage) -> None:
    stage.publish({"z": "1|1|1"})
    stage.record_all()
    number = str(only_row(app).id)
    assert number in quizapp(app, "list").output
    assert quizapp(app, "dismiss", number, "--reason", " ").exit_code == 2
    assert quizapp(app, "dismiss", number, "--reason", "压测残留").exit_code == 0
    assert only_row(app).settlement == "压测残留"
    with app.app_context():
        assert unrecordable_count() == 0
        assert db.session.scalar(select(AuditEntry.action)) == "settle_unrecordable"
    assert number not in quizapp(app, "list").output.split()
    assert quizapp(app, "dismiss", number, "--reason", "again").exit_code == 2


def test_a_retried_entry_is_recorded_when_its_cause_is_gone_or_listed_anew(app: Flask, stage: Stage) -> None:
    stage.publish({"z": "1|1|1"})
    stage.record_all()
    first = only_row(app)
    assert quizapp(app, "retry", str(first.id)).exit_code == 0
    stage.record_all()
    again = only_row(app)
    assert again.id != first.id
    assert again.fields == first.fields
    with app.app_context():
        assert unrecordable_count() == 1
