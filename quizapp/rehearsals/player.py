"""Simulated participants, as people are: each has a session and a keep-alive connection of their own, opens the competition's
page, starts, opens the paper, thinks, answers, changes some answers and sends some twice, submits, and looks at the result.

All come from one address, as behind a company's. What is told to come later comes later, as the page's script does. As a
program of its own (`python -m quizapp.rehearsals.player`) it reads one command a line and writes one reply a line, so that
a rehearsal can use as many processes as it likes; it ends when its input does.
"""

import asyncio
import os
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import uvloop

from quizapp.installation.children import end_with_parent
from quizapp.rehearsals.line import BROWSER_HEADERS, KeptLine, answer_request, submit_request

CHANGED, SENT_TWICE = 0.15, 0.02  # of all answers
PATIENCE_S = 300.0
REPLY_S = 60.0
PROGRESS_S = 5.0
STEPS = ("competition", "start", "page", "paper", "answer", "submit", "result")


@dataclass(frozen=True)
class Visitor:
    """Somebody who is signed in: `headers` hold the session, `token` goes with what changes something."""

    account: int
    headers: str
    token: str


@dataclass
class Story:
    """What happened: a (step, second, milliseconds) for each request that got through, how often one was to come again by
    the reason, what never got through, and what was acknowledged: the last choice and the score that was shown.

    `unsure` are the places where an answer was sent and nothing came back for good: it may have been recorded.
    """

    requests: list[tuple[str, float, float]] = field(default_factory=list)
    again: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    chosen: dict[tuple[int, int], int] = field(default_factory=dict)
    unsure: set[tuple[int, int]] = field(default_factory=set)
    scores: dict[int, int] = field(default_factory=dict)
    answers: int = 0

    def latencies_ms(self, step: str) -> list[float]:
        """In order."""
        return sorted(ms for each, _, ms in self.requests if each == step)


class GaveUp(Exception):
    """A reply that asking again can't change, or none for too long."""


class Person:
    """One participant at the competition, and what is known of the paper: the letters of each position."""

    def __init__(self, port: int, competition: int, visitor: Visitor, story: Story, chance: random.Random) -> None:
        self._visitor, self._story, self._chance = visitor, story, chance
        self._path = b"/competitions/%d" % competition
        self._line = KeptLine(port)
        self._ticket = ""
        self._letters: list[int] = []
        self._sequence = 0
        self.gave_up = False

    async def enter(self) -> None:
        """From the competition's page to the open paper. Raises GaveUp, as all steps do."""
        await self._ask("competition", self._request(b"GET", b""))
        await self._ask("start", self._request(b"POST", b"/start"), status=303)
        await self._ask("page", self._request(b"GET", b"/answering"))
        paper = msgspec.json.decode(await self._ask("paper", self._request(b"POST", b"/open")))
        self._ticket = paper["ticket"]
        self._letters = [len(place["options"]) for place in paper["positions"]]

    async def answer_all(self, think_s: float) -> None:
        """Every position in order, thinking for so long in the mean before each answer."""
        for position in range(1, len(self._letters) + 1):
            for _ in range(2 if self._chance.random() < CHANGED else 1):
                await asyncio.sleep(self._chance.expovariate(1 / think_s) if think_s else 0)
                await self.answer(position, times=2 if self._chance.random() < SENT_TWICE else 1)

    async def answer(self, position: int = 0, *, times: int = 1, since: float = 0) -> None:
        """Answer a position (0: any) by chance. `since`: from when on its latency counts, now if left out."""
        position = position or self._chance.randint(1, len(self._letters))
        place = (self._visitor.account, position)
        self._sequence += 1
        chosen = 1 << self._chance.randrange(self._letters[position - 1])
        request = answer_request(self._ticket, position, chosen, self._sequence, more=BROWSER_HEADERS)
        for _ in range(times):
            self._story.unsure.add(place)
            await self._ask("answer", request, expect=b'"saved"', since=since)
            self._story.unsure.discard(place)
            self._story.chosen[place] = chosen
            self._story.answers += 1

    async def submit(self) -> None:
        """Submit, and look at the result."""
        ended = await self._ask("submit", submit_request(self._ticket))
        self._story.scores[self._visitor.account] = msgspec.json.decode(ended)["score"]
        await self._ask("result", self._request(b"GET", b"/result"))

    @property
    def has_paper(self) -> bool:
        """Whether the paper has been opened."""
        return bool(self._ticket)

    def leave(self) -> None:
        """Close the connection."""
        self._line.close()

    def _request(self, method: bytes, path: bytes) -> bytes:
        token = b"X-CSRFToken: %s\r\nContent-Length: 0\r\n" % self._visitor.token.encode() if method == b"POST" else b""
        head = b"%s %s%s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s%s\r\n"
        return head % (method, self._path, path, self._visitor.headers.encode(), BROWSER_HEADERS, token)

    async def _ask(
        self, step: str, request: bytes, *, status: int = 200, expect: bytes = b"", since: float = 0
    ) -> bytes:
        begun = since or time.perf_counter()
        give_up = time.perf_counter() + PATIENCE_S
        while time.perf_counter() < give_up:
            try:
                async with asyncio.timeout(REPLY_S):
                    found, head, body = await self._line.ask(request)
            except (OSError, EOFError, ValueError):
                # TimeoutError is an OSError. It may have arrived: what is sent again is the same.
                self._line.close()
                found, head, body = 0, b"", b""
            if found == status and expect in body:
                now = time.perf_counter()
                self._story.requests.append((step, now, (now - begun) * 1000))
                return body
            if found not in (0, 429, 503):
                raise GaveUp(f"{step}: {found} {body[:200]!r}")
            self._story.again[f"{step}: {found or 'connection lost'}"] += 1
            wait_s = int(head.partition(b"retry-after:")[2].split(b"\r\n", 1)[0] or 1)
            await asyncio.sleep(wait_s * self._chance.uniform(1, 1.5))
        raise GaveUp(f"{step}: nothing within {PATIENCE_S:.0f} s")


