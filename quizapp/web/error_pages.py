"""One place turns errors into a page or JSON. It works with SQL and Redis down: it asks neither."""

import errno
import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from quizapp.errors import QuizError, Unavailable

log = logging.getLogger("quizapp")
_sentences: dict[str, Any] = {}
_HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    429: "too_many_requests",
}


# No byte more can be written: the disk is full, or what this account or process may have of it.
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# As SQLite says it, and the system where PostgreSQL passes its word on.
_SQL_DISK_FULL = ("database or disk is full", "No space left on device")


def add_sentences(sentences: Mapping[str, Any]) -> None:
    """Register a feature's sentences: error code → lazy text with `{named}` places for the facts."""
    doubled = {code for code in sentences if code in _sentences and _sentences[code] is not sentences[code]}
    if doubled:
        raise ValueError(f"error codes with two sentences: {sorted(doubled)}")
    _sentences.update(sentences)


def sentence(code: str, facts: Mapping[str, object]) -> str:
    """What happened and what to do next, in the reader's language."""
    text = str(_sentences.get(code, _sentences["unexpected"]))
    return text.format(**facts) if facts else text


def wants_json() -> bool:
    """Whether a program asks: by its path or by what it accepts."""
    return request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json"


def respond(error: QuizError) -> ResponseReturnValue:
    """The error as JSON for programs, as a page for people."""
    g.signed_in_unknown = isinstance(error, Unavailable)
    text = sentence(error.code, error.facts)
    # Who quotes the number of the problem finds at least this line, and in it no address: addresses hold codes of units.
    log.info("refused code=%s status=%s endpoint=%s", error.code, error.status, request.endpoint)
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after_s)
    if wants_json():
        return jsonify(error={"code": error.code, "message": text, **error.facts}), error.status, headers
    return render_template("web/error.html", error=error, text=text), error.status, headers


def init_app(app: Flask) -> None:
    """Register the handlers."""

    @app.errorhandler(QuizError)
    def quiz_error(error: QuizError) -> ResponseReturnValue:
        return respond(error)

    @app.errorhandler(OperationalError)
    def sql_away(error: OperationalError) -> ResponseReturnValue:
        if any(text in str(error.orig) for text in _SQL_DISK_FULL):
            return disk_full()
        log.error("sql_unavailable")
        return respond(Unavailable())

    @app.errorhandler(OSError)
    def file_failed(error: OSError) -> ResponseReturnValue:
        # A large upload waits in a file until it is read.
        return disk_full() if error.errno in _DISK_FULL else unexpected(error)

    def disk_full() -> ResponseReturnValue:
        log.error("disk_full")
        return respond(Unavailable("disk_full", retry_after_s=60))

    @app.errorhandler(RedisConnectionError)
    @app.errorhandler(RedisTimeoutError)
    def redis_away(error: Exception) -> ResponseReturnValue:
        log.error("redis_unavailable")
        return respond(Unavailable())

    @app.errorhandler(CSRFError)
    def csrf_failed(error: CSRFError) -> ResponseReturnValue:
        return respond(QuizError("csrf_failed", status=400))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        status = error.code or 500
        if status < 400:
            return error.get_response()
        return respond(QuizError(_HTTP_CODES.get(status, "unexpected"), status=status))

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> ResponseReturnValue:
        log.exception("unexpected")
        return respond(QuizError("unexpected"))
