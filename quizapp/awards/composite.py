"""The composite (综合评分办法): what an organizer writes down of an award before the competition opens. Pure.

Each indicator gives an entrant points on a scale of 0 to 100, and the composite is their weighted mean:

- participants: 100 · ln(n / m) / ln(N / m), with n who took part, m the minimum, N the reference. Each doubling counts the
  same. Sizes of firms span orders of magnitude (Axtell, "Zipf Distribution of U.S. Firm Sizes", Science 293, 2001), so that
  a share of the largest would leave next to nothing to everybody else. m gives 0 points, N 100, and more than N gives more:
  a ceiling would let the largest split off people for nothing.
- coverage: 100 · min(n, h) / h, with h the locked headcount: a count of all, not a sample, so nothing is shrunk.
- mean score (as a share of the full score), pass rate, full marks (the share of participants who have them): a mean x̄ over n
  people is shrunk toward that of the league, μ, as if k people of the league had taken part as well:
  (n · x̄ + k · μ) / (n + k), the posterior mean of a normal model whose prior has the weight of k observations (Efron and
  Morris, "Stein's Paradox in Statistics", Scientific American 236, 1977). μ is over all people of the league's entrants that
  reach the minimum.

Nothing is rounded but the composite itself, once: exactly, from fractions (the logarithm is a decimal of 30 places, see
`judging.logarithm`), half to even as GB/T 8170 has it, or half up. Equal rounded composites tie.

**Splitting a unit never gains.** Who competes is the enterprise that is registered: a unit at the top of the tree, or the
topmost units that were invited. All units below are rolled up, as sums over people, and the headcount is the enterprise's
own. So splitting, merging or moving units inside it changes no sum and nothing else (a test does it at random). Who was
registered after the headcounts were locked does not compete: nobody splits in the knowledge of results.

Where the units directly below the enterprises compete instead ("branches"), parts of one enterprise stand against each
other, and the formula has to hold by itself. Let a part keep α of a unit's n people, whichever they are.
  1. Of any shrunk rate with values in [0, 1] it gains at most 1 − α. Let S, S' ≤ S be the sums of whole and part, n' = αn,
     and let the league's mean rise from μ to μ' because the rest, n − n' people of the league's M ≥ n, no longer reaches the
     minimum: then μ' − μ ≤ (n − n') / M. The whole has (S + kμ)/(n + k) ≥ (S' + kμ)/(n + k), the part x' = (S' + kμ')/(n' + k)
     ≤ 1, so x' − whole ≤ x'(n − n')/(n + k) + k(μ' − μ)/(n + k) ≤ (n − n')/(n + k) · (1 + k/n) = 1 − α.
  2. Of participants it loses 100 · ln(1/α) / ln(N / m) points, and 1 − α ≤ ln(1/α) for all 0 < α ≤ 1.
So it never gains if the weight of participants is at least ln(N / m) times the weights of the three rates together; if not,
the composite is refused. Coverage can't be weighed there at all: whoever splits off only those who did not take part has
more of it and loses nothing else, whatever the formula is, unless idle people cost nothing, and then it is no coverage.
Nor can size bands: a part may stand first among smaller ones.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Context, Decimal
from typing import Any

INDICATORS = ("participants", "coverage", "mean", "pass_rate", "full_marks")
RATES = ("mean", "pass_rate", "full_marks")
FIELDS = ("region", "industry")
FORMULA = 1  # what verifies a result must know by which formula it was computed
PRECISION = Context(prec=40)
MOST_TIERS, MOST_BANDS, MOST_DECIMALS = 5, 8, 6


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier of the award, the highest first. Quotas count units of a league, or percent of its units in place."""

    name: str
    quota: int
    central_quota: int


