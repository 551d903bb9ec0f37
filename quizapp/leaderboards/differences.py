"""What a correction moves: who stands elsewhere than before, and which units, regions and industries change."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select

from quizapp.banks.queries import version_content
from quizapp.competitions.models import Competition
from quizapp.extensions import db
from quizapp.leaderboards.corrections import Changes, Corrected
from quizapp.leaderboards.figures import Tree, figures_of_groups
from quizapp.leaderboards.models import Freeze, Snapshot, Standing
from quizapp.leaderboards.snapshot_lines import counted_units, standing_groups
from quizapp.leaderboards.snapshots import units_of
from quizapp.leaderboards.standings import StandingRow, people_rows

MOST_MOVERS = 200
MOST_PEOPLE = 200
MOST_GROUPS = 300
CHUNK = 2000


def differences_of(competition: Competition, before: Snapshot, changes: Changes) -> dict[str, Any]:
    """How the standings in force would change with `changes` in place of those that made them, as JSON values.

    `questions`: those whose key or voidness changes; `people`: the foremost of those whose score or unit changes, who come or
    go, `more_people` how many beyond these; `up`, `down`: how many others change their rank, `movers` the first of them;
    `groups`: rows of the other boards, `more_groups` how many beyond these. No more than some hundred are held.
    """
    corrected = Corrected(db.session.connection(), competition, changes)
    held: dict[int, dict[str, Any]] = {}
    new: dict[int, dict[str, Any]] = {}
    earlier = Corrected(db.session.connection(), competition, before.changes)
    affected = corrected.affected | earlier.affected
    old_rest = _others(_rows(competition, "people"), affected, held)
    new_rest = _others(people_rows(corrected.results_in_order(), competition.tie_keys), affected, new)
    up = down = 0
    movers: list[list[int]] = []

    def moved(account: int, rank: int, to: int) -> None:
        nonlocal up, down
        up, down = up + (to < rank), down + (to > rank)
        if rank != to and len(movers) < MOST_MOVERS:
            movers.append([account, rank, to])

    for old, row in zip(old_rest, new_rest, strict=True):  # who is not affected keeps the order
        moved(int(row.subject), old.rank, row.rank)
    people: list[dict[str, Any]] = []
    for account in sorted(affected):
        old_row, new_row = held.get(account), new.get(account)
        if _but_rank(old_row) != _but_rank(new_row):
            people.append({"account": account, "from": old_row, "to": new_row})
        elif old_row and new_row:
            moved(account, old_row["rank"], new_row["rank"])
    people.sort(key=lambda each: (min(row["rank"] for row in (each["from"], each["to"]) if row), each["account"]))
    groups = list(_groups(competition, before, corrected))
    return {
        "questions": list(_questions(competition, earlier, corrected)),
        "people": people[:MOST_PEOPLE],
        "more_people": max(0, len(people) - MOST_PEOPLE),
        "up": up,
        "down": down,
        "movers": movers,
        "groups": groups[:MOST_GROUPS],
        "more_groups": max(0, len(groups) - MOST_GROUPS),
    }


def _questions(competition: Competition, earlier: Corrected, corrected: Corrected) -> Iterator[dict[str, Any]]:
    for question in version_content(competition.bank_version_id).questions:
        code, published = question.code, question.key_letters
        old, new = (each.keys.get(code, published) for each in (earlier, corrected))
        if old != new:
            yield {"code": code, "from": old, "to": new}


def _others(rows: Iterator[StandingRow], affected: set[int], found: dict[int, dict[str, Any]]) -> Iterator[StandingRow]:
    """The rows of those who are not affected; the others' go into `found`."""
    for row in rows:
        if int(row.subject) in affected:
            found[int(row.subject)] = {"rank": row.rank, "score": row.figures["score"], "unit": row.organization_id}
        else:
            yield row


def _but_rank(value: Mapping[str, Any] | None) -> tuple[Any, Any] | None:
    return None if value is None else (value["score"], value["unit"])


def _groups(competition: Competition, before: Snapshot, corrected: Corrected) -> Iterator[dict[str, Any]]:
    tree = Tree(counted_units(units_of(before), corrected.headcounts))
    figures = figures_of_groups(tree, corrected.sums_of_units())
    minimum = db.session.get_one(Freeze, competition.id).summary["minimum"]
    new = {(row.board, row.subject): _shown(row) for row in standing_groups(figures, minimum)}
    for board in figures:
        for row in _rows(competition, board):
            old, right = _shown(row), new.pop((board, row.subject), None)
            if old != right:
                yield {"board": board, "subject": row.subject, "from": old, "to": right}
    for (board, subject), right in new.items():
        yield {"board": board, "subject": subject, "from": None, "to": right}


def _shown(row: StandingRow) -> dict[str, int]:
    return {"rank": row.rank, **{name: row.figures[name] for name in ("participants", "score_sum", "headcount")}}


def _rows(competition: Competition, board: str) -> Iterator[StandingRow]:
    columns = Standing.place, Standing.rank, Standing.subject, Standing.organization_id, Standing.figures
    rows = select(*columns).where(Standing.competition_id == competition.id, Standing.board == board)
    for row in db.session.execute(rows.order_by(Standing.place), execution_options={"yield_per": CHUNK}):
        yield StandingRow(board, *row)
