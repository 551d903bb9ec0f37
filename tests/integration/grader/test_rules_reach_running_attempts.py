"""Priming, pauses, extra time and the fence: one write to the rules reaches every attempt that is running."""

from dataclasses import replace

import pytest

from quizapp.errors import Unavailable
from quizapp.grader.keys import ShardKeys
from quizapp.grader.outcomes import Outcome
from quizapp.grader.stream import ExtraTimeSet
from tests.integration.grader.room import COMPETITION, HOUR_MS, KEY, LIN, SHARDS, Room

pytestmark = pytest.mark.once

MINUTE_MS = 60_000


def test_the_deadline_is_the_earlier_of_the_own_time_and_the_close(room: Room) -> None:
    started_ms = room.begin(extra_ms=MINUTE_MS).started_ms
    assert room.held().deadline_ms == started_ms + 31 * MINUTE_MS
    room.prime(closes_ms=started_ms + MINUTE_MS)
    assert room.held().deadline_ms == started_ms + MINUTE_MS


def test_more_minutes_and_a_later_close_reach_running_attempts(room: Room) -> None:
    room.prime(closes_ms=room.grader.now_ms() + MINUTE_MS)
    started_ms = room.begin().started_ms
    room.prime(minutes=45, closes_ms=started_ms + HOUR_MS)
    assert room.held().deadline_ms == started_ms + 45 * MINUTE_MS


def test_a_pause_is_given_back_to_who_was_running_and_to_nobody_else(room: Room) -> None:
    before_ms = room.begin(LIN).started_ms
    room.prime(paused_ms=room.grader.now_ms())
    assert room.held(LIN).paused_ms == room.rules.paused_ms
    room.prime(paused_ms=0, shift_ms=7 * MINUTE_MS)
    after_ms = room.begin(LIN + 1).started_ms
    assert room.held(LIN).deadline_ms == before_ms + 37 * MINUTE_MS
    assert room.held(LIN + 1).deadline_ms == after_ms + 30 * MINUTE_MS
    assert room.held(LIN).paused_ms == 0


def test_extra_time_reaches_the_open_attempt_and_those_to_come(room: Room) -> None:
    room.prime(attempts_total=2)
    started_ms = room.begin().started_ms
    assert room.grader.set_extra(COMPETITION, SHARDS, LIN, 10 * MINUTE_MS) is Outcome.OK
    assert room.held().deadline_ms == started_ms + 40 * MINUTE_MS
    before = room.everything()
    room.grader.set_extra(COMPETITION, SHARDS, LIN, 10 * MINUTE_MS)
    assert room.everything() == before
    assert room.told()[1:] == [ExtraTimeSet(LIN, 1, 10 * MINUTE_MS)]
    room.submit()
    # This start read SQL before the extra time was granted.
    assert room.begin(extra_ms=0).extra_ms == 10 * MINUTE_MS


def test_extra_time_can_be_granted_before_the_start_and_moves_the_expiry(room: Room) -> None:
    assert room.grader.set_extra(COMPETITION, SHARDS, LIN, -HOUR_MS) is Outcome.OK
    room.begin()
    assert room.grader.expire(COMPETITION, LIN % SHARDS).ended == 0
    room.grader.set_extra(COMPETITION, SHARDS, LIN, -HOUR_MS - 1)
    assert room.grader.expire(COMPETITION, LIN % SHARDS).ended == 1


def test_rules_that_were_read_earlier_do_not_replace_later_ones(room: Room) -> None:
    now = room.grader.now_ms()
    assert room.grader.prime(replace(room.rules, minutes=60), KEY, as_of_ms=now)
    before = room.everything()
    assert not room.grader.prime(replace(room.rules, minutes=10), {10: ("single", 8)}, as_of_ms=now - 1)
    assert room.everything() == before
    assert room.grader.prime(replace(room.rules, minutes=61), KEY, as_of_ms=now)


def test_priming_twice_changes_nothing(room: Room) -> None:
    before = room.everything()
    room.prime()
    assert room.everything() == before


def test_priming_never_takes_a_fence_down_nor_time_away(room: Room) -> None:
    room.prime(shift_ms=5000)
    room.grader.fence(COMPETITION, SHARDS)
    room.grader.prime(replace(room.rules, fenced=False, shift_ms=0), KEY)
    assert room.start().code is Outcome.FENCED
    room.grader.fence(COMPETITION, SHARDS, fenced=False)
    room.start()
    assert room.held().shift_ms == 5000


def test_a_later_close_takes_down_the_fence_that_a_killed_freeze_left(room: Room) -> None:
    room.grader.fence(COMPETITION, SHARDS)
    room.prime(closes_ms=room.rules.closes_ms + 1)
    assert room.start().code is Outcome.STARTED
    room.prime(fenced=True)
    room.prime(closes_ms=room.rules.closes_ms + 1)
    assert room.start(LIN + 1).code is Outcome.FENCED


def test_priming_replaces_the_whole_answer_key_of_every_shard(room: Room) -> None:
    large = dict.fromkeys(range(5000), ("single", 1))
    room.grader.prime(room.rules, large)
    for shard in range(SHARDS):
        assert room.redis.hlen(ShardKeys(COMPETITION, shard).key) == 5000
    room.grader.prime(room.rules, KEY)
    for shard in range(SHARDS):
        assert room.redis.hgetall(ShardKeys(COMPETITION, shard).key) == {
            "10": "1|single",
            "11": "5|multiple",
            "12": "1|judge",
        }


def test_an_empty_answer_key_is_never_primed(room: Room) -> None:
    with pytest.raises(ValueError, match="without questions"):
        room.grader.prime(room.rules, {})


def test_a_competition_that_the_store_does_not_know_is_unavailable(room: Room) -> None:
    for ask in (
        lambda: room.grader.read(99, 1, LIN),
        lambda: room.grader.open(99, 1, LIN, 1),
        lambda: room.grader.submit(99, 0, LIN, 1, 1),
        lambda: room.grader.expire(99, 0),
        lambda: room.grader.set_extra(99, 1, LIN, 1),
        lambda: room.grader.fence(99, 1),
        lambda: room.grader.restore(99, 1, LIN, starts_ms=[1], open_attempt=None),
    ):
        with pytest.raises(Unavailable, match="not_primed"):
            ask()
    assert not [name for name in room.everything() if name.startswith("{q99.")]


def test_a_store_that_has_lost_the_scripts_gets_them_again(room: Room) -> None:
    room.begin()
    room.redis.script_flush()
    assert room.answer(1, 1, 1).outcome is Outcome.SAVED
    room.redis.script_flush()
    assert room.submit().code is Outcome.SUBMITTED
