"""Submit and expire: an attempt ends once, is graded as a whole, and is told to the recorder once."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from quizapp.errors import Unavailable
from quizapp.grader.keys import keys_for
from quizapp.grader.outcomes import Outcome
from quizapp.grader.stream import Answered, Finished
from tests.integration.grader.room import BO, COMPETITION, HOUR_MS, LIN, RIGHT, SHARDS, Room

pytestmark = pytest.mark.once


def finished(room: Room, account: int = LIN) -> list[Finished]:
    return [record for record in room.told(account) if isinstance(record, Finished)]


def expire(room: Room, limit: int = 50) -> int:
    return sum(room.grader.expire(COMPETITION, shard, limit).ended for shard in range(SHARDS))


def test_submitting_grades_the_whole_attempt(room: Room) -> None:
    started_ms = room.begin().started_ms
    room.call(*((position, chosen, position) for position, chosen in {**RIGHT, 3: 2}.items()))
    reply = room.submit()
    assert reply.code is Outcome.SUBMITTED
    ending = reply.ending
    assert ending is not None
    assert (ending.score, ending.right_count, ending.points, ending.ended_by) == (900, 2, (400, 500, 0), "person")
    assert ending.submitted_ms == reply.now_ms
    assert ending.used_ms == reply.now_ms - started_ms
    assert finished(room) == [Finished(LIN, 1, ending.submitted_ms, ending.used_ms, "person", 900, 2, (400, 500, 0))]
    assert room.held().ending == ending
    assert room.grader.open_attempts(COMPETITION, SHARDS) == 0


def test_an_empty_attempt_is_worth_nothing(room: Room) -> None:
    room.begin()
    ending = room.submit().ending
    assert ending is not None
    assert (ending.score, ending.right_count, ending.points) == (0, 0, (0, 0, 0))


def test_partial_credit_counts_right_letters_if_none_is_wrong(room: Room) -> None:
    room.prime(multiple_scoring="partial")
    for account, (chosen, points) in zip(
        count(LIN, SHARDS), {9: 500, 1: 250, 8: 250, 11: 0, 3: 0, 0: 0}.items(), strict=False
    ):
        room.begin(account)
        room.answer(2, chosen, 1, account=account)
        ending = room.submit(account).ending
        assert ending is not None
        assert ending.points[1] == points, chosen
        assert ending.right_count == (chosen == 9)


def test_fifty_submits_at_once_end_it_once_with_one_reply(room: Room) -> None:
    room.begin()
    room.answer(1, 1, 1)
    with ThreadPoolExecutor(16) as pool:
        endings = set(pool.map(lambda _: room.submit().ending, range(50)))
    assert len(endings) == 1
    assert len(finished(room)) == 1


def test_an_answer_against_a_submit_is_either_graded_or_refused(room: Room) -> None:
    """Whoever comes first: what the answer was told and what the grade says agree."""
    for account in range(LIN, LIN + 60 * SHARDS, SHARDS):
        room.begin(account)
        with ThreadPoolExecutor(2) as pool:
            answer = pool.submit(room.answer, 1, 1, 1, account=account)
            submit = pool.submit(room.submit, account)
        ending = submit.result().ending
        assert ending is not None
        saved = answer.result().outcome is Outcome.SAVED
        assert ending.points[0] == (400 if saved else 0)
        assert sum(isinstance(record, Answered) and record.account == account for record in room.told(account)) == saved


def test_a_superseded_page_cannot_submit(room: Room) -> None:
    room.begin()
    room.open()
    before = room.everything()
    assert room.submit(epoch=1).code is Outcome.SUPERSEDED
    assert room.everything() == before
    assert room.submit(epoch=2).code is Outcome.SUBMITTED
    # Now it is over, the older page may know how it ended.
    assert room.submit(epoch=1).code is Outcome.SUBMITTED


def test_submits_are_refused_while_paused_fenced_or_without_an_attempt(room: Room) -> None:
    assert room.submit().code is Outcome.NO_ATTEMPT
    room.begin()
    for rules, code in (({"paused_ms": room.grader.now_ms()}, "paused"), ({"paused_ms": 0, "fenced": True}, "fenced")):
        room.prime(**rules)
        before = room.everything()
        assert room.submit().code == code
        assert room.everything() == before


def test_a_corrected_key_is_the_one_that_counts(room: Room) -> None:
    room.begin()
    room.answer(1, 1, 1)
    room.grader.prime(room.rules, {10: ("single", 2), 11: ("multiple", 5), 12: ("judge", 1)})
    ending = room.submit().ending
    assert ending is not None
    assert ending.score == 0


def test_without_its_key_nothing_is_graded(room: Room) -> None:
    room.begin()
    room.redis.hdel(keys_for(COMPETITION, SHARDS, LIN).key, "11")
    before = room.everything()
    with pytest.raises(Unavailable):
        room.submit()
    room.prime(closes_ms=room.grader.now_ms() - HOUR_MS)
    room.redis.hdel(keys_for(COMPETITION, SHARDS, LIN).key, "11")
    with pytest.raises(Unavailable):
        expire(room)
    assert finished(room) == []
    assert before.keys() == room.everything().keys()


def test_a_submit_within_the_grace_counts_as_ended_at_the_deadline(room: Room) -> None:
    started_ms = room.begin().started_ms
    room.prime(closes_ms=started_ms, grace_ms=HOUR_MS)
    ending = room.submit().ending
    assert ending is not None
    assert (ending.submitted_ms, ending.used_ms, ending.ended_by) == (started_ms, 0, "person")


def test_a_submit_after_the_grace_is_the_deadlines(room: Room) -> None:
    started_ms = room.begin().started_ms
    room.answer(1, 1, 1)
    room.prime(closes_ms=started_ms - 5000)
    ending = room.submit().ending
    assert ending is not None
    assert (ending.submitted_ms, ending.used_ms, ending.ended_by, ending.score) == (
        started_ms - 5000,
        0,
        "deadline",
        400,
    )


def test_due_attempts_end_without_a_browser(room: Room) -> None:
    started_ms = room.begin().started_ms
    room.answer(1, 1, 1)
    assert expire(room) == 0
    room.prime(closes_ms=started_ms + 1, grace_ms=0)
    while room.grader.now_ms() <= started_ms + 1:
        pass
    assert expire(room) == 1
    assert finished(room) == [Finished(LIN, 1, started_ms + 1, 1, "deadline", 400, 1, (400, 0, 0))]
    assert expire(room) == 0
    assert room.start().code is Outcome.CLOSED


def test_an_attempt_that_expired_makes_room_for_the_next(room: Room) -> None:
    room.prime(attempts_total=2)
    room.begin()
    room.grader.set_extra(COMPETITION, SHARDS, LIN, -HOUR_MS)
    assert expire(room) == 1
    room.grader.set_extra(COMPETITION, SHARDS, LIN, 0)
    assert room.begin().ordinal == 2


def test_the_expiry_is_exact_to_the_millisecond(room: Room) -> None:
    """As long as an answer would still count nothing expires; one millisecond later it does."""
    started_ms = room.begin().started_ms
    own_ms = started_ms + room.rules.minutes * 60_000 + room.rules.grace_ms
    keys = keys_for(COMPETITION, SHARDS, LIN)

    passes = count()

    def put(border: int) -> None:
        next(passes)
        room.redis.hdel(keys.attempt(LIN, 1), "submitted_ms")
        room.redis.hset(keys.person(LIN), "open", "1")
        room.redis.zadd(keys.open, {f"{LIN}:1": 0})
        room.grader.set_extra(COMPETITION, SHARDS, LIN, border - own_ms)

    replies = room.around(put, lambda: room.grader.expire(COMPETITION, LIN % SHARDS))
    for distance, told in replies.items():
        if distance <= 0:
            assert all(reply.ended == 0 for reply in told), distance
    assert sum(reply.ended for told in replies.values() for reply in told) == next(passes)  # once each time
    assert sum(reply.ended for reply in replies[1]) >= 1


def test_the_expiry_works_in_bounded_batches_the_longest_due_first(room: Room) -> None:
    accounts = range(LIN, LIN + 7 * SHARDS, SHARDS)
    for account in accounts:
        room.begin(account)
    room.prime(closes_ms=room.grader.now_ms() - HOUR_MS)
    batches = [room.grader.expire(COMPETITION, LIN % SHARDS, 3) for _ in range(4)]
    assert [(batch.ended, batch.still_open) for batch in batches] == [(3, 4), (3, 1), (1, 0), (0, 0)]
    assert [record.account for record in finished(room)] == list(accounts)


def test_nothing_expires_while_paused_or_fenced(room: Room) -> None:
    room.begin()
    closed = {"closes_ms": room.grader.now_ms() - HOUR_MS}
    room.prime(**closed, paused_ms=room.grader.now_ms())
    assert expire(room) == 0
    room.prime(paused_ms=0)
    room.grader.fence(COMPETITION, SHARDS)
    assert expire(room) == 0
    room.grader.fence(COMPETITION, SHARDS, fenced=False)
    assert expire(room) == 1


def test_an_open_attempt_that_is_gone_is_not_in_the_way(room: Room) -> None:
    room.begin(LIN)
    room.begin(LIN + SHARDS)
    room.redis.delete(keys_for(COMPETITION, SHARDS, LIN).attempt(LIN, 1))
    room.prime(closes_ms=room.grader.now_ms() - HOUR_MS)
    reply = room.grader.expire(COMPETITION, LIN % SHARDS, 1)
    assert (reply.ended, reply.lost, reply.still_open) == (0, 1, 1)
    assert room.grader.expire(COMPETITION, LIN % SHARDS, 1).ended == 1
    assert room.grader.missing(COMPETITION, SHARDS, [(LIN, 1), (LIN + SHARDS, 1), (BO, 1)]) == [(LIN, 1), (BO, 1)]


def test_the_time_used_leaves_pauses_out_and_never_exceeds_what_was_allowed(room: Room) -> None:
    room.prime(shift_ms=1000)
    started_ms = room.begin(extra_ms=60_000).started_ms
    # A pause of 5 s has ended since; the attempt began before it.
    room.prime(shift_ms=6000)
    keys = keys_for(COMPETITION, SHARDS, LIN)
    room.redis.hset(keys.attempt(LIN, 1), "started_ms", str(started_ms - 65_000))
    reply = room.submit()
    assert reply.ending is not None
    assert reply.ending.used_ms == reply.now_ms - (started_ms - 65_000) - 5000
