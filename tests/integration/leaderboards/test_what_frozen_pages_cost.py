"""A page of frozen boards reads what it shows: not the people before it, and not the units beside it.

Counted in the instructions that SQLite's machine takes for it, which are the same on every machine.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import insert, select

from quizapp.extensions import db
from quizapp.leaderboards.figures import Figures, Order
from quizapp.leaderboards.frozen import FrozenBoard, frozen_board
from quizapp.leaderboards.models import Freeze, GroupPlace, Standing, UnitPlaces
from quizapp.leaderboards.queries import my_place, named_rows, unit_names
from quizapp.leaderboards.standings import PlacesOfUnits, StandingRow, group_places, group_rows
from quizapp.organizations.models import Organization
from tests.cast import BORN, Cast, OpenCompetition
from tests.integration.leaderboards.stage import NOW_MS

pytestmark = pytest.mark.once

PEOPLE, UNITS, MINIMUM = 2600, 1500, 5
FIRST_UNIT = 5000


@pytest.fixture
def frozen(app: Flask, competition: OpenCompetition, cast: Cast) -> list[tuple[int, int, int]]:
    """Standings of many, as a freeze leaves them: (account, unit, score) in the order of the board. Lin stands among them."""
    chance = random.Random(11)
    others = FIRST_UNIT + UNITS - 1
    accounts = [cast.lin.id, *range(10_000, 10_000 + PEOPLE - 1)]
    units = [cast.unit_a.id, *(chance.choice([cast.unit_a.id] * 4 + [others]) for _ in range(PEOPLE - 1))]
    rows = list(zip(accounts, units, (100 * chance.randrange(40, 90) for _ in range(PEOPLE)), strict=True))
    rows.sort(key=lambda row: (-row[2], row[0]))
    lines = {cast.unit_a.id: (cast.group.id, cast.unit_a.id)} | {
        unit: (unit,) for unit in range(FIRST_UNIT, FIRST_UNIT + UNITS)
    }
    own = {unit: Figures(started=9, participants=9, score_sum=9 * unit) for unit in lines}
    for unit in (cast.unit_a.id, others):
        own[unit] = Figures(participants=units.count(unit), score_sum=1)
    own[cast.group.id] = own[cast.unit_a.id]
    lines[cast.group.id] = (cast.group.id,)
    figures = {"units": {str(unit): each for unit, each in own.items()}, "regions": {}, "industries": {}}
    keyed = {str(unit): line for unit, line in lines.items()}
    paths = {unit: "/".join(map(str, line)) for unit, line in keyed.items()}
    people, rank, places = [], 0, PlacesOfUnits()
    portions: list[dict[str, Any]] = []
    for place, (account, unit, score) in enumerate(rows, start=1):
        rank = place if place == 1 or score != rows[place - 2][2] else rank
        result = {"score": score, "used_ms": 1000, "submitted_ms": NOW_MS}
        people.append(StandingRow("people", place, rank, str(account), unit, result))
        portions += places.add(place, lines[unit])
    portions += places.end()
    with app.app_context():
        of = {"competition_id": competition.id}
        own_unit = Organization(id=others, path=f"/{others}/", name="单位", code="U", join_code="J", created_at=BORN)
        db.session.add(own_unit)
        db.session.flush()
        standings = [
            *people,
            *(replace(row, organization_id=None) for row in group_rows("units", figures["units"], MINIMUM, paths)),
        ]
        values = [{name: getattr(row, name) for name in StandingRow.__slots__} for row in standings]
        db.session.execute(insert(Standing), [{**of, **each, "name": f"名字{each['subject']}"} for each in values])
        db.session.execute(insert(UnitPlaces), [{**of, **each} for each in portions])
        db.session.execute(insert(GroupPlace), [{**of, **each} for each in group_places(figures, keyed, MINIMUM)])
        scores = {str(score): sum(row[2] == score for row in rows) for score in {row[2] for row in rows}}
        roots = (own[unit] for unit, line in lines.items() if len(line) == 1)
        summary = {"tie_keys": "score", "minimum": MINIMUM, "participants": PEOPLE, "scores": scores}
        summary["total"] = sum(roots, Figures()).to_json()
        db.session.add(Freeze(**of, frozen_at=BORN, digest="0" * 64, summary=summary))
        db.session.commit()
    return rows


def board(competition: int) -> FrozenBoard:
    found = frozen_board(competition)
    assert found is not None
    return found


def instructions(question: Callable[[], object]) -> int:
    """How many instructions SQLite's machine takes for what the question asks; at first nothing is in the session."""
    db.session.rollback()
    db.session.expunge_all()
    driver = db.session.connection().connection.driver_connection
    assert driver is not None
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    driver.set_progress_handler(count, 1)
    try:
        question()
    finally:
        driver.set_progress_handler(None, 1)
    return taken


