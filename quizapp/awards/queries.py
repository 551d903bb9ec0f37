"""Reads of awards: who competes with which figures, headcounts as they are locked, and what was published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager

from quizapp.accounts.models import AuditEntry
from quizapp.awards.composite import Composite
from quizapp.awards.judging import Entrant
from quizapp.awards.models import Award, AwardResult
from quizapp.competitions.models import Competition
from quizapp.errors import NotFound
from quizapp.extensions import db
from quizapp.leaderboards import sources
from quizapp.leaderboards.figures import Figures, Tree, Unit
from quizapp.leaderboards.headcounts import locked_headcounts
from quizapp.leaderboards.models import Freeze, HeadcountLock, HeadcountRequest, Snapshot, Standing
from quizapp.leaderboards.snapshot_lines import counted_units
from quizapp.leaderboards.snapshots import snapshot_in_force, units_of
from quizapp.organizations.models import Organization

BIGGEST_ID = 2**62


def awards_of(competition: Competition) -> Sequence[Award]:
    """The competition's awards, in the order in which they were made."""
    return db.session.scalars(select(Award).where(Award.competition_id == competition.id).order_by(Award.id)).all()


def award_or_404(competition: Competition, award_id: int) -> Award:
    """An award of the competition. Raises NotFound."""
    award = db.session.get(Award, min(award_id, BIGGEST_ID))
    if award is None or award.competition_id != competition.id:
        raise NotFound()
    return award


def has_opened(competition: Competition, now: datetime) -> bool:
    """Whether what was written down of its awards can't change any more."""
    return competition.published_at is not None and competition.opens_at <= now


# Headcounts


def locks_at(competition: Competition) -> datetime:
    """From when on the competition's headcounts are locked: the date that was set, or its opening; at its close anyway."""
    lock = db.session.get(HeadcountLock, competition.id)
    return min(lock.locks_at if lock else competition.opens_at, competition.closes_at)


def is_locked(competition: Competition, now: datetime) -> bool:
    """Whether headcounts change by request only."""
    return competition.published_at is not None and locks_at(competition) <= now


def requests_of(
    competition: Competition, *, state: str = "", among: Select[Organization] | None = None
) -> Sequence[HeadcountRequest]:
    """Requests to change a locked headcount, the latest first; only those of units `among` others."""
    rows = (
        select(HeadcountRequest)
        .join(HeadcountRequest.organization)
        .options(contains_eager(HeadcountRequest.organization))
        .where(HeadcountRequest.competition_id == competition.id)
        .order_by(HeadcountRequest.id.desc())
    )
    if state:
        rows = rows.where(HeadcountRequest.state == state)
    if among is not None:
        rows = rows.where(HeadcountRequest.organization_id.in_(among.with_only_columns(Organization.id)))
    return db.session.scalars(rows).all()


def request_or_404(competition: Competition, request_id: int) -> HeadcountRequest:
    """A request of the competition. Raises NotFound."""
    found = db.session.get(HeadcountRequest, min(request_id, BIGGEST_ID))
    if found is None or found.competition_id != competition.id:
        raise NotFound()
    return found


def headcounts_for(competition: Competition) -> dict[int, int | None]:
    """Each unit's headcount as the competition counts it, by unit id: declared until the lock, then changed by approval only.

    Of a frozen competition those of the standings in force, which a correction alone changes.
    """
    if (snapshot := snapshot_in_force(competition)) is not None:
        return {unit.id: unit.headcount for unit in counted_units(units_of(snapshot), corrected_headcounts(snapshot))}
    rows = db.session.execute(select(Organization.id, Organization.headcount))
    return {row.id: row.headcount for row in rows} | locked_headcounts(db.session.connection(), competition.id)


def corrected_headcounts(snapshot: Snapshot) -> dict[int, int | None]:
    """The headcounts that corrections of the standings have changed."""
    changes = (change for change in snapshot.changes if change["kind"] == "headcount")
    return {change["unit"]: change["headcount"] for change in changes}


# Who competes


@dataclass(frozen=True)
class Field:
    """The entrants of an award, and the digests of the frozen standings and of the snapshot that they are taken from; both
    are empty while the competition runs.

    `corrected` are headcounts that corrections of the standings have changed, each by two people too.
    """

    entrants: list[Entrant]
    standings: str = ""
    snapshot: str = ""
    corrected: Mapping[int, int | None] = field(default_factory=dict)


