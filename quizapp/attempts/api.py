"""The answer path for servers without the door: the same handlers behind two Flask routes.

They need neither session nor CSRF token: the ticket in its header is the authentication, and no other site can make a
browser send it.
"""

from time import perf_counter

from flask import Flask, Response, current_app, request

from quizapp.attempts import answering
from quizapp.attempts.ticket import Ticket, tickets_of
from quizapp.counting import counts
from quizapp.errors import QuizError
from quizapp.extensions import csrf, grader, settings
from quizapp.web.access import PUBLIC, Blueprint

bp = Blueprint("attempts_api", __name__, access=PUBLIC)
csrf.exempt(bp)


@bp.post("/answer")
def answer() -> Response:
    """Save answers; see answering.py for the body and the reply."""
    try:
        ticket, body = _request()
        begun_s = perf_counter()
        call = answering.call_from(ticket, body)
        reply = grader.answer(ticket.competition, ticket.shard, [call])[0]
        payload = answering.answered(call, reply)
        counts.answer_took(perf_counter() - begun_s)
        return Response(payload, headers=list(answering.HEADERS))
    except QuizError as error:
        return _refused(error)


@bp.post("/submit")
def submit() -> Response:
    """End the attempt and grade it."""
    try:
        ticket, body = _request()
        answering.check_submission(body)
        reply = grader.submit(ticket.competition, ticket.shard, ticket.account, ticket.ordinal, ticket.epoch)
        return Response(answering.submitted(reply), headers=list(answering.HEADERS))
    except QuizError as error:
        return _refused(error)


def _request() -> tuple[Ticket, bytes]:
    header = request.headers.get(answering.TICKET_HEADER, "").encode("latin-1", "replace")
    ticket = answering.ticket_from(tickets_of(settings().secret_key), header)
    if (request.content_length or 0) > answering.MOST_BODY_BYTES:
        raise answering.too_large()
    return ticket, request.stream.read(answering.MOST_BODY_BYTES + 1)


def _refused(error: QuizError) -> Response:
    counts.refusals[error.code] += 1
    refusals: answering.Refusals | None = current_app.extensions.get("quiz_refusals")
    if refusals is None:
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        refusals = app.extensions["quiz_refusals"] = answering.Refusals(app)
    status, body, headers = refusals.reply(error, request.headers.get("Cookie"), request.headers.get("Accept-Language"))
    return Response(body, status, list(headers))
