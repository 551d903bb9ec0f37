"""What the recorder brings into SQL is exact, whatever is repeated, doubled, interrupted or done by two at once."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quizapp.attempts.recorder import Recorder
from quizapp.extensions import grader
from quizapp.grader.stream import ExtraTimeSet, Record
from tests.cast import Cast, TinyBank
from tests.integration.recorder.stage import Stage, add_stage, answered, expected, finished, started


@pytest.fixture
def stage(app: Flask, cast: Cast, tiny_bank: TinyBank) -> Iterator[Stage]:
    stage = add_stage(app, cast, tiny_bank)
    yield stage
    stage.close()


def story(stage: Stage) -> list[Record]:
    """Four people: one who changes an answer and submits, one with extra time, one who is still at it, one of no unit."""
    lin, bo, chen, free, *_ = stage.people
    unit_a, unit_b = stage.units
    return [
        started(lin, unit=unit_a),
        started(bo, unit=unit_a),
        answered(lin, 1, 1, sequence=1),
        answered(lin, 1, 2, sequence=2),
        answered(lin, 2, 5, sequence=3),
        ExtraTimeSet(bo, 1, 600_000),
        finished(lin, 8000),
        started(chen, unit=unit_b),
        started(free),
        answered(free, 5, 0, sequence=1),
        finished(free, 10_000),
        answered(bo, 4, 8, sequence=1),
        finished(chen, 4000),
    ]


def test_a_story_is_recorded_as_it_was_told_and_the_stream_is_emptied(stage: Stage) -> None:
    records = story(stage)
    stage.publish(*([record] for record in records))
    stage.record_all()
    assert stage.everything() == expected(stage, records)
    assert stage.left() == (0, 0)


def test_many_records_in_one_entry_are_recorded_as_well(stage: Stage) -> None:
    records = story(stage)
    stage.publish(records)
    stage.record_all()
    assert stage.everything() == expected(stage, records)


def test_replaying_the_whole_stream_from_its_first_entry_changes_nothing(stage: Stage) -> None:
    records = story(stage)
    stage.publish(*([record] for record in records))
    stage.record_all()
    for _ in range(3):
        stage.rewind()
        stage.record_all()
    assert stage.everything() == expected(stage, records)


def test_doubled_entries_are_counted_once(stage: Stage) -> None:
    records = story(stage)
    stage.publish(*([record] for record in records for _ in range(2)), *([record] for record in records))
    stage.record_all()
    assert stage.everything() == expected(stage, records)


def test_answers_that_arrive_in_the_wrong_order_leave_the_latest(stage: Stage) -> None:
    account = stage.people[0]
    answers = [
        answered(account, 1, chosen, sequence, epoch)
        for chosen, epoch, sequence in [(1, 2, 1), (2, 1, 9), (4, 2, 3), (8, 2, 2)]
    ]
    stage.publish([started(account)], *([answer] for answer in answers))
    stage.record_all()
    assert [row[2:6] for row in stage.responses()] == [(1, 4, 2, 3)]
    stage.publish([answered(account, 1, 16, sequence=8, epoch=1)])
    stage.record_all()
    assert [row[2:6] for row in stage.responses()] == [(1, 4, 2, 3)]


def test_a_second_end_of_an_attempt_changes_nothing(stage: Stage) -> None:
    account = stage.people[0]
    stage.publish([started(account, unit=stage.units[0])], [finished(account, 6000)], [finished(account, 9999)])
    stage.record_all()
    stage.publish([finished(account, 0)])
    stage.record_all()
    assert [row[2] for row in stage.results()] == [6000]
    assert stage.tallies()[stage.units[0]][:3] == (1, 1, 6000)


def test_killed_between_commit_and_acknowledgement_nothing_is_lost_or_doubled(stage: Stage) -> None:
    records = story(stage)
    stage.publish(*([record] for record in records))
    killed = stage.recorder("one")
    source = killed._sources[stage.stream]
    entries = killed._consumer.read([stage.stream], 500, 0)[stage.stream]
    killed._commit(source, entries, final=False)  # and never acknowledged
    assert stage.left() == (len(records), len(records))
    stage.recorder("one").take()  # the same name takes up what it holds
    assert stage.everything() == expected(stage, records)
    assert stage.left() == (0, 0)


def test_another_recorder_claims_what_a_dead_one_left(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    records = story(stage)
    stage.publish(*([record] for record in records))
    stage.recorder("dead")._consumer.read([stage.stream], 500, 0)
    heir = stage.recorder("heir")
    assert heir.take() == 0
    assert heir.claim() == 0, "what is fresh in somebody's hands is left there"
    monkeypatch.setattr("quizapp.attempts.recorder.CLAIM_IDLE_MS", 0)
    assert heir.claim() == len(records)
    heir.take()
    assert stage.everything() == expected(stage, records)
    assert stage.left() == (0, 0)


def test_a_recorder_that_slept_past_its_claim_does_no_harm(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    records = story(stage)
    stage.publish(*([record] for record in records))
    sleeper = stage.recorder("sleeper")
    entries = sleeper._consumer.read([stage.stream], 500, 0)[stage.stream]
    monkeypatch.setattr("quizapp.attempts.recorder.CLAIM_IDLE_MS", 0)
    other = stage.recorder("other")
    other.claim()
    other.take()
    later: list[Record] = [answered(stage.people[1], 4, 2, sequence=2), finished(stage.people[1], 2000)]
    stage.publish(*([record] for record in later))
    other.take()
    sleeper.record(sleeper._sources[stage.stream], entries)
    assert stage.everything() == expected(stage, records + later)
    assert stage.left() == (0, 0)


def test_answers_wait_for_a_start_that_another_recorder_holds(stage: Stage) -> None:
    account = stage.people[0]
    stage.publish([started(account, unit=stage.units[0])], [answered(account, 1, 1, sequence=1)])
    slow, quick = stage.recorder("slow"), stage.recorder("quick")
    first = slow._consumer.read([stage.stream], 1, 0)[stage.stream]
    assert quick.take() == 0
    assert (stage.responses(), stage.unrecordable()) == ([], [])
    slow.record(slow._sources[stage.stream], first)
    quick.take()
    assert len(stage.responses()) == 1
    assert stage.unrecordable() == []
    assert stage.left() == (0, 0)


def test_two_recorders_at_once_give_exact_counts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quizapp.attempts.recorder.BATCH", 20)
    records: list[Record] = []
    for ordinal in range(1, 8):
        for number, account in enumerate(stage.people):
            records.append(started(account, ordinal, stage.units[(number + ordinal) % 2]))
            records += [
                answered(account, position, 1, 10 * ordinal + position, ordinal=ordinal) for position in (1, 2, 3)
            ]
            records.append(finished(account, (ordinal * 1700 + number * 900) % 10_001, ordinal))
    stage.publish(*([record] for record in records))
    recorders = [stage.recorder(name) for name in ("one", "two", "three")]
    errors: list[BaseException] = []

    def work(recorder: Recorder) -> None:
        try:
            idle = 0
            while idle < 10:
                idle = 0 if recorder.take(block_ms=5) else idle + 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(recorder,)) for recorder in recorders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert stage.everything() == expected(stage, records)
    assert stage.left() == (0, 0)


@st.composite
def tellings(draw: st.DrawFn) -> tuple[str, list[tuple[int, int, int | None, int, int, bool]], list[list[int]]]:
    """keep; goes (person, ordinal, unit index, score, used, ended) in the order of time; and in what runs they come."""
    keep = draw(st.sampled_from(["best", "first", "last"]))
    goes = []
    for person in range(draw(st.integers(1, 4))):
        for ordinal in range(1, draw(st.integers(1, 4)) + 1):
            unit = draw(st.sampled_from([None, 0, 1]))
            goes.append(
                (person, ordinal, unit, draw(st.integers(0, 4)) * 2500, draw(st.integers(1, 3)), draw(st.booleans()))
            )
    goes.sort(key=lambda go: go[1])
    indexes = st.lists(st.integers(0, len(goes) - 1), max_size=6)
    return keep, goes, draw(st.lists(indexes, max_size=4))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(telling=tellings())
def test_results_and_tallies_equal_a_plain_recomputation(
    app: Flask, cast: Cast, tiny_bank: TinyBank, telling: Any
) -> None:
    keep, goes, repeats = telling
    stage = add_stage(app, cast, tiny_bank, keep=keep)
    told: list[list[Record]] = []
    for person, ordinal, unit, score, used, ended in goes:
        account = stage.people[person]
        go: list[Record] = [
            started(account, ordinal, None if unit is None else stage.units[unit]),
            answered(account, 1, ordinal, sequence=ordinal, ordinal=ordinal),
        ]
        told.append([*go, finished(account, score, ordinal, used)] if ended else go)
    try:
        for go in told:
            stage.publish(*([record] for record in go))
            if len(told) % 2:
                stage.record_all()
        for run in repeats:
            stage.publish(*([record] for index in run for record in told[index]))
            stage.record_all()
        stage.record_all()
        assert stage.everything() == expected(stage, [record for go in told for record in go])
        grader.store.delete(stage.stream)
    finally:
        stage.close()
