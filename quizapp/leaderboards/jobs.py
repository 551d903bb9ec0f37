"""Makes the freezes that organizers asked for, beside the recorder.

A freeze belongs to whoever has written its name into it. If that one gives no sign of life, another begins it anew, and the
first, should it wake up, can't keep its own any more: the transaction that keeps a freeze also takes away what was asked.
"""

import logging
import secrets
import threading
import time
from datetime import datetime, timedelta

from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy import ColumnElement, Update, delete, or_, select, update
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from quizapp.accounts.models import Account
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime_if_reachable
from quizapp.errors import QuizError, Unavailable
from quizapp.extensions import begin_reading, db, grader
from quizapp.leaderboards.actions import finish_freeze, prepare_freeze, take_fence_down
from quizapp.leaderboards.models import Freezing
from quizapp.leaderboards.refresh import drop_boards
from quizapp.leaderboards.snapshots import rows_on_disk

log = logging.getLogger("quizapp.recorder")

LOOK_S = 1.0
TELL_S = 1.0
SILENCE = timedelta(seconds=30)
REST = 0.25  # times as long as a portion took: recording and the boards of other competitions go on meanwhile


class _TakenOver(Exception):
    """Another process has begun this freeze anew."""


class _Stopped(Exception):
    """This process is to end; the next one begins it anew."""


def freeze_forever(app: Flask, stop: threading.Event) -> None:
    """Make what is asked for until `stop` is set. A store that is away is tried again."""
    while not stop.is_set():
        try:
            with app.app_context():
                make_freezes(rest=REST, stop=stop)
        except (RedisError, SQLAlchemyError, Unavailable) as error:
            log.warning("freezes_not_made reason=%s", type(error).__name__)
        except Exception:
            log.exception("freezes_not_made")
        stop.wait(LOOK_S)


def make_freezes(*, rest: float = 0.0, stop: threading.Event | None = None) -> int:
    """Make every freeze that waits for a process. Returns how many were frozen."""
    stop = stop or threading.Event()
    frozen = 0
    while not stop.is_set() and (competition_id := _waiting(utc_now())) is not None:
        job = Job(competition_id)
        if job.begin(utc_now()):
            frozen += job.run(rest=rest, stop=stop)
    return frozen


def _waits(now: datetime) -> ColumnElement[bool]:
    return (Freezing.failure == "") & or_(Freezing.runner == "", Freezing.touched_at < now - SILENCE)


def _waiting(now: datetime) -> int | None:
    db.session.rollback()
    begin_reading()
    found = db.session.scalar(
        select(Freezing.competition_id).where(_waits(now)).order_by(Freezing.asked_at, Freezing.competition_id).limit(1)
    )
    db.session.rollback()
    return found


class Job:
    """One process's going about one freeze."""

    def __init__(self, competition_id: int) -> None:
        self._id = competition_id
        self._name = secrets.token_hex(16)

    def begin(self, now: datetime) -> bool:
        """Write the own name into it. False if another was quicker."""
        taken = update(Freezing).where(Freezing.competition_id == self._id, _waits(now))
        return self._execute(taken.values(runner=self._name, touched_at=now, done=0, total=0))

    def run(self, *, rest: float = 0.0, stop: threading.Event | None = None) -> bool:
        """Freeze, or write down why not. Returns whether it is frozen."""
        try:
            self._freeze(rest, stop or threading.Event())
        except _TakenOver:
            log.warning("freeze_taken_over competition=%s", self._id)
        except _Stopped:
            self._execute(self._own().values(runner=""))
        except QuizError as error:
            known = "freeze_store_away" if isinstance(error, Unavailable) else error.code
            self._fail(known, error.facts)
        except (RedisError, OperationalError) as error:
            log.warning("freeze_failed competition=%s reason=%s", self._id, type(error).__name__)
            self._fail("freeze_store_away", {})
        except Exception:
            log.exception("freeze_failed competition=%s", self._id)
            self._fail("freeze_failed", {})
        else:
            log.info("frozen competition=%s", self._id)
            return True
        finally:
            db.session.rollback()
        return False

    def _freeze(self, rest: float, stop: threading.Event) -> None:
        now = utc_now()
        told_s = portion_s = time.monotonic()

        def tell(done: int, total: int) -> None:
            nonlocal told_s, portion_s
            stop.wait(rest * (time.monotonic() - portion_s))
            if stop.is_set():
                raise _Stopped
            portion_s = time.monotonic()
            if portion_s - told_s >= TELL_S or done >= total:
                told_s = portion_s
                if not self._execute(self._own().values(done=done, total=total, touched_at=utc_now())):
                    raise _TakenOver

        with rows_on_disk() as rows:
            db.session.rollback()
            begin_reading()  # on SQLite it keeps nobody from writing, however long it takes
            competition = db.session.get_one(Competition, self._id)
            prepared = prepare_freeze(competition, rows, now=now, tell=tell)
            db.session.rollback()
            asked = delete(Freezing).where(Freezing.competition_id == self._id, Freezing.runner == self._name)
            asked_by = db.session.execute(asked.returning(Freezing.asked_by_id)).one_or_none()
            if asked_by is None:
                raise _TakenOver
            actor = db.session.get(Account, asked_by[0]) if asked_by[0] else None
            finish_freeze(competition, rows, prepared, actor=actor, now=utc_now())
            db.session.commit()
        if prime_if_reachable(competition):
            drop_boards(grader.store, self._id)

    def _own(self) -> Update:
        return update(Freezing).where(Freezing.competition_id == self._id, Freezing.runner == self._name)

    def _execute(self, change: Update) -> bool:
        """Commit a change of the row, on a connection of its own: the session may be in the middle of reading."""
        with db.engine.begin() as connection:
            return bool(connection.execute(change).rowcount)

    def _fail(self, code: str, facts: dict[str, object]) -> None:
        """Write the reason down, and let the competition's writes through again. While SQL is away it is left, and begun anew."""
        db.session.rollback()
        if not self._execute(self._own().values(failure=code, facts=facts)):
            return
        competition = db.session.get_one(Competition, self._id)
        if competition.frozen_at is not None:
            return
        try:
            take_fence_down(self._id, competition.shards)
        except Unavailable:  # it is over, so nobody answers; a later close takes the fence down
            log.error("fence_left_up competition=%s", self._id)
