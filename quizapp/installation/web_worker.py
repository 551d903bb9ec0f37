"""gunicorn's ASGI worker, except that an ordinary answer goes to the door straight from the parser and its reply straight back.

Ordinary is a whole `POST /answer` or `/submit` that came in one read, on a connection that does nothing else at the time.
Whatever else goes gunicorn's own way, unchanged: a body in parts or chunks, Expect, Upgrade, Connection: close, HTTP/1.0, a
worker that stops or is to be replaced, hooks, an access log, a client that doesn't read, and what the door would refuse
before it asks the store. Parser, limits, keep-alive and graceful stop are gunicorn's in both cases.

Why: gunicorn's task, scope, events and callables for each request cost about as much as answering it. In one process,
without sockets and store, an answer takes 64 µs of CPU by this way, 118 by ASGI (with a browser's headers 125 and 189), and
gunicorn's ASGI hello world 90 (161): most of what is left is its parser.
"""

from functools import partial
from types import SimpleNamespace
from typing import Any

from gunicorn.asgi.protocol import _CACHED_SERVER_HEADER as _SERVER
from gunicorn.asgi.protocol import ASGIProtocol, _get_cached_date_header
from gunicorn.workers import gasgi

from quizapp.attempts.answering import MOST_BODY_BYTES
from quizapp.attempts.door import JSON_HEADERS, TICKET, Asked

PATHS = {b"/answer": "/answer", b"/submit": "/submit"}
# Whoever sends one of these wants more than an answer's reply, or has to be looked at by gunicorn's rules for proxies.
NOT_ORDINARY = frozenset((b"expect", b"upgrade", b"transfer-encoding", b"x-forwarded-ssl", b"x-forwarded-protocol"))
_HTTP_1_1 = SimpleNamespace(version=(1, 1))
_OK = b"HTTP/1.1 200 OK\r\n%scontent-length: " % b"".join(b"%s: %s\r\n" % header for header in JSON_HEADERS)


class StraightProtocol(ASGIProtocol):
    """One connection."""

    def __init__(self, worker: Any) -> None:
        super().__init__(worker)
        self._can = not (worker.log.access_log_enabled or self._pre_request or self._post_request)
        self._parts: list[bytes] | None = None  # the body so far of a request that may go straight
        self._ticket = b""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._parts is not None:
            self._go_gunicorns_way()  # the rest of its body comes later

    def _on_headers_complete(self) -> bool:
        if self._is_ordinary():
            self._parts = []
            return False
        return bool(super()._on_headers_complete())

    def _is_ordinary(self) -> bool:
        parser, worker = self._callback_parser, self.worker
        if parser.path not in PATHS or parser.method != b"POST" or not self._can:
            return False
        if not (self._awaiting_request and self._keepalive and worker.alive and worker.nr + 1 < worker.max_requests):
            return False
        if self._flow_control.write_paused or self._finishing_calls:
            return False
        if not parser.should_keep_alive or parser.http_version != (1, 1):
            return False
        if (parser.content_length or 0) > MOST_BODY_BYTES:
            return False
        self._ticket = b""
        for name, value in parser.headers:
            if name == TICKET:
                self._ticket = value
            elif name in NOT_ORDINARY or b"_" in name:
                return False
        return True

    def _on_body(self, chunk: bytes) -> None:
        if self._parts is None:
            super()._on_body(chunk)
        else:
            self._parts.append(chunk)

    def _on_message_complete(self) -> None:
        if self._parts is not None:
            parser = self._callback_parser
            asked = self.app.ask(PATHS[parser.path], self._ticket, b"".join(self._parts))
            if asked is not None:
                self._parts = None
                self._cancel_keepalive_timer()
                asked[0].add_done_callback(lambda _: self._reply(asked))
                return
            self._go_gunicorns_way()
        super()._on_message_complete()

    def _go_gunicorns_way(self) -> None:
        parts, self._parts = self._parts or [], None
        super()._on_headers_complete()
        for part in parts:
            super()._on_body(part)

    def _reply(self, asked: Asked) -> None:
        # Meanwhile the parser has kept what came after this request, and `_handle_connection` waits for its next one.
        parser = self._callback_parser
        status, headers, payload = self.app.reply(asked, parser.headers)
        if self._closed:
            return
        self.worker.nr += 1
        stops = not self.worker.alive or parser.remaining_truncated
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
        following = parser.remaining()
        parser.reset()
        self._arm_keepalive_timer()
        if following:
            self.data_received(following)


class Worker(gasgi.ASGIWorker):
    """Name it as gunicorn's `worker_class`; the application is the door."""

    async def _serve(self) -> None:
        gasgi.ASGIProtocol = StraightProtocol  # in this process; the worker offers no other place to say it
        # asyncio would listen anew for 100 at a time, and of a herd that comes in one moment the rest would try again in seconds.
        self.loop.create_server = partial(self.loop.create_server, backlog=self.cfg.backlog)
        await super()._serve()
