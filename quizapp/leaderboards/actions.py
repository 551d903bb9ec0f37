"""Freezing: from here on the boards are what stands in SQL, and nothing can change them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, insert

from quizapp.accounts import audit
from quizapp.accounts.models import Account
from quizapp.competitions.models import Competition
from quizapp.competitions.phase import Phase
from quizapp.errors import Refused
from quizapp.extensions import db, grader
from quizapp.leaderboards import sources
from quizapp.leaderboards.corrections import Changes
from quizapp.leaderboards.differences import differences_of
from quizapp.leaderboards.figures import Tree, figures_of_groups
from quizapp.leaderboards.models import Freeze, Snapshot, Standing
from quizapp.leaderboards.queries import Readiness, names_of, readiness
from quizapp.leaderboards.snapshot_lines import TreeUnit, counted_units, standing_groups
from quizapp.leaderboards.snapshots import Writer, portions, snapshot_in_force, units_now, units_of
from quizapp.leaderboards.standings import Digest, StandingRow, people_rows


def freeze_standings(competition: Competition, *, actor: Account | None, now: datetime) -> Freeze:
    """Fence the competition's writes, see that everything is recorded, and keep all boards as standings.

    Raises Refused, with the fence down again, while anything is open or unrecorded. A caller whose commit fails must call
    `take_fence_down`.
    """
    db.session.refresh(competition, with_for_update=True)  # two organizers at once: the second waits, and is refused
    _refuse_unready(readiness(competition, now))
    competition_id, shards = competition.id, competition.shards  # a row can't be read once its session has failed
    try:
        grader.fence(competition_id, shards)
        _refuse_unready(readiness(competition, now))  # what came in before the fence went up
        writer = Writer(competition, sources.board_rules(competition), now=now)
        freeze = _write_standings(competition, writer, units_now(db.session.connection()))
        freeze.frozen_by_id = actor.id if actor else None
        snapshot = writer.end(actor=actor)
        competition.frozen_at = now
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
    except Exception:
        take_fence_down(competition_id, shards)
        raise
    return freeze


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
    for table in (Standing, Freeze):
        db.session.execute(delete(table).where(table.competition_id == competition.id))
    db.session.expunge(held)
    writer = Writer(competition, rules, now=now, changes=changes, before=before)
    freeze = _write_standings(competition, writer, units_of(before))
    freeze.frozen_at, freeze.frozen_by_id = competition.frozen_at or now, frozen_by
    return writer.end(actor=actor, reason=reason, differences=moved)


def _write_standings(competition: Competition, writer: Writer, units: Sequence[TreeUnit]) -> Freeze:
    rules, corrected = writer.rules, writer.corrected
    tree = Tree(counted_units(units, corrected.headcounts))
    names = {str(unit.unit): unit.name for unit in units}
    figures = figures_of_groups(tree, corrected.sums_of_units())
    paths = {unit: "/".join(str(above) for above in tree.line(int(unit))) for unit in figures["units"]}
    groups = standing_groups(figures, rules.minimum, paths)
    writer.begin(units, figures["units"], groups)
    digest = Digest(rules.competition, rules.tie_keys, rules.minimum)
    scores: Counter[int] = Counter()
    for portion in portions(people_rows(corrected.results_in_order(), rules.tie_keys)):
        people = names_of([int(row.subject) for row in portion])
        _keep(competition, portion, {str(account): name for account, name in people.items()}, digest)
        scores.update(row.figures["score"] for row in portion)
        writer.people(portion)
    for portion in portions(groups):
        _keep(competition, portion, names, digest)
    freeze = Freeze(
        competition_id=competition.id,
        frozen_at=writer.now,
        digest=str(digest),
        summary={
            "tie_keys": rules.tie_keys,
            "minimum": rules.minimum,
            "participants": scores.total(),
            "scores": {str(score): count for score, count in sorted(scores.items())},
        },
    )
    db.session.add(freeze)
    return freeze


def _keep(competition: Competition, rows: Sequence[StandingRow], names: Mapping[str, str], digest: Digest) -> None:
    """Keep rows, of people or of groups; `names` by the subject of a person or a unit."""
    values = []
    for row in rows:
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
    db.session.execute(insert(Standing), values)
