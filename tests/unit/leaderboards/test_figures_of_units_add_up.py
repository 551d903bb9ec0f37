"""A unit's figures hold everything below it; regions and industries are sums of units; nobody is counted twice."""

from hypothesis import given
from hypothesis import strategies as st

from quizapp.leaderboards.figures import Figures, Order, Tree, Unit, order_value, ranked_figures

# A group in Beijing (30 people) with a factory of 10 there and one of 15 in Shanghai, and a firm that declares nothing.
TREE = Tree(
    [
        Unit(1, "/1/", 30, "110000", "C"),
        Unit(2, "/1/2/", 10),
        Unit(3, "/1/3/", 15, "310000"),
        Unit(4, "/1/3/4/"),
        Unit(9, "/9/", None, "310000", "J"),
    ]
)


def people(count: int, score: int = 8000) -> Figures:
    return Figures(started=count, participants=count, score_sum=count * score)


def test_a_unit_holds_all_units_below_it() -> None:
    figures = TREE.unit_figures({2: people(4), 4: people(3)})
    assert figures[1].participants == 7
    assert figures[3].participants == figures[4].participants == 3
    assert figures[1].coverage == 7 / 30
    assert figures[9] == Figures()


def test_coverage_never_passes_the_whole_and_the_excess_is_told() -> None:
    figures = TREE.unit_figures({2: people(13)})[2]
    assert figures.coverage == 1
    assert figures.excess == 3


def test_a_unit_without_a_headcount_has_no_coverage() -> None:
    figures = TREE.unit_figures({9: people(3)})[9]
    assert figures.coverage is None
    assert figures.excess == 0


def test_a_region_counts_each_headcount_once() -> None:
    regions = TREE.region_figures({1: people(1), 2: people(4), 4: people(3), 9: people(2)})
    assert regions["110000"].headcount == 15  # 30 less the 15 that work in Shanghai
    assert regions["310000"].headcount == 15
    assert regions["110000"].participants == 5
    assert regions["310000"].participants == 5
    assert regions["310000"].covered == 3  # the two of the firm belong to no headcount


def test_a_unit_without_an_industry_belongs_to_that_above_it() -> None:
    industries = TREE.industry_figures({4: people(3), 9: people(2)})
    assert industries["C"].participants == 3
    assert industries["J"].participants == 2


def test_a_headcount_below_that_is_larger_takes_nothing_from_others() -> None:
    tree = Tree([Unit(1, "/1/", 5, "110000"), Unit(2, "/1/2/", 8, "310000")])
    assert tree.unit_figures({})[1].headcount == 5
    assert tree.region_figures({})["310000"].headcount == 8
    assert tree.region_figures({}).get("110000", Figures()).headcount == 0


def test_an_undeclared_parent_adds_up_what_its_children_declare() -> None:
    tree = Tree([Unit(1, "/1/"), Unit(2, "/1/2/", 8), Unit(3, "/1/3/")])
    figures = tree.unit_figures({1: people(1), 2: people(4), 3: people(5)})[1]
    assert (figures.headcount, figures.covered, figures.participants) == (8, 4, 10)


@st.composite
def forests(draw: st.DrawFn) -> tuple[Tree, dict[int, Figures]]:
    units: list[Unit] = []
    for unit_id in range(1, draw(st.integers(1, 12)) + 1):
        above = draw(st.sampled_from(["/", *(unit.path for unit in units)]))
        headcount = draw(st.none() | st.integers(1, 40))
        region = draw(st.none() | st.sampled_from(["110000", "310000"]))
        units.append(Unit(unit_id, f"{above}{unit_id}/", headcount, region))
    tallies = {unit.id: people(draw(st.integers(0, 9)), draw(st.integers(0, 10_000))) for unit in units}
    return Tree(units), tallies


@given(forests())
def test_the_roots_hold_everybody_once(forest: tuple[Tree, dict[int, Figures]]) -> None:
    tree, tallies = forest
    total = tree.total(tallies)
    assert total.participants == sum(own.participants for own in tallies.values())
    assert total.score_sum == sum(own.score_sum for own in tallies.values())


@given(forests())
def test_no_coverage_is_ever_over_the_whole(forest: tuple[Tree, dict[int, Figures]]) -> None:
    tree, tallies = forest
    for figures in [*tree.unit_figures(tallies).values(), *tree.region_figures(tallies).values()]:
        assert figures.coverage is None or 0 <= figures.coverage <= 1
        assert figures.covered <= figures.participants


def test_small_units_are_not_ordered_by_mean() -> None:
    units = {"1": people(4, 10_000), "2": people(5, 7000), "3": people(9, 7000), "4": people(6, 6000)}
    assert ranked_figures(units, Order.MEAN, 5) == [(1, 1, "2"), (2, 1, "3"), (3, 3, "4")]
    assert [subject for _, _, subject in ranked_figures(units, Order.PARTICIPANTS, 5)] == ["3", "4", "2", "1"]


def test_equal_means_tie_whatever_they_are_made_of() -> None:
    third, same = Figures(participants=3, score_sum=20_000), Figures(participants=6, score_sum=40_000)
    assert order_value(Order.MEAN, third, 1) == order_value(Order.MEAN, same, 1)


def test_full_coverage_ties_whatever_the_excess() -> None:
    exact = Figures(participants=10, headcount=10, covered=10)
    excess = Figures(participants=14, headcount=10, covered=14)
    assert order_value(Order.COVERAGE, exact, 1) == order_value(Order.COVERAGE, excess, 1)
