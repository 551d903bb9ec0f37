"""People who answer as a browser does: an answer that was not acknowledged is sent again, the same, until it is.

They run in a process of their own, each on a connection of their own with one answer always on its way. They keep what
was acknowledged, so that it can be compared with what is recorded.
"""

import asyncio
import multiprocessing
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import msgspec
import uvloop

from quizapp.rehearsals.line import KeptLine, answer_request, submit_request
from tests.load.participants import PATIENCE_S, Participant


@dataclass
class Story:
    """What happened. `last`: by account and position the sequence and choice acknowledged last; `scores` by account."""

    acknowledged: int = 0
    resent: int = 0
    unexpected: list[str] = field(default_factory=list)
    last: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    scores: dict[int, int] = field(default_factory=dict)
    unavailable_s: float = 0.0


class Crowd:
    """The process of the people. `in_flight` asks how many answers are on their way just now."""

    def __init__(self, port: int, participants: Sequence[Participant], seed: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, there = context.Pipe()
        self._process = context.Process(target=_work, args=(port, list(participants), seed, there))
        self._process.start()
        there.close()

    def in_flight(self) -> int:
        """How many answers have been sent and not replied to."""
        self._line.send("in flight")
        count: int = self._line.recv()
        return count

    def acknowledged(self) -> int:
        """How many answers have been acknowledged so far."""
        self._line.send("acknowledged")
        count: int = self._line.recv()
        return count

    def last(self) -> dict[tuple[int, int], tuple[int, int]]:
        """By account and position, the sequence and choice that have been acknowledged last so far."""
        self._line.send("last")
        last: dict[tuple[int, int], tuple[int, int]] = self._line.recv()
        return last

    def finish(self) -> Story:
        """Let everybody have their last answer acknowledged and submit; returns what happened."""
        self._line.send("finish")
        story: Story = self._line.recv()
        self._process.join(30)
        return story

    def end(self) -> None:
        """Make sure that the process is gone."""
        self._line.close()
        if self._process.is_alive():
            self._process.kill()
        self._process.join(10)


class _People:
    def __init__(self, port: int, seed: int) -> None:
        self.port = port
        self.chance = random.Random(seed)
        self.story = Story()
        self.finishing = asyncio.Event()
        self.in_flight = 0
        self._last_s = time.monotonic()

    async def ask(self, line: KeptLine, request: bytes, expect: bytes) -> bytes | None:
        """Ask until the reply holds what is expected; None if it is a refusal that asking again can't change."""
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up:
            self.in_flight += 1
            try:
                async with asyncio.timeout(60):
                    status, _, body = await line.ask(request)
            except (OSError, EOFError, TimeoutError, ValueError):
                line.close()
                status, body = 0, b""
            finally:
                self.in_flight -= 1
            if status == 200 and expect in body:
                now = time.monotonic()
                self.story.unavailable_s = max(self.story.unavailable_s, now - self._last_s)
                self._last_s = now
                return body
            if status and status < 500 and status != 429:
                self.story.unexpected.append(f"{status} {body[:200]!r}")
                return None
            self.story.resent += 1
            await asyncio.sleep(self.chance.uniform(0.05, 0.3))
        self.story.unexpected.append("no reply for minutes")
        return None

    async def answer(self, who: Participant) -> None:
        line = KeptLine(self.port)
        sequence = 0
        try:
            while not self.finishing.is_set():
                sequence += 1
                position = self.chance.randint(1, len(who.letters))
                chosen = 1 << self.chance.randrange(who.letters[position - 1])
                request = answer_request(who.ticket, position, chosen, sequence)
                if await self.ask(line, request, b'"saved"') is None:
                    return
                self.story.acknowledged += 1
                self.story.last[who.account, position] = (sequence, chosen)
            if (reply := await self.ask(line, submit_request(who.ticket), b'"submitted"')) is not None:
                self.story.scores[who.account] = msgspec.json.decode(reply)["score"]
        finally:
            line.close()


async def _play(port: int, participants: list[Participant], seed: int, line: Connection) -> None:
    people = _People(port, seed)
    tasks = [asyncio.create_task(people.answer(who)) for who in participants]
    while not people.finishing.is_set():
        if line.poll():
            match line.recv():
                case "in flight":
                    line.send(people.in_flight)
                case "acknowledged":
                    line.send(people.story.acknowledged)
                case "last":
                    line.send(people.story.last)
                case _:
                    people.finishing.set()
        await asyncio.sleep(0.005)
    await asyncio.gather(*tasks)
    line.send(people.story)


def _work(port: int, participants: list[Participant], seed: int, line: Connection) -> None:
    uvloop.run(_play(port, participants, seed, line))
