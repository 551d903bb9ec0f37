"""Freezing: from here on the boards are what stands in SQL, and nothing can change them.

It has two halves. `prepare_freeze` puts the fence up and works everything out, which takes minutes for a million people, and
only reads; `finish_freeze` keeps it in one transaction, or none of it. Between the two the caller may end its transaction.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete

from quizapp.accounts import audit
from quizapp.accounts.models import Account
from quizapp.competitions.models import Competition
from quizapp.competitions.phase import Phase
from quizapp.errors import Refused
from quizapp.extensions import db, grader
from quizapp.leaderboards import sources
from quizapp.leaderboards.corrections import Changes, keep_corrections
from quizapp.leaderboards.differences import differences_of
from quizapp.leaderboards.figures import Figures, Tree, figures_of_groups
from quizapp.leaderboards.models import Freeze, Freezing, GroupPlace, Snapshot, Standing, UnitPlaces
from quizapp.leaderboards.pace import QUARTER_MS, frozen_pace
from quizapp.leaderboards.queries import Readiness, names_of, readiness
from quizapp.leaderboards.snapshot_lines import TreeUnit, counted_units, standing_groups
from quizapp.leaderboards.snapshots import Rows, Writer, portions, rows_on_disk, snapshot_in_force, units_now, units_of
from quizapp.leaderboards.standings import Digest, PlacesOfUnits, StandingRow, group_places, people_rows
from quizapp.receipts.ledger import publish_key

Tell = Callable[[int, int], None]
"""Hears of how many people of how many the places are worked out."""


def ask_for_freeze(competition: Competition, *, actor: Account, now: datetime) -> Freezing:
    """Leave the freeze to the next process that looks for one (`jobs`). Raises Refused where it can't be, or is under way."""
    db.session.refresh(competition, with_for_update=True)  # two organizers at once: the second waits, and is refused
    held = db.session.get(Freezing, competition.id)
    if held is not None and not held.failure:
        raise Refused("freeze_under_way")
    _refuse_unready(readiness(competition, now))
    if held is not None:
        db.session.delete(held)
        db.session.flush()
    freezing = Freezing(competition_id=competition.id, asked_at=now, asked_by_id=actor.id, touched_at=now)
    db.session.add(freezing)
    db.session.flush()
    return freezing


@dataclass(frozen=True)
class Prepared:
    """What frozen standings say together, before it is kept. `seen` tells whether what they follow from is still the same."""

    freeze: Freeze
    snapshot: Snapshot
    seen: tuple[int, ...]


def prepare_freeze(
    competition: Competition, rows: Rows, *, now: datetime, tell: Tell = lambda done, total: None
) -> Prepared:
    """Fence the competition's writes, see that everything is recorded, and work all boards out, into `rows`; SQL is only read.

    Raises Refused while anything is open or unrecorded. Whoever does not go on to `finish_freeze`, or fails in it or in its
    commit, must call `take_fence_down`.
    """
    _refuse_unready(readiness(competition, now))
    grader.fence(competition.id, competition.shards)
    _refuse_unready(readiness(competition, now))  # what came in before the fence went up
    connection = db.session.connection()
    seen = sources.extent_of(connection, competition.id)
    writer = Writer(competition, sources.board_rules(competition), rows, now=now)
    freeze = _work_out(competition, writer, rows, units_now(connection, competition.id), tell)
    return Prepared(freeze, writer.end(actor=None), seen)


def finish_freeze(
    competition: Competition, rows: Rows, prepared: Prepared, *, actor: Account | None, now: datetime
) -> Freeze:
    """Keep what was worked out as the standings. Raises Refused if they follow from something else by now."""
    db.session.refresh(competition, with_for_update=True)
    _refuse_unready(readiness(competition, now))
    # A store that lost its fence, and a close that was put off and came again: rare, and the standings would be wrong.
    if sources.extent_of(db.session.connection(), competition.id) != prepared.seen:
        raise Refused("freeze_outdated")
    freeze, snapshot = prepared.freeze, prepared.snapshot
    freeze.frozen_by_id = snapshot.made_by_id = actor.id if actor else None
    _keep(rows, freeze, snapshot)
    competition.frozen_at = freeze.frozen_at
    audit.record(
        "standings_frozen",
        actor=actor,
        subject_type="competition",
        subject_id=competition.id,
        now=now,
        digest=freeze.digest,
        snapshot=snapshot.digest,
        participants=freeze.summary["participants"],
    )
    db.session.flush()
    return freeze


def freeze_standings(competition: Competition, *, actor: Account | None, now: datetime) -> Freeze:
    """Both halves in one transaction, for few people; the fence is down again if it is refused or fails.

    A caller whose commit fails must call `take_fence_down`.
    """
    db.session.refresh(competition, with_for_update=True)
    _refuse_unready(readiness(competition, now))
    competition_id, shards = competition.id, competition.shards  # a row can't be read once its session has failed
    try:
        with rows_on_disk() as rows:
            prepared = prepare_freeze(competition, rows, now=now)
            return finish_freeze(competition, rows, prepared, actor=actor, now=now)
    except Exception:
        take_fence_down(competition_id, shards)
        raise


def take_fence_down(competition_id: int, shards: int) -> None:
    """Let the competition's writes through again: it was not frozen after all. SQL, which has just failed, is not asked."""
    grader.fence(competition_id, shards, fenced=False)


