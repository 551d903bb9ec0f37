"""Progress by unit: the tree's figures with registrations, what lags, what somebody's scope sums up to. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from quizapp.leaderboards.figures import Figures, Tree, Unit


@dataclass(frozen=True, slots=True)
class Node:
    """A unit as SQL has it. `path` is "/1/5/9/", its own id last; `headcount` counts the units below too."""

    id: int
    path: str
    name: str
    code: str
    headcount: int | None
    region: str | None
    industry: str | None


@dataclass(frozen=True, slots=True)
class UnitProgress:
    """A unit with all units below it. `depth` is 0 for a root of the scope."""

    id: int
    name: str
    code: str
    depth: int
    registered: int
    figures: Figures
    is_leaf: bool

    @property
    def should(self) -> int | None:
        """How many should take part; None where nobody has said."""
        return self.figures.headcount or None

    @property
    def waiting(self) -> int:
        """How many registered people have no result yet."""
        return max(0, self.registered - self.figures.participants)


@dataclass(frozen=True)
class Snapshot:
    """All units' figures in a competition at `taken_at`. `loners`: people who started without a unit, and submitted."""

    taken_at: datetime
    nodes: Mapping[int, Node]
    tallies: Mapping[int, Figures]
    registered: Mapping[int, int]
    loners: tuple[int, int] = (0, 0)

    @cached_property
    def tree(self) -> Tree:
        """The tree with the shares of headcounts."""
        return _tree(self.nodes.values())

    @cached_property
    def whole(self) -> "Scope":
        """Everything, as administrators and organizers see it."""
        return Scope(self, frozenset(self.nodes), self.tree)

    def scope(self, visible: Collection[int] | None) -> "Scope":
        """What somebody who sees the units `visible` (None: all) sees."""
        if visible is None:
            return self.whole
        ids = frozenset(visible) & self.nodes.keys()
        headcounts = dict.fromkeys(ids, 0)  # without the units below that are out of sight, as all other figures
        for unit in ids:
            for above in self.tree.line(unit):
                if above in ids:
                    headcounts[above] += self.tree.share(unit)
        seen = (replace(self.nodes[unit], headcount=self.nodes[unit].headcount and headcounts[unit]) for unit in ids)
        return Scope(self, ids, _tree(seen))


class Scope:
    """The units that somebody may see, with sums over exactly these: what lies outside adds nothing."""

    def __init__(self, snapshot: Snapshot, ids: frozenset[int], tree: Tree) -> None:
        self._nodes = snapshot.nodes
        self._ids = ids
        self._tree = tree
        tallies = {unit: figures for unit, figures in snapshot.tallies.items() if unit in ids}
        self._figures = tree.unit_figures(tallies)
        self.total = tree.total(tallies)
        self._registered = dict.fromkeys(ids, 0)
        self._children: dict[int | None, list[int]] = {}
        for unit in ids:
            line = tree.line(unit)
            for above in line:
                self._registered[above] += snapshot.registered.get(unit, 0)
            self._children.setdefault(line[-2] if len(line) > 1 else None, []).append(unit)
        self.registered = sum(snapshot.registered.get(unit, 0) for unit in ids)
        for children in self._children.values():
            children.sort(key=lambda unit: (self._nodes[unit].name, unit))

    def __contains__(self, unit: int) -> bool:
        return unit in self._ids

    @property
    def count(self) -> int:
        """How many units there are."""
        return len(self._ids)

    def progress(self, unit: int) -> UnitProgress:
        """One unit, with all below it."""
        node = self._nodes[unit]
        return UnitProgress(
            id=unit,
            name=node.name,
            code=node.code,
            depth=len(self._tree.line(unit)) - 1,
            registered=self._registered[unit],
            figures=self._figures[unit],
            is_leaf=unit not in self._children,
        )

    def children(self, unit: int | None = None) -> list[UnitProgress]:
        """The units right below one, or the roots, by name."""
        return [self.progress(child) for child in self._children.get(unit, ())]

    def line(self, unit: int) -> list[UnitProgress]:
        """The units from the scope's root down to one."""
        return [self.progress(above) for above in self._tree.line(unit)]

    def in_tree_order(self, unit: int | None = None) -> Iterable[UnitProgress]:
        """A unit (or every root) and all below it, each before its own."""
        stack = [unit] if unit is not None else list(reversed(self._children.get(None, ())))
        while stack:
            current = stack.pop()
            yield self.progress(current)
            stack.extend(reversed(self._children.get(current, ())))

    def lagging(self, limit: int) -> list[UnitProgress]:
        """The lowest units with a headcount and the least coverage, the larger first among equals."""
        leaves = [self.progress(unit) for unit in self._ids if unit not in self._children]
        counted = [row for row in leaves if row.figures.coverage is not None and row.figures.coverage < 1]
        counted.sort(key=lambda row: (row.figures.coverage or 0, -row.figures.headcount, row.id))
        return counted[:limit]


def _tree(nodes: Iterable[Node]) -> Tree:
    return Tree(Unit(node.id, node.path, node.headcount, node.region, node.industry) for node in nodes)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart: what it stands for, how many, and its length as a percentage of the longest."""

    label: str
    count: int
    percent: float


def bars(counts: Sequence[tuple[str, int]]) -> list[Bar]:
    """Bars whose longest is 100 %."""
    most = max((count for _label, count in counts), default=0)
    return [Bar(label, count, 100 * count / most if most else 0.0) for label, count in counts]


def score_bands(scores: Mapping[int, int], full_score: int, bands: int = 10) -> list[tuple[str, int]]:
    """How many people are in each tenth of the scale, the highest first; the top band holds the full score too.

    `scores` maps hundredths of a point to people. A band from 60 to below 70 is named "60–70".
    """
    counts = [0] * bands
    for score, people in scores.items():
        counts[min(score * bands // full_score, bands - 1)] += people
    edges = [f"{full_score * band / bands / 100:g}" for band in range(bands + 1)]
    return [(f"{edges[band]}–{edges[band + 1]}", counts[band]) for band in reversed(range(bands))]
