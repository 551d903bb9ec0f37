"""The store's own clock is set back or forward while somebody answers: no answer is lost or taken for an older one, times
never go below zero, and what a step forward took can be given back.

The scripts run as they are in a real server; only their source of the time is a key that the test sets.
"""

import pytest

from quizapp.grader import engine
from quizapp.grader.outcomes import Outcome
from quizapp.grader.scripts import Script, script
from quizapp.grader.stream import Answered
from tests.integration.grader.room import HOUR_MS, LIN, Room

pytestmark = pytest.mark.once
MINUTE_MS = 60_000


class Clock:
    """The time that the scripts see."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.now_ms = room.grader.now_ms()
        self.step(0)

    def step(self, by_ms: int) -> None:
        self.now_ms += by_ms
        self._room.redis.hset("clock", mapping={"s": self.now_ms // 1000, "us": self.now_ms % 1000 * 1000})


@pytest.fixture
def clock(room: Room, monkeypatch: pytest.MonkeyPatch) -> Clock:
    def with_a_clock_to_set(name: str) -> Script:
        text = script(name).text.replace("redis.call('TIME')", "redis.call('HMGET', 'clock', 's', 'us')")
        return Script(name, text, "0" * 40)  # a digest that no server knows: the text itself is sent

    monkeypatch.setattr(engine, "script", with_a_clock_to_set)
    return Clock(room)


def test_a_step_back_loses_no_answer_and_puts_none_in_the_wrong_order(room: Room, clock: Clock) -> None:
    opened = room.begin()
    clock.step(10 * MINUTE_MS)
    assert room.answer(1, 2, 1).outcome is Outcome.SAVED
    clock.step(-15 * MINUTE_MS)  # before the start
    assert room.answer(1, 1, 2).outcome is Outcome.SAVED
    assert room.answer(1, 2, 1).outcome is Outcome.OUTDATED
    assert room.chosen() == {1: 1}
    told = [record for record in room.told() if isinstance(record, Answered)]
    assert [(record.sequence, record.chosen) for record in told] == [(1, 2), (2, 1)]
    assert room.held().deadline_ms == opened.deadline_ms
    ending = room.submit().ending
    assert ending is not None
    assert (ending.points[0], ending.used_ms) == (400, 0)


def test_a_step_forward_ends_what_is_due_and_what_it_took_can_be_given_back(room: Room, clock: Clock) -> None:
    opened = room.begin()
    before_ms = clock.now_ms
    clock.step(HOUR_MS)
    assert room.answer(1, 1, 1).outcome is Outcome.DEADLINE_PASSED
    room.prime(interruptions=((before_ms, clock.now_ms),))
    assert room.answer(1, 1, 1).outcome is Outcome.SAVED
    assert room.held(LIN).deadline_ms == opened.deadline_ms + HOUR_MS
