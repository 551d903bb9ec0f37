"""A store that came back empty or older gets its attempts back from SQL, and never loses what is newer."""

from typing import Any

import pytest

from quizapp.grader.engine import HeldAnswer, RecordedAttempt
from quizapp.grader.keys import keys_for
from quizapp.grader.outcomes import Outcome
from tests.integration.grader.room import COMPETITION, KEY, LIN, PAPER, RIGHT, SHARDS, Room

pytestmark = pytest.mark.once


def recorded(started_ms: int, **values: Any) -> RecordedAttempt:
    answers = {1: HeldAnswer(1, 2, 5, started_ms + 10, None), 2: HeldAnswer(9, 3, 1, started_ms + 20, None)}
    known: dict[str, Any] = {
        "ordinal": 2,
        "organization": 5,
        "seed": "seed",
        "started_ms": started_ms,
        "extra_ms": 1000,
        "shift_ms": 0,
        "places": PAPER,
        "answers": answers,
    }
    return RecordedAttempt(**{**known, **values})


def restore(room: Room, attempt: RecordedAttempt | None, starts_ms: list[int]) -> None:
    room.grader.restore(COMPETITION, SHARDS, LIN, starts_ms=starts_ms, open_attempt=attempt)


def test_an_empty_store_gets_the_open_attempt_back(room: Room) -> None:
    room.prime(attempts_total=3)
    started_ms = room.grader.now_ms() - 60_000
    restore(room, recorded(started_ms), [started_ms - 5000, started_ms])
    state = room.held()
    assert (state.ordinal, state.seed, state.organization, state.extra_ms) == (2, "seed", 5, 1000)
    assert state.deadline_ms == started_ms + 30 * 60_000 + 1000
    assert room.chosen() == {1: 1, 2: 9}
    assert room.start(known_attempts=2).code is Outcome.ALREADY_OPEN
    assert room.grader.open_attempts(COMPETITION, SHARDS) == 1
    assert room.told() == []


def test_pages_opened_before_the_loss_open_again(room: Room) -> None:
    room.prime(attempts_total=3)
    started_ms = room.grader.now_ms() - 60_000
    restore(room, recorded(started_ms), [started_ms - 5000, started_ms])
    assert room.answer(3, 1, 9, epoch=4, ordinal=2).outcome is Outcome.SUPERSEDED
    epoch = room.open(ordinal=2).epoch
    assert room.answer(3, 1, 1, epoch=epoch, ordinal=2).outcome is Outcome.SAVED
    assert room.submit(epoch=epoch, ordinal=2).ending.points == (400, 500, 100)  # type: ignore[union-attr]


def test_ended_attempts_count_again(room: Room) -> None:
    now = room.grader.now_ms()
    restore(room, None, [now - 1000])
    assert room.start(known_attempts=1).code is Outcome.NO_ATTEMPTS_LEFT
    room.prime(attempts_total=None, attempts_per_day=1)
    assert room.start(known_attempts=1).code is Outcome.NO_ATTEMPTS_LEFT_TODAY


def test_what_the_store_holds_and_is_newer_stays(room: Room) -> None:
    started_ms = room.begin().started_ms
    room.call((1, 2, 7), (3, 2, 8))
    answers = {
        1: HeldAnswer(4, 1, 6, started_ms, None),
        2: HeldAnswer(1, 1, 9, started_ms, None),
        3: HeldAnswer(1, 1, 8, started_ms, None),
    }
    restore(room, recorded(started_ms, ordinal=1, answers=answers), [started_ms])
    assert room.chosen() == {1: 2, 2: 1, 3: 2}
    assert room.held().epoch == 1001


def test_restoring_what_is_all_there_changes_nothing(room: Room) -> None:
    started_ms = room.begin().started_ms
    room.answer(1, 2, 7)
    before = room.everything()
    attempt = recorded(started_ms, ordinal=1, answers={1: HeldAnswer(2, 1, 7, started_ms, None)})
    restore(room, attempt, [started_ms])
    restore(room, None, [started_ms])
    assert room.everything() == before


def test_an_attempt_that_the_store_knows_as_ended_stays_ended(room: Room) -> None:
    started_ms = room.begin().started_ms
    room.submit()
    before = room.everything()
    restore(room, recorded(started_ms, ordinal=1), [started_ms])
    assert room.everything() == before


def test_a_restored_attempt_expires(room: Room) -> None:
    room.prime(attempts_total=3)
    started_ms = room.grader.now_ms() - 3_600_000
    restore(room, recorded(started_ms), [started_ms - 5000, started_ms])
    reply = room.grader.expire(COMPETITION, LIN % SHARDS)
    assert reply.ended == 1
    assert room.held().ending is not None


def test_right_or_wrong_shown_before_the_loss_stays_final(room: Room) -> None:
    room.prime(at_once=True, attempts_total=3)
    started_ms = room.grader.now_ms() - 60_000
    answers = {1: HeldAnswer(2, 2, 5, started_ms + 10, RIGHT[1])}
    restore(room, recorded(started_ms, answers=answers), [1, started_ms])
    epoch = room.open(ordinal=2).epoch
    assert room.answer(1, 1, 1, epoch=epoch, ordinal=2) == (Outcome.ALREADY_FINAL, 2, RIGHT[1])


def test_a_start_that_finds_its_open_attempt_gone_asks_to_be_restored(room: Room) -> None:
    room.start()
    room.redis.delete(keys_for(COMPETITION, SHARDS, LIN).attempt(LIN, 1))
    assert room.start(known_attempts=1).code is Outcome.BEHIND
    assert room.grader.prime(room.rules, KEY)
