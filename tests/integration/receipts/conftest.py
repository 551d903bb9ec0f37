"""People whose attempts end, and a ledger whose days pass as the tests say."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from quizapp.accounts.models import Account
from quizapp.attempts.actions import open_attempt, start_attempt
from quizapp.attempts.recorder import Recorder
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.extensions import db, grader
from quizapp.grader.engine import AnswerCall
from quizapp.grader.keys import shard_of
from quizapp.receipts.jobs import close_days, enter_receipts
from quizapp.receipts.ledger import closed_days, issued, public_keys, signed_day
from quizapp.receipts.models import ReceiptEntry
from tests.cast import Cast, OpenCompetition, Person

Answers = dict[int, int]
CHOSEN: Answers = {1: 1, 2: 2, 3: 1, 4: 5}


@dataclass
class Desk:
    """Where attempts end and receipts are kept. `later` days have passed for the ledger."""

    app: Flask
    competition: OpenCompetition
    set_clock: Callable[[datetime], None]

    def answer(self, person: Person, chosen: Answers = CHOSEN, *, ends: bool = True) -> int:
        """An attempt through the grader; returns its ordinal."""
        with self.app.app_context():
            competition = db.session.get_one(Competition, self.competition.id)
            account = db.session.get_one(Account, person.id)
            ordinal = start_attempt(competition, account, now=utc_now())
            epoch = open_attempt(competition, account).epoch
            shard = shard_of(account.id, competition.shards)
            answers = [(position, mask, position) for position, mask in chosen.items()]
            grader.answer(competition.id, shard, [AnswerCall(account.id, ordinal, epoch, answers)])
            if ends:
                for _ in range(2):  # submitting twice is submitting once
                    grader.submit(competition.id, shard, account.id, ordinal, epoch)
            return ordinal

    def record(self) -> None:
        recorder = Recorder(self.app, "receipts")
        recorder.look_around()
        while recorder.take():
            pass
        recorder.close()

    def enter(self) -> int:
        with self.app.app_context():
            return enter_receipts()

    def close(self) -> int:
        with self.app.app_context():
            return close_days()

    def pass_days(self, days: int) -> None:
        self.set_clock(utc_now() + timedelta(days=days))

    def file(self, person: Person, ordinal: int = 1) -> dict[str, Any]:
        with self.app.app_context():
            return issued(db.session.get_one(Competition, self.competition.id), person.id, ordinal).file()

    def days(self) -> list[dict[str, Any]]:
        """What is published, oldest first."""
        with self.app.app_context():
            return [signed_day(day) for day in reversed(closed_days())]

    def keys(self) -> dict[str, str]:
        with self.app.app_context():
            return public_keys()

    def entries(self) -> list[tuple[date, int, int]]:
        """(day, position, account) of all that is in the ledger, in its order."""
        with self.app.app_context():
            rows = select(ReceiptEntry.day, ReceiptEntry.position, ReceiptEntry.account_id)
            found = db.session.execute(rows.order_by(ReceiptEntry.day, ReceiptEntry.position))
            return [(day, position, account) for day, position, account in found]


@pytest.fixture
def desk(app: Flask, cast: Cast, competition: OpenCompetition, monkeypatch: pytest.MonkeyPatch) -> Desk:
    def set_clock(moment: datetime) -> None:
        monkeypatch.setattr("quizapp.receipts.jobs.utc_now", lambda: moment)

    return Desk(app, competition, set_clock)
