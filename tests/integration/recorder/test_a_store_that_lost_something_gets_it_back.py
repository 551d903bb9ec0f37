"""A server that comes back empty, or older than SQL, is noticed and given what SQL has recorded."""

from collections.abc import Iterator

import pytest
from flask import Flask
from redis import Redis

from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime_if_reachable
from quizapp.extensions import db, grader
from quizapp.grader.engine import AnswerCall
from quizapp.grader.outcomes import Outcome
from tests.cast import Cast, TinyBank
from tests.integration.recorder.stage import Stage, add_stage
from tests.integration.recorder.test_due_attempts_end_without_a_browser import start


@pytest.fixture
def stage(app: Flask, cast: Cast, tiny_bank: TinyBank) -> Iterator[Stage]:
    stage = add_stage(app, cast, tiny_bank, people=4)
    with app.app_context():
        assert prime_if_reachable(db.session.get_one(Competition, stage.id))
    yield stage
    stage.close()


def save(stage: Stage, account: int, epoch: int, *answers: tuple[int, int, int]) -> list[Outcome]:
    [reply] = grader.answer(stage.id, 0, [AnswerCall(account, 1, epoch, answers)])
    return [each.outcome for each in reply.outcomes]


def held(stage: Stage, account: int) -> dict[int, tuple[int, int, int]]:
    attempt = grader.read(stage.id, 1, account).attempt
    assert attempt is not None
    return {position: (answer.chosen, answer.epoch, answer.sequence) for position, answer in attempt.answers.items()}


def test_a_wiped_store_gets_its_open_attempts_and_answers_back(stage: Stage, store: Redis) -> None:
    lin, bo, chen, _ = stage.people
    for account in (lin, bo, chen):
        start(stage, account)
    save(stage, lin, 0, (1, 1, 1), (2, 2, 2), (1, 2, 3))
    save(stage, bo, 0, (3, 4, 1))
    grader.submit(stage.id, 0, chen, 1, 0)
    recorder = stage.recorder()
    assert recorder.restore() == 0, "a store that was never compared is compared, and lacks nothing"
    recorder.take()
    before = {account: (held(stage, account), grader.read(stage.id, 1, account).attempt) for account in (lin, bo)}
    store.flushall()
    assert recorder.restore() == 2
    for account, (answers, attempt) in before.items():
        again = grader.read(stage.id, 1, account).attempt
        assert again is not None
        assert attempt is not None
        assert held(stage, account) == answers
        assert (again.seed, again.started_ms, again.deadline_ms) == (
            attempt.seed,
            attempt.started_ms,
            attempt.deadline_ms,
        )
        opened = grader.open(stage.id, 1, account, 1).attempt
        assert opened is not None
        assert save(stage, account, attempt.epoch, (4, 1, 9)) == [Outcome.SUPERSEDED], "the old page opens again first"
        assert save(stage, account, opened.epoch, (4, 1, 1)) == [Outcome.SAVED]
    recorder.take()
    assert [row[:4] for row in stage.responses() if row[2] == 4] == [(lin, 1, 4, 1), (bo, 1, 4, 1)]
    assert recorder.restore() == 0, "it is done once"


def test_an_older_store_gets_the_newer_answers_and_keeps_its_own(stage: Stage, store: Redis) -> None:
    lin = stage.people[0]
    start(stage, lin)
    save(stage, lin, 0, (1, 1, 1))
    key = f"{{q{stage.id}.0}}:attempt:{lin}:1"
    older = store.dump(key)
    recorder = stage.recorder()
    recorder.restore()
    save(stage, lin, 0, (1, 2, 2), (2, 2, 3))
    recorder.take()
    store.delete(key)
    store.restore(key, 0, older)  # type: ignore[arg-type]
    store.delete(f"{{q{stage.id}.0}}:compared")
    assert held(stage, lin) == {1: (1, 0, 1)}
    assert recorder.restore() == 1
    assert held(stage, lin) == {1: (2, 0, 2), 2: (2, 0, 3)}


def test_what_only_the_stream_knows_is_not_undone_by_a_comparison(stage: Stage) -> None:
    lin = stage.people[0]
    start(stage, lin)
    recorder = stage.recorder()
    recorder.take()
    save(stage, lin, 0, (1, 2, 1))
    grader.submit(stage.id, 0, lin, 1, 0)
    recorder.restore()
    state = grader.read(stage.id, 1, lin)
    assert state.open_ordinal == 0
    assert state.attempt is not None
    assert state.attempt.ending is not None
    recorder.take()
    assert len(stage.results()) == 1


def test_one_who_had_submitted_cannot_start_again_in_a_wiped_store(stage: Stage, store: Redis) -> None:
    lin = stage.people[0]
    start(stage, lin)
    grader.submit(stage.id, 0, lin, 1, 0)
    recorder = stage.recorder()
    recorder.take()
    store.flushall()
    recorder.restore()
    reply = grader.start(
        stage.id, 1, lin, organization=None, seed="another", places=(), extra_ms=0, known_attempts=1, day_ms=(0, 1)
    )
    assert reply.code is Outcome.BEHIND


def test_what_had_ended_stays_ended_in_an_older_store(stage: Stage, store: Redis) -> None:
    """An old file put back: there the attempt is still open, and an answer to it would be called saved and never graded."""
    lin, bo, _, _ = stage.people
    for account in (lin, bo):
        start(stage, account)
    save(stage, lin, 0, (1, 1, 1))
    older = {key: store.dump(key) for key in store.scan_iter()}
    recorder = stage.recorder()
    recorder.restore()
    save(stage, lin, 0, (2, 2, 2))
    ending = grader.submit(stage.id, 0, lin, 1, 0).ending
    recorder.take()
    store.flushall()
    for key, value in older.items():
        store.restore(key, 0, value)  # type: ignore[arg-type]

    recorder.restore()
    assert save(stage, lin, 0, (3, 1, 3)) == [Outcome.ALREADY_SUBMITTED]
    assert save(stage, lin, 0, (2, 2, 2)) == [Outcome.SAVED], "the repeat of what is held, whose reply was lost"
    assert grader.submit(stage.id, 0, lin, 1, 0).ending == ending
    assert grader.read(stage.id, 1, lin).open_ordinal == 0
    assert save(stage, bo, 0, (1, 1, 1)) == [Outcome.SAVED], "who was answering goes on"
    assert grader.open_attempts(stage.id, 1) == 1
    before = stage.attempts()
    recorder.take()
    assert stage.attempts() == before
