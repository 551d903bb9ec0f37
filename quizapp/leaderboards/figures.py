"""The figures of units, regions and industries, and the orders of their boards: pure.

A unit's own tally counts its own people; its figures count those of all units below it as well. A region or an industry
is the sum of the units in it; a unit that names none belongs to that of the nearest unit above it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass, replace
from enum import StrEnum
from fractions import Fraction

from quizapp.leaderboards.ranking import with_ranks

MEAN_STEPS = 1_000_000
COVERAGE_STEPS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the tree. `path` is "/1/5/9/", its own id last; `headcount` counts the units below too, None if unknown."""

    id: int
    path: str
    headcount: int | None = None
    region: str | None = None
    industry: str | None = None

    @property
    def line(self) -> tuple[int, ...]:
        """The ids from the root down to the unit itself."""
        return tuple(int(part) for part in self.path.split("/") if part)


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over people. `covered` are the participants of units whose headcount is known, directly or from above.

    `score_sum` in hundredths of a point; `headcount` is 0 where nobody has declared one.
    """

    started: int = 0
    participants: int = 0
    score_sum: int = 0
    used_ms_sum: int = 0
    full_marks: int = 0
    passed: int = 0
    headcount: int = 0
    covered: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.started + other.started,
            self.participants + other.participants,
            self.score_sum + other.score_sum,
            self.used_ms_sum + other.used_ms_sum,
            self.full_marks + other.full_marks,
            self.passed + other.passed,
            self.headcount + other.headcount,
            self.covered + other.covered,
        )

    def __sub__(self, other: "Figures") -> "Figures":
        return Figures(*(own - others for own, others in zip(astuple(self), astuple(other), strict=True)))

    @property
    def mean(self) -> float | None:
        """The mean score in hundredths of a point; None without participants."""
        return self.score_sum / self.participants if self.participants else None

    @property
    def coverage(self) -> float | None:
        """The share of the headcount that took part, at most 1; None without a declared headcount."""
        return min(self.covered, self.headcount) / self.headcount if self.headcount else None

    @property
    def excess(self) -> int:
        """How many more took part than the declared headcount holds: a sign that the headcount is too low."""
        return max(0, self.covered - self.headcount) if self.headcount else 0

    @property
    def pass_rate(self) -> float | None:
        """The share of participants who reached the pass score; None without participants."""
        return self.passed / self.participants if self.participants else None

    @property
    def mean_used_ms(self) -> int | None:
        """The mean time used, in whole milliseconds; None without participants."""
        return round(Fraction(self.used_ms_sum, self.participants)) if self.participants else None

    def to_json(self) -> dict[str, int]:
        """The sums, by name."""
        return asdict(self)


class Order(StrEnum):
    """By what a board of units, regions or industries is ordered; the larger stands first."""

    MEAN = "mean"
    COVERAGE = "coverage"
    PARTICIPANTS = "participants"


def order_value(order: Order, figures: Figures, minimum: int) -> int | None:
    """The whole number that orders a board, the larger the better; None keeps the subject off this board.

    Nobody without participants is on a board; by mean only who has `minimum` participants or more, by coverage only who
    has a headcount. Means are compared in millionths of a hundredth of a point, coverages in billionths: closer ones tie.
    """
    if figures.participants == 0:
        return None
    if order is Order.PARTICIPANTS:
        return figures.participants
    if order is Order.COVERAGE:
        covered = min(figures.covered, figures.headcount)
        return covered * COVERAGE_STEPS // figures.headcount if figures.headcount else None
    if figures.participants < minimum:
        return None
    return figures.score_sum * MEAN_STEPS // figures.participants


def order_member(subject: str) -> str:
    """Equal values stand in the order of this text: ids by their size, codes of one length by their letters."""
    return f"{len(subject):02}{subject}"


def ranked_figures(subjects: Mapping[str, Figures], order: Order, minimum: int) -> list[tuple[int, int, str]]:
    """(place, rank, subject) of everything that stands on a board, the best first; equal values share a rank."""
    values = {subject: order_value(order, figures, minimum) for subject, figures in subjects.items()}
    standing = [(value, subject) for subject, value in values.items() if value is not None]
    standing.sort(key=lambda row: (-row[0], order_member(row[1])))
    return list(with_ranks(standing))


class Tree:
    """The units with all that follows from their places and headcounts, worked out once for many sums.

    A declared headcount holds the units below it too. So a unit's own share of it is what is left when the nearest
    declared headcounts below are taken away (0 if those are more): adding shares up never counts anybody twice.
    """

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units = {unit.id: unit for unit in units}
        self._lines = {
            unit.id: tuple(above for above in unit.line if above in self.units) for unit in self.units.values()
        }
        self._shares = self._headcount_shares()
        self._declared = {
            unit_id for unit_id, line in self._lines.items() if any(self.units[above].headcount for above in line)
        }

    def line(self, unit_id: int) -> tuple[int, ...]:
        """The ids from the root down to the unit itself; empty for a unit that the tree lacks."""
        return self._lines.get(unit_id, ())

    def share(self, unit_id: int) -> int:
        """What is the unit's own of its declared headcount."""
        return self._shares[unit_id]

    def parent(self, unit_id: int) -> int | None:
        """The id of the unit above."""
        line = self._lines[unit_id]
        return line[-2] if len(line) > 1 else None

    def scopes(self, unit_id: int) -> tuple[str, str]:
        """The boards that a unit stands on: that of all units, and that of its siblings ("top" for the roots)."""
        parent = self.parent(unit_id)
        return "all", "top" if parent is None else str(parent)

    def region(self, unit_id: int) -> str | None:
        """The unit's region code, or that of the nearest unit above that names one."""
        return next((code for above in reversed(self._lines[unit_id]) if (code := self.units[above].region)), None)

    def industry(self, unit_id: int) -> str | None:
        """The unit's industry code, or that of the nearest unit above that names one."""
        return next((code for above in reversed(self._lines[unit_id]) if (code := self.units[above].industry)), None)

    def unit_figures(self, tallies: Mapping[int, Figures]) -> dict[int, Figures]:
        """The figures of every unit, with those of all below it. `tallies`: the sums of the units' own people."""
        found = dict.fromkeys(self.units, Figures())
        for unit_id, own in self._own_figures(tallies):
            for above in self._lines[unit_id]:
                found[above] += own
        for unit_id, unit in self.units.items():
            if unit.headcount and found[unit_id].headcount != unit.headcount:  # what the unit itself says is believed
                found[unit_id] = replace(found[unit_id], headcount=unit.headcount)
        return found

    def gain(self, unit_id: int, before: Figures, after: Figures) -> Figures:
        """What the figures of everything that holds the unit gain when its own people's sums become others."""
        gain = after - before
        return replace(gain, covered=gain.participants * (unit_id in self._declared))

    def region_figures(self, tallies: Mapping[int, Figures]) -> dict[str, Figures]:
        """The figures of every region that has people or a headcount."""
        return _summed((self.region(unit_id), own) for unit_id, own in self._own_figures(tallies))

    def industry_figures(self, tallies: Mapping[int, Figures]) -> dict[str, Figures]:
        """The figures of every industry that has people or a headcount."""
        return _summed((self.industry(unit_id), own) for unit_id, own in self._own_figures(tallies))

    def total(self, tallies: Mapping[int, Figures]) -> Figures:
        """The sum of the roots. People who belong to no unit are not in it."""
        units = self.unit_figures(tallies)
        return sum((units[unit_id] for unit_id in self.units if self.parent(unit_id) is None), Figures())

    def _own_figures(self, tallies: Mapping[int, Figures]) -> Iterable[tuple[int, Figures]]:
        nothing = Figures()
        for unit_id, share in self._shares.items():
            own = tallies.get(unit_id, nothing)
            if share or own != nothing:
                yield unit_id, replace(own, headcount=share, covered=own.participants * (unit_id in self._declared))

    def _headcount_shares(self) -> dict[int, int]:
        below = dict.fromkeys(self.units, 0)
        shares = dict.fromkeys(self.units, 0)
        for unit_id, line in sorted(self._lines.items(), key=lambda item: len(item[1]), reverse=True):  # leaves first
            headcount = self.units[unit_id].headcount
            if headcount:
                shares[unit_id] = max(0, headcount - below[unit_id])
            if len(line) > 1:
                below[line[-2]] += shares[unit_id] + below[unit_id]
        return shares


def figures_of_groups(tree: Tree, sums: Mapping[int, Figures]) -> dict[str, dict[str, Figures]]:
    """The figures of everything that stands on the boards of units, regions and industries. `sums`: as in `Tree`."""
    units = {str(unit): figures for unit, figures in tree.unit_figures(sums).items() if figures != Figures()}
    return {"units": units, "regions": tree.region_figures(sums), "industries": tree.industry_figures(sums)}


def _summed(parts: Iterable[tuple[str | None, Figures]]) -> dict[str, Figures]:
    found: dict[str, Figures] = {}
    for code, figures in parts:
        if code is not None:
            found[code] = found.get(code, Figures()) + figures
    return found
