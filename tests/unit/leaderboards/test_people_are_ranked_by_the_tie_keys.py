"""Order, ranks, and the numbers and texts that stand for them in sorted sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.leaderboards.ranking import (
    SCORE_SPAN,
    TIME_SPAN,
    Counted,
    member,
    pack,
    place_key,
    rank_key,
    unpack_member,
    with_ranks,
)

TIE_KEYS = ("score", "score,time", "score,time,earlier")
SCORES = st.integers(0, SCORE_SPAN - 1)
TIMES = st.integers(0, TIME_SPAN - 1)
MOMENTS = st.integers(0, 2**44 - 1)
COUNTED = st.builds(
    Counted,
    account=st.integers(1, 2**47),
    organization=st.none(),
    score=SCORES | st.integers(0, 3),
    used_ms=TIMES | st.integers(0, 3),
    submitted_ms=MOMENTS | st.integers(0, 3),
)


def stored_key(result: Counted, tie_keys: str) -> tuple[int, str]:
    """What a sorted set orders by: the score, then the member's text."""
    return pack(result.score, result.used_ms, tie_keys), member(result.submitted_ms, result.account)


@given(COUNTED, COUNTED, st.sampled_from(TIE_KEYS))
def test_a_sorted_set_keeps_the_order_of_the_rows(one: Counted, other: Counted, tie_keys: str) -> None:
    by_store = stored_key(one, tie_keys) < stored_key(other, tie_keys)
    assert by_store == (place_key(one, tie_keys) < place_key(other, tie_keys))


@given(SCORES, TIMES, st.sampled_from(TIE_KEYS))
def test_a_packed_score_is_exact_as_a_double(score: int, used_ms: int, tie_keys: str) -> None:
    packed = pack(score, used_ms, tie_keys)
    assert 0 <= packed < 2**53
    assert int(float(packed)) == packed


@pytest.mark.parametrize(("score", "used_ms"), [(-1, 0), (SCORE_SPAN, 0), (0, -1), (0, TIME_SPAN)])
def test_what_would_not_be_exact_is_refused(score: int, used_ms: int) -> None:
    with pytest.raises(ValueError, match="exactly"):
        pack(score, used_ms, "score,time")


@given(MOMENTS, st.integers(1, 2**47))
def test_a_member_gives_back_the_moment_and_the_account(submitted_ms: int, account: int) -> None:
    assert unpack_member(member(submitted_ms, account)) == (submitted_ms, account)


@given(st.lists(COUNTED, max_size=30), st.sampled_from(TIE_KEYS))
def test_a_rank_is_one_more_than_those_who_are_better(results: list[Counted], tie_keys: str) -> None:
    results.sort(key=lambda result: place_key(result, tie_keys))
    ranked = list(with_ranks((rank_key(result, tie_keys), result) for result in results))
    assert [place for place, _, _ in ranked] == list(range(1, len(results) + 1))
    for _, rank, result in ranked:
        better = [other for other in results if rank_key(other, tie_keys) < rank_key(result, tie_keys)]
        assert rank == len(better) + 1


def test_two_winners_leave_no_second() -> None:
    assert [rank for _, rank, _ in with_ranks((key, None) for key in "aab")] == [1, 1, 3]


def test_less_time_used_decides_only_where_the_competition_says_so() -> None:
    quick = Counted(2, None, 9000, 60_000, 2000)
    slow = Counted(1, None, 9000, 60_001, 1000)
    assert rank_key(quick, "score") == rank_key(slow, "score")
    assert rank_key(quick, "score,time") < rank_key(slow, "score,time")
    assert place_key(slow, "score") < place_key(quick, "score")  # the earlier submission stands first
