"""What the boards are made of, read from SQL: results, tallies and the tree. One plain query each, no sums over attempts.

The queries run on a connection of their own that only reads, so that the refresher, which looks each second, never takes
SQLite's write lock from the recorder.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, func, select

from quizapp.attempts.models import Attempt, Result, Tally
from quizapp.competitions.models import Competition
from quizapp.extensions import db
from quizapp.leaderboards.figures import Figures, Tree, Unit
from quizapp.leaderboards.headcounts import locked_headcounts
from quizapp.leaderboards.models import HeadcountRequest
from quizapp.leaderboards.ranking import TIME, Counted
from quizapp.organizations.models import Organization

CHUNK = 2000


@dataclass(frozen=True, slots=True)
class BoardRules:
    """What a competition says about its boards."""

    competition: int
    tie_keys: str
    minimum: int


def board_rules(competition: Competition) -> BoardRules:
    """The competition's rules for boards."""
    return BoardRules(competition.id, competition.tie_keys, competition.board_minimum_people)


@contextmanager
def reading(*, snapshot: bool = False) -> Iterator[Connection]:
    """A connection for reading only, outside of the session; with `snapshot` all its queries see one moment."""
    with db.engine.connect() as connection:
        if snapshot and connection.dialect.name == "postgresql":  # a transaction of SQLite sees one moment anyway
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection.execution_options(reads_only=True)


def running_boards(connection: Connection) -> list[BoardRules]:
    """The rules of every competition whose boards are live: published and not frozen."""
    rows = select(Competition.id, Competition.tie_keys, Competition.board_minimum_people).where(
        Competition.published_at.is_not(None), Competition.frozen_at.is_(None)
    )
    return [BoardRules(*row) for row in connection.execute(rows.order_by(Competition.id))]


def read_tree(connection: Connection, competition: int) -> Tree:
    """All units, with the headcounts that the competition counts with."""
    rows = select(
        Organization.id, Organization.path, Organization.headcount, Organization.region, Organization.industry
    )
    locked = locked_headcounts(connection, competition)
    units = (Unit(*row) for row in connection.execute(rows))
    return Tree(replace(unit, headcount=locked[unit.id]) if unit.id in locked else unit for unit in units)


def read_tallies(connection: Connection, competition: int, since_ms: int = 0) -> tuple[dict[int, Figures], int]:
    """The tallies changed since a moment, by unit, and the latest change among them (0: none)."""
    rows = select(
        Tally.organization_id,
        Tally.started,
        Tally.participants,
        Tally.score_sum,
        Tally.used_ms_sum,
        Tally.full_marks,
        Tally.passed,
        Tally.change,
    ).where(Tally.competition_id == competition, Tally.change >= since_ms)
    found: dict[int, Figures] = {}
    latest = 0
    for unit, *sums, change in connection.execute(rows):
        found[unit] = Figures(*sums)
        latest = max(latest, change)
    return found, latest


def read_results(connection: Connection, competition: int, since_ms: int = 0) -> Iterator[tuple[Counted, int]]:
    """The counted results changed since a moment, in no order, each with the time of its change."""
    rows = _result_columns(competition).add_columns(Result.change).where(Result.change >= since_ms)
    for *values, change in _streamed(connection, rows):
        yield Counted(*values), change


def results_in_order(connection: Connection, competition: int, tie_keys: str) -> Iterator[Counted]:
    """Every counted result in the order of the board: by the tie keys, then the earlier, then the older account."""
    keys = [Result.score.desc()]
    if TIME in tie_keys:
        keys.append(Result.used_ms.asc())
    rows = _result_columns(competition).order_by(*keys, Result.submitted_ms.asc(), Result.account_id)
    for values in _streamed(connection, rows):
        yield Counted(*values)


def results_of(connection: Connection, competition: int, accounts: Collection[int]) -> list[Counted]:
    """The counted results of some people."""
    rows = _result_columns(competition).where(Result.account_id.in_(accounts))
    return [Counted(*values) for values in connection.execute(rows)]


def sums_of_units(connection: Connection, competition: int) -> dict[int, Figures]:
    """What the tallies must say, summed from the results themselves. For freezing and proving, never for a page."""
    columns = Result.score, Result.used_ms, Result.full_marks, Result.passed
    rows = (
        select(Result.organization_id, func.count(), *(func.sum(column) for column in columns))
        .where(Result.competition_id == competition, Result.organization_id.is_not(None))
        .group_by(Result.organization_id)
    )
    started = select(Tally.organization_id, Tally.started).where(Tally.competition_id == competition)
    found = {unit: Figures(started=count) for unit, count in connection.execute(started)}
    for unit, *sums in connection.execute(rows):
        assert unit is not None  # the query leaves out those who belong to no unit
        found[unit] = Figures(found.get(unit, Figures()).started, *(int(value) for value in sums))
    return found


def extent_of(connection: Connection, competition: int) -> tuple[int, int, int, int]:
    """How many results count, the latest change among them, how many attempts there are, and how many headcounts were approved.

    Each of them only grows: of equal ones nothing has come that standings follow from.
    """
    results = select(func.count(), func.coalesce(func.max(Result.change), 0)).where(
        Result.competition_id == competition
    )
    attempts = select(func.count()).select_from(Attempt).where(Attempt.competition_id == competition)
    approved = select(func.count()).where(
        HeadcountRequest.competition_id == competition, HeadcountRequest.state == "approved"
    )
    people, change = connection.execute(results).one()
    return people, change, connection.scalar(attempts) or 0, connection.scalar(approved) or 0


def _result_columns(competition: int) -> Select[int, int | None, int, int, int]:
    return select(Result.account_id, Result.organization_id, Result.score, Result.used_ms, Result.submitted_ms).where(
        Result.competition_id == competition
    )


def _streamed(connection: Connection, rows: Select[*tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Rows without holding all of them: a season has millions."""
    with connection.execute(rows, execution_options={"yield_per": CHUNK}) as found:
        yield from found
