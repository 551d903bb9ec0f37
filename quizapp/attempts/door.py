"""The answer door: an ASGI application that answers `POST /answer` and `POST /submit` itself and leaves the rest to Flask.

An answer costs no thread, no session, no user load and no SQL, and one call of the store that it shares with what comes at
the same time. Flask stands behind it in a bounded number of threads, and clients that send or read slowly hold
memory here, in bounded amounts, but never a thread: so they slow neither pages nor answers down.
"""

import asyncio
import contextlib
import io
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from time import monotonic, perf_counter
from typing import Any

from a2wsgi import WSGIMiddleware
from flask import Flask
from redis.exceptions import RedisError

from quizapp.attempts import answering
from quizapp.attempts.heartbeat import tell_clock, tell_web
from quizapp.attempts.ticket import Ticket, tickets_of
from quizapp.clock import utc_now
from quizapp.config import Settings
from quizapp.counting import counts
from quizapp.errors import QuizError, Unavailable
from quizapp.extensions import grader
from quizapp.grader.cluster import is_cluster
from quizapp.grader.cluster_pipeline import ClusterPipeline
from quizapp.grader.engine import AnswerReply
from quizapp.grader.keys import ShardKeys
from quizapp.grader.pipeline import StorePipeline
from quizapp.log_lines import HEADER, name_for, named

log = logging.getLogger("quizapp.door")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asked = tuple["asyncio.Future[Any]", Callable[[Any], bytes]]
"""The store's reply to come, and what makes the page's reply of it; that may raise QuizError."""
Handler = Callable[[Ticket, bytes], Asked]
Headers = list[tuple[bytes, bytes]]

ANSWER_BODY_S = 10.0
"""How long an answer's body may take to arrive."""
BEAT_S = 1.0
BODY_IDLE_S = 15.0
BODY_S = 120.0
"""How long a page's body (an upload) may pause, and take in all."""
STALLED_READER_S = 30.0
"""How long a reader may take nothing of what waits for it."""
WAITING_PER_THREAD = 16
"""About a second of pages: who comes with a whole company in the opening second waits that long, and is not told to come again."""
MOST_BODIES = 256
MOST_BODY_MEMORY = 64 * 1024 * 1024
DRAINED_BYTES = 32 * 1024 * 1024
"""How much of a body that is too long is taken and thrown away, so that the browser gets to read the refusal."""

TICKET = answering.TICKET_HEADER.lower().encode()
_REQUEST_ID = HEADER.lower().encode()
JSON_HEADERS = [(name.encode(), value.encode()) for name, value in answering.HEADERS]


class Disconnected(Exception):
    """The client went away before its body was complete: nobody waits for a reply."""


