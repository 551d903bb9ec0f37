"""A competition with three enterprises that are judged, from its opening to the frozen standings."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from quizapp.awards.models import Award
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime
from quizapp.extensions import db
from tests.cast import Cast, OpenCompetition, Unit, add_unit
from tests.integration.awards.rules import add_award, composite
from tests.integration.leaderboards.stage import NOW_MS, Stage


@dataclass
class Contest:
    """The cast's group (with units A and B), a central enterprise with a sub-unit, and a small firm."""

    app: Flask
    cast: Cast
    stage: Stage
    central: Unit
    workshop: Unit
    firm: Unit

    @property
    def id(self) -> int:
        return self.stage.competition

    def row(self) -> Competition:
        return db.session.get_one(Competition, self.id)

    def public(self, page: str = "") -> str:
        return f"/competitions/{self.id}/awards/{page}"

    def admin(self, page: str = "") -> str:
        return f"/admin/competitions/{self.id}/awards/{page}"

    def headcounts(self, page: str = "") -> str:
        return f"/admin/competitions/{self.id}/headcounts/{page}"

    def answer(self, unit: Unit, *scores: int) -> None:
        """So many people of the unit have these results."""
        people = self.stage.add_people(f"{unit.name}{NOW_MS + len(scores)}", "某人", len(scores), unit)
        self.stage.set_results(
            (person.id, unit.id, score, 60_000, NOW_MS) for person, score in zip(people, scores, strict=True)
        )

    def begins_at(self, moment: datetime) -> None:
        self.stage.set(opens_at=moment)

    def freeze(self, qin: FlaskClient) -> None:
        self.stage.set(closes_at=utc_now() - timedelta(minutes=1))
        with self.app.app_context():
            prime(self.row())
        self.stage.freeze(qin)

    def add_award(self, title: str = "优秀组织奖", **rules: Any) -> int:
        """An award as it was written down before the competition opened."""
        with self.app.app_context():
            return add_award(self.row(), title, composite(**rules))

    def awards(self) -> list[Award]:
        with self.app.app_context():
            return list(db.session.query(Award).order_by(Award.id))


def add_contest(app: Flask, cast: Cast, competition: OpenCompetition) -> Contest:
    """People of all units have results, of unit A the better ones. Commits."""
    stage = Stage(app, competition.id)
    central = add_unit(app, "H", "华中集团", region="420000", industry="D", headcount=40, is_central=True)
    workshop = add_unit(app, "H1", "一分厂", parent=central)
    firm = add_unit(app, "S", "小微公司", region="310000", industry="C", headcount=8)
    made = Contest(app, cast, stage, central, workshop, firm)
    made.answer(cast.unit_a, *[9000] * 6)
    made.answer(cast.unit_b, *[7000] * 6)
    made.answer(workshop, *[8000] * 9, 10_000)
    made.answer(firm, 10_000, 10_000)
    return made
