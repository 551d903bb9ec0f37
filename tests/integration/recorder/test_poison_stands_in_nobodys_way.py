"""What can't be recorded is kept apart with its reason, once, and the rest goes on."""

import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from quizapp.attempts.lag import recorder_lag
from quizapp.attempts.models import Unrecordable
from quizapp.extensions import db, grader
from quizapp.grader.stream import Record
from tests.cast import Cast, TinyBank
from tests.integration.recorder.stage import Stage, add_stage, answered, expected, finished, started

NOBODY = 999_999


@pytest.fixture
def stage(app: Flask, cast: Cast, tiny_bank: TinyBank) -> Iterator[Stage]:
    stage = add_stage(app, cast, tiny_bank)
    yield stage
    stage.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"a": "not a record"},
        {"a": '{"account": 1}'},
        {"z": "1|1|1"},
        {"a": "1|1|1|1|1|1"},
        {"f": "1|1|1|1|somebody|1|1|1"},
        {"s": f"{NOBODY}|1|0|seed|1|0|0"},
        {"s": f"1|2|{NOBODY}|seed|1|0|0"},
        {"s": "1|1|0|" + "x" * 33 + "|1|0|0"},
        {"a": "1|1|1|256|1|9|1"},
        {"a": f"1|1|1|1|{2**70}|9|1"},
        {"a": f"{NOBODY}|1|1|1|1|1|1"},
        {"f": f"{NOBODY}|1|1|1|person|1|1|1"},
        {"x": f"{NOBODY}|1|1"},
        {"a": "\x00"},
        {"a": "x" * 5_000_000},
        {"": ""},
    ],
    ids=[
        "no record",
        "JSON",
        "an unknown kind",
        "a value too few",
        "ended by nobody known",
        "an account that isn't there",
        "a unit that isn't there",
        "a seed too long",
        "a choice that is no mask",
        "a number too large",
        "an answer to an unknown attempt",
        "an end of an unknown attempt",
        "extra time for an unknown attempt",
        "NUL",
        "5 MB",
        "no name",
    ],
)
def test_a_bad_entry_is_kept_apart_and_the_others_are_recorded(
    stage: Stage, fields: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    lin, bo, *_ = stage.people
    before: list[Record] = [started(lin, unit=stage.units[0]), answered(lin, 1, 1, sequence=1)]
    after: list[Record] = [
        answered(lin, 2, 2, sequence=2),
        finished(lin, 6000),
        started(bo),
        answered(bo, 1, 4, sequence=1),
    ]
    fields = {kind: f"{lin}{value[1:]}" if value.startswith("1|") else value for kind, value in fields.items()}
    stage.publish(*([record] for record in before), fields, *([record] for record in after))
    with caplog.at_level(logging.ERROR):
        stage.record_all()
    *rest, reasons = stage.everything()
    assert rest == list(expected(stage, [*before, *after]))[:4]
    assert len(reasons) == 1
    assert stage.left() == (0, 0)
    assert "unrecordable" in caplog.text
    assert "not a record" not in caplog.text, "a log never carries what was in an entry"


def test_strange_bytes_do_not_block_the_stream(stage: Stage) -> None:
    account = stage.people[0]
    grader.store.xadd(stage.stream, {b"a": b"\xff\xfe\xc3|1"})
    stage.publish([started(account)])
    stage.record_all()
    assert len(stage.unrecordable()) == 1
    assert len(stage.attempts()) == 1


def test_the_known_records_of_an_entry_are_kept_when_one_attempt_is_unknown(stage: Stage) -> None:
    account = stage.people[0]
    stage.publish([started(account)], [answered(account, 1, 1, sequence=1), answered(NOBODY, 1, 1, sequence=1)])
    stage.record_all()
    assert len(stage.responses()) == 1
    assert stage.unrecordable() == ["unknown attempt in 1 of 2 records"]


def test_many_bad_entries_are_each_kept_once_however_often_they_come(stage: Stage) -> None:
    account = stage.people[0]
    bad = [{"s": f"{NOBODY + number}|1|0|seed|1|0|0"} for number in range(5)]
    good = [[answered(account, 1, 1, sequence=number)] for number in range(5)]
    stage.publish([started(account)], *(entry for pair in zip(bad, good, strict=True) for entry in pair))
    stage.record_all()
    stage.rewind()
    stage.record_all()
    assert len(stage.unrecordable()) == 5
    assert [row[5] for row in stage.responses()] == [4]


def test_what_was_kept_apart_can_be_read_in_full_and_counts_as_lag(stage: Stage) -> None:
    fields = {"a": "who|knows", "b": "坏"}
    [entry_id] = stage.publish(fields)
    stage.record_all()
    with stage.app.app_context():
        row = db.session.scalars(select(Unrecordable)).one()
        assert (row.stream, row.entry_id, row.fields) == (stage.stream, entry_id, fields)
        lag = recorder_lag()
    assert (lag.entries, lag.unrecordable, lag.is_clear) == (0, 1, False)


def test_entries_trimmed_by_a_stranger_before_they_were_recorded_are_noticed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.publish([started(stage.people[0])], [started(stage.people[1])])
    stage.recorder("dead")._consumer.read([stage.stream], 500, 0)
    grader.store.xtrim(stage.stream, maxlen=0, approximate=False)
    monkeypatch.setattr("quizapp.attempts.recorder.CLAIM_IDLE_MS", 0)
    heir = stage.recorder("heir")
    heir.claim()
    heir.take()
    assert stage.unrecordable() == ["gone from the stream unrecorded"] * 2
    assert stage.left() == (0, 0)
