"""What an outage took is given back to whom it touched: exactly, once, and beyond the close too."""

from random import Random

import pytest

from quizapp.attempts.rules import closing
from quizapp.grader.engine import RecordedAttempt
from quizapp.grader.keys import keys_for
from quizapp.grader.outcomes import Outcome
from quizapp.grader.rules import deadline_ms
from tests.integration.grader.room import COMPETITION, HOUR_MS, LIN, PAPER, SHARDS, Room

pytestmark = pytest.mark.once

MINUTE_MS = 60_000


def begin(room: Room, started_ms: int, account: int = LIN) -> None:
    """An attempt that began at another time than now."""
    room.begin(account)
    keys = keys_for(COMPETITION, SHARDS, account)
    room.redis.hset(keys.attempt(account, 1), "started_ms", str(started_ms))
    room.redis.zadd(keys.open, {f"{account}:1": started_ms})


SPANS = [
    pytest.param([(-60_000, -30_001)], 0, id="before the start"),
    pytest.param([(-60_000, 0)], 0, id="up to the start"),
    pytest.param([(-60_000, 1)], 1, id="one millisecond into it"),
    pytest.param([(1000, 61_001)], 60_001, id="in the middle"),
    pytest.param([(0, 60_000)], 60_000, id="from the start on"),
    pytest.param([(1000, 2000), (2001, 3000), (50_000, 60_000)], 11_999, id="three of them"),
    pytest.param([(1_799_999, 1_900_000)], 100_001, id="from a millisecond before the end"),
    pytest.param([(1_800_000, 1_900_000)], 0, id="from the end on"),
    pytest.param([(1_700_000, 1_750_000), (1_849_999, 1_850_000)], 50_001, id="in what was given back for another"),
]


@pytest.mark.parametrize(("spans", "given"), SPANS)
def test_each_attempt_gets_exactly_its_overlap(room: Room, spans: list[tuple[int, int]], given: int) -> None:
    started_ms = room.grader.now_ms() - 10 * MINUTE_MS
    begin(room, started_ms)
    room.prime(interruptions=tuple((started_ms + one, started_ms + other) for one, other in spans))
    assert room.held().deadline_ms == started_ms + 30 * MINUTE_MS + given
    assert room.call().deadline_ms == started_ms + 30 * MINUTE_MS + given
    assert deadline_ms(room.rules, started_ms, 0, 0) == room.held().deadline_ms


def test_what_was_taken_is_given_back_beyond_the_close(room: Room) -> None:
    now = room.grader.now_ms()
    begin(room, now - 20 * MINUTE_MS)
    room.prime(closes_ms=now - MINUTE_MS, interruptions=((now - 8 * MINUTE_MS, now - 3 * MINUTE_MS),))
    assert room.held().deadline_ms == now + 4 * MINUTE_MS
    assert room.answer(1, 1, 1).outcome is Outcome.SAVED
    assert room.grader.expire(COMPETITION, LIN % SHARDS).ended == 0
    assert room.start(LIN + SHARDS).code is Outcome.CLOSED


def test_answers_count_up_to_the_extended_deadline_and_its_grace(room: Room) -> None:
    sequence = iter(range(1, 100_000))
    begin(room, room.grader.now_ms() - 31 * MINUTE_MS)

    def put(border_ms: int) -> None:
        # The interruption takes so much that deadline and grace end at the border.
        started_ms = border_ms - room.rules.grace_ms - 32 * MINUTE_MS
        begin_at = keys_for(COMPETITION, SHARDS, LIN)
        room.redis.hset(begin_at.attempt(LIN, 1), "started_ms", str(started_ms))
        room.prime(interruptions=((started_ms + MINUTE_MS, started_ms + 3 * MINUTE_MS),))

    for distance, replies in room.around(put, lambda: room.call((1, 1, next(sequence)))).items():
        expected = Outcome.SAVED if distance <= 0 else Outcome.DEADLINE_PASSED
        assert {reply.outcomes[0].outcome for reply in replies} == {expected}, distance


def test_whoever_is_due_expires_though_others_due_before_go_on(room: Room) -> None:
    now = room.grader.now_ms()
    touched = [LIN + SHARDS * number for number in range(5)]
    for account in touched:  # without the interruption they would have ended 36 minutes ago
        begin(room, now - 66 * MINUTE_MS, account)
    last = LIN + SHARDS * 9
    begin(room, now - 5 * MINUTE_MS, last)
    keys = keys_for(COMPETITION, SHARDS, last)
    room.redis.hset(keys.attempt(last, 1), "extra_ms", str(-26 * MINUTE_MS))
    room.redis.zadd(keys.open, {f"{last}:1": now - 31 * MINUTE_MS})
    room.prime(interruptions=((now - 60 * MINUTE_MS, now - 5 * MINUTE_MS),))
    reply = room.grader.expire(COMPETITION, LIN % SHARDS, limit=2)
    assert (reply.ended, reply.still_open) == (1, 5)
    assert room.held(last).ending is not None
    assert room.held(touched[0]).deadline_ms == now + 19 * MINUTE_MS


def test_time_that_was_given_back_is_not_counted_as_used(room: Room) -> None:
    now = room.grader.now_ms()
    begin(room, now - 10 * MINUTE_MS)
    room.prime(interruptions=((now - 6 * MINUTE_MS, now - 2 * MINUTE_MS),))
    reply = room.submit()
    assert reply.ending is not None
    assert reply.ending.used_ms == reply.ending.submitted_ms - (now - 10 * MINUTE_MS) - 4 * MINUTE_MS


def test_a_store_that_lost_everything_has_the_same_deadline_again(room: Room) -> None:
    now = room.grader.now_ms()
    started_ms = now - 10 * MINUTE_MS
    begin(room, started_ms)
    room.prime(interruptions=((now - 6 * MINUTE_MS, now - 2 * MINUTE_MS - 1),))
    before = room.held().deadline_ms
    room.redis.flushall()
    room.prime()
    attempt = RecordedAttempt(1, 5, "seed", started_ms, 0, 0, PAPER, {})
    room.grader.restore(COMPETITION, SHARDS, LIN, starts_ms=[started_ms], open_attempt=attempt)
    assert room.held().deadline_ms == before == started_ms + 34 * MINUTE_MS - 1


def test_python_and_lua_give_back_alike(room: Room) -> None:
    chance = Random(20261122)
    for account in range(LIN, LIN + 150):
        now = room.grader.now_ms()
        started_ms = now - chance.randrange(45 * MINUTE_MS)
        moments = sorted(now - chance.randrange(50 * MINUTE_MS) for _ in range(2 * chance.randrange(4)))
        spans = tuple(zip(moments[::2], moments[1::2], strict=True))
        room.prime(interruptions=spans, closes_ms=now + chance.choice((HOUR_MS, -MINUTE_MS, HOUR_MS)), opens_ms=0)
        closes_ms = room.rules.closes_ms
        room.prime(closes_ms=now + HOUR_MS)
        begin(room, started_ms, account)
        room.prime(closes_ms=closes_ms)
        reply = room.submit(account)
        ended = closing(room.rules, started_ms=started_ms, extra_ms=0, shift_ms=0, now_ms=reply.now_ms, by_person=True)
        assert reply.ending is not None
        assert (reply.ending.submitted_ms, reply.ending.used_ms, reply.ending.ended_by) == (
            ended.submitted_ms,
            ended.used_ms,
            ended.ended_by,
        )