class Crowd:
    """People who do the same thing together, step by step; who gave up once takes no further part."""

    def __init__(self, port: int, competition: int, visitors: Sequence[Visitor], seed: int) -> None:
        self._chance = random.Random(seed)
        self.story = Story()
        self._people = [Person(port, competition, visitor, self.story, self._chance) for visitor in visitors]

    @property
    def papers(self) -> int:
        """How many have a paper."""
        return sum(person.has_paper for person in self._people)

    async def begin(self, within_s: float, think_s: float) -> None:
        """Everybody arrives within so many seconds, opens the paper, and answers every position."""

        async def go(person: Person) -> None:
            await asyncio.sleep(self._chance.uniform(0, within_s))
            await person.enter()
            await person.answer_all(think_s)

        await self._all(go)

    async def answer_at_once(self, seconds: float, connections: int) -> None:
        """So many people answer as fast as replies come."""
        end = time.perf_counter() + seconds

        async def hurry(person: Person) -> None:
            while time.perf_counter() < end:
                await person.answer()

        await self._all(hurry, most=connections)

    async def answer_at(self, rate: float, seconds: float) -> None:
        """Everybody thinks by chance before each answer, so that together it is `rate` a second. Each answer is due at its own
        time, whether or not the earlier one was answered: what it waited for that counts in its latency."""
        end = time.perf_counter() + seconds
        there = [person for person in self._people if not person.gave_up]

        async def think(person: Person) -> None:
            due = time.perf_counter()
            while (due := due + self._chance.expovariate(rate / len(there))) < end:
                if (pause := due - time.perf_counter()) > 0:
                    await asyncio.sleep(pause)
                await person.answer(since=due)

        await self._all(think)

    async def submit(self, within_s: float) -> None:
        """Everybody changes one more answer and submits, within so many seconds."""

        async def finish(person: Person) -> None:
            await asyncio.sleep(self._chance.uniform(0, within_s))
            await person.answer()
            await person.submit()

        await self._all(finish)

    async def _all(self, act: Callable[[Person], Awaitable[None]], most: int | None = None) -> None:
        async def safely(person: Person) -> None:
            try:
                await act(person)
            except GaveUp as gave_up:
                person.gave_up = True
                person.leave()
                self.story.failed.append(str(gave_up))

        await asyncio.gather(*(safely(person) for person in [each for each in self._people if not each.gave_up][:most]))


async def serve(commands: asyncio.StreamReader) -> None:
    """Do one command after another. The first says who plays; the replies have what happened since the last. While a command
    takes long, lines with fewer figures tell how far it is."""
    first = msgspec.json.decode(await commands.readline())
    visitors = [Visitor(**visitor) for visitor in first["visitors"]]
    crowd = Crowd(first["port"], first["competition"], visitors, first["seed"])
    while line := await commands.readline():
        step, *arguments = msgspec.json.decode(line)
        before = crowd.story.answers
        begun, cpu_s = time.perf_counter(), time.process_time()
        task = asyncio.ensure_future(getattr(crowd, step)(*arguments))
        while not (await asyncio.wait({task}, timeout=PROGRESS_S))[0]:
            _say({"papers": crowd.papers, "answers": crowd.story.answers})
        task.result()
        story = crowd.story
        reply: dict[str, Any] = {
            "seconds": time.perf_counter() - begun,
            "cpu_s": time.process_time() - cpu_s,
            "answers": story.answers - before,
            "requests": [(each, at - begun, ms) for each, at, ms in story.requests],
            "again": story.again,
            "failed": story.failed,
        }
        if step == "submit":
            reply["chosen"] = [(*place, chosen) for place, chosen in story.chosen.items()]
            reply["unsure"] = list(story.unsure)
            reply["scores"] = list(story.scores.items())
        story.requests, story.again, story.failed = [], Counter(), []
        _say(reply)


def _say(what: dict[str, Any]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


async def main() -> None:
    """Serve standard input."""
    reader = asyncio.StreamReader(limit=1 << 30)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await serve(reader)


if __name__ == "__main__":
    end_with_parent(os.getppid())
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection for each of thousands
    uvloop.run(main())