class Door:
    """The application for `gunicorn -k asgi wsgi:asgi`."""

    def __init__(self, app: Flask) -> None:
        settings: Settings = app.config["QUIZ_SETTINGS"]
        self._url, self._replicas = settings.store_url, settings.store_replicas
        self._tickets = tickets_of(settings.secret_key)
        self._refusals = answering.Refusals(app)
        self._site = Site(app, threads=settings.web_threads, most_body_bytes=settings.max_upload_bytes)
        self._pipeline: StorePipeline | ClusterPipeline | None = None
        self._handlers: dict[str, Handler] = {"/answer": self._answer, "/submit": self._submit}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            handle = self._handlers.get(scope["path"]) if scope["method"] == "POST" else None
            if handle:
                await self._reply(handle, scope, receive, send)
            elif scope["path"] == "/healthz":
                await _say_alive(scope, send)
            else:
                await self._site(scope, receive, send, self._refuse)
        elif kind == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _reply(
        self,
        handle: Handler,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        header = None
        for name, value in scope["headers"]:
            if name == TICKET:
                header = value
        try:
            ticket = answering.ticket_from(self._tickets, header)
            message = await receive()
            if message["type"] != "http.request" or message.get("more_body"):
                body = await _small_body(message, receive)
            else:
                body = message["body"]
            reply, told = handle(ticket, body)
            payload = told(await reply)
        except QuizError as error:
            counts.refusals[error.code] += 1
            await self._refuse(error, scope, send)
        except Disconnected:
            pass
        except Exception:
            with named(_name_of(scope)):
                log.exception("unexpected")
            await self._refuse(QuizError("unexpected"), scope, send)
        else:
            counts.requests["2xx"] += 1
            headers = [*JSON_HEADERS, (b"content-length", b"%d" % len(payload))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": payload})

    def ask(self, path: str, header: bytes, body: bytes) -> Asked | None:
        """The same for a server that has the whole request in hand and does without ASGI (`installation/web_worker`).

        None: refused before the store is asked, or a fault; asked by ASGI, the same request gets its reply.
        """
        try:
            return self._handlers[path](answering.ticket_from(self._tickets, header), body)
        except Exception:  # ASGI's way meets it again, and tells it
            return None

    def reply(self, asked: Asked, headers: Iterable[tuple[bytes, bytes]]) -> tuple[int, Headers, bytes]:
        """Status, headers but Content-Length, and body, when the store has replied to what a request with `headers` asked."""
        reply, told = asked
        try:
            payload = told(reply.result())
        except QuizError as error:
            counts.refusals[error.code] += 1
            return self._refusal(error, {"headers": headers})
        except Exception:
            scope = {"headers": headers}
            with named(_name_of(scope)):
                log.exception("unexpected")
            return self._refusal(QuizError("unexpected"), scope)
        counts.requests["2xx"] += 1
        return 200, JSON_HEADERS, payload

    def _answer(self, ticket: Ticket, body: bytes) -> Asked:
        begun_s = perf_counter()
        call = answering.call_from(ticket, body)

        def told(reply: AnswerReply) -> bytes:
            payload = answering.answered(call, reply)
            counts.answer_took(perf_counter() - begun_s)
            return payload

        return self._store().answer(ShardKeys(ticket.competition, ticket.shard), call), told

    def _submit(self, ticket: Ticket, body: bytes) -> Asked:
        answering.check_submission(body)
        keys = ShardKeys(ticket.competition, ticket.shard)
        return self._store().submit(keys, ticket.account, ticket.ordinal, ticket.epoch), answering.submitted

    def _store(self) -> StorePipeline | ClusterPipeline:
        # Made in the loop that serves, after gunicorn has forked.
        if self._pipeline is None:
            counts.start()
            if is_cluster(self._url):
                self._pipeline = ClusterPipeline(self._url, self._replicas)
            else:
                self._pipeline = StorePipeline(self._url)
        return self._pipeline

    async def _refuse(self, error: QuizError, scope: Scope, send: Send) -> None:
        status, headers, payload = self._refusal(error, scope)
        headers.append((b"content-length", b"%d" % len(payload)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": payload})

    def _refusal(self, error: QuizError, scope: Scope) -> tuple[int, Headers, bytes]:
        found = {name: value.decode("latin-1") for name, value in scope["headers"]}
        status, payload, headers = self._refusals.reply(error, found.get(b"cookie"), found.get(b"accept-language"))
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        name = _name_of(scope)
        encoded.append((HEADER.lower().encode(), name.encode()))
        counts.replied(status)
        if status >= 500:  # what else is refused here is said in the reply, and counted by its code
            with named(name):
                log.warning("refused code=%s status=%s", error.code, status)
        return status, encoded, payload

    async def _live(self, receive: Receive, send: Send) -> None:
        beating: asyncio.Task[None] | None = None
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.startup":
                beating = asyncio.create_task(_beat())
            if message["type"] == "lifespan.shutdown":
                if beating:
                    beating.cancel()
                if self._pipeline:
                    self._pipeline.close()
                return


async def _beat() -> None:
    """Say once a second that this loop runs and reaches the store: a silence of all web processes is an interruption."""
    told_s = float("-inf")

    def tell() -> None:
        nonlocal told_s
        tell_web(grader.store, grader.now_ms(), silent_s=(now_s := monotonic()) - told_s)
        told_s = now_s
        tell_clock(grader.store, socket.gethostname(), utc_now, grader.now_ms)

    while True:
        with contextlib.suppress(RedisError, Unavailable):  # the silence itself tells it
            await asyncio.to_thread(tell)
        await asyncio.sleep(BEAT_S)


def _name_of(scope: Scope) -> str:
    """The request's name in logs and headers. One that is served has none here: making it would cost each answer."""
    found: str | None = scope.get("quiz.request_id")
    if found is None:
        given = next((value for name, value in scope["headers"] if name == _REQUEST_ID), b"")
        found = scope["quiz.request_id"] = name_for(given.decode("latin-1"))
    return found


async def _say_alive(scope: Scope, send: Send) -> None:
    """`/healthz` without a thread, so that pages that wait for a store which hangs don't make the process look dead."""
    status, body = (200, b"ok\n") if scope["method"] in ("GET", "HEAD") else (405, b"")
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"content-length", b"%d" % len(body)),
    ]
    counts.replied(status)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def _small_body(message: Message, receive: Receive) -> bytes:
    """The rest of an answer's body, which mostly came with its headers. Raises QuizError or Disconnected."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(ANSWER_BODY_S):
            while True:
                if message["type"] != "http.request":
                    raise Disconnected
                part = message.get("body", b"")
                parts.append(part)
                size += len(part)
                if size > answering.MOST_BODY_BYTES:
                    raise answering.too_large()
                if not message.get("more_body"):
                    return b"".join(parts)
                message = await receive()
    except TimeoutError:
        raise Disconnected from None


class _Slot:
    """A place among the requests that wait for a thread or hold one; given back once, however the request ends."""

    def __init__(self, site: "Site") -> None:
        self.site = site
        self.begun = False
        self._held = True
        site.in_flight += 1

    def release(self) -> None:
        if self._held:
            self._held = False
            self.site.in_flight -= 1


class Site:
    """Flask behind the door, with what a2wsgi leaves out: limits in time, size and number, and refusals at once."""

    def __init__(self, app: Flask, *, threads: int, most_body_bytes: int) -> None:
        self._app = app
        self._most_in_flight = threads * WAITING_PER_THREAD
        self._most_body_bytes = most_body_bytes
        self.in_flight = 0
        self._bodies = 0
        self._body_memory = 0
        # A queue without bound between thread and socket: a page is in memory anyway, and a thread that waited for a
        # reader would be lost to everybody else (twelve such readers stopped the site).
        self._flask = WSGIMiddleware(self._run, workers=threads, send_queue_size=0)  # type: ignore[arg-type]

    async def __call__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        refuse: Callable[[QuizError, Scope, Send], Awaitable[None]],
    ) -> None:
        size = 0
        try:
            body = await self._body(scope, receive)
            size = len(body)
            if self.in_flight >= self._most_in_flight:
                raise Unavailable("overloaded")
            await self._serve({**scope, "quiz.body": body}, receive, send)
        except QuizError as error:
            await refuse(error, scope, send)
        except Disconnected:
            return
        except TimeoutError:
            with named(_name_of(scope)):
                log.info("a reader stalled path=%s", scope["path"])
        finally:
            self._body_memory -= size

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body, before a thread is taken; it counts in `_body_memory` until the request is over.

        One that is longer than any upload may be is thrown away; Flask then refuses it by its Content-Length.
        Raises Unavailable and Disconnected.
        """
        if not _has_body(scope):
            return b""
        if self._bodies >= MOST_BODIES:
            raise Unavailable("overloaded")
        self._bodies += 1
        parts: list[bytes] = []
        size = taken = 0
        try:
            async with asyncio.timeout(BODY_S):
                more = True
                while more and taken <= DRAINED_BYTES:
                    async with asyncio.timeout(BODY_IDLE_S):
                        message = await receive()
                    if message["type"] != "http.request":
                        raise Disconnected
                    part = message.get("body", b"")
                    more = message.get("more_body", False)
                    taken += len(part)
                    if taken > self._most_body_bytes:
                        self._body_memory -= size
                        size = 0
                        parts.clear()
                        continue
                    if self._body_memory + len(part) > MOST_BODY_MEMORY:
                        raise Unavailable("overloaded")
                    parts.append(part)
                    size += len(part)
                    self._body_memory += len(part)
            _note_length(scope, taken)
            body, size = b"".join(parts), 0
            return body
        except TimeoutError:
            raise Disconnected from None
        finally:
            self._body_memory -= size
            self._bodies -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def bounded_send(message: Message) -> None:
            async with asyncio.timeout(STALLED_READER_S):
                await send(message)

        slot = scope["quiz.slot"] = _Slot(self)
        _name_of(scope)  # Flask goes on with it
        scope["quiz.loop"] = asyncio.get_running_loop()
        try:
            await self._flask(scope, receive, bounded_send)  # type: ignore[arg-type]
        finally:
            if not slot.begun:  # the client went away while the request still waited for a thread
                slot.release()

    def _run(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        """Flask, in a thread. The slot is free as soon as Flask is done, whoever still reads."""
        scope: Scope = environ["asgi.scope"]
        slot: _Slot = scope["quiz.slot"]
        slot.begun = True
        environ["wsgi.input"] = io.BytesIO(scope["quiz.body"])
        try:
            pages = self._app(environ, start_response)
            try:
                yield from pages
            finally:
                if close := getattr(pages, "close", None):
                    close()
        finally:
            scope["quiz.loop"].call_soon_threadsafe(slot.release)


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def _note_length(scope: Scope, taken: int) -> None:
    """Give a body that came in chunks the length that WSGI asks for."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"transfer-encoding"]
    if not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", b"%d" % taken))
    scope["headers"] = headers
