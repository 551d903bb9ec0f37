"""What the reports are made of: tallies, the tree, memberships, boards. No sum over attempts or results."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, Select, String, cast, func, or_, select, true

from quizapp.accounts.models import Account
from quizapp.attempts.models import Attempt, Result, Tally
from quizapp.clock import from_ms, to_ms
from quizapp.competitions.models import Competition
from quizapp.extensions import db
from quizapp.leaderboards.figures import Figures
from quizapp.leaderboards.frozen import FrozenBoard, frozen_board
from quizapp.leaderboards.headcounts import locked_headcounts
from quizapp.leaderboards.models import Standing
from quizapp.leaderboards.pace import day_edges, hour_edges
from quizapp.leaderboards.queries import board_of
from quizapp.leaderboards.snapshots import snapshot_in_force, units_of
from quizapp.organizations.models import Membership, Organization
from quizapp.organizations.queries import EVERYWHERE, managed_organizations, membership_of, visible_organizations
from quizapp.reports.keeping import kept
from quizapp.reports.progress import Node, Scope, Snapshot

LIVE_S = 3.0
SUMS = ("started", "participants", "score_sum", "used_ms_sum", "full_marks", "passed")
TREE_S = 30.0


def snapshot(competition: Competition, now: datetime) -> Snapshot:
    """All units' figures, at most some seconds old (the tree and registrations half a minute)."""
    return kept(("snapshot", competition.id), seconds=LIVE_S, now=now, make=lambda: _take(competition, now))


def _take(competition: Competition, now: datetime) -> Snapshot:
    if competition.frozen_at is not None and (frozen := frozen_board(competition.id)):
        return _frozen(competition, frozen)
    invited = tuple(sorted(unit.path for unit in competition.organizations))
    nodes, registered = kept(
        ("tree", competition.id, invited), seconds=TREE_S, now=now, make=lambda: _read_tree(competition, invited)
    )
    rows = select(
        Tally.organization_id,
        Tally.started,
        Tally.participants,
        Tally.score_sum,
        Tally.used_ms_sum,
        Tally.full_marks,
        Tally.passed,
    ).where(Tally.competition_id == competition.id)
    tallies = {unit: Figures(*sums) for unit, *sums in db.session.execute(rows)}
    return Snapshot(now, nodes, tallies, registered, _loners(competition))


def _frozen(competition: Competition, board: FrozenBoard) -> Snapshot:
    """What was frozen: the tree of that moment, and the units' own sums as what is left of theirs without those below."""
    found = snapshot_in_force(competition)
    units = units_of(found) if found else []
    headcounts = {each["unit"]: each["headcount"] for each in found.changes if "headcount" in each} if found else {}
    groups = board.all_units()
    own = {unit: replace(group.figures, headcount=0, covered=0) for unit, group in groups.items()}
    for group in groups.values():
        if len(group.line) > 1:
            above = group.line[-2]
            own[above] = Figures(*(getattr(own[above], name) - getattr(group.figures, name) for name in SUMS))
    prefixes = [unit.ancestor_ids for unit in competition.organizations]
    nodes = {
        unit.unit: Node(
            unit.unit,
            "/".join(["", *map(str, unit.line), ""]),
            unit.name,
            unit.code,
            headcounts.get(unit.unit, unit.headcount),
            unit.region,
            unit.industry,
        )
        for unit in units
        if not prefixes or any(list(unit.line[: len(prefix)]) == prefix for prefix in prefixes)
    }
    alone = board.count_people() - board.total().participants
    registered = {unit.unit: unit.registered for unit in units}
    return Snapshot(board.freeze.frozen_at, nodes, own, registered, (alone, alone))


def _read_tree(competition: Competition, invited: tuple[str, ...]) -> tuple[dict[int, Node], dict[int, int]]:
    rows = select(
        Organization.id,
        Organization.path,
        Organization.name,
        Organization.code,
        Organization.headcount,
        Organization.region,
        Organization.industry,
    )
    if invited:
        rows = rows.where(or_(*(Organization.path.startswith(path, autoescape=True) for path in invited)))
    locked = locked_headcounts(db.session.connection(), competition.id)
    found = (Node(*row) for row in db.session.execute(rows))
    nodes = {each.id: replace(each, headcount=locked.get(each.id, each.headcount)) for each in found}
    members = (
        select(Membership.organization_id, func.count())
        .where(Membership.state != "removed")
        .group_by(Membership.organization_id)
    )
    return nodes, {row[0]: row[1] for row in db.session.execute(members)}


def _loners(competition: Competition) -> tuple[int, int]:
    """People without a unit who started and submitted: only where anyone may enter, found by their index entries."""
    if competition.entry != "anyone":
        return 0, 0
    started = select(func.count(Attempt.account_id.distinct())).where(
        Attempt.competition_id == competition.id, Attempt.organization_id.is_(None)
    )
    submitted = select(func.count()).where(Result.competition_id == competition.id, Result.organization_id.is_(None))
    return db.session.scalar(started) or 0, db.session.scalar(submitted) or 0


def scope_for(competition: Competition, account: Account, now: datetime) -> Scope:
    """The units of the competition that `account` may see, with their figures."""
    return snapshot(competition, now).scope(_visible_ids(account))


