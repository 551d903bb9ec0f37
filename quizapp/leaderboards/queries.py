"""Reads of boards: which one is in force, who may see it, and the names on it."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, cast, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from quizapp.accounts.models import Account
from quizapp.attempts.lag import recorder_lag
from quizapp.attempts.models import Attempt, Result
from quizapp.competitions.models import Competition
from quizapp.competitions.phase import Phase, phase
from quizapp.extensions import db, grader
from quizapp.leaderboards.boards import Board, PersonRow, Place
from quizapp.leaderboards.frozen import FrozenBoard, frozen_board
from quizapp.leaderboards.live import LiveBoard
from quizapp.leaderboards.visibility import Sight, Viewer, sight, unit_shown
from quizapp.organizations.models import Organization
from quizapp.organizations.queries import membership_of


def board_of(competition: Competition) -> LiveBoard | FrozenBoard:
    """The boards in force: the frozen ones once there are any, the live ones until then."""
    if competition.frozen_at is not None and (found := frozen_board(competition.id)):
        return found
    return LiveBoard(grader.store, competition.id, competition.tie_keys)


def sight_of(competition: Competition, account: Account | None) -> Sight:
    """Whether `account` (None: nobody is signed in) may see the competition's boards."""
    if account is None:
        return sight(competition.boards, Viewer(signed_in=False))
    asks = competition.boards == "members" and not account.roles
    return sight(competition.boards, Viewer(True, account.roles, asks and _takes_part(competition, account)))


def _takes_part(competition: Competition, account: Account) -> bool:
    membership = membership_of(account)
    invited = [unit.path for unit in competition.organizations]
    if membership is not None and (
        not invited or any(membership.organization.path.startswith(path) for path in invited)
    ):
        return True
    return db.session.get(Result, (competition.id, account.id)) is not None


@dataclass(frozen=True, slots=True)
class UnitName:
    """A unit and what it is called: on frozen boards what it was called at the freeze."""

    id: int
    name: str


def unit_names(board: Board, units: Collection[int]) -> dict[int, UnitName]:
    """What units are called, by id."""
    if isinstance(board, FrozenBoard):
        return {unit: UnitName(unit, name) for unit, name in board.unit_names(units).items()}
    if not units:
        return {}
    rows = select(Organization.id, Organization.name).where(_among(Organization.id, units))
    return {unit: UnitName(unit, name) for unit, name in db.session.execute(rows)}


def units_above(board: Board, unit: int) -> list[UnitName]:
    """The units above one, the root first."""
    if isinstance(board, FrozenBoard):
        line = list(board.lines([unit]).get(unit, ()))
    else:
        line = db.session.get_one(Organization, unit).ancestor_ids
    names = unit_names(board, line)
    return [names[above] for above in line[:-1] if above in names]


def minimum_of(board: Board, competition: Competition) -> int:
    """From how many participants on a unit is shown person by person."""
    return board.minimum if isinstance(board, FrozenBoard) else competition.board_minimum_people


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A person's row as the public sees it. `name` is None where the unit is too small to name anybody of it."""

    row: PersonRow
    name: str | None
    unit: UnitName | None


def named_rows(board: Board, rows: Sequence[PersonRow], minimum: int) -> list[NamedRow]:
    """The rows with full names and the units that may be shown beside them, in two statements however many rows."""
    lines = {str(unit) for row in rows for unit in row.line}
    figures = board.figures("units", lines)
    shown = {row.account: unit_shown(row.line, figures, minimum) for row in rows}
    accounts = [row.account for row in rows]
    names = board.names(accounts) if isinstance(board, FrozenBoard) else names_of(accounts)
    units = unit_names(board, {unit for unit in shown.values() if unit is not None})
    named = []
    for row in rows:
        unit = shown[row.account]
        hidden = bool(row.line) and unit is None
        named.append(
            NamedRow(row, None if hidden else names.get(row.account), units.get(unit) if unit is not None else None)
        )
    return named


def names_of(accounts: Collection[int]) -> dict[int, str]:
    """The full names of accounts, by id."""
    if not accounts:
        return {}
    rows = db.session.execute(select(Account.id, Account.name).where(_among(Account.id, accounts)))
    return {row.id: row.name for row in rows}


def _among(column: InstrumentedAttribute[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Whether the column is one of the ids, which are one parameter: a hundred take longer to spell out than to find."""
    if db.engine.dialect.name == "postgresql":
        spelt = literal("{" + ",".join(map(str, ids)) + "}")  # a list would be looked through number by number
        return column == any_(cast(spelt, ARRAY(BigInteger)))
    values = func.json_each(json.dumps(list(ids))).table_valued("value")
    return column.in_(select(values.c.value))


def units_by_id(units: Collection[int]) -> dict[int, Organization]:
    """Organizations by id."""
    if not units:
        return {}
    return {unit.id: unit for unit in db.session.scalars(select(Organization).where(Organization.id.in_(units)))}


@dataclass(frozen=True, slots=True)
class Mine:
    """Where a person stands: among all, and in the person's unit if that is large enough to rank anybody in it."""

    row: PersonRow
    place: Place
    unit: UnitName | None
    unit_place: Place | None


def my_place(board: Board, account: Account, minimum: int) -> Mine | None:
    """Where the account stands; None without a counted result on the board."""
    found = board.person(account.id)
    if found is None:
        return None
    row, place = found
    unit = unit_shown(row.line, board.figures("units", [str(unit) for unit in row.line]), minimum)
    if unit is None:
        return Mine(row, place, None, None)
    within = board.person(account.id, unit)
    return Mine(row, place, unit_names(board, [unit]).get(unit), within[1] if within else None)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What stands between a competition and its freeze, as counts; all must be 0, and the competition closed."""

    phase: Phase
    open_attempts: int
    waiting: int
    pending: int
    unrecordable: int

    @property
    def ok(self) -> bool:
        """Whether the standings may be frozen."""
        counts = (self.open_attempts, self.waiting, self.pending, self.unrecordable)
        return self.phase is Phase.CLOSED and not any(counts)


def readiness(competition: Competition, now: datetime) -> Readiness:
    """How far the competition is from its freeze. Raises Unavailable or redis-py's errors while the store is away."""
    # The store first: an attempt that ends there meanwhile is still open, or waiting, in what is read after it.
    held_open = grader.open_attempts(competition.id, competition.shards)
    lag = recorder_lag(competition)
    recorded_open = db.session.scalar(
        select(func.count())
        .select_from(Attempt)
        .where(Attempt.competition_id == competition.id, Attempt.submitted_ms.is_(None))
    )
    return Readiness(
        phase=phase(competition, now),
        open_attempts=max(held_open, recorded_open or 0),
        waiting=lag.entries,
        pending=lag.pending,
        unrecordable=lag.unrecordable,
    )
