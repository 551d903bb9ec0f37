"""Keeps the ledger beside the recorder: enters the receipts of attempts that have ended, and closes the days that are over."""

import logging
import threading
import time
from datetime import date, datetime

from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from quizapp.clock import utc_now
from quizapp.errors import Unavailable
from quizapp.extensions import begin_reading, db
from quizapp.receipts.ledger import close_day, day_to_close, drawn_up, enter, key_of, leaves_of, missing_receipts
from quizapp.receipts.merkle import root_of

log = logging.getLogger("quizapp.recorder")

LOOK_S = 5.0
PORTION = 200  # receipts in one transaction
REST = 1.0  # times as long as a portion took: the recorder and the boards come first


def keep_ledger_forever(app: Flask, stop: threading.Event) -> None:
    """Enter and close what is due, now and then, until `stop` is set. A store that is away is tried again."""
    while not stop.is_set():
        try:
            with app.app_context():
                enter_receipts(rest=REST, stop=stop)
                close_days(rest=REST, stop=stop)
        except (RedisError, SQLAlchemyError, Unavailable) as error:
            log.warning("ledger_not_kept reason=%s", type(error).__name__)
        except Exception:
            log.exception("ledger_not_kept")
        stop.wait(LOOK_S)


def enter_receipts(*, rest: float = 0.0, stop: threading.Event | None = None) -> int:
    """Enter every receipt that is missing, portion by portion. Returns how many were new. Raises Unavailable."""
    stop = stop or threading.Event()
    entered, after = 0, (0, 0, 0)
    while not stop.is_set():
        begun_s = time.monotonic()
        db.session.rollback()
        begin_reading()
        attempts = missing_receipts(after, PORTION)
        if not attempts:
            break
        after = key_of(attempts[-1])
        receipts = drawn_up(attempts)
        db.session.rollback()
        if receipts:
            entered += enter(receipts, now=utc_now())
            db.session.commit()
        stop.wait(rest * (time.monotonic() - begun_s))
    db.session.rollback()
    return entered


def close_days(*, rest: float = 0.0, stop: threading.Event | None = None, now: datetime | None = None) -> int:
    """Close the days that are over, now or at a moment given, oldest first. Returns how many."""
    stop = stop or threading.Event()
    closed = 0
    while not stop.is_set():
        db.session.rollback()
        begin_reading()
        day = day_to_close(now or utc_now())
        db.session.rollback()
        if day is None:
            break
        blocks, count = _read_day(day, rest, stop)
        if stop.is_set():
            break
        if not close_day(day, blocks, count, now=now or utc_now()):
            break  # another process was there first; the next look tells
        db.session.commit()
        closed += 1
        log.info("receipts_of_a_day_closed day=%s count=%s", day, count)
    db.session.rollback()
    return closed


def _read_day(day: date, rest: float, stop: threading.Event) -> tuple[list[bytes], int]:
    """The roots of the day's blocks, and how many receipts they hold. No transaction is open while it rests."""
    blocks: list[bytes] = []
    count = 0
    while not stop.is_set():
        begun_s = time.monotonic()
        begin_reading()
        leaves = leaves_of(day, count)
        db.session.rollback()
        if not leaves:
            break
        blocks.append(root_of(leaves))
        count += len(leaves)
        stop.wait(rest * (time.monotonic() - begun_s))
    return blocks, count