def field_of(competition: Competition, composite: Composite, now: datetime) -> Field:
    """Who competes, with the figures, units and names of the frozen standings; with the present ones while there are none."""
    connection = db.session.connection()
    rows = select(Organization.id, Organization.name, Organization.is_central)
    present = {unit: (name, central) for unit, name, central in db.session.execute(rows)}
    names = {unit: name for unit, (name, _) in present.items()}
    central = {unit: is_central for unit, (_, is_central) in present.items()}
    tree = sources.read_tree(connection, competition.id)
    corrected: dict[int, int | None] = {}
    standings, digest = "", ""
    if competition.frozen_at is not None:
        figures, standings = _frozen_figures(competition)
        if snapshot := snapshot_in_force(competition):
            units = units_of(snapshot)
            tree = Tree(
                Unit(unit.unit, f"/{'/'.join(map(str, unit.line))}/", None, unit.region, unit.industry)
                for unit in units
            )
            names |= {unit.unit: unit.name for unit in units}
            # Snapshots of earlier releases don't say it.
            central |= {unit.unit: unit.central for unit in units if unit.central is not None}
            digest = snapshot.digest
            corrected = corrected_headcounts(snapshot)
    else:
        figures = tree.unit_figures(sources.read_tallies(connection, competition.id)[0])
    headcounts = headcounts_for(competition)
    late = _late_units(competition)
    entrants = []
    for unit in competing_units(competition, composite, tree):
        sums = figures.get(unit, Figures())
        entrants.append(
            Entrant(
                id=unit,
                name=names[unit],
                central=any(central[above] for above in tree.line(unit)),
                region=tree.region(unit),
                industry=tree.industry(unit),
                headcount=headcounts.get(unit),
                participants=sums.participants,
                score_sum=sums.score_sum,
                passed=sums.passed,
                full_marks=sums.full_marks,
                late=unit in late,
            )
        )
    return Field(entrants, standings, digest, corrected)


def competing_units(competition: Competition, composite: Composite, tree: Tree) -> list[int]:
    """The enterprises of a competition: the topmost units that were invited, or all at the top; or what is directly below."""
    invited = {unit.id for unit in competition.organizations}
    if invited:
        tops = {unit for unit in invited if not invited & set(tree.line(unit)[:-1])}
    else:
        tops = {unit for unit in tree.units if tree.parent(unit) is None}
    if composite.competing == "branches":
        return sorted(unit for unit in tree.units if tree.parent(unit) in tops)
    return sorted(tops)


def _frozen_figures(competition: Competition) -> tuple[dict[int, Figures], str]:
    rows = select(Standing.subject, Standing.figures).where(
        Standing.competition_id == competition.id, Standing.board == "units"
    )
    found = {
        int(subject): Figures(**{name: value for name, value in figures.items() if name != "path"})
        for subject, figures in db.session.execute(rows)
    }
    return found, db.session.get_one(Freeze, competition.id).digest


def _late_units(competition: Competition) -> set[int]:
    """Units that were registered, moved or invited after the headcounts were locked: nobody splits off with the results
    in sight."""
    moment = locks_at(competition)
    found = set(db.session.scalars(select(Organization.id).where(Organization.created_at > moment)))
    later = select(AuditEntry.subject_id, AuditEntry.facts).where(AuditEntry.at > moment)
    found |= {int(unit) for unit, _ in db.session.execute(later.where(AuditEntry.action == "move_unit"))}
    reworded = later.where(
        AuditEntry.action == "competition_reworded",
        AuditEntry.subject_type == "competition",
        AuditEntry.subject_id == str(competition.id),
    )
    for _, facts in db.session.execute(reworded):
        found |= set(facts.get("units_added", ()))
    return found


# Results


def last_result(award: Award) -> AwardResult | None:
    """The result that counts, without its content."""
    rows = select(AwardResult).where(AwardResult.award_id == award.id).order_by(AwardResult.number.desc())
    return db.session.scalars(rows.limit(1)).first()


@lru_cache(maxsize=8)
def _content(award_id: int, number: int, digest: str) -> dict[str, Any]:
    content: dict[str, Any] = db.session.execute(
        select(AwardResult.content).where(AwardResult.award_id == award_id, AwardResult.number == number)
    ).scalar_one()
    return content


def content_of(result: AwardResult) -> Mapping[str, Any]:
    """What was signed. It can't change, so a process reads it once; nobody may change the mapping."""
    return _content(result.award_id, result.number, result.digest)
