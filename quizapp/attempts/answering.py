"""`POST /answer` and `POST /submit` but for the transport: what the door and the Flask routes share.

A request is a ticket in the header `X-Ticket` and a JSON body. Everything that a participant could forge is checked here
or in the grader's script; the ticket says whose attempt it is, so that a body names no person and no attempt.
"""

from typing import Annotated, Any

import msgspec
from flask import Flask
from flask_babel import force_locale
from msgspec import UNSET, Meta, Struct, UnsetType
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header, parse_cookie

from quizapp.attempts.sentences import SENTENCES
from quizapp.attempts.ticket import Ticket, Tickets
from quizapp.counting import counts
from quizapp.errors import Invalid, NotFound, QuizError, Refused, Unavailable
from quizapp.grader.engine import AnswerCall, AnswerReply, SubmitReply
from quizapp.grader.outcomes import Outcome
from quizapp.web.error_pages import sentence
from quizapp.web.language import COOKIE, LOCALES, locale_for

TICKET_HEADER = "X-Ticket"
MOST_BODY_BYTES = 16 * 1024
MOST_ANSWERS = 200
HEADERS = (
    ("content-type", "application/json"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
)


class Answer(Struct, forbid_unknown_fields=True, frozen=True):
    """One answer as a page sends it; `chosen` is a mask of letters as shown, `sequence` the page's own count."""

    position: Annotated[int, Meta(ge=1, le=1000)]
    chosen: Annotated[int, Meta(ge=0, le=255)]
    sequence: Annotated[int, Meta(ge=1, le=2**31 - 1)]


class Answers(Struct, forbid_unknown_fields=True, frozen=True):
    """The body of `POST /answer`."""

    answers: Annotated[list[Answer], Meta(min_length=1, max_length=MOST_ANSWERS)]


class Nothing(Struct, forbid_unknown_fields=True, frozen=True):
    """The body of `POST /submit`, if it has one."""


class AnswerResult(Struct):
    """What became of one answer. `right` and `right_mask` are there only where right or wrong is shown at once."""

    position: int
    sequence: int
    outcome: Outcome
    chosen: int
    right: bool | UnsetType = UNSET
    right_mask: int | UnsetType = UNSET


class AnswerResults(Struct):
    """The reply to `POST /answer`."""

    now_ms: int
    deadline_ms: int
    results: list[AnswerResult]


class Submitted(Struct):
    """The reply to `POST /submit`; score in hundredths of a point."""

    outcome: str
    now_ms: int
    score: int
    right_count: int
    used_ms: int
    submitted_ms: int
    ended_by: str


_encode = msgspec.json.Encoder().encode
_decode_answers = msgspec.json.Decoder(Answers).decode
_decode_nothing = msgspec.json.Decoder(Nothing).decode


def ticket_from(tickets: Tickets, header: bytes | None) -> Ticket:
    """Whose attempt the request is about. Raises Refused for a ticket that is missing, altered or not ours."""
    ticket = tickets.read(header) if header else None
    if ticket is None:
        raise Refused("ticket_invalid", status=403)
    return ticket


def call_from(ticket: Ticket, body: bytes) -> AnswerCall:
    """What the page asks the grader. Raises Invalid."""
    if len(body) > MOST_BODY_BYTES:
        raise too_large()
    try:
        answers = _decode_answers(body).answers
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("answers_malformed") from error
    return AnswerCall(
        ticket.account,
        ticket.ordinal,
        ticket.epoch,
        [(answer.position, answer.chosen, answer.sequence) for answer in answers],
    )


def too_large() -> QuizError:
    """The refusal of a body that is longer than any page sends."""
    return Invalid("answers_too_large", status=413)


def check_submission(body: bytes) -> None:
    """A submission says nothing but its ticket. Raises Invalid if it does."""
    if len(body) > MOST_BODY_BYTES:
        raise too_large()
    try:
        if body:
            _decode_nothing(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("answers_malformed") from error


def answered(call: AnswerCall, reply: AnswerReply) -> bytes:
    """The reply to `POST /answer`. Raises NotFound if the store has no such attempt."""
    if reply.code is not Outcome.OK:
        raise NotFound(reply.code.value)
    outcomes = counts.answers
    results = []
    for (position, _, sequence), held in zip(call.answers, reply.outcomes, strict=True):
        outcomes[held.outcome] += 1
        result = AnswerResult(position, sequence, held.outcome, held.chosen)
        if held.right is not None:
            result.right, result.right_mask = held.right == held.chosen, held.right
        results.append(result)
    return _encode(AnswerResults(reply.now_ms, reply.deadline_ms, results))


def submitted(reply: SubmitReply) -> bytes:
    """The reply to `POST /submit`. Raises NotFound or Refused."""
    ending = reply.ending
    if ending is None:
        raise NotFound(reply.code.value) if reply.code is Outcome.NO_ATTEMPT else Refused(reply.code.value)
    counts.submissions[ending.ended_by] += 1
    return _encode(
        Submitted(
            outcome=reply.code.value,
            now_ms=reply.now_ms,
            score=ending.score,
            right_count=ending.right_count,
            used_ms=ending.used_ms,
            submitted_ms=ending.submitted_ms,
            ended_by=ending.ended_by,
        )
    )


class Refusals:
    """Errors as JSON in the reader's language, made once, because the door has no request of Flask's to translate in."""

    def __init__(self, app: Flask) -> None:
        codes = [*SENTENCES, "store_unavailable", "unexpected"]
        self._bodies: dict[tuple[str, str], bytes] = {}
        for locale in LOCALES:
            with app.test_request_context(), force_locale(locale):
                for code in codes:
                    error = {"code": code, "message": sentence(code, {})}
                    self._bodies[locale, code] = _encode({"error": error})

    def reply(
        self, error: QuizError, cookies: str | None, languages: str | None
    ) -> tuple[int, bytes, tuple[tuple[str, str], ...]]:
        """Status, body and headers, by the request's Cookie and Accept-Language headers."""
        chosen = parse_cookie(cookies or "").get(COOKIE, "")
        locale = locale_for(chosen, parse_accept_header(languages, LanguageAccept))
        body = self._bodies.get((locale, error.code)) or self._bodies[locale, "unexpected"]
        headers: Any = HEADERS
        if isinstance(error, Unavailable):
            headers = (*HEADERS, ("retry-after", str(error.retry_after_s)))
        return error.status, body, headers
