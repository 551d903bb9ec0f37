"""What programs ask: /healthz (does the process answer), /readyz (what is missing), /metrics (the figures)."""

import hmac
from ipaddress import ip_address

from flask import Flask, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST

from quizapp.clock import utc_now
from quizapp.counting import totals_of
from quizapp.errors import NotFound
from quizapp.extensions import settings
from quizapp.operations.exposition import exposition
from quizapp.operations.queries import needed_revision, watch_of
from quizapp.operations.readiness import missing, warnings
from quizapp.web.access import PUBLIC, Blueprint
from quizapp.web.error_pages import sentence

bp = Blueprint("operations", __name__, access=PUBLIC)
needed_revision()  # as this program was started: a newer one that is being put in place beside it brings newer files

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process answers. Nothing else is asked; behind the door it does not even take a thread."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """200, or 503 with what is missing: a code for programs, and a sentence for people. A warning is no 503."""
    observed = watch_of(_app()).look(utc_now())
    found = missing(observed)
    waiting = observed.waiting if observed else None
    recording = observed.recording if observed else None
    reply = jsonify(
        ready=not found,
        missing=[{"code": each.code, "message": sentence(each.code, each.facts)} for each in found],
        sql={"reachable": observed.sql, "revision": observed.revision, "needed": observed.needed_revision}
        if observed
        else None,
        store={"reachable": observed.store, "unprimed": observed.unprimed, "unrestored": observed.uncompared}
        if observed
        else None,
        recorder={"silent_ms": recording.silent_ms, "failing": recording.failing} if recording else None,
        lag={"entries": waiting.entries, "oldest_ms": waiting.oldest_ms} if waiting else None,
        warnings=[{"code": each.code, "message": sentence(each.code, each.facts)} for each in warnings(observed)],
        clocks_ahead_ms=observed.clocks if observed else None,
    )
    reply.status_code = 503 if found else 200
    return reply


@bp.get("/metrics")
def metrics() -> ResponseReturnValue:
    """For this machine, and for who has the token; to anybody else it looks like no page at all."""
    if not (_from_this_machine() or _has_token()):
        raise NotFound()
    observed = watch_of(_app()).look(utc_now())
    body = exposition(totals_of(settings().data_dir / "counts"), observed, ready=not missing(observed))
    return Response(body, content_type=CONTENT_TYPE_LATEST)


def _from_this_machine() -> bool:
    """Whether the request was sent by this machine and by no proxy on it: through one, everybody comes from here."""
    sender = request.environ.get("werkzeug.proxy_fix.orig", {}).get("REMOTE_ADDR") or request.remote_addr or ""
    try:
        address = ip_address(sender)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback and not any(name in request.headers for name in FORWARDED)


def _has_token() -> bool:
    wanted = settings().metrics_token
    given = request.headers.get("Authorization", "")
    return bool(wanted) and hmac.compare_digest(given.encode(), f"Bearer {wanted}".encode())


def _app() -> Flask:
    found: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return found
