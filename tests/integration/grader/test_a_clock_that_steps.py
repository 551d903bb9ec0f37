"""The store's own clock is set back or forward while somebody answers: nobody gets time by it, no answer is lost or taken for
an older one, and what a step forward took can be given back.

The scripts run as they are in a real server; only their source of the time is a key that the test sets.
"""

import pytest

from quizapp.grader import engine
from quizapp.grader.engine import HeldAnswer, RecordedAttempt
from quizapp.grader.keys import keys_for
from quizapp.grader.outcomes import Outcome
from quizapp.grader.scripts import Script, script
from quizapp.grader.stream import Answered
from tests.integration.grader.room import COMPETITION, HOUR_MS, KEY, LIN, PAPER, SHARDS, Room

pytestmark = pytest.mark.once
SECOND_MS, MINUTE_MS = 1000, 60_000
LASTS_MS = 3 * MINUTE_MS
ENOUGH_MS = LASTS_MS + 2000
"""A whole attempt with its grace."""


class Clock:
    """The time that the scripts see; `now_ms` of the grader is asked of the same."""

    def __init__(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        self._room = room
        self.now_ms = room.grader.now_ms()
        self.step(0)
        monkeypatch.setattr(room.grader, "now_ms", lambda: self.now_ms)

    def step(self, by_ms: int) -> None:
        """Set the clock."""
        self.now_ms += by_ms
        self._room.redis.hset("clock", mapping={"s": self.now_ms // 1000, "us": self.now_ms % 1000 * 1000})

    def pass_by(self, ms: int) -> None:
        """Let time pass, of which the recorder sees each second."""
        while ms > 0:
            self.step(min(ms, SECOND_MS))
            ms -= SECOND_MS
            self._room.grader.expire(COMPETITION, LIN % SHARDS)


@pytest.fixture
def clock(room: Room, monkeypatch: pytest.MonkeyPatch) -> Clock:
    def with_a_clock_to_set(name: str) -> Script:
        text = script(name).text.replace("redis.call('TIME')", "redis.call('HMGET', 'clock', 's', 'us')")
        return Script(name, text, "0" * 40)  # a digest that no server knows: the text itself is sent

    monkeypatch.setattr(engine, "script", with_a_clock_to_set)
    clock = Clock(room, monkeypatch)
    room.prime(minutes=LASTS_MS // MINUTE_MS)
    return clock


def still_counts(room: Room, sequence: int) -> bool:
    outcome = room.answer(1, 1, sequence).outcome
    assert outcome in (Outcome.SAVED, Outcome.DEADLINE_PASSED, Outcome.ALREADY_SUBMITTED)
    return outcome is Outcome.SAVED


def test_steps_back_give_no_more_than_the_second_in_which_they_are_noticed(room: Room, clock: Clock) -> None:
    started_ms = room.begin().started_ms
    steps = (15, 3, 600)
    for minutes in steps:
        clock.pass_by(30 * SECOND_MS)
        clock.step(-minutes * MINUTE_MS)
    clock.pass_by(ENOUGH_MS - 90 * SECOND_MS - 1)
    assert still_counts(room, 1)
    clock.pass_by(len(steps) * SECOND_MS + 2)
    assert not still_counts(room, 2)
    ending = room.submit().ending
    assert ending is not None
    assert (ending.submitted_ms - started_ms, ending.used_ms) == (LASTS_MS, LASTS_MS)


def test_a_step_back_is_noticed_by_who_answers_too(room: Room, clock: Clock) -> None:
    room.begin()
    clock.step(ENOUGH_MS - 1)
    assert still_counts(room, 1)
    clock.step(-10 * MINUTE_MS)
    assert still_counts(room, 2)
    clock.step(2)
    assert not still_counts(room, 3)


def test_while_somebody_answers_the_time_is_kept_once_in_a_tenth_of_a_second(room: Room, clock: Clock) -> None:
    room.begin()
    kept = set()
    for sequence in range(1, 31):
        clock.step(10)
        assert still_counts(room, sequence)
        kept.add(room.redis.hget(keys_for(COMPETITION, SHARDS, LIN).rules, "latest_ms"))
    assert len(kept) == 4


def test_a_step_back_loses_no_answer_and_puts_none_in_the_wrong_order(room: Room, clock: Clock) -> None:
    opened = room.begin()
    clock.step(MINUTE_MS)
    assert room.answer(1, 2, 1).outcome is Outcome.SAVED
    clock.step(-5 * MINUTE_MS)  # before the start
    assert room.answer(1, 1, 2).outcome is Outcome.SAVED
    assert room.answer(1, 2, 1).outcome is Outcome.OUTDATED
    assert room.chosen() == {1: 1}
    told = [record for record in room.told() if isinstance(record, Answered)]
    assert [(record.sequence, record.chosen) for record in told] == [(1, 2), (2, 1)]
    assert room.held().deadline_ms == opened.deadline_ms
    clock.step(SECOND_MS)
    ending = room.submit().ending
    assert ending is not None
    assert (ending.points[0], ending.used_ms) == (400, MINUTE_MS + SECOND_MS)


@pytest.mark.parametrize("back_first", [True, False])
def test_a_clock_that_was_wrong_for_a_while_takes_and_gives_nothing(room: Room, clock: Clock, back_first: bool) -> None:
    """Set back and put right again; or set forward, which is given back as an interruption, and put right again."""
    room.begin()
    clock.pass_by(30 * SECOND_MS)
    before_ms = clock.now_ms
    clock.step(-HOUR_MS if back_first else HOUR_MS)
    if not back_first:
        room.prime(interruptions=((before_ms, clock.now_ms),))
    clock.pass_by(MINUTE_MS)
    clock.step(HOUR_MS if back_first else -HOUR_MS)
    clock.pass_by(ENOUGH_MS - 90 * SECOND_MS - 1)
    assert still_counts(room, 1)
    clock.pass_by(2 * SECOND_MS + 2)  # each step gives the second in which it is noticed
    assert not still_counts(room, 2)


def test_with_nothing_open_a_shard_goes_by_the_stores_clock_again(room: Room, clock: Clock) -> None:
    room.prime(attempts_total=None)
    room.begin()
    clock.pass_by(SECOND_MS)
    clock.step(-MINUTE_MS)
    reply = room.grader.expire(COMPETITION, LIN % SHARDS)
    assert (reply.ahead_ms, reply.now_ms - clock.now_ms) == (MINUTE_MS, MINUTE_MS)
    room.submit()
    reply = room.grader.expire(COMPETITION, LIN % SHARDS)
    assert (reply.ahead_ms, reply.now_ms) == (0, clock.now_ms)
    assert room.start().started_ms == clock.now_ms


def test_a_pause_is_no_time_for_a_clock_to_go_back_either(room: Room, clock: Clock) -> None:
    room.begin()
    clock.pass_by(30 * SECOND_MS)
    room.prime(paused_ms=clock.now_ms)
    clock.pass_by(10 * SECOND_MS)
    clock.step(-5 * MINUTE_MS)
    clock.pass_by(10 * SECOND_MS)
    room.prime(paused_ms=0, shift_ms=20 * SECOND_MS)
    clock.pass_by(ENOUGH_MS - 30 * SECOND_MS - 1)
    assert still_counts(room, 1)
    clock.pass_by(SECOND_MS + 2)
    assert not still_counts(room, 2)


def test_a_store_that_was_restored_has_not_forgotten_how_late_it_was(room: Room, clock: Clock) -> None:
    opened = room.begin()
    clock.step(2 * MINUTE_MS)
    assert still_counts(room, 1)
    held = room.held()
    recorded = RecordedAttempt(
        1, 5, "seed", opened.started_ms, 0, 0, PAPER, {1: HeldAnswer(1, 1, 1, held.now_ms, None)}
    )
    room.redis.flushall()
    clock.step(-HOUR_MS)
    room.prime()
    room.grader.restore(COMPETITION, SHARDS, LIN, starts_ms=[opened.started_ms], open_attempt=recorded)
    assert room.held().now_ms == held.now_ms


def test_a_step_forward_ends_what_is_due_and_what_it_took_can_be_given_back(room: Room, clock: Clock) -> None:
    opened = room.begin()
    before_ms = clock.now_ms
    clock.step(HOUR_MS)
    assert room.answer(1, 1, 1).outcome is Outcome.DEADLINE_PASSED
    room.prime(interruptions=((before_ms, clock.now_ms),))
    assert room.answer(1, 1, 1).outcome is Outcome.SAVED
    assert room.held(LIN).deadline_ms == opened.deadline_ms + HOUR_MS


def test_rules_are_not_held_up_by_those_that_came_before_a_step_back(room: Room, clock: Clock) -> None:
    assert room.grader.prime(room.rules, KEY, as_of_ms=clock.now_ms)
    clock.step(-HOUR_MS)
    assert room.grader.prime(room.rules, KEY, as_of_ms=clock.now_ms)
    clock.step(MINUTE_MS)
    assert not room.grader.prime(room.rules, KEY, as_of_ms=clock.now_ms - MINUTE_MS - 1)
