"""What every line of the logs carries, the name of its request, and what none may hold: phone numbers and tickets.

The name (问题编号) also goes into the response's X-Request-Id and onto error pages, for people to quote. A proxy in front may
have named the request already; a name that is not well-formed is not taken over, because it goes into logs and pages.

Answers and keys have no shape that could be told from other numbers. They stay out because nothing logs them: our own lines
carry codes and ids, errors of SQL come without their values (`hide_parameters`, and DETAIL is cut here), and a test drives
answers, sign-ins and errors and then searches the logs.
"""

import re
import secrets
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

HEADER = "X-Request-Id"
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read out wrongly: no l and 1, no o and 0
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,39}", re.ASCII)  # shorter than a ticket
_PHONE = re.compile(r"(?<![0-9A-Za-z])(\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![0-9A-Za-z])", re.ASCII)
_TICKET = re.compile(r"(?<![\w-])[\w-]{56}(?![\w-])", re.ASCII)  # 56 is the length of quizapp.attempts.ticket
_DETAIL = re.compile(r"(DETAIL|CONTEXT): .*")  # PostgreSQL: the row or the key that it is about

request_id: ContextVar[str] = ContextVar("request_id", default="")


def name_for(given: str | None) -> str:
    """The name that the request came with, if it is well-formed, else a new one like "k7vm-3xqh-pw9d"."""
    if given and _WELL_FORMED.fullmatch(given) and not _PHONE.search(given):
        return given
    drawn = "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(12))
    return f"{drawn[:4]}-{drawn[4:8]}-{drawn[8:]}"


@contextmanager
def named(name: str) -> Iterator[None]:
    """Lines that are logged within carry the name."""
    token = request_id.set(name)
    try:
        yield
    finally:
        request_id.reset(token)


def redacted(text: str) -> str:
    """The text without phone numbers, tickets, and the values that PostgreSQL quotes."""
    return _TICKET.sub("[ticket]", _PHONE.sub("[phone]", _DETAIL.sub(r"\1: [left out]", text)))


def add_request(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A step of structlog's: the request's name, in lines that are written for one."""
    if name := request_id.get():
        line["request"] = name
    return line


def redact(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A step of structlog's: every text of the line, redacted."""
    for name, value in line.items():
        if isinstance(value, str) and name != "request":
            line[name] = redacted(value)
    return line
