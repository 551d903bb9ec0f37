"""A competition in which the cast really answered, for what works scores out from raw responses."""

import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from click.testing import Result as Called
from flask import Flask
from sqlalchemy import update

from quizapp.accounts.models import Account
from quizapp.attempts.actions import open_attempt, start_attempt
from quizapp.attempts.recorder import Recorder
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime
from quizapp.extensions import Base, db, grader
from quizapp.grader.engine import AnswerCall
from quizapp.grader.keys import shard_of
from quizapp.leaderboards.actions import freeze_standings
from tests.cast import Cast, Person, TinyBank, add_competition
from tests.integration.leaderboards.stage import Stage


class Answered:
    """A competition in which the cast really answered: two attempts each, graded, recorded and on the boards."""

    def __init__(self, app: Flask, cast: Cast, bank: TinyBank, **terms: Any) -> None:
        self.app, self.cast = app, cast
        terms = {"entry": "anyone", "attempts_total": None, "multiple_scoring": "partial", **terms}
        self.id = add_competition(app, bank.version_id, now=utc_now(), **terms).id
        self.stage = Stage(app, self.id)
        draw = random.Random(7)
        for person in (cast.lin, cast.bo, cast.chen, cast.qin):  # Qin is of no unit
            for _ in range(2):
                self._answer(person, [(p, 1 << draw.randrange(2), p) for p in range(1, 5)])
        recorder = Recorder(app, "proof")
        recorder.look_around()
        while recorder.take():
            pass
        recorder.close()
        self.stage.refresh()

    def _answer(self, person: Person, answers: Iterable[tuple[int, int, int]]) -> None:
        with self.app.app_context():
            competition, account = db.session.get_one(Competition, self.id), db.session.get_one(Account, person.id)
            ordinal = start_attempt(competition, account, now=utc_now())
            epoch, shard = open_attempt(competition, account).epoch, shard_of(account.id, competition.shards)
            grader.answer(self.id, shard, [AnswerCall(account.id, ordinal, epoch, list(answers))])
            grader.submit(self.id, shard, account.id, ordinal, epoch)

    def prove(self, *options: str) -> Called:
        return self.app.test_cli_runner().invoke(args=["leaderboards", "prove", str(self.id), *options])

    def corrupt(self, table: type[Base], /, where: dict[str, Any], **values: Any) -> None:
        """Change what SQL keeps, past everything."""
        with self.app.app_context():
            rows = [getattr(table, name) == value for name, value in where.items()]
            changed = update(table).where(table.competition_id == self.id, *rows)  # type: ignore[attr-defined]
            assert db.session.execute(changed.values(**values)).rowcount > 0  # type: ignore[attr-defined]
            db.session.commit()

    def freeze(self) -> None:
        with self.app.app_context():
            competition = db.session.get_one(Competition, self.id)
            competition.closes_at = utc_now() - timedelta(minutes=1)
            db.session.commit()
            prime(competition)
            freeze_standings(competition, actor=None, now=utc_now())
            db.session.commit()
