"""Where units stand by each order, and people inside their units, is kept with the frozen standings: no page works it out.

What is frozen already gets its places from its rows, some 20 seconds for a million people.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PORTION = 1000
SUMS = ("started", "participants", "score_sum", "used_ms_sum", "full_marks", "passed", "headcount", "covered")
standing = sa.table(
    "standing",
    *(sa.column(name) for name in ("competition_id", "board", "place", "subject", "organization_id")),
    sa.column("figures", sa.JSON()),
)
freeze = sa.table("freeze", sa.column("competition_id"), sa.column("summary", sa.JSON()))
Line = tuple[int, ...]


def upgrade() -> None:
    group_place = op.create_table(
        "group_place",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("board", sa.String(length=12), nullable=False),
        sa.Column("scope", sa.String(length=24), nullable=False),
        sa.Column("ordered_by", sa.String(length=12), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("sharing", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_group_place_competition_id")),
        sa.PrimaryKeyConstraint("competition_id", "board", "scope", "ordered_by", "place", name=op.f("pk_group_place")),
    )
    op.create_index("ix_group_place_subject", "group_place", ["competition_id", "board", "subject"])
    unit_places = op.create_table(
        "unit_places",
        sa.Column("competition_id", BigId, nullable=False),
        sa.Column("organization_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_place", sa.Integer(), nullable=False),
        sa.Column("places", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["competition_id"], ["competition.id"], name=op.f("fk_unit_places_competition_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_unit_places_organization_id")),
        sa.PrimaryKeyConstraint("competition_id", "organization_id", "number", name=op.f("pk_unit_places")),
    )
    op.create_index("ix_unit_places_first", "unit_places", ["competition_id", "organization_id", "first_place"])
    op.drop_index("ix_standing_organization", "standing")
    for competition, summary in op.get_bind().execute(sa.select(freeze.c.competition_id, freeze.c.summary)).all():
        _fill(group_place, unit_places, competition, summary)


def downgrade() -> None:
    op.create_index("ix_standing_organization", "standing", ["competition_id", "board", "organization_id", "place"])
    op.drop_table("unit_places")
    op.drop_table("group_place")


def _fill(group_place: sa.Table, unit_places: sa.Table, competition: int, summary: dict[str, Any]) -> None:
    connection = op.get_bind()
    own = sa.select(standing.c.board, standing.c.subject, standing.c.figures).where(
        standing.c.competition_id == competition
    )
    boards: dict[str, dict[str, dict[str, Any]]] = {}
    for board, subject, figures in connection.execute(own.where(standing.c.board != "people")):
        boards.setdefault(board, {})[subject] = figures
    units = boards.get("units", {})
    lines = {int(unit): tuple(map(int, figures["path"].split("/"))) for unit, figures in units.items()}
    roots = [units[str(line[0])] for line in lines.values() if len(line) == 1]
    total = {name: sum(figures[name] for figures in roots) for name in SUMS}
    connection.execute(
        sa.update(freeze).where(freeze.c.competition_id == competition).values(summary={**summary, "total": total})
    )
    places = list(_group_places(boards, lines, summary["minimum"]))
    for first in range(0, len(places), PORTION):
        rows = [{"competition_id": competition, **each} for each in places[first : first + PORTION]]
        connection.execute(sa.insert(group_place), rows)
    people = (
        sa.select(standing.c.place, standing.c.organization_id)
        .where(standing.c.competition_id == competition, standing.c.board == "people")
        .order_by(standing.c.place)
    )
    held: dict[int, list[int]] = {}
    numbers: Counter[int] = Counter()

    def keep(unit: int) -> None:
        places = held.pop(unit)
        row = {"organization_id": unit, "number": numbers[unit], "first_place": places[0]}
        content = struct.pack(f"<{len(places)}I", *places)
        connection.execute(sa.insert(unit_places), {"competition_id": competition, **row, "places": content})
        numbers[unit] += 1

    # A portion at a time: on SQLite a cursor and writes don't go together.
    begin = 0
    while portion := connection.execute(people.where(standing.c.place > begin).limit(10 * PORTION)).all():
        begin = portion[-1].place
        for place, unit in portion:
            for above in lines.get(unit, ()):
                held.setdefault(above, []).append(place)
                if len(held[above]) == PORTION:
                    keep(above)
    for unit in list(held):
        keep(unit)


def _group_places(
    boards: dict[str, dict[str, dict[str, Any]]], lines: dict[int, Line], minimum: int
) -> Iterator[dict[str, Any]]:
    for board, subjects in boards.items():
        scopes: dict[str, list[str]] = {"all": list(subjects)}
        if board == "units":
            for unit, line in lines.items():
                scopes.setdefault("top" if len(line) == 1 else str(line[-2]), []).append(str(unit))
        for scope, inside in scopes.items():
            for order in ("mean", "coverage", "participants"):
                values = [(_value(order, subjects[subject], minimum), subject) for subject in inside]
                ranked = [(value, subject) for value, subject in values if value is not None]
                ranked.sort(key=lambda row: (-row[0], len(row[1]), row[1]))
                sharing = Counter(value for value, _ in ranked)
                rank = 0
                for place, (value, subject) in enumerate(ranked, start=1):
                    if place == 1 or value != ranked[place - 2][0]:
                        rank = place
                    names = {"board": board, "scope": scope, "ordered_by": order, "subject": subject}
                    yield {**names, "place": place, "rank": rank, "sharing": sharing[value]}


def _value(order: str, figures: dict[str, Any], minimum: int) -> int | None:
    """As the boards were ordered when this was written."""
    participants, headcount = figures["participants"], figures["headcount"]
    if not participants:
        return None
    if order == "participants":
        return int(participants)
    if order == "coverage":
        return min(figures["covered"], headcount) * 1_000_000_000 // headcount if headcount else None
    return figures["score_sum"] * 1_000_000 // participants if participants >= minimum else None
