"""Start: one attempt however often and from wherever it is asked for, within the competition's limits."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from quizapp.errors import Unavailable
from quizapp.grader.engine import Grader
from quizapp.grader.keys import keys_for
from quizapp.grader.outcomes import Outcome
from quizapp.grader.stream import Started
from tests.integration.grader.room import BO, COMPETITION, HOUR_MS, KEY, LIN, SHARDS, Room

pytestmark = pytest.mark.once


def test_a_start_tells_the_recorder_who_and_when(room: Room) -> None:
    reply = room.start(extra_ms=60_000)
    assert reply.code is Outcome.STARTED
    assert room.told() == [Started(LIN, 1, 5, "seed", reply.started_ms, 60_000, 0)]


def test_a_person_without_a_unit_may_start(room: Room) -> None:
    room.start(organization=None)
    assert room.held().organization is None
    assert room.told()[0].organization is None  # type: ignore[union-attr]


def test_a_second_start_finds_the_open_attempt_with_its_own_paper(room: Room) -> None:
    first = room.start(seed="first")
    again = room.start(seed="second")
    assert (again.code, again.ordinal, again.started_ms) == (Outcome.ALREADY_OPEN, 1, first.started_ms)
    assert room.held().seed == "first"
    assert len(room.told()) == 1


def test_fifty_starts_at_once_make_one_attempt(room: Room) -> None:
    seeds = count()

    def start(_: int) -> Outcome:
        return room.start(seed=f"seed{next(seeds)}").code

    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(start, range(50)))
    assert sorted(codes) == [Outcome.ALREADY_OPEN] * 49 + [Outcome.STARTED]
    assert len(room.told()) == 1


def test_the_limit_in_all_counts_every_attempt(room: Room) -> None:
    room.prime(attempts_total=2)
    for ordinal in (1, 2):
        assert room.begin().ordinal == ordinal
        room.submit(ordinal=ordinal)
    assert room.start().code is Outcome.NO_ATTEMPTS_LEFT
    assert room.start(BO).code is Outcome.STARTED


def test_the_limit_of_a_day_counts_that_days_starts_only(room: Room) -> None:
    room.prime(attempts_total=None, attempts_per_day=1)
    room.begin()
    room.submit()
    assert room.start().code is Outcome.NO_ATTEMPTS_LEFT_TODAY
    tomorrow = room.grader.now_ms() + 1
    assert room.start(day_ms=(tomorrow, tomorrow + 24 * HOUR_MS)).code is Outcome.STARTED


def test_a_day_holds_its_first_moment_and_not_the_next_days(room: Room) -> None:
    room.prime(attempts_total=None, attempts_per_day=1)
    started = room.begin().started_ms
    room.submit()
    for day, code in (
        ((started + 1, started + HOUR_MS), Outcome.STARTED),
        ((started, started + HOUR_MS), Outcome.NO_ATTEMPTS_LEFT_TODAY),
        ((started - HOUR_MS, started + 1), Outcome.NO_ATTEMPTS_LEFT_TODAY),
        ((started - HOUR_MS, started), Outcome.STARTED),
    ):
        room.redis.hset(keys_for(COMPETITION, SHARDS, LIN).person(LIN), "starts", str(started))
        room.redis.hset(keys_for(COMPETITION, SHARDS, LIN).person(LIN), "open", "0")
        assert room.start(day_ms=day).code is code, day


def test_the_opening_is_exact_to_the_millisecond(room: Room) -> None:
    accounts = count(1000, SHARDS)
    replies = room.around(lambda border: room.prime(opens_ms=border), lambda: room.start(next(accounts)))
    for distance, told in replies.items():
        assert {reply.code for reply in told} == {Outcome.NOT_OPEN_YET if distance < 0 else Outcome.STARTED}, distance


def test_the_close_is_exact_to_the_millisecond(room: Room) -> None:
    accounts = count(1000, SHARDS)
    replies = room.around(lambda border: room.prime(closes_ms=border), lambda: room.start(next(accounts)))
    for distance, told in replies.items():
        assert {reply.code for reply in told} == {Outcome.STARTED if distance < 0 else Outcome.CLOSED}, distance


def test_refusals_name_their_reason_and_change_nothing(room: Room) -> None:
    now = room.grader.now_ms()
    for rules, code in (
        ({"opens_ms": now + HOUR_MS}, Outcome.NOT_OPEN_YET),
        ({"opens_ms": now - HOUR_MS, "closes_ms": now - 1}, Outcome.CLOSED),
        ({"closes_ms": now + HOUR_MS, "paused_ms": now}, Outcome.PAUSED),
        ({"paused_ms": 0, "fenced": True}, Outcome.FENCED),
    ):
        room.prime(**rules)
        before = room.everything()
        assert room.start().code is code
        assert room.everything() == before


def test_an_open_attempt_is_found_even_while_the_competition_pauses(room: Room) -> None:
    room.start()
    room.prime(paused_ms=room.grader.now_ms())
    assert room.start().code is Outcome.ALREADY_OPEN


def test_a_store_that_knows_less_than_sql_starts_nothing(room: Room) -> None:
    before = room.everything()
    assert room.start(known_attempts=1).code is Outcome.BEHIND
    assert room.everything() == before


def test_a_store_without_rules_or_key_is_unavailable(room: Room) -> None:
    keys = keys_for(COMPETITION, SHARDS, LIN)
    for lost in (keys.key, keys.rules):
        room.redis.delete(lost)
        with pytest.raises(Unavailable, match="not_primed"):
            room.start()
        assert not room.grader.primed(COMPETITION, SHARDS)
        room.grader.prime(room.rules, KEY)
    assert room.grader.primed(COMPETITION, SHARDS)


def test_a_store_that_is_away_is_unavailable() -> None:
    grader = Grader()
    grader.bind("unix:///nowhere/store.sock")
    with pytest.raises(Unavailable):
        grader.now_ms()
