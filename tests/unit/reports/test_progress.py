"""Sums by unit, what lags, and charts, on plain values."""

from datetime import UTC, datetime

import pytest

from quizapp.leaderboards.figures import Figures
from quizapp.reports.progress import Node, Snapshot, bars, score_bands

NOW = datetime(2026, 9, 1, tzinfo=UTC)


def node(number: int, path: str, name: str, headcount: int | None = None) -> Node:
    return Node(number, path, name, f"C{number}", headcount, None, None)


def done(people: int, score: int = 8000) -> Figures:
    return Figures(started=people, participants=people, score_sum=people * score, passed=people)


# 集团(30): 甲厂(10): 一车间; 乙厂(20).  另一集团, without a headcount.
NODES = {
    each.id: each
    for each in (
        node(1, "/1/", "集团", 30),
        node(2, "/1/2/", "甲厂", 10),
        node(3, "/1/3/", "乙厂", 20),
        node(4, "/1/2/4/", "一车间"),
        node(5, "/5/", "另一集团"),
    )
}
SHOT = Snapshot(
    NOW,
    NODES,
    tallies={2: done(4), 3: done(25, 6000), 4: done(3), 5: done(2)},
    registered={2: 5, 3: 25, 4: 4, 5: 2},
)


def test_a_units_figures_hold_all_units_below_it() -> None:
    factory = SHOT.whole.progress(2)
    assert factory.figures.participants == 7
    assert factory.registered == 9
    assert factory.waiting == 2
    assert factory.should == 10
    assert factory.figures.coverage == 0.7
    assert not factory.is_leaf


def test_coverage_never_passes_the_whole_and_the_excess_is_told() -> None:
    factory = SHOT.whole.progress(3)
    assert factory.figures.coverage == 1
    assert factory.figures.excess == 5


def test_the_whole_is_the_sum_of_all_units() -> None:
    assert SHOT.whole.total.participants == 34
    assert SHOT.whole.registered == 36
    assert SHOT.whole.count == 5


def test_a_coordinators_scope_sums_her_own_units_only() -> None:
    scope = SHOT.scope({2, 4})
    assert scope.total.participants == 7
    assert scope.registered == 9
    assert [row.name for row in scope.children()] == ["甲厂"]
    assert [row.name for row in scope.children(2)] == ["一车间"]
    assert scope.progress(2).depth == 0
    assert 3 not in scope
    assert 1 not in scope


def test_an_associations_coverage_leaves_out_the_headcount_of_units_out_of_its_sight() -> None:
    group = SHOT.scope({1, 2}).progress(1)
    assert group.figures.participants == 4
    assert group.should == 10
    assert SHOT.scope({5}).progress(5).should is None


def test_units_that_are_no_longer_there_are_no_scope() -> None:
    assert SHOT.scope({99}).count == 0


def test_the_line_leads_from_the_root_to_the_unit() -> None:
    assert [row.name for row in SHOT.whole.line(4)] == ["集团", "甲厂", "一车间"]


def test_the_tree_is_told_with_parents_before_children() -> None:
    assert [(row.name, row.depth) for row in SHOT.whole.in_tree_order()] == [
        ("另一集团", 0),
        ("集团", 0),
        ("乙厂", 1),
        ("甲厂", 1),
        ("一车间", 2),
    ]
    assert [row.name for row in SHOT.whole.in_tree_order(2)] == ["甲厂", "一车间"]


def test_the_lowest_units_with_least_coverage_lag_and_complete_ones_do_not() -> None:
    nodes = {
        each.id: each
        for each in (node(1, "/1/", "大", 90), node(2, "/2/", "小", 9), node(3, "/3/", "全", 3), node(4, "/4/", "未知"))
    }
    shot = Snapshot(NOW, nodes, {3: done(3)}, {})
    assert [row.name for row in shot.whole.lagging(5)] == ["大", "小"]
    assert [row.name for row in shot.whole.lagging(1)] == ["大"]


@pytest.mark.parametrize(
    ("score", "band"), [(0, "0–10"), (999, "0–10"), (1000, "10–20"), (9999, "90–100"), (10000, "90–100")]
)
def test_a_band_holds_its_lower_edge_and_the_highest_holds_full_marks(score: int, band: str) -> None:
    found = dict(score_bands({score: 1}, 10000))
    assert found.pop(band) == 1
    assert set(found.values()) == {0}


def test_the_longest_bar_is_whole_and_an_empty_chart_has_no_length() -> None:
    assert [bar.percent for bar in bars([("a", 2), ("b", 4)])] == [50, 100]
    assert [bar.percent for bar in bars([("a", 0)])] == [0]
    assert bars([]) == []
