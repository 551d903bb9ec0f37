"""The rules of a draw: bands, who takes part, who wins, and that chance is even."""

import hashlib
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.draws.drawing import (
    Band,
    Entry,
    Prize,
    bands_of,
    commitment_to,
    fault_of_prizes,
    lot,
    reach,
    roll_digest,
    roll_header,
    score_takes_part,
    seed_from,
    winners,
)

FIRST = Prize("一等奖", 2, 10_000, 10_000)
SECOND = Prize("二等奖", 3, 9500, 9999)
THIRD = Prize("三等奖", 4, 6000, 9999)
PRIZES = [FIRST, SECOND, THIRD]


def seed(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


scores = st.integers(0, 20).map(lambda tenth: tenth * 500)
entries = st.lists(scores, max_size=30).map(lambda each: [Entry(f"{i:04x}", score) for i, score in enumerate(each)])
prize_lists = st.lists(
    st.tuples(st.integers(1, 6), scores, scores).map(lambda p: (p[0], min(p[1:]), max(p[1:]))), min_size=1, max_size=4
).map(lambda found: [Prize(str(number), *each) for number, each in enumerate(found)])
seeds = st.integers(0, 10**6).map(seed)


@given(prize_lists, entries, seeds)
def test_one_prize_a_person_and_never_more_than_there_are(
    prizes: list[Prize], entries: list[Entry], seed: bytes
) -> None:
    drawn = winners(prizes, entries, seed)
    everybody = [entry for won in drawn for entry in won]
    assert len(set(everybody)) == len(everybody)
    assert [len(won) <= prize.quota for won, prize in zip(drawn, prizes, strict=True)] == [True] * len(prizes)
    score_of = {entry.id: entry.score for entry in entries}
    assert all(score_takes_part(score_of[entry], prizes) for entry in everybody)


@given(prize_lists, entries, seeds)
def test_a_place_is_left_empty_only_when_nobody_is_left_in_reach(
    prizes: list[Prize], entries: list[Entry], seed: bytes
) -> None:
    taken: set[str] = set()
    for prize, won in zip(prizes, winners(prizes, entries, seed), strict=True):
        taken |= set(won)
        floor = bands_of(prize, prizes)[-1].low
        if len(won) < prize.quota:
            assert not [each for each in entries if each.id not in taken and floor <= each.score <= prize.high]


@given(prize_lists, entries, seeds)
def test_nobody_of_a_joining_band_wins_before_the_prizes_own_band_is_empty(
    prizes: list[Prize], entries: list[Entry], seed: bytes
) -> None:
    taken: set[str] = set()
    for prize, won in zip(prizes, winners(prizes, entries, seed), strict=True):
        own = {each.id for each in entries if prize.low <= each.score <= prize.high} - taken
        taken |= set(won)
        if set(won) - own:
            assert own <= set(won)


@given(prize_lists, entries, seeds, st.randoms(use_true_random=False))
def test_the_order_of_recording_never_matters(prizes: list[Prize], entries: list[Entry], seed: bytes, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert winners(prizes, shuffled, seed) == winners(prizes, entries, seed)


@given(entries, seeds, st.integers(1, 8), st.integers(0, 8))
def test_a_longer_list_begins_with_the_shorter(entries: list[Entry], seed: bytes, places: int, more: int) -> None:
    short, long = (
        winners([FIRST, Prize("二等奖", quota, 5000, 9999), Prize("三等奖", 1, 0, 4999)], entries, seed)[1]
        for quota in (places, places + more)
    )
    assert long[: len(short)] == short


@given(entries, seeds)
def test_each_winner_can_be_checked_alone(entries: list[Entry], seed: bytes) -> None:
    pool = [each.id for each in entries if each.score >= 6000]
    (won,) = winners([Prize("奖", 5, 6000, 10_000)], entries, seed)
    last = max((lot(seed, 1, entry) for entry in won), default="")
    assert {entry for entry in pool if lot(seed, 1, entry) <= last} == set(won)


@given(entries, seeds)
def test_who_may_not_take_part_changes_nothing_for_the_others_but_the_gap(entries: list[Entry], seed: bytes) -> None:
    prizes = [Prize("奖", 3, 0, 10_000)]
    (won,) = winners(prizes, entries, seed)
    if won:
        (without,) = winners(prizes, [each for each in entries if each.id != won[0]], seed)
        assert without[:2] == won[1:]


def test_the_next_band_joins_one_after_the_other() -> None:
    assert bands_of(FIRST, PRIZES) == [Band(10_000, 10_000), Band(9500, 9999), Band(6000, 9499)]
    assert bands_of(THIRD, PRIZES) == [Band(6000, 9999)]
    everybody = [Entry("full", 10_000), Entry("near", 9700), Entry("far", 7000), Entry("out", 5900)]
    for number in range(20):
        drawn = winners([Prize("一等奖", 3, 10_000, 10_000), SECOND, THIRD], everybody, seed(number))
        assert drawn == [["full", "near", "far"], [], []]


def test_who_failed_for_a_prize_has_a_fair_chance_for_the_next() -> None:
    # With one order for all prizes the loser among "a" and "b" would be last of two and so mostly behind the others.
    entries = [Entry("a", 10_000), Entry("b", 10_000), *(Entry(f"c{number}", 9000) for number in range(8))]
    prizes = [Prize("一等奖", 1, 10_000, 10_000), Prize("二等奖", 1, 9000, 10_000)]
    draws = 3600
    losers = sum(winners(prizes, entries, seed(number))[1][0] in "ab" for number in range(draws))
    assert 340 < losers < 460  # one of nine: 400, with a standard deviation of 19


@pytest.mark.slow
def test_a_hundred_thousand_draws_are_even() -> None:
    entries = [Entry(hashlib.sha256(bytes([number])).hexdigest()[:20], 10_000) for number in range(5)]
    prizes = [Prize("一等奖", 1, 10_000, 10_000)]
    draws = 100_000
    digest = roll_digest({}, entries)
    counts = Counter(winners(prizes, entries, seed_from(digest, str(number)))[0][0] for number in range(draws))
    expected = draws / len(entries)
    chi_square = sum((counts[entry.id] - expected) ** 2 / expected for entry in entries)
    assert chi_square < 18.47  # 4 degrees of freedom, p = 0.001; the seeds are fixed, so it never changes


def test_the_seed_depends_on_the_roll_and_on_chance() -> None:
    assert len({seed_from("a", "x"), seed_from("b", "x"), seed_from("a", "y")}) == 3
    assert commitment_to("a", "s") != commitment_to("b", "s")


def test_the_digest_holds_every_entry_and_every_prize() -> None:
    def digest(prizes: list[Prize], entries: list[Entry], **changes: object) -> str:
        facts = {"competition": 1, "title": "竞赛", "number": 1, "reason": "", "standings": "d", "excluded": {}}
        return roll_digest(roll_header(prizes=prizes, **(facts | changes)), entries)  # type: ignore[arg-type]

    entries = [Entry("a", 9000), Entry("b", 10_000)]
    digests = [
        digest(PRIZES, entries),
        digest(PRIZES[:2], entries),
        digest(PRIZES, entries[:1]),
        digest(PRIZES, [Entry("a", 9001), entries[1]]),
        digest(PRIZES, entries, excluded={"staff": 1}),
        digest(PRIZES, entries, number=2),
    ]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(
    ("prizes", "fault"),
    [
        ([], "no_prizes"),
        ([Prize("奖", 0, 0, 1)], "too_many_places"),
        ([Prize("奖", 100_001, 0, 1)], "too_many_places"),
        ([Prize("奖", 1, 2, 1)], "band_upside_down"),
        ([FIRST, FIRST], "prize_named_twice"),
        ([Prize(str(number), 1, 0, 1) for number in range(9)], "too_many_places"),
        (PRIZES, ""),
    ],
)
def test_prizes_that_make_no_sense(prizes: list[Prize], fault: str) -> None:
    assert fault_of_prizes(prizes) == fault


def test_how_many_stand_at_each_border() -> None:
    first, second, third = reach(PRIZES, {10_000: 1, 9999: 0, 9600: 2, 9500: 4, 9000: 5, 6000: 1, 5000: 9})
    assert (first.inside, first.at_low, first.below, first.at_below) == (1, 1, 9600, 2)
    assert (first.surely, first.joined, first.floor) == (1, 6, 9500)
    assert (second.inside, second.at_low, second.below, second.at_below) == (6, 4, 9000, 5)
    assert (second.surely, second.joined, second.floor) == (5, 0, 9500)  # one may go to the first prize
    assert (third.inside, third.surely, third.below, third.at_below) == (12, 8, 5000, 9)


def test_what_a_widened_prize_takes_is_not_surely_left_for_the_next() -> None:
    prizes = [Prize("一等奖", 6, 10_000, 10_000), Prize("二等奖", 3, 9500, 9999)]
    first, second = reach(prizes, {10_000: 4, 9900: 20})
    assert (first.surely, first.joined, first.floor) == (4, 20, 9500)
    assert (second.inside, second.surely) == (20, 18)


@given(prize_lists, entries, seeds)
def test_at_least_as_many_are_left_for_a_prize_as_was_said(
    prizes: list[Prize], entries: list[Entry], seed: bytes
) -> None:
    left = {entry.id: entry.score for entry in entries}
    said = reach(prizes, Counter(left.values()))
    for prize, each, won in zip(prizes, said, winners(prizes, entries, seed), strict=True):
        assert sum(prize.low <= score <= prize.high for score in left.values()) >= each.surely
        for entry in won:
            del left[entry]


@given(prize_lists)
def test_bands_that_join_never_overlap(prizes: list[Prize]) -> None:
    for prize in prizes:
        assert all(upper.low == lower.high + 1 for upper, lower in pairwise(bands_of(prize, prizes)))
