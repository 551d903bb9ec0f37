"""Places by hand: what the formula gives, ties, quotas, rounding, and that a changed result is noticed."""

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from quizapp.awards.composite import Composite, Tier
from quizapp.awards.judging import Entrant, award_content, fault_of_award, judged, logarithm, rounded
from quizapp.signing import SigningKey

FULL = 10_000


def rules(**changes: Any) -> Composite:
    usual: dict[str, Any] = {
        "weights": {"participants": 30, "coverage": 30, "mean": 20, "pass_rate": 10, "full_marks": 10},
        "minimum": 10,
        "reference": 1000,
        "shrinkage": 20,
        "tiers": (Tier("一等奖", 1, 1), Tier("二等奖", 2, 1)),
    }
    return Composite(**{**usual, **changes})


def unit(number: int, people: int = 100, mean: int = 8000, **changes: Any) -> Entrant:
    usual: dict[str, Any] = {"headcount": 200, "passed": people // 2, "full_marks": people // 10}
    return Entrant(number, f"单位{number}", participants=people, score_sum=people * mean, **{**usual, **changes})


def test_the_composite_is_what_the_formula_says() -> None:
    found = judged(rules(), FULL, [unit(1, 100, 9000), unit(2, 20, 6000)])
    first, second = found["places"]
    # By hand: the league's mean is (100 · 90 + 20 · 60) / 120 = 85; unit 1: (100 · 90 + 20 · 85) / 120 = 89.1667,
    # participants ln 10 / ln 100 = 50, coverage 100 / 200 = 50, both pass rates 50, full marks 10.
    assert first["parts"]["mean"] == ["0.900000", "0.891667", "89.166667", "17.833333"]
    assert first["parts"]["participants"] == ["100.000000", "100.000000", "50.000000", "15.000000"]
    assert first["parts"]["coverage"] == ["0.500000", "0.500000", "50.000000", "15.000000"]
    assert first["total"] == "53.83"
    # Unit 2: (20 · 60 + 20 · 85) / 40 = 72.5; ln 2 / ln 100 = 15.0515; coverage 10.
    assert second["parts"]["mean"][1] == "0.725000"
    assert second["parts"]["participants"][2] == "15.051500"
    assert second["total"] == "28.02"
    assert [row["tier"] for row in found["places"]] == [1, 2]


def test_shrinkage_draws_a_small_unit_to_the_mean_of_its_league_and_none_leaves_it_where_it_is() -> None:
    field = [unit(1, 10, 10_000), unit(2, 1000, 8000)]
    bold = {row["unit"]: row for row in judged(rules(shrinkage=0), FULL, field)["places"]}
    shy = {row["unit"]: row for row in judged(rules(shrinkage=90), FULL, field)["places"]}
    assert bold[1]["parts"]["mean"][1] == "1.000000"
    assert shy[1]["parts"]["mean"][1] == "0.821782"  # (10 · 100 + 90 · 80.198) / 100
    assert shy[2]["parts"]["mean"][1] == "0.800164"


def places(ties: str) -> list[tuple[int, int, int]]:
    field = [unit(1, mean=9000), *(unit(number) for number in (2, 3, 4)), unit(5, mean=7000)]
    found = judged(rules(ties=ties, tiers=(Tier("一", 2, 0), Tier("二", 2, 0))), FULL, field)
    return [(row["unit"], row["place"], row["tier"]) for row in found["places"]]


def test_who_ties_over_the_end_of_a_quota_gets_the_tier_together_or_not_at_all_as_the_rule_says() -> None:
    assert places("all") == [(1, 1, 1), (2, 2, 1), (3, 2, 1), (4, 2, 1), (5, 5, 0)]
    assert places("none") == [(1, 1, 1), (2, 2, 2), (3, 2, 2), (4, 2, 2), (5, 5, 0)]


def test_quotas_of_percent_are_rounded_down_over_all_tiers_together() -> None:
    field = [unit(number, mean=9000 - 100 * number) for number in range(1, 8)]
    found = judged(rules(quotas="percent", tiers=(Tier("一", 20, 0), Tier("二", 30, 0))), FULL, field)
    assert found["leagues"][0]["quotas"] == [1, 3]  # 20 % and 50 % of seven
    assert [row["tier"] for row in found["places"]] == [1, 2, 2, 0, 0, 0, 0]


def test_central_enterprises_stand_apart_with_quotas_of_their_own() -> None:
    found = judged(rules(by=("region",)), FULL, [unit(1, central=True), unit(2, region="110000"), unit(3)])
    assert [row["league"] for row in found["places"]] == ["central", "region:110000"]
    assert found["none"] == [{"unit": 3, "reason": "no_region"}]
    assert {league["key"]: league["quotas"] for league in found["leagues"]} == {
        "central": [1, 2],
        "region:110000": [1, 3],
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"late": True}, "registered_late"), ({"headcount": None}, "no_headcount"), ({"industry": None}, "no_industry")],
)
def test_who_is_in_no_league_is_told_why(changes: dict[str, Any], reason: str) -> None:
    found = judged(rules(by=("industry",)), FULL, [unit(1, **{"industry": "C", **changes})])
    assert found["none"] == [{"unit": 1, "reason": reason}]


