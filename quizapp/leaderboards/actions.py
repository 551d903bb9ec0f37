"""Freezing: from here on the boards are what stands in SQL, and nothing can change them."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, insert

from quizapp.accounts import audit
from quizapp.accounts.models import Account
from quizapp.competitions.models import Competition
from quizapp.competitions.phase import Phase
from quizapp.errors import Refused
from quizapp.extensions import db, grader
from quizapp.leaderboards import sources
from quizapp.leaderboards.figures import Figures
from quizapp.leaderboards.models import Freeze, Standing
from quizapp.leaderboards.queries import Readiness, readiness
from quizapp.leaderboards.standings import Digest, StandingRow, group_rows, people_rows

ROWS_A_STATEMENT = 2000


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
        freeze = _write_standings(competition, actor, now)
        competition.frozen_at = now
        audit.record(
            "standings_frozen",
            actor=actor,
            subject_type="competition",
            subject_id=competition.id,
            now=now,
            digest=freeze.digest,
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


def _write_standings(competition: Competition, actor: Account | None, now: datetime) -> Freeze:
    rules = sources.board_rules(competition)
    digest = Digest(rules.competition, rules.tie_keys, rules.minimum)
    scores: Counter[int] = Counter()
    waiting: list[dict[str, object]] = []
    for row in _rows(db.session.connection(), rules):
        digest.add(row)
        if row.board == "people":
            scores[row.figures["score"]] += 1
        waiting.append(
            {
                "competition_id": competition.id,
                "board": row.board,
                "place": row.place,
                "rank": row.rank,
                "subject": row.subject,
                "organization_id": row.organization_id,
                "figures": row.figures,
            }
        )
        if len(waiting) >= ROWS_A_STATEMENT:
            db.session.execute(insert(Standing), waiting)
            waiting = []
    if waiting:
        db.session.execute(insert(Standing), waiting)
    freeze = Freeze(
        competition_id=competition.id,
        frozen_at=now,
        frozen_by_id=actor.id if actor else None,
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


def _rows(connection: Connection, rules: sources.BoardRules) -> Iterator[StandingRow]:
    """Every row of every board, computed from SQL alone: the live boards are not asked."""
    yield from people_rows(sources.results_in_order(connection, rules.competition, rules.tie_keys), rules.tie_keys)
    tree = sources.read_tree(connection)
    sums = sources.sums_of_units(connection, rules.competition)
    units = {str(unit): figures for unit, figures in tree.unit_figures(sums).items() if figures != Figures()}
    paths = {unit: "/".join(str(above) for above in tree.line(int(unit))) for unit in units}
    yield from group_rows("units", units, rules.minimum, paths)
    yield from group_rows("regions", tree.region_figures(sums), rules.minimum)
    yield from group_rows("industries", tree.industry_figures(sums), rules.minimum)
