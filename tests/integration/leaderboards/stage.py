"""What the boards' tests begin from: results as the recorder leaves them, and a refresher."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from quizapp.accounts.models import Account
from quizapp.attempts.models import Attempt, Result, Tally
from quizapp.competitions.models import Competition
from quizapp.extensions import db, grader
from quizapp.leaderboards import sources
from quizapp.leaderboards.jobs import make_freezes
from quizapp.leaderboards.proof import differences
from quizapp.leaderboards.queries import board_of
from quizapp.leaderboards.refresh import Refresher
from quizapp.organizations.models import Membership
from tests.cast import BORN, Person, Unit

NOW_MS = 1_790_000_000_000
FULL = 10_000
PASS = 6000


@dataclass
class Stage:
    """A competition whose people have results. `now_ms` is the time of the next pass."""

    app: Flask
    competition: int
    now_ms: int = NOW_MS

    def add_people(self, login: str, name: str, count: int, unit: Unit | None = None) -> list[Person]:
        """People with numbered logins and names, confirmed in the unit."""
        with self.app.app_context():
            accounts = [
                Account(login=f"{login}{number}", name=f"{name}{number:02}", session_round=0, created_at=BORN)
                for number in range(count)
            ]
            db.session.add_all(accounts)
            db.session.flush()
            if unit:
                db.session.add_all(
                    Membership(account_id=account.id, organization_id=unit.id, state="confirmed", joined_at=BORN)
                    for account in accounts
                )
            people = [Person(self.app, account.id, account.name, account.login) for account in accounts]
            db.session.commit()  # last: afterwards each account would be read again
            return people

    def set_result(
        self, account: int, unit: int | None, score: int, used_ms: int = 60_000, submitted_ms: int = NOW_MS
    ) -> None:
        """Give a person a counted result in place of any other, and move the tallies, as the recorder does."""
        self.set_results([(account, unit, score, used_ms, submitted_ms)])

    def set_results(self, results: Iterable[tuple[int, int | None, int, int, int]]) -> None:
        """The same for many in one transaction: account, unit, score, used_ms, submitted_ms. In a few statements: boards of a
        hundred people are what most tests begin from."""
        results = list(results)
        with self.app.app_context():
            accounts = [account for account, *_ in results]
            rows = db.session.scalars(
                select(Result).where(Result.competition_id == self.competition, Result.account_id.in_(accounts))
            )
            held = {row.account_id: row for row in rows}
            attempts = {
                (row.account_id, row.ordinal): row
                for row in db.session.scalars(
                    select(Attempt).where(Attempt.competition_id == self.competition, Attempt.account_id.in_(accounts))
                )
            }
            tallies = {
                row.organization_id: row
                for row in db.session.scalars(select(Tally).where(Tally.competition_id == self.competition))
            }
            for account, unit, score, used_ms, submitted_ms in results:
                result = held.get(account)
                if result is not None:
                    self._add(tallies, result.organization_id, result, -1)
                else:
                    result = held[account] = Result(
                        competition_id=self.competition, account_id=account, ordinal=1, right_count=0
                    )
                    attempts[account, 1] = Attempt(
                        competition_id=self.competition,
                        account_id=account,
                        ordinal=1,
                        seed=f"{self.competition}-{account}",
                        started_ms=submitted_ms - used_ms,
                    )
                attempt = attempts[account, result.ordinal]
                attempt.organization_id, attempt.submitted_ms, attempt.used_ms = unit, submitted_ms, used_ms
                attempt.score, attempt.right_count, attempt.ended_by, attempt.points = score, 0, "person", []
                result.organization_id, result.score, result.used_ms = unit, score, used_ms
                result.submitted_ms, result.change = submitted_ms, self.now_ms
                result.full_marks, result.passed = int(score == FULL), int(score >= PASS)
                self._add(tallies, unit, result, 1)
            db.session.add_all(attempts.values())
            db.session.flush()
            db.session.add_all([*held.values(), *tallies.values()])
            db.session.commit()

    def _add(self, tallies: dict[int, Tally], unit: int | None, result: Result, sign: int) -> None:
        if unit is None:
            return
        tally = tallies.get(unit)
        if tally is None:
            tally = Tally(competition_id=self.competition, organization_id=unit, started=0, participants=0)
            tally.score_sum = tally.used_ms_sum = tally.full_marks = tally.passed = 0
            tallies[unit] = tally
        tally.started += sign
        tally.participants += sign
        tally.score_sum += sign * result.score
        tally.used_ms_sum += sign * result.used_ms
        tally.full_marks += sign * result.full_marks
        tally.passed += sign * result.passed
        tally.change = self.now_ms

    def set(self, **columns: object) -> None:
        """Change the competition, past what its actions would allow."""
        with self.app.app_context():
            db.session.execute(update(Competition).where(Competition.id == self.competition).values(**columns))
            db.session.commit()

    def refresh(self, refresher: Refresher | None = None) -> None:
        """One pass, by a process that starts anew unless one is given."""
        with self.app.app_context():
            (refresher or Refresher(grader.store)).refresh(self.now_ms)
        self.now_ms += 1000

    def freeze(self, organizer: FlaskClient) -> None:
        """Ask for the freeze on its page, and make it as the recorder's process does."""
        answer = organizer.post(f"/admin/competitions/{self.competition}/freeze", data={"sure": "y"})
        assert answer.status_code == 302, answer.text
        with self.app.app_context():
            assert make_freezes() == 1

    def differences(self) -> list[str]:
        """What differs between the boards in force and SQL."""
        with self.app.app_context():
            competition = db.session.get_one(Competition, self.competition)
            with sources.reading() as connection:
                found = differences(connection, board_of(competition), sources.board_rules(competition))
                return [str(each) for each in found]
