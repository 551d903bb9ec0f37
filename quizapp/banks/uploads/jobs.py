"""Checking uploads outside the request: a thread of the web process runs the child process and keeps what it found.

The file lies in SQL meanwhile. If the web process dies, its uploads stand still; `queries.state_of` calls them interrupted
after a while, and the page offers to check them again.
"""

import logging
import threading

from flask import Flask, current_app

from quizapp.banks import queries, sandbox
from quizapp.banks.checking import lookup
from quizapp.banks.checking.surroundings import Surroundings
from quizapp.banks.models import BankUpload
from quizapp.banks.uploads import actions
from quizapp.clock import utc_now
from quizapp.errors import Unavailable
from quizapp.extensions import begin_reading, db

log = logging.getLogger("quizapp")
AT_ONCE = 8  # uploads of one process that wait or are checked
TRIES = 40  # each waits sandbox.WAIT_S for its turn: together a minute

_places = threading.BoundedSemaphore(AT_ONCE)


def start(upload_id: int) -> None:
    """Check a committed upload in a thread; where too many wait already, it has failed at once and can be tried again."""
    if not _places.acquire(blocking=False):
        _fail(upload_id, "check_busy")
        return
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    threading.Thread(target=_run, args=(app, upload_id), name=f"upload-{upload_id}", daemon=True).start()


def _run(app: Flask, upload_id: int) -> None:
    try:
        with app.app_context():
            try:
                _wait_and_check(upload_id)
            except Unavailable:
                _fail(upload_id, "check_busy")
            except Exception:
                log.exception("upload_check_failed")
                _fail(upload_id, "check_failed")
    finally:
        _places.release()


def _wait_and_check(upload_id: int) -> None:
    for tries_left in reversed(range(TRIES)):
        try:
            check_upload(upload_id)
            return
        except Unavailable:
            if not tries_left:
                raise
            _go_on(upload_id)


def check_upload(upload_id: int) -> None:
    """Check a committed upload and keep the report. Raises Unavailable while too many others are being checked.

    No transaction is open while the child works: on SQLite it would keep everybody else from writing.
    """
    upload = queries.upload_or_404(upload_id)
    name, file, choices = upload.source_name, upload.file or b"", queries.choices_of(upload)
    db.session.rollback()

    def look_up(found: sandbox.Found) -> Surroundings:
        # Reading a large bank takes a while: it must not take the write lock.
        begin_reading()
        known = lookup.surroundings(found.header, choices, found.pictures, now=utc_now())
        db.session.rollback()
        _go_on(upload_id, progress=50, question_count=found.entries)
        return known

    with sandbox.turn():
        _go_on(upload_id, state="checking", progress=10)
        checked = sandbox.check_file(name, file, choices, look_up)
    _go_on(upload_id, progress=90)
    actions.keep_report(queries.upload_or_404(upload_id), checked, now=utc_now())
    db.session.commit()


def _go_on(upload_id: int, **columns: object) -> None:
    """Write a sign of life."""
    upload = queries.upload_or_404(upload_id)
    for name, value in columns.items():
        setattr(upload, name, value)
    upload.touched_at = utc_now()
    db.session.commit()


def _fail(upload_id: int, code: str) -> None:
    db.session.rollback()
    upload = db.session.get(BankUpload, upload_id)
    if upload is not None:
        upload.state, upload.failure, upload.touched_at = "failed", code, utc_now()
        db.session.commit()
