"""The answer door's own connection to the store: what arrives while a write waits for its replies leaves in the next one.

Answers of one shard share a call of the answer script, so that under load a round trip serves many: the busier the store,
the more of them, and the less each costs (half, among 16). Nobody waits longer for it, because the store takes one after
the other anyway. Nothing is repeated here: when the connection breaks, whoever waits gets Unavailable and asks again, which
every script allows for.
"""

import asyncio
import logging
import ssl
from collections import deque
from typing import Any, Protocol

import hiredis
from redis.connection import SSLConnection, parse_url

from quizapp.errors import Unavailable
from quizapp.grader.engine import (
    AnswerCall,
    AnswerReply,
    SubmitReply,
    answer_arguments,
    answer_reply,
    submit_arguments,
    submit_reply,
)
from quizapp.grader.keys import ShardKeys
from quizapp.grader.scripts import Script, script

log = logging.getLogger("quizapp.grader")
CONNECT_TIMEOUT_S = 1.0
REPLY_TIMEOUT_S = 2.0
LONGEST_PAUSE_S = 1.0
SHORTEST_PAUSE_S = 0.05
MOST_WAITING = 2000
"""Calls that wait for the store at a time; beyond it people are told to come again at once, not after a timeout."""
MOST_IN_A_CALL = 32
"""Attempts in one call of the script: it keeps the store busy for about a millisecond, and no longer."""


class _Command(Protocol):
    """Something that was sent, and who waits for its reply."""

    def pack(self, *, whole: bool) -> bytes: ...
    def settle(self, reply: Any) -> None: ...
    def fail(self, error: Exception) -> None: ...
    def __len__(self) -> int: ...


def _pack(*words: Any) -> bytes:
    packed: bytes = hiredis.pack_command(words)
    return packed


def _pack_call(step: Script, keys: list[str], values: list[Any], whole: bool) -> bytes:
    if whole:
        return _pack("EVAL", step.text, len(keys), *keys, *values)
    return _pack("EVALSHA", step.digest, len(keys), *keys, *values)


class _Answers:
    """One call of the answer script: at most one call an attempt, because the script reads all before it writes."""

    def __init__(self, keys: ShardKeys) -> None:
        self.keys = keys
        self.attempts: set[tuple[int, int]] = set()
        self.calls: list[AnswerCall] = []
        self.waiting: list[asyncio.Future[AnswerReply]] = []

    def takes(self, call: AnswerCall) -> bool:
        return len(self.calls) < MOST_IN_A_CALL and (call.account, call.ordinal) not in self.attempts

    def add(self, call: AnswerCall, future: asyncio.Future[AnswerReply]) -> None:
        self.attempts.add((call.account, call.ordinal))
        self.calls.append(call)
        self.waiting.append(future)

    def pack(self, *, whole: bool) -> bytes:
        return _pack_call(script("answer"), *answer_arguments(self.keys, self.calls), whole)

    def settle(self, reply: Any) -> None:
        now_ms = reply[0]
        for future, each in zip(self.waiting, reply[1:], strict=True):
            if not future.done():
                try:
                    future.set_result(answer_reply(now_ms, each))
                except Unavailable as error:
                    future.set_exception(error)

    def fail(self, error: Exception) -> None:
        for future in self.waiting:
            if not future.done():
                future.set_exception(error)

    def __len__(self) -> int:
        return len(self.waiting)


class _Submission:
    """One call of the submit script."""

    def __init__(self, keys: ShardKeys, account: int, ordinal: int, epoch: int, future: asyncio.Future[SubmitReply]):
        self.keys = keys
        self.arguments = submit_arguments(keys, account, ordinal, epoch)
        self.future = future

    def pack(self, *, whole: bool) -> bytes:
        return _pack_call(script("submit"), *self.arguments, whole)

    def settle(self, reply: Any) -> None:
        if not self.future.done():
            try:
                self.future.set_result(submit_reply(reply))
            except Unavailable as error:
                self.future.set_exception(error)

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)

    def __len__(self) -> int:
        return 1


class _Greeting:
    """What a new connection begins with: AUTH, SELECT, the scripts."""

    def __init__(self, words: tuple[Any, ...], future: asyncio.Future[None]) -> None:
        self.words, self.future = words, future

    def pack(self, *, whole: bool) -> bytes:
        return _pack(*self.words)

    def settle(self, reply: Any) -> None:
        if not self.future.done():
            self.future.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)

    def __len__(self) -> int:
        return 0


