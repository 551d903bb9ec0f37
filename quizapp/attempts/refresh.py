"""Counts how often each question was drawn in competitions that are over: beside the recorder, a little at a time."""

import logging
import threading
import time

from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from quizapp.attempts.exposure import (
    Portion,
    begin_portion,
    draw_again,
    is_recorded,
    keep_portion,
    uncounted_competitions,
)
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.errors import Unavailable
from quizapp.extensions import begin_reading, db

log = logging.getLogger("quizapp")

LOOK_S = 20.0
PAPERS_A_STEP = 100  # some tenths of a second of work
PAPERS_A_PORTION = 5000  # what is kept in one transaction
REST = 4.0  # times as long as a step took: the recorder and the boards come first


def count_exposure_forever(app: Flask, stop: threading.Event) -> None:
    """Look now and then for competitions to count, until `stop` is set. A store that is away is tried again."""
    while not stop.is_set():
        try:
            with app.app_context():
                count_due(stop)
        except (RedisError, SQLAlchemyError, Unavailable) as error:
            log.warning("exposure_not_counted reason=%s", type(error).__name__)
        except Exception:
            log.exception("exposure_not_counted")
        stop.wait(LOOK_S)


def count_due(stop: threading.Event) -> None:
    """Count the competitions that are over and recorded, resting between the steps."""
    begin_reading()
    due = [competition.id for competition in uncounted_competitions(utc_now()) if is_recorded(competition)]
    db.session.rollback()
    for competition_id in due:
        attempts = count_competition(competition_id, rest=REST, stop=stop)
        log.info("exposure_counted competition=%s attempts=%s", competition_id, attempts)


def count_competition(competition_id: int, *, rest: float = 0.0, stop: threading.Event | None = None) -> int:
    """Count one competition, from where the count stands. Returns how many attempts this added; commits each portion."""
    db.session.rollback()
    stop = stop or threading.Event()
    attempts = 0
    while not stop.is_set():
        portion = _draw_portion(competition_id, rest, stop)
        if not keep_portion(portion, now=utc_now()):
            db.session.rollback()
            break  # another process counts it
        db.session.commit()
        attempts += portion.attempts
        if portion.is_all:
            break
    return attempts


def _draw_portion(competition_id: int, rest: float, stop: threading.Event) -> Portion:
    """No transaction is open while it rests: on SQLite even one that reads keeps the log from being cut."""
    begin_reading()
    portion = begin_portion(db.session.get_one(Competition, competition_id))
    db.session.rollback()
    while portion.attempts < PAPERS_A_PORTION and not portion.is_all:
        begun_s = time.monotonic()
        begin_reading()
        draw_again(db.session.get_one(Competition, competition_id), portion, PAPERS_A_STEP)
        db.session.rollback()
        if stop.wait(rest * (time.monotonic() - begun_s)):
            break
    return portion
