"""A competition whose standings are frozen, and a draw that is brought from step to step."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from quizapp.accounts.models import Account
from quizapp.competitions.models import Competition
from quizapp.draws import actions, beacon
from quizapp.draws.drawing import Prize
from quizapp.draws.models import Draw
from quizapp.draws.queries import draw_or_404, file_of
from quizapp.extensions import db
from quizapp.leaderboards.models import Freeze, Standing
from tests.cast import Cast, OpenCompetition, Person
from tests.integration.leaderboards.stage import Stage
from tests.unit.draws.test_the_beacon import SIGNED

ROUND = 1000
AT = beacon.time_of(ROUND)
SECRET = "5e" * 32
PRIZES = [Prize("一等奖", 2, 10_000, 10_000), Prize("二等奖", 3, 9500, 9999), Prize("三等奖", 4, 6000, 9999)]


@dataclass
class Urn:
    """Twenty-four people of unit B stand in the frozen standings: four with full marks, four with 99 points, and so on down to 95."""

    app: Flask
    id: int
    people: list[Person]
    qin: Person

    @property
    def path(self) -> str:
        return f"/competitions/{self.id}/draws"

    @property
    def admin(self) -> str:
        return f"/admin{self.path}"

    def do(
        self, deed: Callable[..., Any], *more: Any, number: int = 1, actor: Person | None = None, **options: Any
    ) -> Any:
        """A deed of the actions on a draw, committed."""
        with self.app.app_context():
            competition = db.session.get_one(Competition, self.id)
            first = (competition,) if deed is actions.freeze_roll else ()
            draw = draw_or_404(competition, number)
            account = db.session.get_one(Account, (actor or self.qin).id)
            found = deed(*first, draw, *more, actor=account, **options)
            db.session.commit()
            return found

    def add(self, reason: str = "", *, now: datetime, actor: Person | None = None) -> None:
        with self.app.app_context():
            competition = db.session.get_one(Competition, self.id)
            account = db.session.get_one(Account, (actor or self.qin).id)
            actions.add_draw(competition, reason=reason, actor=account, now=now)
            db.session.commit()

    def plan(self, *, number: int = 1, now: datetime = AT - timedelta(hours=3), **changes: Any) -> None:
        options: dict[str, Any] = {"prizes": PRIZES, "exclude_staff": True, "exclude_earlier": "competition"}
        self.do(actions.plan_draw, number=number, now=now, **{**options, "excluded": {}, **changes})

    def freeze(self, number: int = 1, now: datetime = AT - timedelta(hours=2)) -> None:
        self.do(actions.freeze_roll, number=number, now=now)

    def name(self, kind: str = "beacon", number: int = 1, now: datetime = AT - timedelta(hours=1)) -> None:
        if kind == "beacon":
            self.do(actions.name_beacon, AT, number=number, now=now)
            return
        ends: dict[str, Any] = {"happens_at": AT, "open_by": AT + timedelta(days=1)}
        self.do(actions.name_commitment, secret=SECRET, source="双色球", number=number, now=now, **ends)

    def draw(self, kind: str = "beacon", number: int = 1, now: datetime = AT + timedelta(minutes=1)) -> None:
        if kind == "beacon":
            self.do(actions.draw_by_beacon, beacon.Round(ROUND, SIGNED[ROUND]), now=now)
        else:
            self.do(actions.draw_by_secret, secret=SECRET, public_number="0102", now=now)

    def bring_to(self, step: str, kind: str = "beacon") -> None:
        """The first draw, at a step."""
        steps = ["planned", "frozen", "named", "drawn"]
        wanted = steps.index(step)
        self.add(now=AT - timedelta(hours=4))
        self.plan()
        deeds: list[Callable[[], None]] = [self.freeze, lambda: self.name(kind), lambda: self.draw(kind)]
        for deed in deeds[:wanted]:
            deed()

    def file(self, number: int = 1) -> dict[str, Any]:
        with self.app.app_context():
            return file_of(draw_or_404(db.session.get_one(Competition, self.id), number))

    def row(self, number: int = 1) -> Draw:
        with self.app.app_context():
            found = draw_or_404(db.session.get_one(Competition, self.id), number)
            db.session.expunge(found)
            return found


@pytest.fixture
def urn(app: Flask, competition: OpenCompetition, cast: Cast) -> Urn:
    """Standings that are frozen, and no draw yet."""
    return make_urn(app, competition, cast)


def make_urn(app: Flask, competition: OpenCompetition, cast: Cast) -> Urn:
    """The same for tests that have fixtures of their own."""
    people = Stage(app, competition.id).add_people("p", "张", 24, cast.unit_b)
    urn = Urn(app, competition.id, people, cast.qin)
    with app.app_context():
        found = db.session.get_one(Competition, competition.id)
        found.frozen_at = AT - timedelta(hours=5)
        scores: dict[str, int] = {}
        for place, person in enumerate(people, start=1):
            score = 10_000 - 100 * ((place - 1) // 4)
            scores[str(score)] = scores.get(str(score), 0) + 1
            db.session.add(
                Standing(
                    competition_id=found.id,
                    board="people",
                    place=place,
                    rank=place,
                    subject=str(person.id),
                    organization_id=cast.unit_b.id,
                    figures={"score": score, "used_ms": 1000, "submitted_ms": place},
                    name=person.name,
                )
            )
        summary = {"tie_keys": "score", "minimum": 5, "participants": len(people), "scores": scores}
        db.session.add(Freeze(competition_id=found.id, frozen_at=found.frozen_at, digest="5f" * 32, summary=summary))
        db.session.commit()
    return urn
