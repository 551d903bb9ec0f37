"""gunicorn's ASGI worker, except that an ordinary answer goes from the socket to the door, and its reply straight back.

Ordinary is a read that is one whole `POST /answer` or `/submit` and nothing else, of a form that can be read in one way only
(`_HEAD`, no field twice, the body as long as Content-Length says), on a connection that does nothing else at the time.
Whatever else goes gunicorn's own way, unchanged: what comes in parts, several requests at once, what its parser would refuse
or look at twice, Expect, Upgrade, Connection: close, HTTP/1.0, a worker that stops or is to be replaced, hooks, an access
log, a client that doesn't read, and what the door would refuse before it asks the store. Keep-alive and graceful stop are
gunicorn's in both cases.

Why: gunicorn's parser, and its task, scope, events and callables for each request, cost several times what answering it
does: the parser alone 40 µs of CPU for a bare request and 138 for one with a browser's headers; reading it here 3 and 11.
"""

import re
from collections.abc import Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

from gunicorn.asgi.parser import PythonProtocol
from gunicorn.asgi.protocol import _CACHED_SERVER_HEADER as _SERVER
from gunicorn.asgi.protocol import ASGIProtocol, _get_cached_date_header
from gunicorn.workers import gasgi

from quizapp.attempts.door import JSON_HEADERS, TICKET, Asked

# Nothing in it can match in two ways or be tried again (`++`, `*+`), so that no request costs more than its length. Stricter
# than the parser: no name with "_", no white space at a value's end.
_HEAD = re.compile(
    rb"POST (/answer|/submit) HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+\-.^`|~0-9A-Za-z]++:[^\x00-\x08\n-\x1f\x7f]*+(?<![ \t])\r\n)*+)\r\n"
)
_FIELD = re.compile(rb"([^:]++):[ \t]*+([^\r]*+)\r\n")
# Whoever sends one of these wants more than an answer's reply, or has to be looked at by gunicorn's rules for proxies.
NOT_ORDINARY = frozenset((b"expect", b"upgrade", b"transfer-encoding", b"x-forwarded-ssl", b"x-forwarded-protocol"))
_KEPT = (None, b"keep-alive", b"Keep-Alive")
_HTTP_1_1 = SimpleNamespace(version=(1, 1))
_OK = b"HTTP/1.1 200 OK\r\n%scontent-length: " % b"".join(b"%s: %s\r\n" % header for header in JSON_HEADERS)


def read_ordinary(data: bytes) -> tuple[str, dict[bytes, bytes], bytes] | None:
    """Path, fields by their names in lower case, and body, of a read that is one ordinary request; None for any other."""
    head = _HEAD.match(data)
    if head is None:
        return None
    found = _FIELD.findall(head[2])
    fields = {name.lower(): value for name, value in found}
    body = data[head.end() :]
    if (
        len(fields) == len(found)
        and fields.get(b"content-length") == b"%d" % len(body)
        and fields.get(b"connection") in _KEPT
        and fields.keys().isdisjoint(NOT_ORDINARY)
    ):
        return head[1].decode(), fields, body
    return None


class StraightProtocol(ASGIProtocol):
    """One connection."""

    def __init__(self, worker: Any) -> None:
        super().__init__(worker)
        self._can = self._keepalive and not (worker.log.access_log_enabled or self._pre_request or self._post_request)
        self._is_asking = False
        self._following = b""  # what came while an answer was asked for

    def data_received(self, data: bytes) -> None:
        if self._is_asking:
            self._following += data
            if len(self._following) > self._max_buffer_size:
                self._pause_reading()
        elif not self._goes_straight(data):
            super().data_received(data)

    def _goes_straight(self, data: bytes) -> bool:
        """Ask the door, if the read is ordinary and the door has no objection."""
        if not self._is_idle() or len(data) > self.cfg.limit_request_field_size:  # so no field is longer either
            return False
        request = read_ordinary(data)
        if request is None:
            return False
        path, fields, body = request
        if len(fields) > self.cfg.limit_request_fields:
            return False
        asked = self.app.ask(path, fields.get(TICKET, b""), body)
        if asked is None:
            return False
        self._is_asking = True
        self._cancel_keepalive_timer()
        asked[0].add_done_callback(lambda _: self._reply(asked, fields))
        return True

    def _is_idle(self) -> bool:
        """Whether gunicorn's loop waits for a request of which its parser has nothing yet, and may serve another after it."""
        parser, worker = self._callback_parser, self.worker
        return (
            self._awaiting_request
            and self._can
            and worker.alive
            and worker.nr + 1 < worker.max_requests
            and not self._flow_control.write_paused
            and not self._finishing_calls
            and parser.__class__ is PythonProtocol
            and parser._state == "request_line"
            and not parser._empty_line_skipped  # the first thing that it does
            and not parser._buffer
        )

    def _reply(self, asked: Asked, fields: Mapping[bytes, bytes]) -> None:
        # Meanwhile `_handle_connection` has waited for a request, and its parser has seen nothing.
        self._is_asking = False
        status, headers, payload = self.app.reply(asked, fields.items())
        if self._closed:
            return
        self.worker.nr += 1
        stops = not self.worker.alive
        if status == 200 and not stops:
            # The same head as below, made of fewer pieces.
            self._safe_write(b"%s%d\r\n%s%s\r\n%s" % (_OK, len(payload), _SERVER, _get_cached_date_header(), payload))
        else:
            length = (b"content-length", b"%d" % len(payload))
            self._send_response_start(status, [*headers, length], _HTTP_1_1, close=stops)
            self._send_body(payload)
        if stops:
            self._close_transport()
            self._request_ready.set()  # it sees that the connection is closed, and ends
            return
        self._resume_reading()
        self._arm_keepalive_timer()
        following, self._following = self._following, b""
        if following and not self._goes_straight(following):
            super().data_received(following)


class Worker(gasgi.ASGIWorker):
    """Name it as gunicorn's `worker_class`; the application is the door."""

    async def _serve(self) -> None:
        gasgi.ASGIProtocol = StraightProtocol  # in this process; the worker offers no other place to say it
        # asyncio would listen anew for 100 at a time, and of a herd that comes in one moment the rest would try again in seconds.
        self.loop.create_server = partial(self.loop.create_server, backlog=self.cfg.backlog)
        await super()._serve()