def test_bands_hold_their_greatest_headcount() -> None:
    found = judged(
        rules(bands=(100, 500)), FULL, [unit(n, headcount=size) for n, size in enumerate((100, 101, 501), 1)]
    )
    assert [row["league"] for row in found["places"]] == ["size:0", "size:1", "size:2"]


def test_too_few_people_have_no_place_and_their_sums_stay_untold() -> None:
    content = award_content(rules(), FULL, [unit(1, 9), unit(2, 10)], {})
    assert content["places"][1] == {"unit": 1, "league": "all", "place": 0, "tier": 0}
    assert "score_sum" not in content["units"][0]
    assert content["leagues"][0]["people"] == 10  # nor can they be found as a difference


@pytest.mark.parametrize(
    ("value", "places", "how", "text"),
    [
        (Fraction("0.125"), 2, "half_even", "0.12"),
        (Fraction("0.125"), 2, "half_up", "0.13"),
        (Fraction("0.135"), 2, "half_even", "0.14"),
        (Fraction("-0.125"), 2, "half_up", "-0.13"),
        (Fraction("-0.001"), 2, "half_even", "0.00"),
        (Fraction(5, 2), 0, "half_even", "2"),
        (Fraction(199, 100), 1, "half_even", "2.0"),
        (Fraction(1, 8) - Fraction(1, 10**40), 2, "half_up", "0.12"),
    ],
)
def test_rounding_is_exact(value: Fraction, places: int, how: str, text: str) -> None:
    assert rounded(value, places, how) == text


def test_the_logarithm_has_thirty_right_places() -> None:
    assert logarithm(20, 10) == Fraction(Decimal("0.693147180559945309417232121458"))


def signed(content: dict[str, Any], key: SigningKey) -> dict[str, Any]:
    return json.loads(json.dumps({"award": content, **key.sign(content)}))  # type: ignore[no-any-return]


def test_a_result_holds_and_each_change_of_it_is_noticed_even_when_it_is_signed_anew() -> None:
    key = SigningKey(bytes(32))
    keys = {key.id: key.public}
    content = award_content(rules(), FULL, [unit(1), unit(2, 5), unit(3, headcount=None)], {"title": "优秀组织奖"})
    assert fault_of_award(signed(content, key), keys) == ""
    assert fault_of_award(signed(content, SigningKey(bytes(31) + b"x")), keys) == "award_not_signed"
    assert fault_of_award(signed(content, key) | {"places": []}, keys) == "more_than_signed"
    changed = signed(content, key)
    changed["award"]["places"][0]["tier"] = 2
    assert fault_of_award(changed, keys) == "award_not_signed"
    changes: list[Callable[[Any], object]] = [
        lambda award: award["places"][0].update(total="99.99"),
        lambda award: award["places"][0]["parts"]["mean"].__setitem__(3, "1.000000"),
        lambda award: award["units"][0].update(score_sum=1),
        lambda award: award["rules"]["weights"].update(mean=25),
        lambda award: award["leagues"][0].update(people=7),
        lambda award: award["none"].clear(),
        lambda award: award.update(inputs="0" * 64),
    ]
    for change in changes:
        award = json.loads(json.dumps(content))
        change(award)
        assert fault_of_award(signed(award, key), keys) == "award_differs"
    for junk in ({}, {"award": 7}, {"award": {"type": "quiz-award", "version": 1}, "key": "", "signature": ""}):
        assert fault_of_award(junk, keys) in ("no_award", "award_not_signed")