@dataclass(frozen=True, slots=True)
class Composite:
    """The rules of an award. `weights` are whole percent by indicator, 100 together.

    `competing`: "enterprises" or "branches". `minimum` is m, `reference` N, `shrinkage` k. `bands` are the greatest
    headcounts of all size bands but the last, rising. `by` holds what else tells leagues apart: "region", "industry".
    `quotas`: "count" or "percent" (rounded down). `ties`: who ties over the end of a quota gets the higher tier all together
    ("all") or none of them does ("none").
    """

    weights: Mapping[str, int]
    minimum: int
    reference: int
    shrinkage: int
    tiers: tuple[Tier, ...]
    competing: str = "enterprises"
    central_apart: bool = True
    by: tuple[str, ...] = ()
    bands: tuple[int, ...] = ()
    quotas: str = "count"
    ties: str = "all"
    decimals: int = 2
    rounding: str = "half_even"

    def to_json(self) -> dict[str, Any]:
        """As JSON values; `formula` names the version of all that the module says."""
        found = asdict(self)
        found["weights"] = {name: self.weights[name] for name in INDICATORS}
        return {
            "formula": FORMULA,
            **found,
            "by": list(self.by),
            "bands": list(self.bands),
            "tiers": list(found["tiers"]),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Composite":
        """From what `to_json` made. Raises ValueError, KeyError or TypeError for anything else."""
        kept = dict(value)
        if kept.pop("formula") != FORMULA:
            raise ValueError("another formula")
        kept["tiers"] = tuple(Tier(**tier) for tier in kept["tiers"])
        return cls(**{**kept, "by": tuple(kept["by"]), "bands": tuple(kept["bands"])})

    @property
    def needs_headcount(self) -> bool:
        """Whether nobody can be judged without a headcount."""
        return bool(self.weights["coverage"] or self.bands)


def needed_weight(composite: Composite) -> Decimal:
    """The least weight of participants at which splitting never gains by the formula alone, in percent."""
    rates = sum(composite.weights[name] for name in RATES)
    ratio = PRECISION.divide(Decimal(composite.reference), Decimal(composite.minimum))
    return PRECISION.multiply(PRECISION.ln(ratio), Decimal(rates))


def problems(composite: Composite, board_minimum: int) -> list[tuple[str, dict[str, Any]]]:
    """What is wrong with a composite: codes of sentences and their facts, the first ones first; none if it can be used.

    `board_minimum`: from how many participants on the competition shows a unit's mean at all.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    total = sum(composite.weights.values())
    if total != 100 or min(composite.weights.values()) < 0:
        found.append(("award_weights_sum", {"total": total}))
    if composite.minimum < max(board_minimum, 1):
        found.append(("award_minimum_small", {"least": max(board_minimum, 1)}))
    if composite.reference < 2 * composite.minimum:
        found.append(("award_reference_small", {"least": 2 * composite.minimum}))
    if list(composite.bands) != sorted(set(composite.bands)) or any(band < 1 for band in composite.bands):
        found.append(("award_bands_order", {}))
    found += _tier_problems(composite)
    if composite.competing == "branches" and not found:
        found += _branch_problems(composite)
    return found


def _tier_problems(composite: Composite) -> list[tuple[str, dict[str, Any]]]:
    names = [tier.name for tier in composite.tiers]
    if not names or not all(names) or len(set(names)) < len(names):
        return [("award_tiers_named", {})]
    if any(
        not tier.quota + tier.central_quota > 0 or min(tier.quota, tier.central_quota) < 0 for tier in composite.tiers
    ):
        return [("award_quota_empty", {})]
    sums = [sum(getattr(tier, name) for tier in composite.tiers) for name in ("quota", "central_quota")]
    return [("award_quota_over", {})] if composite.quotas == "percent" and max(sums) > 100 else []


def _branch_problems(composite: Composite) -> list[tuple[str, dict[str, Any]]]:
    if composite.weights["coverage"]:
        return [("award_branches_coverage", {})]
    if composite.bands:
        return [("award_branches_bands", {})]
    needed, has = needed_weight(composite), composite.weights["participants"]
    if has < needed:
        shown = needed.quantize(Decimal("0.1"), rounding="ROUND_CEILING")
        return [("award_branches_weights", {"needed": str(shown), "has": has})]
    return []