def _refuse_unready(state: Readiness) -> None:
    if state.phase is Phase.FROZEN:
        raise Refused("already_frozen")
    if state.phase is not Phase.CLOSED:
        raise Refused("freeze_before_close")
    if not state.ok:
        raise Refused(
            "freeze_unrecorded",
            open_attempts=state.open_attempts,
            waiting=state.waiting,
            unrecordable=state.unrecordable,
        )


def correct_standings(
    competition: Competition, changes: Changes, *, reason: str, actor: Account, now: datetime
) -> Snapshot:
    """Make the frozen standings anew with `changes`, all that were ever made and the new ones: as the next snapshot.

    Nothing that was recorded is changed, and the units are those of the freeze. Raises Refused before the freeze.
    """
    db.session.refresh(competition, with_for_update=True)
    before = snapshot_in_force(competition)
    if before is None:
        raise Refused("not_frozen")
    moved = differences_of(competition, before, changes)
    held = db.session.get_one(Freeze, competition.id)
    frozen_by = held.frozen_by_id
    rules = sources.BoardRules(competition.id, competition.tie_keys, held.summary["minimum"])
    for table in (Standing, GroupPlace, UnitPlaces, Freeze):
        db.session.execute(delete(table).where(table.competition_id == competition.id))
    db.session.expunge(held)
    with rows_on_disk() as rows:
        writer = Writer(competition, rules, rows, now=now, changes=changes, before=before)
        freeze = _work_out(competition, writer, rows, units_of(before))
        freeze.frozen_at, freeze.frozen_by_id = competition.frozen_at or now, frozen_by
        snapshot = writer.end(actor=actor, reason=reason, differences=moved)
        keep_corrections(competition, writer.corrected)
        _keep(rows, freeze, snapshot)
    return snapshot


def _keep(rows: Rows, freeze: Freeze, snapshot: Snapshot) -> None:
    rows.insert()
    publish_key(snapshot.made_at)
    db.session.add_all([freeze, snapshot])


def _work_out(
    competition: Competition,
    writer: Writer,
    rows: Rows,
    units: Sequence[TreeUnit],
    tell: Tell = lambda done, total: None,
) -> Freeze:
    rules, corrected = writer.rules, writer.corrected
    tree = Tree(counted_units(units, corrected.headcounts))
    names = {str(unit.unit): unit.name for unit in units}
    figures = figures_of_groups(tree, corrected.sums_of_units())
    lines = {unit: tree.line(int(unit)) for unit in figures["units"]}
    paths = {unit: "/".join(map(str, line)) for unit, line in lines.items()}
    groups = standing_groups(figures, rules.minimum, paths)
    writer.begin(units, figures["units"], groups)
    digest = Digest(rules.competition, rules.tie_keys, rules.minimum)
    scores: Counter[int] = Counter()
    ended: Counter[int] = Counter()
    places = PlacesOfUnits()
    total = sources.extent_of(db.session.connection(), competition.id)[0]
    for portion in portions(people_rows(corrected.results_in_order(), rules.tie_keys)):
        people = names_of([int(row.subject) for row in portion])
        _add(competition, rows, portion, {str(account): name for account, name in people.items()}, digest)
        scores.update(row.figures["score"] for row in portion)
        ended.update(row.figures["submitted_ms"] // QUARTER_MS for row in portion)
        writer.people(portion)
        _add_places(
            competition,
            rows,
            UnitPlaces,
            [part for row in portion for part in places.add(row.place, tree.line(row.organization_id or 0))],
        )
        tell(scores.total(), total)
    for portion in portions(groups):
        _add(competition, rows, portion, names, digest)
    for part in portions(places.end()):
        _add_places(competition, rows, UnitPlaces, part)
    for stand in portions(group_places(figures, lines, rules.minimum)):
        _add_places(competition, rows, GroupPlace, stand)
    return Freeze(
        competition_id=competition.id,
        frozen_at=writer.now,
        digest=str(digest),
        summary={
            "tie_keys": rules.tie_keys,
            "minimum": rules.minimum,
            "participants": scores.total(),
            "total": sum(
                (figures["units"][unit] for unit, line in lines.items() if len(line) == 1), Figures()
            ).to_json(),
            "scores": {str(score): count for score, count in sorted(scores.items())},
            "pace": frozen_pace(ended, competition.closes_at, ZoneInfo(competition.timezone)),
        },
    )


def _add(
    competition: Competition, rows: Rows, portion: Sequence[StandingRow], names: Mapping[str, str], digest: Digest
) -> None:
    """Add rows, of people or of groups; `names` by the subject of a person or a unit."""
    values = []
    for row in portion:
        digest.add(row)
        values.append(
            {
                "competition_id": competition.id,
                "board": row.board,
                "place": row.place,
                "rank": row.rank,
                "subject": row.subject,
                "organization_id": row.organization_id,
                "figures": row.figures,
                "name": names.get(row.subject) if row.board in ("people", "units") else None,
            }
        )
    rows.add(Standing, values)


def _add_places(
    competition: Competition,
    rows: Rows,
    table: type[GroupPlace] | type[UnitPlaces],
    values: Sequence[dict[str, Any]],
) -> None:
    if values:
        rows.add(table, [{"competition_id": competition.id, **each} for each in values])
