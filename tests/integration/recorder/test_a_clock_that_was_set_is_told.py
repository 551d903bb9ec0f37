"""What a step of the store's clock took is told like a silence, for somebody to give it back; one that took nothing is not."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from redis import Redis

from quizapp.attempts.heartbeat import gaps, pulse
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime_if_reachable
from quizapp.extensions import db, grader
from quizapp.grader import engine
from quizapp.grader.scripts import Script, script
from tests.cast import Cast, TinyBank
from tests.integration.recorder.stage import Stage, add_stage
from tests.integration.recorder.test_due_attempts_end_without_a_browser import start

pytestmark = pytest.mark.once
HOUR_MS = 3_600_000


@pytest.fixture
def stage(app: Flask, cast: Cast, tiny_bank: TinyBank) -> Iterator[Stage]:
    stage = add_stage(app, cast, tiny_bank, people=1)
    with app.app_context():
        assert prime_if_reachable(db.session.get_one(Competition, stage.id))
    yield stage
    stage.close()


@pytest.fixture
def set_clock(store: Redis, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set the clock that the scripts see, to so many milliseconds."""

    def with_a_clock_to_set(name: str) -> Script:
        text = script(name).text.replace("redis.call('TIME')", "redis.call('HMGET', 'clock', 's', 'us')")
        return Script(name, text, "0" * 40)  # a digest that no server knows: the text itself is sent

    def set_clock(ms: int) -> None:
        store.hset("clock", mapping={"s": ms // 1000, "us": ms % 1000 * 1000})

    set_clock(grader.now_ms())
    monkeypatch.setattr(engine, "script", with_a_clock_to_set)
    return set_clock


def test_a_step_forward_is_told_once_with_what_it_took(stage: Stage, set_clock: Callable[[int], None]) -> None:
    now_ms = grader.now_ms()
    set_clock(now_ms)
    start(stage, stage.people[0])
    recorder = stage.recorder()
    recorder.expire()
    set_clock(now_ms + HOUR_MS)
    assert recorder.expire() == 1
    recorder.expire()
    assert gaps(grader.store) == [(now_ms, now_ms + HOUR_MS)]


def test_a_clock_that_was_set_back_and_is_put_right_took_nothing(
    stage: Stage, set_clock: Callable[[int], None]
) -> None:
    now_ms = grader.now_ms()
    set_clock(now_ms)
    start(stage, stage.people[0])
    recorder = stage.recorder()
    for clock_ms, ahead_ms in ((now_ms, 0), (now_ms - HOUR_MS, HOUR_MS), (now_ms, 0)):
        set_clock(clock_ms)
        assert recorder.expire() == 0
        recorder.tell()
        assert pulse(grader.store).beats[0].ahead_ms == ahead_ms
    assert gaps(grader.store) == []
