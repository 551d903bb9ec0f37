"""Proves that the boards in force say what SQL says: every place, rank, tie, figure and sum, one by one."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import Connection, select

from quizapp.leaderboards import sources
from quizapp.leaderboards.boards import Board, PersonRow, Place
from quizapp.leaderboards.figures import Figures, Order, Tree, ranked_figures
from quizapp.leaderboards.frozen import FrozenBoard
from quizapp.leaderboards.live import LiveBoard
from quizapp.leaderboards.models import BOARDS, Standing
from quizapp.leaderboards.ranking import Counted, rank_key, with_ranks
from quizapp.leaderboards.sources import BoardRules
from quizapp.leaderboards.standings import Digest, StandingRow

CHUNK = 500

K = TypeVar("K", bound=Hashable)


def differences(connection: Connection, board: LiveBoard | FrozenBoard, rules: BoardRules) -> Iterator[str]:
    """What differs between the board and SQL, in words for an operator; nothing if all is equal.

    At rest the two are equal; while people answer, either may be ahead of what was read from the other.
    """
    results = list(sources.results_in_order(connection, rules.competition, rules.tie_keys))
    sums = sources.sums_of_units(connection, rules.competition)
    tree = sources.read_tree(connection)
    if isinstance(board, FrozenBoard):
        yield from _standings(connection, board, rules)
        lines = board.lines
    else:
        lines = {unit: tree.line(unit) for unit in tree.units}
    yield from _people(board, None, results, rules.tie_keys)
    inside: dict[int, list[Counted]] = {unit: [] for unit in lines}
    for result in results:
        for unit in lines.get(result.organization or 0, ()):
            inside[unit].append(result)
    for unit, among in inside.items():
        yield from _people(board, unit, among, rules.tie_keys)
    yield from _unequal("people with the score", board.scores(), Counter(result.score for result in results))
    if isinstance(board, FrozenBoard):
        yield from _frozen_sums(board, sums)
    else:
        tallies, _ = sources.read_tallies(connection, rules.competition)
        yield from _unequal("tally of unit", _without_empty(tallies), _without_empty(sums))
        yield from _groups(board, tree, sums, rules.minimum)


def _standings(connection: Connection, board: FrozenBoard, rules: BoardRules) -> Iterator[str]:
    digest = Digest(rules.competition, board.freeze.summary["tie_keys"], board.freeze.summary["minimum"])
    columns = Standing.place, Standing.rank, Standing.subject, Standing.organization_id, Standing.figures
    for name in BOARDS:
        rows = select(*columns).where(Standing.competition_id == rules.competition, Standing.board == name)
        for row in connection.execute(rows.order_by(Standing.place), execution_options={"yield_per": CHUNK}):
            digest.add(StandingRow(name, *row))
    if str(digest) != board.freeze.digest:
        yield f"digest of the standings: kept {board.freeze.digest}, of the rows {digest}"


def _frozen_sums(board: FrozenBoard, sums: Mapping[int, Figures]) -> Iterator[str]:
    """The units' figures summed along the tree as it was frozen; headcounts may have been edited since."""
    totals: dict[str, Figures] = {}
    for unit, own in sums.items():
        for above in board.lines.get(unit, ()):
            totals[str(above)] = totals.get(str(above), Figures()) + own
    kept = board.figures("units", [str(unit) for unit in board.lines])
    of_people = {unit: replace(figures, headcount=0, covered=0) for unit, figures in kept.items()}
    yield from _unequal("unit", _without_empty(of_people), _without_empty(totals))


def _people(board: Board, unit: int | None, results: list[Counted], tie_keys: str) -> Iterator[str]:
    name = "people" if unit is None else f"people of unit {unit}"
    if board.count_people(unit) != len(results):
        yield f"{name}: {board.count_people(unit)} on the board, {len(results)} in SQL"
        return
    ranked = list(with_ranks((rank_key(result, tie_keys), result) for result in results))
    sharing = Counter(rank for _place, rank, _row in ranked)
    for offset in range(0, len(ranked), CHUNK):
        rows = board.people(offset, CHUNK, unit)
        wanted = ranked[offset : offset + CHUNK]
        if len(rows) != len(wanted):
            yield f"{name}: {len(rows)} rows after place {offset}, {len(wanted)} in SQL"
            return
        for row, (place, rank, result) in zip(rows, wanted, strict=True):
            expected = PersonRow(
                place,
                rank,
                sharing[rank] > 1,
                result.account,
                row.line,
                result.score,
                result.used_ms,
                result.submitted_ms,
            )
            if row != expected:
                yield f"{name}, place {place}: board {row}, SQL {expected}"
            found = board.person(result.account, unit)
            standing = Place(place, rank, len(ranked), sharing[rank])
            if found is None or found[1] != standing:
                yield f"{name}, account {result.account}: board {found and found[1]}, SQL {standing}"


def _groups(board: Board, tree: Tree, sums: Mapping[int, Figures], minimum: int) -> Iterator[str]:
    units = _without_empty({str(unit): figures for unit, figures in tree.unit_figures(sums).items()})
    if board.total() != tree.total(sums):
        yield f"sum of all units: board {board.total()}, SQL {tree.total(sums)}"
    boards = {"units": units, "regions": tree.region_figures(sums), "industries": tree.industry_figures(sums)}
    for name, subjects in boards.items():
        yield from _unequal(name, board.figures(name, list(subjects)), subjects)
        for scope, inside in _scopes(name, subjects, tree):
            for order in Order:
                yield from _order(board, name, scope, order, ranked_figures(inside, order, minimum))


def _scopes(board: str, subjects: Mapping[str, Figures], tree: Tree) -> Iterator[tuple[str, dict[str, Figures]]]:
    scopes: dict[str, dict[str, Figures]] = {"all": dict(subjects)}
    if board == "units":
        for subject, figures in subjects.items():
            scopes.setdefault(tree.scopes(int(subject))[1], {})[subject] = figures
    yield from scopes.items()


def _order(board: Board, name: str, scope: str, order: Order, ranked: list[tuple[int, int, str]]) -> Iterator[str]:
    title = f"{name} ({scope}) by {order}"
    if board.count_groups(name, scope, order) != len(ranked):
        yield f"{title}: {board.count_groups(name, scope, order)} on the board, {len(ranked)} in SQL"
        return
    sharing = Counter(rank for _place, rank, _row in ranked)
    for offset in range(0, len(ranked), CHUNK):
        for row, (place, rank, subject) in zip(
            board.groups(name, scope, order, offset, CHUNK), ranked[offset : offset + CHUNK], strict=True
        ):
            if (row.place, row.rank, row.tied, row.subject) != (place, rank, sharing[rank] > 1, subject):
                yield f"{title}, place {place}: board {row}, SQL rank {rank} of {subject}"
            standing = Place(place, rank, len(ranked), sharing[rank])
            if (found := board.group_place(name, scope, order, subject)) != standing:
                yield f"{title}, {subject}: board {found}, SQL {standing}"


def _unequal(name: str, board: Mapping[K, object], sql: Mapping[K, object]) -> Iterator[str]:
    for key in {**board, **sql}:
        if board.get(key) != sql.get(key):
            yield f"{name} {key}: board {board.get(key)}, SQL {sql.get(key)}"


def _without_empty(figures: Mapping[K, Figures]) -> dict[K, Figures]:
    return {key: value for key, value in figures.items() if value != Figures()}