def _visible_ids(account: Account) -> set[int] | None:
    if account.roles & EVERYWHERE:
        return None
    return set(db.session.scalars(visible_organizations(account).with_only_columns(Organization.id)))


def may_name(account: Account, units: Iterable[int]) -> bool:
    """Whether `account` may know who of these units has not answered: their coordinators may, an association may not."""
    if account.roles & EVERYWHERE:
        return True
    return set(units) <= set(db.session.scalars(managed_organizations(account).with_only_columns(Organization.id)))


@dataclass(frozen=True)
class Participation:
    """What the public page of a competition tells: how many have taken part, and how far one's own unit is."""

    participants: int
    unit_name: str = ""
    figures: Figures | None = None
    registered: int = 0


def participation(competition: Competition, account: Account | None, now: datetime) -> Participation:
    """The figures for the public page; the unit is that of `account`, with all below it."""
    shot = kept(("public", competition.id), seconds=15, now=now, make=lambda: snapshot(competition, now))
    participants = shot.whole.total.participants + shot.loners[1]
    membership = membership_of(account) if account else None
    if membership is None or membership.organization_id not in shot.whole:
        return Participation(participants)
    unit = shot.whole.progress(membership.organization_id)
    return Participation(participants, unit.name, unit.figures, unit.registered)


def unanswered(competition: Competition, unit: int) -> Select[Account, Membership, Organization]:
    """Members of a unit and of all below it who have no result, by unit and name.

    Of a frozen competition: today's members who had joined by the freeze and don't stand in the standings in force. Who had
    belonged where by then is not kept person by person.
    """
    path = (
        db.session.scalar(select(Organization.path).where(Organization.id == unit)) or "/none/"
    )  # it may be gone by now
    result: Select[Any]
    joined: ColumnElement[bool]
    if competition.frozen_at is None:
        result = select(Result.account_id).where(
            Result.competition_id == competition.id, Result.account_id == Membership.account_id
        )
        joined = true()
    else:
        result = select(Standing.place).where(
            Standing.competition_id == competition.id,
            Standing.board == "people",
            Standing.subject == cast(Membership.account_id, String),
        )
        joined = Membership.joined_at <= competition.frozen_at
    return (
        select(Account, Membership, Organization)
        .join(Membership, Membership.account_id == Account.id)
        .join(Organization, Organization.id == Membership.organization_id)
        .where(
            Membership.state != "removed",
            Account.disabled_at.is_(None),
            Organization.path.startswith(path, autoescape=True),
            joined,
            ~result.exists(),
        )
        .order_by(Organization.path, Account.name, Account.id)
    )


def scores_of(competition: Competition) -> dict[int, int]:
    """How many people have each score, in hundredths of a point. Raises the store's errors."""
    return board_of(competition).scores()


def results_by_hour(competition: Competition, now: datetime) -> list[tuple[datetime, int]]:
    """How many counted results came about in each of the last hours, the oldest first: up to now, or to a frozen one's end."""
    zone = ZoneInfo(competition.timezone)
    found = _frozen_counts(competition, "hours", zone)
    return _counted(competition, hour_edges(now, zone)) if found is None else found


def results_by_day(competition: Competition, now: datetime) -> list[tuple[datetime, int]]:
    """The same by days of the competition's zone."""
    zone = ZoneInfo(competition.timezone)
    found = _frozen_counts(competition, "days", zone)
    return _counted(competition, day_edges(now, zone)) if found is None else found


def _frozen_counts(competition: Competition, name: str, zone: ZoneInfo) -> list[tuple[datetime, int]] | None:
    """What was counted at the freeze, or at the correction in force; None before it, nothing where it was not counted."""
    board = frozen_board(competition.id) if competition.frozen_at is not None else None
    if board is None:
        return None
    counts = board.freeze.summary.get("pace", {}).get(name, ())
    return [(from_ms(begin).astimezone(zone), count) for begin, count in counts]


def _counted(competition: Competition, edges: Sequence[datetime]) -> list[tuple[datetime, int]]:
    """Counts between the edges. Each is one range of the index (competition, change): nothing is sorted or grouped.

    `change` is when a result last changed: somebody who improves moves from the old hour to the new one.
    """
    counted = []
    for begin, end in pairwise(edges):
        rows = select(func.count()).where(
            Result.competition_id == competition.id, Result.change >= to_ms(begin), Result.change < to_ms(end)
        )
        counted.append((begin, db.session.scalar(rows) or 0))
    return counted


def page_of_unanswered(competition: Competition, unit: int, page: int, per_page: int = 50) -> Pagination:
    """One page of `unanswered`; a page beyond the end is an empty one."""
    rows = unanswered(competition, unit)
    return _RowPagination(rows=rows, page=max(1, min(page, 1_000_000)), per_page=per_page, error_out=False)


class _RowPagination(Pagination):
    """A pagination over rows of several columns: the extension's own keeps only the first of them."""

    def _query_items(self) -> list[object]:
        rows: Select[Any] = self._query_args["rows"]
        return list(db.session.execute(rows.limit(self.per_page).offset(self._query_offset)))

    def _query_count(self) -> int:
        rows: Select[Any] = self._query_args["rows"]
        return db.session.scalar(select(func.count()).select_from(rows.order_by(None).subquery())) or 0
