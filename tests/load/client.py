"""Simulated participants on keep-alive connections: raw asyncio, so that the client costs little beside the server.

It runs in a process of its own. Each answer is sent once and is acknowledged when the reply says `saved`.
"""

import asyncio
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import cast

import uvloop

Call = tuple[tuple[int, int, int], bytes]
"""What a request stands for (account, position, chosen; position 0: none) and its bytes."""


@dataclass
class Plan:
    """`rate` of 0: as fast as replies come (closed loop). Otherwise so many a second, each due at its own time, whether or
    not earlier ones have been answered; the time a request waited for a free connection counts in its latency."""

    port: int
    connections: int
    seconds: float
    calls: Sequence[Call]
    rate: float = 0.0
    expect: bytes = b'"saved"'


@dataclass
class Outcome:
    """`used`: how many of the plan's calls were sent; `acknowledged`: what they stood for; latencies in ms."""

    seconds: float = 0.0
    used: int = 0
    acknowledged: list[tuple[int, int, int]] = field(default_factory=list)
    refused: int = 0
    first_refusal: bytes = b""
    latencies_ms: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.acknowledged) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


class Line(asyncio.Protocol):
    """One connection with at most one request on its way."""

    def __init__(self, done: Callable[["Line", bytes], None], lost: Callable[["Line"], None]) -> None:
        self._done, self._lost = done, lost
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.call: Call | None = None
        self.since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class is not registered as one

    def send(self, call: Call, since: float) -> None:
        self.call, self.since = call, since
        assert self._transport is not None
        self._transport.write(call[1])

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length:")
        size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + size:
            return
        reply, self._buffer = self._buffer[: end + 4 + size], self._buffer[end + 4 + size :]
        self._done(self, reply)

    def connection_lost(self, _: Exception | None) -> None:
        self._lost(self)

    def close(self) -> None:
        if self._transport:
            self._transport.close()


async def play(plan: Plan) -> Outcome:
    """Do what the plan says, wait for the last reply, and tell."""
    loop = asyncio.get_running_loop()
    outcome = Outcome()
    calls: Iterator[Call] = iter(plan.calls)
    finished = asyncio.Event()
    idle: deque[Line] = deque()
    waiting: deque[tuple[Call, float]] = deque()
    busy = 0
    begun = end = time.perf_counter()
    over = False

    def next_call() -> Call | None:
        nonlocal over
        if over or time.perf_counter() - begun >= plan.seconds:
            over = True
            return None
        call = next(calls, None)
        over = over or call is None
        outcome.used += call is not None
        return call

    def give(line: Line, call: Call, since: float) -> None:
        nonlocal busy
        busy += 1
        line.send(call, since)

    def done(line: Line, reply: bytes) -> None:
        nonlocal busy, end
        busy -= 1
        end = time.perf_counter()
        outcome.latencies_ms.append((end - line.since) * 1000)
        assert line.call is not None
        if reply.startswith(b"HTTP/1.1 200") and plan.expect in reply:
            outcome.acknowledged.append(line.call[0])
        else:
            outcome.refused += 1
            outcome.first_refusal = outcome.first_refusal or reply[:600]
        if plan.rate:
            if waiting:
                give(line, *waiting.popleft())
            else:
                idle.append(line)
        elif call := next_call():
            give(line, call, time.perf_counter())
        if over and not busy and not waiting:
            finished.set()

    def lost(line: Line) -> None:
        nonlocal busy
        if line.call is not None and not finished.is_set():
            outcome.refused += 1
            busy -= 1
            outcome.first_refusal = outcome.first_refusal or b"connection lost"
            if not busy:
                finished.set()

    lines = []
    for _ in range(plan.connections):
        _, line = await loop.create_connection(lambda: Line(done, lost), "127.0.0.1", plan.port)
        lines.append(line)
    begun = time.perf_counter()
    if plan.rate:
        idle.extend(lines)
        due = begun
        while call := next_call():
            due += 1 / plan.rate
            if (pause := due - time.perf_counter()) > 0.0005:
                await asyncio.sleep(pause)
            if idle:
                give(idle.popleft(), call, due)
            else:
                waiting.append((call, due))
        over = True
        if not busy and not waiting:
            finished.set()
    else:
        for line in lines:
            if call := next_call():
                give(line, call, time.perf_counter())
        if not busy:  # there were no calls left
            finished.set()
    await asyncio.wait_for(finished.wait(), plan.seconds + 60)
    outcome.seconds = end - begun
    for line in lines:
        line.call = None
        line.close()
    return outcome


def _work(plan: Plan, results: Connection) -> None:
    results.send(uvloop.run(play(plan)))


def run(plan: Plan) -> Outcome:
    """Play the plan in a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(plan, there))
    process.start()
    there.close()
    outcome: Outcome = here.recv()
    process.join()
    return outcome
