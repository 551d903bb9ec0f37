"""Spans of time: their union, and what is left without others."""

import random

from quizapp.competitions.interruptions import Span, union, without


def moments(spans: tuple[Span, ...] | list[Span]) -> set[int]:
    return {moment for begun, over in spans for moment in range(begun, over)}


def test_spans_that_touch_or_overlap_become_one() -> None:
    assert union([(5, 9), (1, 3), (3, 4), (8, 12), (20, 21), (6, 7)]) == ((1, 4), (5, 12), (20, 21))


def test_what_is_taken_out_leaves_both_ends() -> None:
    assert without([(0, 10)], [(3, 5), (8, 2**62)]) == ((0, 3), (5, 8))
    assert without([(0, 10)], [(0, 10)]) == ()


def test_each_moment_is_there_once() -> None:
    draw = random.Random(5)
    for _ in range(500):
        spans, others = (
            [(begun, begun + draw.randrange(1, 8)) for begun in draw.choices(range(30), k=draw.randrange(6))]
            for _ in range(2)
        )
        assert moments(union(spans)) == moments(spans)
        left = without(spans, others)
        assert moments(left) == moments(spans) - moments(others)
        assert sum(over - begun for begun, over in left) == len(moments(left))
        assert list(left) == sorted(left)