def test_pages_inside_a_unit_hold_whom_it_has_in_order(
    app: Flask, competition: OpenCompetition, cast: Cast, frozen: list[tuple[int, int, int]]
) -> None:
    inside = [row for row in frozen if row[1] == cast.unit_a.id]
    ranks = {score: 1 + sum(row[2] > score for row in inside) for score in {row[2] for row in inside}}
    shared = {score: sum(row[2] == score for row in inside) for score in ranks}
    assert len(inside) > 2000
    with app.app_context():
        held = board(competition.id)
        for offset in (0, 1, 970, 998, 999, 1000, 1001, 1990, len(inside) - 30, len(inside) + 5):
            due = [
                (place, ranks[score], shared[score] > 1, account)
                for place, (account, _unit, score) in enumerate(inside[offset : offset + 50], start=offset + 1)
            ]
            shown = held.people(offset, 50, cast.unit_a.id)
            assert [(row.place, row.rank, row.tied, row.account) for row in shown] == due
        for place in (1, 2, 999, 1000, 1001, 2000, 2001, len(inside)):
            account, _unit, score = inside[place - 1]
            found = held.person(account, cast.group.id)
            assert found is not None
            stands = found[1]
            assert (stands.place, stands.rank, stands.of, stands.sharing) == (
                place, ranks[score], len(inside), shared[score],
            )  # fmt: skip


def test_a_page_costs_the_same_wherever_it_is_and_however_many_units_there_are(
    app: Flask, competition: OpenCompetition, cast: Cast, frozen: list[tuple[int, int, int]]
) -> None:
    unit, of = cast.unit_a.id, competition.id
    with app.app_context():
        inside = [instructions(lambda at=at: board(of).people(at, 50, unit)) for at in (20, 1020, 2020)]  # type: ignore[misc]
        rows = [
            instructions(lambda at=at: board(of).groups("units", "all", Order.PARTICIPANTS, at, 50))  # type: ignore[misc]
            for at in (0, 700, 1400)
        ]
        for costs in (inside, rows):
            assert all(abs(one - other) < 10 for one, other in pairwise(costs)), costs

        class Lin:
            id = cast.lin.id

        questions: dict[str, Callable[[FrozenBoard], object]] = {
            "everybody": lambda held: named_rows(held, held.people(2000, 50), MINIMUM),
            "my place": lambda held: my_place(held, Lin, MINIMUM),  # type: ignore[arg-type]
            "my place in a unit": lambda held: held.person(cast.lin.id, cast.group.id),
            "a unit": lambda held: (held.count_people(unit), unit_names(held, [unit]), held.lines([unit])),
            "how many units": lambda held: held.count_groups("units", "all", Order.MEAN),
            "a unit's place": lambda held: held.group_place("units", "all", Order.COVERAGE, str(FIRST_UNIT + 3)),
            "all together": lambda held: (held.total(), held.scores()),
        }
        for name, question in questions.items():
            # A row costs ten to twenty: to read all units or all people of the unit would cost 20,000 and more.
            assert instructions(lambda question=question: question(board(of))) < 6000, name  # type: ignore[misc]


def test_what_was_frozen_before_gets_the_same_places_from_its_rows(
    app: Flask, competition: OpenCompetition, frozen: list[tuple[int, int, int]]
) -> None:
    def kept() -> list[object]:
        places = select(*(column for column in GroupPlace.__table__.columns)).order_by(
            *GroupPlace.__table__.primary_key
        )
        people = select(*(column for column in UnitPlaces.__table__.columns)).order_by(
            *UnitPlaces.__table__.primary_key
        )
        found = [*db.session.execute(places), *db.session.execute(people), board(competition.id).total()]
        db.session.rollback()
        db.session.expunge_all()
        return found

    with app.app_context():
        before = kept()
        downgrade(revision="0017")
        upgrade()
        assert kept() == before
