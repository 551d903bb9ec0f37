"""Which attempt counts, and what a tally gains and loses by it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.attempts.tallies import Graded, TallyChange, TallyChanges, counted


def graded(
    ordinal: int, score: int = 8000, used_ms: int = 60_000, submitted_ms: int = 10, unit: int | None = 7
) -> Graded:
    return Graded(ordinal, unit, score, score // 400, used_ms, submitted_ms, int(score >= 10_000), int(score >= 6000))


@pytest.mark.parametrize(
    ("keep", "ordinal"), [("first", 1), ("last", 3), ("best", 2)], ids=["the first", "the last", "the best"]
)
def test_the_attempt_that_the_competition_names_counts(keep: str, ordinal: int) -> None:
    attempts = [graded(1, 7000), graded(2, 9000), graded(3, 5000)]
    chosen = counted(keep, attempts)
    assert chosen is not None
    assert chosen.ordinal == ordinal


def test_of_equal_scores_the_quicker_counts_then_the_earlier() -> None:
    quicker = [graded(1, used_ms=50_000, submitted_ms=20), graded(2, used_ms=40_000, submitted_ms=90)]
    earlier = [graded(1, submitted_ms=20), graded(2, submitted_ms=19)]
    assert counted("best", quicker) == quicker[1]
    assert counted("best", earlier) == earlier[1]


def test_nobody_without_attempts_is_counted() -> None:
    assert counted("best", []) is None


attempts_of_a_person = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 5), st.integers(0, 5), st.sampled_from([None, 1, 2])),
    min_size=1,
    max_size=5,
)


@given(
    people=st.lists(attempts_of_a_person, max_size=6),
    keep=st.sampled_from(["best", "first", "last"]),
    seed=st.integers(),
)
def test_changes_in_any_order_sum_to_what_counts_in_the_end(
    people: list[list[tuple[int, int, int, int | None]]], keep: str, seed: int
) -> None:
    known = [
        (person, graded(ordinal, score, used, submitted, unit))
        for person, attempts in enumerate(people)
        for ordinal, (score, used, submitted, unit) in enumerate(attempts, 1)
    ]
    random.Random(seed).shuffle(known)
    sums: dict[int, TallyChange] = {}
    held: dict[int, Graded] = {}
    for person, attempt in known:
        changes = TallyChanges()
        old = held.get(person)
        new = counted(keep, [attempt] if old is None else [old, attempt])
        assert new is not None
        changes.move_result(old, new)
        held[person] = new
        for unit, change in changes.in_order().items():
            sums[unit] = sums.get(unit, TallyChange()).plus(change)
    expected: dict[int, TallyChange] = {}
    for person in range(len(people)):
        final = counted(keep, [attempt for whose, attempt in known if whose == person])
        assert final is not None
        if final.organization is not None:
            expected[final.organization] = expected.get(final.organization, TallyChange()).plus(final.share())
    assert {unit: change for unit, change in sums.items() if change != TallyChange()} == expected


def test_changes_come_in_the_order_of_the_units_and_without_empty_ones() -> None:
    changes = TallyChanges()
    changes.move_start(None, 9)
    changes.move_start(None, 3)
    changes.move_start(5, 5)
    changes.move_start(None, None)
    assert list(changes.in_order()) == [3, 9]
