"""Attempts end at their deadline, or at the close, because the recorder ends them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from quizapp.attempts.lag import recorder_lag
from quizapp.attempts.queries import places_for
from quizapp.attempts.recorder import EXPIRE_BATCH
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import answer_key_of, rules_of
from quizapp.extensions import db, grader
from quizapp.grader.engine import AnswerCall
from quizapp.grader.outcomes import Outcome
from tests.cast import Cast, TinyBank
from tests.integration.recorder.stage import Stage, add_stage

HOUR_MS = 3_600_000


@pytest.fixture
def stage(app: Flask, cast: Cast, tiny_bank: TinyBank) -> Iterator[Stage]:
    stage = add_stage(app, cast, tiny_bank, people=6)
    prime(stage)
    yield stage
    stage.close()


def prime(stage: Stage, **changes: Any) -> None:
    """Prime the competition's rules with changes that would take hours to come about by themselves."""
    with stage.app.app_context():
        competition = db.session.get_one(Competition, stage.id)
        grader.prime(replace(rules_of(competition), **changes), answer_key_of(competition))


def start(stage: Stage, account: int, unit: int | None = None) -> None:
    with stage.app.app_context():
        places = places_for(db.session.get_one(Competition, stage.id), f"seed{account}")
    reply = grader.start(
        stage.id,
        1,
        account,
        organization=unit,
        seed=f"seed{account}",
        places=places,
        extra_ms=0,
        known_attempts=0,
        day_ms=(0, HOUR_MS),
    )
    assert reply.code is Outcome.STARTED


def answer(stage: Stage, account: int) -> None:
    [reply] = grader.answer(stage.id, 0, [AnswerCall(account, 1, 0, [(1, 1, 1)])])
    assert [each.outcome for each in reply.outcomes] == [Outcome.SAVED]


def test_an_attempt_past_its_deadline_is_ended_graded_and_recorded(stage: Stage) -> None:
    account = stage.people[0]
    start(stage, account, stage.units[0])
    answer(stage, account)
    recorder = stage.recorder()
    assert recorder.expire() == 0, "its time has not come"
    prime(stage, minutes=0, grace_ms=-1)
    assert recorder.expire() == 1
    recorder.take()
    with stage.app.app_context():
        assert recorder_lag(db.session.get_one(Competition, stage.id)).is_clear
    assert [row[0] for row in stage.results()] == [account]
    assert stage.tallies()[stage.units[0]][:2] == (1, 1)
    assert recorder.expire() == 0


def test_everything_ends_at_the_close(stage: Stage) -> None:
    for account in stage.people:
        start(stage, account)
    recorder = stage.recorder()
    prime(stage, closes_ms=grader.now_ms() - HOUR_MS)
    assert recorder.expire() == len(stage.people)


def test_nothing_ends_while_time_stands_still(stage: Stage) -> None:
    start(stage, stage.people[0])
    recorder = stage.recorder()
    prime(stage, minutes=0, grace_ms=-1, paused_ms=grader.now_ms())
    assert recorder.expire() == 0
    prime(stage, minutes=0, grace_ms=-1)
    assert recorder.expire() == 1


def test_more_than_one_batch_ends_in_one_sweep(app: Flask, cast: Cast, tiny_bank: TinyBank) -> None:
    many = add_stage(app, cast, tiny_bank, people=EXPIRE_BATCH * 2 + 3)
    try:
        prime(many)
        for account in many.people:
            start(many, account)
        prime(many, minutes=0, grace_ms=-1)
        recorder = many.recorder()
        assert recorder.expire() == len(many.people)
        recorder.take()
        assert len(many.results()) == len(many.people)
    finally:
        many.close()


def test_rules_that_were_committed_but_not_primed_are_brought_by_the_sweep(stage: Stage) -> None:
    start(stage, stage.people[0])
    with stage.app.app_context():
        db.session.get_one(Competition, stage.id).minutes = 90
        db.session.commit()  # and the process dies before it primes
    before = deadline(stage)
    stage.recorder().prime()
    assert deadline(stage) - before == HOUR_MS


def deadline(stage: Stage) -> int:
    attempt = grader.read(stage.id, 1, stage.people[0]).attempt
    assert attempt is not None
    return attempt.deadline_ms