class _Line(asyncio.Protocol):
    """One connection; it knows its pipeline until either gives up."""

    def __init__(self, pipeline: "StorePipeline") -> None:
        self.pipeline = pipeline
        self.reader = hiredis.Reader(encoding="utf-8")

    def data_received(self, data: bytes) -> None:
        self.pipeline.received(self, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.pipeline.lost(self, exc)


class StorePipeline:
    """Answers and submits for one event loop; connects at the first call."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._address: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
        self._line: _Line | None = None
        self._transport: asyncio.Transport | None = None
        self._ready = False
        self._connecting: asyncio.Task[None] | None = None
        self._pause_s = SHORTEST_PAUSE_S
        self._not_before = 0.0
        self._queue: list[_Command] = []
        self._open_batches: dict[ShardKeys, _Answers] = {}
        self._sent: deque[tuple[float, _Command]] = deque()
        self._waiting = 0
        self._flush_is_due = False
        self._watch: asyncio.TimerHandle | None = None

    # what people ask

    def answer(self, keys: ShardKeys, call: AnswerCall) -> "asyncio.Future[AnswerReply]":
        """Save an attempt's answers. Raises Unavailable, at once or as the future's exception."""
        self._admit()
        batch = self._open_batches.get(keys)
        if batch is None or not batch.takes(call):
            batch = self._open_batches[keys] = _Answers(keys)
            self._queue.append(batch)
        future: asyncio.Future[AnswerReply] = self._loop.create_future()
        batch.add(call, future)
        self._waiting += 1
        return future

    def submit(self, keys: ShardKeys, account: int, ordinal: int, epoch: int) -> "asyncio.Future[SubmitReply]":
        """End and grade an attempt. Raises Unavailable, at once or as the future's exception."""
        self._admit()
        future: asyncio.Future[SubmitReply] = self._loop.create_future()
        # What was asked for before stays before: answers that come later begin a call of their own.
        self._open_batches.pop(keys, None)
        self._queue.append(_Submission(keys, account, ordinal, epoch, future))
        self._waiting += 1
        return future

    def close(self) -> None:
        """Give the connection back; who still waits gets Unavailable."""
        if self._connecting:
            self._connecting.cancel()
        self._drop(Unavailable())

    def _admit(self) -> None:
        if self._waiting >= MOST_WAITING:
            raise Unavailable("overloaded", retry_after_s=1)
        if not self._ready and self._connecting is None:
            if self._loop.time() < self._not_before:
                raise Unavailable()
            self._connecting = self._loop.create_task(self._connect())
        if not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_is_due = False
        if self._ready and self._queue and not self._sent:
            self._open_batches.clear()
            self._send(self._queue)
            self._queue = []

    def _send(self, commands: list[_Command], *, whole: bool = False) -> None:
        assert self._transport is not None
        now = self._loop.time()
        packed = []
        for command in commands:
            packed.append(command.pack(whole=whole))
            self._sent.append((now, command))
        self._transport.write(b"".join(packed))
        if self._watch is None:
            self._watch = self._loop.call_later(REPLY_TIMEOUT_S, self._look_at_the_clock)

    # the connection

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._dial()
        except (OSError, TimeoutError, Unavailable) as error:
            log.error("store_unavailable step=connect error=%s", error)
            self._not_before = self._loop.time() + self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            self._drop(Unavailable())
        else:
            self._ready = True
            self._pause_s = SHORTEST_PAUSE_S
            self._flush()
        finally:
            self._connecting = None

    async def _dial(self) -> None:
        address = self._address
        line = _Line(self)
        if path := address.get("path"):
            transport, _ = await self._loop.create_unix_connection(lambda: line, path)
        else:
            context = None
            if address.get("connection_class") is SSLConnection:
                context = ssl.create_default_context(cafile=address.get("ssl_ca_certs"))
            host, port = address.get("host", "localhost"), address.get("port", 6379)
            transport, _ = await self._loop.create_connection(lambda: line, host, port, ssl=context)
        self._line, self._transport = line, transport
        greetings: list[tuple[Any, ...]] = []
        if password := address.get("password"):
            username = address.get("username")
            greetings.append(("AUTH", username, password) if username else ("AUTH", password))
        if db := address.get("db"):
            greetings.append(("SELECT", db))
        # So that no call is asked twice, and what is asked together stays in order; NOSCRIPT is left to a flush.
        greetings += [("SCRIPT", "LOAD", script(name).text) for name in ("answer", "submit")]
        done: list[asyncio.Future[None]] = [self._loop.create_future() for _ in greetings]
        self._send([_Greeting(words, future) for words, future in zip(greetings, done, strict=True)])
        await asyncio.gather(*done)

    def received(self, line: _Line, data: bytes) -> None:
        """Settle what the bytes complete, in the order in which it was asked."""
        if line is not self._line:
            return
        try:
            line.reader.feed(data)
            while (reply := line.reader.gets()) is not False:
                _, command = self._sent.popleft()
                if not isinstance(reply, hiredis.ReplyError):
                    self._waiting -= len(command)
                    command.settle(reply)
                elif str(reply).startswith("NOSCRIPT"):
                    self._send([command], whole=True)
                else:
                    self._waiting -= len(command)
                    self._refused(command, str(reply))
        except Exception:
            log.exception("the store's replies make no sense")
            self._drop(Unavailable())
        self._flush()

    def _refused(self, command: _Command, text: str) -> None:
        # A full disk, no memory, a replica, a fault in the script: nothing is promised to anybody.
        log.error("store_unavailable step=reply error=%s", text[:200])
        command.fail(Unavailable())

    def lost(self, line: _Line, error: Exception | None) -> None:
        """The connection is gone: what was sent may have happened or not, and who waits must ask again."""
        if line is self._line:
            log.error("store_unavailable step=connection error=%s", error)
            self._drop(Unavailable())

    def _look_at_the_clock(self) -> None:
        self._watch = None
        if not self._sent:
            return
        late_in = self._sent[0][0] + REPLY_TIMEOUT_S - self._loop.time()
        if late_in > 0:
            self._watch = self._loop.call_later(late_in, self._look_at_the_clock)
        else:
            log.error("store_unavailable step=timeout waiting=%s", self._waiting)
            self._drop(Unavailable())

    def _drop(self, error: Exception) -> None:
        transport, self._transport, self._line, self._ready = self._transport, None, None, False
        if transport is not None:
            transport.abort()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        commands = [command for _, command in self._sent] + self._queue
        self._sent.clear()
        self._queue = []
        self._open_batches.clear()
        self._waiting = 0
        for command in commands:
            command.fail(error)
