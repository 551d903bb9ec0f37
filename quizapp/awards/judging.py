"""Leagues, composites, places and tiers of an award: pure, exact, and the same in whatever order things were recorded.

`judged` gives JSON values of whole numbers and texts only, so that equal results are equal bytes (`signing.canonical`).
Whoever has a result's `rules` and `units` can compute the rest of it again: `fault_of_award` does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from typing import Any

from quizapp.awards.composite import FIELDS, INDICATORS, PRECISION, RATES, Composite
from quizapp.signing import digest_of, is_signed

AWARD = {"type": "quiz-award", "version": 1}
LOGARITHM_PLACES = 30
SHOWN_PLACES = 6  # of the figures beside the composite; nothing is decided by them


@dataclass(frozen=True, slots=True)
class Entrant:
    """A unit that competes, with sums over the people of it and of all units below.

    `score_sum` in hundredths of a point. `headcount` is the locked one, None if undeclared. `late`: it was registered, or
    became one that competes, after the headcounts were locked.
    """

    id: int
    name: str
    central: bool = False
    region: str | None = None
    industry: str | None = None
    headcount: int | None = None
    participants: int = 0
    score_sum: int = 0
    passed: int = 0
    full_marks: int = 0
    late: bool = False

    def to_json(self, minimum: int) -> dict[str, Any]:
        """As JSON values. Of fewer people than `minimum` no sums are told: they would tell of persons, and decide nothing."""
        found: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "central": int(self.central),
            "region": self.region or "",
            "industry": self.industry or "",
            "headcount": self.headcount or 0,
            "late": int(self.late),
            "participants": self.participants,
        }
        if self.participants >= minimum:
            found |= {"score_sum": self.score_sum, "passed": self.passed, "full_marks": self.full_marks}
        return found

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Entrant":
        """From what `to_json` made."""
        return cls(
            **{
                **value,
                "central": bool(value["central"]),
                "late": bool(value["late"]),
                "region": value["region"] or None,
                "industry": value["industry"] or None,
                "headcount": value["headcount"] or None,
            }
        )


# Leagues


def league_of(composite: Composite, entrant: Entrant) -> tuple[str, str]:
    """(the key of the entrant's league, "") or ("", the code of why it is in none)."""
    if entrant.late:
        return "", "registered_late"
    if composite.needs_headcount and not entrant.headcount:
        return "", "no_headcount"
    if composite.central_apart and entrant.central:
        return "central", ""
    parts = []
    for name in FIELDS:
        if name in composite.by:
            value = getattr(entrant, name)
            if not value:
                return "", f"no_{name}"
            parts.append(f"{name}:{value}")
    if composite.bands:
        parts.append(f"size:{sum((entrant.headcount or 0) > band for band in composite.bands)}")
    return "/".join(parts) or "all", ""


# Indicators


@lru_cache(maxsize=65536)
def logarithm(over: int, under: int) -> Fraction:
    """ln(over / under), as a decimal of 30 places: 40 digits are worked out, each step correctly rounded (half to even)."""
    found = PRECISION.ln(PRECISION.divide(Decimal(over), Decimal(under)))
    return Fraction(found.quantize(Decimal(1).scaleb(-LOGARITHM_PLACES), context=PRECISION))


def raw_figures(composite: Composite, full_score: int, entrant: Entrant) -> dict[str, Fraction]:
    """Each indicator before shrinking: participants as their number, the others as shares of 1."""
    people, headcount = entrant.participants, entrant.headcount or 0
    return {
        "participants": Fraction(people),
        "coverage": Fraction(min(people, headcount), headcount) if headcount else Fraction(0),
        "mean": Fraction(entrant.score_sum, people * full_score),
        "pass_rate": Fraction(entrant.passed, people),
        "full_marks": Fraction(entrant.full_marks, people),
    }


def league_means(full_score: int, placed: Sequence[Entrant]) -> dict[str, Fraction]:
    """The means of the rates over all people of a league's entrants in place, as shares of 1."""
    people = sum(entrant.participants for entrant in placed) or 1
    return {
        "mean": Fraction(sum(entrant.score_sum for entrant in placed), people * full_score),
        "pass_rate": Fraction(sum(entrant.passed for entrant in placed), people),
        "full_marks": Fraction(sum(entrant.full_marks for entrant in placed), people),
    }


def indicator_points(
    composite: Composite, full_score: int, entrant: Entrant, means: Mapping[str, Fraction]
) -> dict[str, tuple[Fraction, Fraction]]:
    """(the figure after shrinking, its points on the scale of 0 to 100) of each indicator. See `composite`."""
    people, strength = entrant.participants, composite.shrinkage
    found = {}
    for name, raw in raw_figures(composite, full_score, entrant).items():
        figure, points = raw, raw * 100
        if name == "participants":
            reach = logarithm(composite.reference, composite.minimum)
            points = 100 * logarithm(people, composite.minimum) / reach
        elif name in RATES:
            figure = (raw * people + strength * means[name]) / (people + strength)
            points = figure * 100
        found[name] = figure, points
    return found


def rounded(value: Fraction, places: int, how: str) -> str:
    """The value as a decimal text, rounded once and exactly: "half_even" or "half_up" (away from zero)."""
    scaled = abs(value) * 10**places
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    twice = 2 * rest - scaled.denominator
    whole += twice > 0 or (twice == 0 and (how == "half_up" or whole % 2 == 1))
    text = str(whole).rjust(places + 1, "0")
    sign = "-" if value < 0 and whole else ""
    return f"{sign}{text[:-places]}.{text[-places:]}" if places else f"{sign}{text}"


# Judging


def judged(composite: Composite, full_score: int, entrants: Iterable[Entrant]) -> dict[str, Any]:
    """All that follows from the rules and the entrants: `leagues`, `places` (the best first, league by league), `none`.

    `full_score` in hundredths of a point. Entrants are taken by their ids; two of one id are a mistake (ValueError).
    """
    ordered = sorted(entrants, key=lambda entrant: entrant.id)
    if len({entrant.id for entrant in ordered}) < len(ordered):
        raise ValueError("an entrant stands there twice")
    leagues: dict[str, list[Entrant]] = {}
    none = []
    for entrant in ordered:
        key, reason = league_of(composite, entrant)
        if reason:
            none.append({"unit": entrant.id, "reason": reason})
        else:
            leagues.setdefault(key, []).append(entrant)
    told, places = [], []
    for key, members in sorted(leagues.items()):
        placed = [entrant for entrant in members if entrant.participants >= composite.minimum]
        means = league_means(full_score, placed)
        people = sum(entrant.participants for entrant in placed)
        quotas = quotas_of(composite, key, len(placed))
        shown = {name: shown_figure(mean) if people else "" for name, mean in means.items()}
        told.append(
            {
                "key": key,
                "units": len(members),
                "placed": len(placed),
                "people": people,
                "means": shown,
                "quotas": quotas,
            }
        )
        places += _places(composite, full_score, key, placed, means, quotas)
        few = [entrant for entrant in members if entrant.participants < composite.minimum]
        places += [{"unit": entrant.id, "league": key, "place": 0, "tier": 0} for entrant in few]
    return {"leagues": told, "places": places, "none": none}


def shown_figure(value: Fraction) -> str:
    """A figure as results show it."""
    return rounded(value, SHOWN_PLACES, "half_even")


def quotas_of(composite: Composite, league: str, placed: int) -> list[int]:
    """How many units of the league each tier and those above it hold together: sums, the highest tier first."""
    sums, total = [], 0
    for tier in composite.tiers:
        total += tier.central_quota if league == "central" else tier.quota
        sums.append(total * placed // 100 if composite.quotas == "percent" else total)
    return sums


def _places(
    composite: Composite,
    full_score: int,
    league: str,
    placed: Sequence[Entrant],
    means: Mapping[str, Fraction],
    quotas: Sequence[int],
) -> list[dict[str, Any]]:
    rows: list[tuple[Decimal, Entrant, dict[str, Any]]] = []
    for entrant in placed:
        raw = raw_figures(composite, full_score, entrant)
        parts, total = {}, Fraction(0)
        for name, (figure, points) in indicator_points(composite, full_score, entrant, means).items():
            contribution = points * composite.weights[name] / 100
            total += contribution
            parts[name] = [shown_figure(each) for each in (raw[name], figure, points, contribution)]
        rows.append((Decimal(rounded(total, composite.decimals, composite.rounding)), entrant, parts))
    rows.sort(key=lambda row: (-row[0], row[1].id))
    found = []
    before = 0
    for total, group in groupby(rows, key=lambda row: row[0]):
        tied = list(group)
        counts = before + 1 if composite.ties == "all" else before + len(tied)
        tier = next((number for number, quota in enumerate(quotas, start=1) if counts <= quota), 0)
        found += [
            {
                "unit": entrant.id,
                "league": league,
                "place": before + 1,
                "tier": tier,
                "total": f"{total:f}",
                "parts": {name: parts[name] for name in INDICATORS},
            }
            for _, entrant, parts in tied
        ]
        before += len(tied)
    return found


# Results as files


def award_content(
    composite: Composite, full_score: int, entrants: Sequence[Entrant], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """What is signed and published of an award. `facts`: its title, the competition, the standings that it is judged by."""
    ordered = sorted(entrants, key=lambda entrant: entrant.id)
    inputs = {
        "rules": composite.to_json(),
        "full_score": full_score,
        "units": [entrant.to_json(composite.minimum) for entrant in ordered],
    }
    return {**AWARD, **facts, **inputs, "inputs": digest_of(inputs), **judged(composite, full_score, ordered)}


def fault_of_award(file: Mapping[str, Any], keys: Mapping[str, str]) -> str:
    """The first thing that is wrong with an award's file, by a code, or "" if it holds. `keys`: id → public key."""
    try:
        award = file["award"]
        if not award.items() >= AWARD.items():
            return "no_award"
        if not is_signed(award, file["key"], file["signature"], keys):
            return "award_not_signed"
        if file.keys() != {"award", "key", "signature"}:
            return "more_than_signed"
        composite = Composite.from_json(award["rules"])
        entrants = [Entrant.from_json(unit) for unit in award["units"]]
        kept = {name: award[name] for name in award.keys() - COMPUTED}
        if award_content(composite, award["full_score"], entrants, kept) != award:
            return "award_differs"
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        return "no_award"
    return ""


def fault_against(award: Mapping[str, Any], snapshot: str, units: Mapping[int, Mapping[str, int]]) -> str:
    """What in an award is not as the standings have it that it names, by a code, or "".

    `snapshot` is the digest of those standings, `units` the figures that they show by a unit's id. Headcounts are not compared:
    those of the boards are sums along the tree, an award's are the enterprises' own.
    """
    if award["snapshot"] != snapshot:
        return "another_snapshot"
    for unit in award["units"]:
        shown = units.get(unit["id"], {"participants": 0})
        if any(name in shown and shown[name] != unit[name] for name in FIGURES if name in unit):
            return "figures_differ"
    return ""


FIGURES = ("participants", "score_sum", "passed", "full_marks")
COMPUTED = {"rules", "full_score", "units", "inputs", "leagues", "places", "none"}
