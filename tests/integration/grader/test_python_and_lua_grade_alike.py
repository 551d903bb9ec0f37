"""Parity: random papers, keys, answers and rules, graded by the store's Lua and by attempts/rules.py."""

from collections.abc import Mapping
from itertools import count
from random import Random

import pytest

from quizapp.attempts.rules import choice_is_possible, closing, grade, start_refusal
from quizapp.grader.keys import keys_for
from quizapp.grader.outcomes import Outcome
from quizapp.grader.rules import PaperPlace
from tests.integration.grader.room import COMPETITION, HOUR_MS, SHARDS, Room

pytestmark = pytest.mark.once

SEED = 20260825
BANKS, PAPERS_OF_A_BANK = 50, 40
OPTION_COUNTS = {"single": (2, 8), "multiple": (2, 8), "judge": (2, 2)}


def random_key(chance: Random, questions: int) -> tuple[dict[int, tuple[str, int]], dict[int, int]]:
    key, option_counts = {}, {}
    for ordinal in range(questions):
        kind = chance.choice(("single", "multiple", "multiple", "judge"))
        options = chance.randint(*OPTION_COUNTS[kind])
        right = chance.randrange(1, 1 << options) if kind == "multiple" else 1 << chance.randrange(options)
        key[ordinal], option_counts[ordinal] = (kind, right), options
    return key, option_counts


def random_places(
    chance: Random, key: Mapping[int, tuple[str, int]], option_counts: Mapping[int, int]
) -> list[PaperPlace]:
    return [
        PaperPlace(
            ordinal,
            key[ordinal][0],
            chance.choice((0, 1, 100, 333, 400, 2000)),
            tuple(chance.sample(range(option_counts[ordinal]), option_counts[ordinal])),
        )
        for ordinal in chance.sample(sorted(key), chance.randint(1, len(key)))
    ]


def likely_choice(chance: Random, place: PaperPlace, key: Mapping[int, tuple[str, int]]) -> int:
    """Often right or partly right: chance alone would hardly ever be."""
    right = sum(1 << letter for letter, option in enumerate(place.options) if key[place.ordinal][1] >> option & 1)
    return chance.choice((right, right & chance.getrandbits(8), chance.getrandbits(8), 0, 1))


@pytest.mark.timeout(1800)
def test_two_thousand_random_attempts_are_graded_alike(room: Room) -> None:
    chance = Random(SEED)
    accounts = count(1)
    compared = 0
    for _ in range(BANKS):
        key, option_counts = random_key(chance, chance.randint(1, 12))
        partial = chance.random() < 0.5
        room.prime(multiple_scoring="partial" if partial else "exact", shift_ms=room.rules.shift_ms)
        assert room.grader.prime(room.rules, key)
        for account, _ in zip(accounts, range(PAPERS_OF_A_BANK), strict=False):
            places = random_places(chance, key, option_counts)
            extra_ms = chance.choice((0, 1, 60_000))
            state = room.begin(account, places=places, extra_ms=extra_ms)
            chosen: dict[int, int] = {}
            sent = [
                (position, likely_choice(chance, place, key), position)
                for position, place in enumerate(places, start=1)
                if chance.random() < 0.9
            ]
            if sent:
                for (position, choice, _), told in zip(sent, room.call(*sent, account=account).outcomes, strict=True):
                    place = places[position - 1]
                    possible = choice_is_possible(place.type, len(place.options), choice)
                    assert told.outcome is (Outcome.SAVED if possible else Outcome.BAD_CHOICE)
                    if possible:
                        chosen[position] = choice
            # Shift the start, so that time used, extra time, pauses, the deadline and its grace come into play.
            shifted_ms = state.started_ms - chance.choice((0, 5, 29 * 60_000, 1_800_000, 1_801_000, 2 * HOUR_MS))
            room.redis.hset(keys_for(COMPETITION, SHARDS, account).attempt(account, 1), "started_ms", str(shifted_ms))
            reply = room.submit(account)
            assert reply.ending is not None
            expected = grade(places, key, chosen, partial=partial)
            ending = reply.ending
            assert (ending.score, ending.right_count, ending.points) == (
                expected.score,
                expected.right_count,
                expected.points,
            ), (SEED, account)
            ended = closing(
                room.rules,
                started_ms=shifted_ms,
                extra_ms=extra_ms,
                shift_ms=state.shift_ms,
                now_ms=reply.now_ms,
                by_person=True,
            )
            assert (ending.submitted_ms, ending.used_ms, ending.ended_by) == (
                ended.submitted_ms,
                ended.used_ms,
                ended.ended_by,
            ), (SEED, account)
            compared += 1
        room.prime(shift_ms=room.rules.shift_ms + chance.choice((0, 1, 10_000)))
    assert compared == BANKS * PAPERS_OF_A_BANK == 2000


def test_random_starts_are_refused_alike(room: Room) -> None:
    """What the store says of a start is what the pure rule says of the same moment and the same earlier starts."""
    chance = Random(SEED)
    seen: set[str | None] = set()
    account = 1
    for account in range(1, 401):
        now = room.grader.now_ms()
        room.prime(
            opens_ms=now + chance.choice((-HOUR_MS, -HOUR_MS, -HOUR_MS, HOUR_MS)),
            closes_ms=now + chance.choice((HOUR_MS, HOUR_MS, HOUR_MS, -1)),
            paused_ms=chance.choice((0, 0, 0, now)),
            attempts_total=chance.choice((None, 1, 3)),
            attempts_per_day=chance.choice((None, 1, 2)),
        )
        day = (now - HOUR_MS, now + HOUR_MS)
        starts = [now - chance.choice((1, HOUR_MS, 2 * HOUR_MS)) for _ in range(chance.randint(0, 3))]
        room.grader.restore(COMPETITION, SHARDS, account, starts_ms=starts, open_attempt=None)
        reply = room.start(account, day_ms=day, known_attempts=len(starts))
        expected = start_refusal(room.rules, now_ms=reply.now_ms, starts_ms=starts, day_ms=day)
        assert reply.code == (expected or Outcome.STARTED), (SEED, account)
        seen.add(expected)
    assert seen == {None, "not_open_yet", "closed", "paused", "no_attempts_left", "no_attempts_left_today"}
