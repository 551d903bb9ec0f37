"""What nobody may gain by: another participant, a split, another order of recording; at random."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from quizapp.awards.composite import Composite, Tier, needed_weight, problems
from quizapp.awards.judging import Entrant, award_content, indicator_points, judged, league_means, raw_figures
from quizapp.leaderboards.figures import Figures, Tree, Unit

FULL = 10_000
randomly = settings(max_examples=40)
USUAL = {"participants": 30, "coverage": 30, "mean": 20, "pass_rate": 10, "full_marks": 10}
BY_SIZE = {"participants": 70, "coverage": 0, "mean": 20, "pass_rate": 6, "full_marks": 4}  # ln 10 · 30 is 69.08


def composite(**changes: Any) -> Composite:
    usual: dict[str, Any] = {
        "weights": USUAL,
        "minimum": 5,
        "reference": 50,
        "shrinkage": 20,
        "tiers": (Tier("一等奖", 1, 1), Tier("二等奖", 2, 1)),
    }
    return Composite(**{**usual, **changes})


scores = st.integers(0, FULL // 100).map(lambda points: points * 100)


@st.composite
def entrants(draw: st.DrawFn, number: int = 1) -> Entrant:
    own = draw(st.lists(scores, max_size=60))
    return Entrant(
        number,
        f"单位{number}",
        central=draw(st.booleans()),
        region=draw(st.sampled_from([None, "110000", "310000"])),
        headcount=draw(st.sampled_from([None, 10, 60, 200])),
        **sums_of(own),
    )


def sums_of(own: list[int]) -> dict[str, Any]:
    return {
        "participants": len(own),
        "score_sum": sum(own),
        "passed": sum(score >= 6000 for score in own),
        "full_marks": sum(score == FULL for score in own),
    }


fields = st.lists(st.integers(1, 40), unique=True, max_size=12).flatmap(
    lambda ids: st.tuples(*(entrants(number) for number in ids))
)


@randomly
@given(fields, st.randoms())
def test_the_order_of_recording_never_matters(field: tuple[Entrant, ...], random: Any) -> None:
    rules = composite(by=("region",), bands=(50,))
    other = list(field)
    random.shuffle(other)
    assert judged(rules, FULL, field) == judged(rules, FULL, other)
    assert award_content(rules, FULL, field, {}) == award_content(rules, FULL, other, {})


@randomly
@given(fields)
def test_every_unit_is_in_exactly_one_league_or_told_why_it_is_in_none(field: tuple[Entrant, ...]) -> None:
    found = judged(composite(by=("region",), bands=(50,)), FULL, field)
    told = [row["unit"] for row in found["places"]] + [row["unit"] for row in found["none"]]
    assert sorted(told) == sorted(entrant.id for entrant in field)
    assert all(row["reason"] for row in found["none"])
    assert sum(league["units"] for league in found["leagues"]) == len(found["places"])


@randomly
@given(st.integers(1, 500), st.integers(1, 400), st.integers(0, FULL))
def test_another_participant_never_lowers_coverage(people: int, headcount: int, score: int) -> None:
    before = Entrant(1, "甲", headcount=headcount, participants=people)
    after = replace(before, participants=people + 1, score_sum=score)
    rules = composite()
    assert raw_figures(rules, FULL, after)["coverage"] >= raw_figures(rules, FULL, before)["coverage"]


def total(rules: Composite, entrant: Entrant, means: dict[str, Fraction]) -> Fraction:
    points = indicator_points(rules, FULL, entrant, means)
    return sum((rules.weights[name] * value for name, (_, value) in points.items()), Fraction(0))


people = st.lists(st.tuples(scores, st.booleans()), min_size=5, max_size=60)


@example([(FULL, True)] * 50 + [(0, False)] * 10, [], 0)  # both are larger than the reference
@randomly
@given(people, st.lists(st.lists(scores, min_size=5, max_size=40), max_size=4), st.integers(0, 200))
def test_no_part_of_a_split_unit_stands_above_the_whole(
    unit: list[tuple[int, bool]], others: list[list[int]], strength: int
) -> None:
    rules = composite(competing="branches", weights=BY_SIZE, shrinkage=strength)
    assert not problems(rules, 5)
    whole = Entrant(1, "整", **sums_of([score for score, _ in unit]))
    part = Entrant(1, "一部分", **sums_of([score for score, kept in unit if kept]))
    rest = Entrant(2, "其余", **sums_of([score for score, kept in unit if not kept]))
    assume(part.participants >= rules.minimum)
    field = [Entrant(number, "", **sums_of(own)) for number, own in enumerate(others, start=3)]
    after = [each for each in (part, rest) if each.participants >= rules.minimum]
    before_means, after_means = league_means(FULL, [whole, *field]), league_means(FULL, [*after, *field])
    assert total(rules, part, after_means) <= total(rules, whole, before_means)


def test_a_weight_at_which_a_split_would_gain_is_refused_and_it_would() -> None:
    light = {**BY_SIZE, "participants": 40, "mean": 50}
    rules = composite(competing="branches", weights=light, shrinkage=0)
    assert [code for code, _ in problems(rules, 5)] == ["award_branches_weights"]
    whole = Entrant(1, "整", **sums_of([FULL] * 20 + [0] * 10))
    best = Entrant(1, "尖子", **sums_of([FULL] * 20))
    means = league_means(FULL, [whole])
    assert total(rules, best, means) > total(rules, whole, means)


def test_just_enough_weight_of_participants_is_accepted() -> None:
    rules = composite(competing="branches", weights=BY_SIZE)
    assert 69 < needed_weight(rules) < 70
    assert not problems(rules, 5)
    less = {**BY_SIZE, "participants": 69, "mean": 21}
    assert [code for code, _ in problems(composite(competing="branches", weights=less), 5)] == [
        "award_branches_weights"
    ]


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[Unit], list[Unit], dict[int, Figures]]:
    """Two ways of organizing the same people in two enterprises (1 and 2), whose sub-units hang anywhere below them."""
    subs = draw(st.lists(st.integers(1, 2), max_size=8))
    forms = []
    for _ in range(2):
        paths = {1: "/1/", 2: "/2/"}
        for number, root in enumerate(subs, start=3):
            above = draw(st.sampled_from([unit for unit, path in paths.items() if path.startswith(f"/{root}/")]))
            paths[number] = f"{paths[above]}{number}/"
        forms.append(
            [
                Unit(unit, path, 100 if unit < 3 else draw(st.sampled_from([None, 3, 30])))
                for unit, path in paths.items()
            ]
        )
    tallies = {
        unit: Figures(**sums_of(draw(st.lists(scores, max_size=12))), started=0) for unit in range(1, len(subs) + 3)
    }
    return forms[0], forms[1], tallies


@randomly
@given(trees())
def test_splitting_merging_and_moving_units_inside_an_enterprise_changes_nothing(
    case: tuple[list[Unit], list[Unit], dict[int, Figures]],
) -> None:
    *forms, tallies = case
    results = []
    for units in forms:
        figures = Tree(units).unit_figures(tallies)
        field = [
            Entrant(
                unit, "", headcount=100, participants=figures[unit].participants, score_sum=figures[unit].score_sum,
                passed=figures[unit].passed, full_marks=figures[unit].full_marks,
            )
            for unit in (1, 2)
        ]  # fmt: skip
        results.append(judged(composite(), FULL, field))
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"weights": {**USUAL, "mean": 21}}, "award_weights_sum"),
        ({"weights": {**USUAL, "mean": -10, "coverage": 60}}, "award_weights_sum"),
        ({"minimum": 4}, "award_minimum_small"),
        ({"reference": 9}, "award_reference_small"),
        ({"bands": (100, 50)}, "award_bands_order"),
        ({"tiers": ()}, "award_tiers_named"),
        ({"tiers": (Tier("奖", 1, 1), Tier("奖", 1, 1))}, "award_tiers_named"),
        ({"tiers": (Tier("奖", 0, 0),)}, "award_quota_empty"),
        ({"tiers": (Tier("一", 60, 0), Tier("二", 41, 0)), "quotas": "percent"}, "award_quota_over"),
        ({"competing": "branches"}, "award_branches_coverage"),
        ({"competing": "branches", "weights": BY_SIZE, "bands": (50,)}, "award_branches_bands"),
    ],
)
def test_a_composite_that_makes_no_sense_is_refused(changes: dict[str, Any], code: str) -> None:
    assert code in [found for found, _ in problems(composite(**changes), 5)]


def test_a_usual_composite_is_accepted_and_survives_its_json() -> None:
    rules = composite(by=("industry",), bands=(100, 1000))
    assert not problems(rules, 5)
    assert Composite.from_json(rules.to_json()) == rules
