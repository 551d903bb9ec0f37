"""`make bench`, second part: whole journeys, as people make them.

Everybody has a session and a keep-alive connection of their own, and all come from one address, as behind a company's.
Each opens the competition's page, starts, opens the paper, thinks, answers every question, changes some answers and sends
some twice, submits, and looks at the result. What is told to come later comes later, as the page's script does. Two scenes:

- `day`: people arrive one after another and submit when they are done;
- `rush`: everybody arrives within the opening second, and everybody submits within the last one.

It fails if an acknowledged answer is lost or doubled, a score differs from the one shown, or somebody never got through;
never by time. The plot has requests a second and the slowest hundredth of them, second by second.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import msgspec
import uvloop
from flask import session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select

from quizapp.accounts.models import Account
from quizapp.attempts.models import Response, Result
from quizapp.extensions import db
from tests.load.client import BROWSER_HEADERS, KeptLine, answer_request, submit_request
from tests.load.installation import Installation, installation
from tests.load.plot import draw

QUESTIONS = 25
CHANGED, SENT_TWICE = 0.15, 0.02  # of all answers
PATIENCE_S = 300.0
WARMING_UP = 20  # people, before the first scene
STEPS = ("competition", "start", "page", "paper", "answer", "submit", "result")


@dataclass(frozen=True)
class Visitor:
    """Somebody who is signed in: `headers` hold the session, `token` goes with what changes something."""

    account: int
    headers: bytes
    token: bytes


@dataclass(frozen=True)
class Scene:
    """Who comes and when: each within `arrive_s`, thinks `think_s` in the mean, submits when done or within the second
    that begins when everybody has answered."""

    name: str
    visitors: Sequence[Visitor]
    arrive_s: float
    think_s: float
    together: bool


@dataclass
class Story:
    """What happened: a (step, second, milliseconds) for each request that got through, how often one was to come again by
    the reason, what never got through, and what was acknowledged."""

    requests: list[tuple[str, float, float]] = field(default_factory=list)
    again: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    chosen: dict[tuple[int, int], int] = field(default_factory=dict)
    scores: dict[int, int] = field(default_factory=dict)

    def latencies_ms(self, step: str) -> list[float]:
        """In order."""
        return sorted(ms for each, _, ms in self.requests if each == step)


class Journey:
    """The people of a scene, in one process of the client."""

    def __init__(self, port: int, competition: int, scene: Scene, seed: int) -> None:
        self._port, self._scene, self._chance = port, scene, random.Random(seed)
        self._path = b"/competitions/%d" % competition
        self._begun = time.perf_counter()
        self._answered = 0
        self._all_answered = asyncio.Event()
        self.story = Story()

    async def play(self) -> Story:
        """Everybody's journey, from the first arrival to the last result."""
        await asyncio.gather(*(self._visit(visitor) for visitor in self._scene.visitors))
        return self.story

    async def _visit(self, visitor: Visitor) -> None:
        await asyncio.sleep(self._chance.uniform(0, self._scene.arrive_s))
        line = KeptLine(self._port)
        try:
            await self._go(visitor, line)
        except GaveUp as gave_up:
            self.story.failed.append(str(gave_up))
        finally:
            line.close()
            self._answered_all()

    async def _go(self, visitor: Visitor, line: KeptLine) -> None:
        await self._ask(line, "competition", self._request(visitor, b"GET", b""), (200,))
        await self._ask(line, "start", self._request(visitor, b"POST", b"/start"), (303,))
        await self._ask(line, "page", self._request(visitor, b"GET", b"/answering"), (200,))
        paper = msgspec.json.decode(await self._ask(line, "paper", self._request(visitor, b"POST", b"/open"), (200,)))
        await self._answer(visitor, line, paper)
        self._answered_all()
        if self._scene.together:
            await self._all_answered.wait()
            await asyncio.sleep(self._chance.uniform(0, 1))
        ended = await self._ask(line, "submit", submit_request(paper["ticket"]), (200,))
        self.story.scores[visitor.account] = msgspec.json.decode(ended)["score"]
        await self._ask(line, "result", self._request(visitor, b"GET", b"/result"), (200,))

    async def _answer(self, visitor: Visitor, line: KeptLine, paper: dict[str, Any]) -> None:
        sequence = 0
        for position, place in enumerate(paper["positions"], start=1):
            for _ in range(2 if self._chance.random() < CHANGED else 1):
                await asyncio.sleep(self._chance.expovariate(1 / self._scene.think_s))
                sequence += 1
                chosen = 1 << self._chance.randrange(len(place["options"]))
                request = answer_request(paper["ticket"], position, chosen, sequence, more=BROWSER_HEADERS)
                for _ in range(2 if self._chance.random() < SENT_TWICE else 1):
                    await self._ask(line, "answer", request, (200,))
                self.story.chosen[visitor.account, position] = chosen

    def _answered_all(self) -> None:
        self._answered += 1
        if self._answered == len(self._scene.visitors):
            self._all_answered.set()

    def _request(self, visitor: Visitor, method: bytes, path: bytes) -> bytes:
        token = b"X-CSRFToken: %s\r\nContent-Length: 0\r\n" % visitor.token if method == b"POST" else b""
        head = b"%s %s%s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s%s\r\n"
        return head % (method, self._path, path, visitor.headers, BROWSER_HEADERS, token)

    async def _ask(self, line: KeptLine, step: str, request: bytes, wanted: tuple[int, ...]) -> bytes:
        begun = time.perf_counter()
        while time.perf_counter() - begun < PATIENCE_S:
            try:
                status, head, body = await line.ask(request)
            except (OSError, EOFError, ValueError):  # it may have arrived: what is sent again is the same
                line.close()
                status, head, body = 0, b"", b""
            if status in wanted:
                now = time.perf_counter()
                self.story.requests.append((step, now - self._begun, (now - begun) * 1000))
                return body
            if status not in (0, 429, 503):
                raise GaveUp(f"{step}: {status} {body[:200]!r}")
            self.story.again[f"{step}: {status or 'connection lost'}"] += 1
            wait_s = int(head.partition(b"retry-after:")[2].split(b"\r\n", 1)[0] or 1)
            await asyncio.sleep(wait_s * self._chance.uniform(1, 1.5))
        raise GaveUp(f"{step}: nothing within {PATIENCE_S:.0f} s")


class GaveUp(Exception):
    """A reply that asking again can't change, or none for too long."""


def visitors(running: Installation, count: int, *, skip: int) -> list[Visitor]:
    """The people with the lowest ids but `skip`, signed in: sessions are made with the program's own functions."""
    with running.app.app_context():
        accounts = db.session.scalars(
            select(Account).where(Account.login.like("load-%")).order_by(Account.id).offset(skip).limit(count)
        ).all()
        people = [(account.id, account.get_id()) for account in accounts]
        db.session.commit()
    sessions = SecureCookieSessionInterface().get_signing_serializer(running.app)
    assert sessions is not None
    found = []
    for account, session_id in people:
        with running.app.test_request_context():
            token = generate_csrf()
            content = {**session, "_user_id": session_id, "_fresh": True, "_permanent": True}
        cookie = f"Cookie: {running.app.config['SESSION_COOKIE_NAME']}={sessions.dumps(content)}\r\n"
        found.append(Visitor(account, cookie.encode(), token.encode()))
    return found


def _work(port: int, competition: int, scene: Scene, seed: int, there: Connection) -> None:
    there.send(uvloop.run(Journey(port, competition, scene, seed).play()))


def play(running: Installation, scene: Scene, seed: int) -> Story:
    """Play the scene in a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(running.port, running.competition, scene, seed, there))
    process.start()
    there.close()
    story: Story = here.recv()
    process.join()
    return story


def faults(running: Installation, story: Story) -> dict[str, int]:
    """How many recorded answers nobody gave, how many acknowledged ones are not recorded as they were given last, and how
    many people's recorded score is not the one that they were shown."""
    with running.app.app_context():
        rows = db.session.execute(
            select(Response.account_id, Response.position, Response.chosen).where(
                Response.competition_id == running.competition
            )
        )
        recorded = {(account, position): chosen for account, position, chosen in rows}
        results = select(Result.account_id, Result.score).where(Result.competition_id == running.competition)
        scores = {account: score for account, score in db.session.execute(results)}  # noqa: C416  # rows are no tuples
    return {
        "invented": sum(place not in story.chosen for place in recorded if place[0] in story.scores),
        "lost": sum(recorded.get(place) != chosen for place, chosen in story.chosen.items()),
        "mis-scored": sum(scores.get(account) != score for account, score in story.scores.items()),
        "never got through": len(story.failed),
    }


def main() -> int:
    """Play both scenes and tell; 1 if something was lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=200, help="in each scene")
    parser.add_argument("--think", type=float, default=1.0, help="seconds before an answer, in the mean")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--json", default="", help="the file that the figures are added to")
    parser.add_argument("--plot", default="var/bench.svg", help="where to draw them")
    arguments = parser.parse_args()
    count = arguments.people
    say(f"{os.cpu_count()} cores, {arguments.workers} web workers, {count} people a scene, seed {arguments.seed}")
    stories: dict[str, Story] = {}
    figures: dict[str, Any] = {"seed": arguments.seed, "people": count, "scenes": {}}
    with installation(2 * count + WARMING_UP, questions=QUESTIONS, workers=arguments.workers) as running:
        play(running, Scene("warm-up", visitors(running, WARMING_UP, skip=2 * count), 1, 0.05, together=False), 0)
        for number, (name, arrive_s, together) in enumerate([("day", 30.0, False), ("rush", 1.0, True)]):
            people = visitors(running, count, skip=number * count)
            before, begun = running.cpu_s(), time.perf_counter()
            story = play(running, Scene(name, people, arrive_s, arguments.think, together), arguments.seed)
            lasted_s = time.perf_counter() - begun
            running.wait_until_drained()
            cpu = {process: used - before[process] for process, used in running.cpu_s().items()}
            found = faults(running, story)
            stories[name] = story
            figures["scenes"][name] = told(name, story, lasted_s, cpu, found)
    plot = Path(arguments.plot)
    plot.parent.mkdir(parents=True, exist_ok=True)
    plot.write_text(draw({name: story.requests for name, story in stories.items()}), encoding="utf-8")
    say(f"\n{plot}")
    if arguments.json:
        file = Path(arguments.json)
        others = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps({**others, "journeys": figures}, indent=2) + "\n")
    return any(sum(scene["faults"].values()) for scene in figures["scenes"].values())


def told(name: str, story: Story, lasted_s: float, cpu: dict[str, float], found: dict[str, int]) -> dict[str, Any]:
    """Print the figures of a scene, and return them."""
    say(f"\n{name}: {lasted_s:.0f} s{'requests':>26}{'median ms':>12}{'p99 ms':>10}{'most ms':>10}")
    steps = {}
    for step in STEPS:
        latencies = story.latencies_ms(step)
        if latencies:
            p99 = latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))]
            steps[step] = {"requests": len(latencies), "p50_ms": statistics.median(latencies), "p99_ms": p99}
            middle = f"{steps[step]['p50_ms']:>12,.1f}{p99:>10,.1f}{latencies[-1]:>10,.1f}"
            say(f"  {step:<20}{len(latencies):>16,}{middle}")
    say("  CPU s: " + ", ".join(f"{process} {used:.1f}" for process, used in cpu.items()))
    say("  to come again: " + (", ".join(f"{why} × {times}" for why, times in story.again.most_common()) or "none"))
    say(f"  {len(story.chosen):,} places answered; " + ", ".join(f"{what} {times}" for what, times in found.items()))
    for failure in story.failed[:3]:
        say(f"  {failure}")
    return {"steps": steps, "cpu_s": cpu, "again": dict(story.again), "faults": found, "lasted_s": lasted_s}


def say(text: str) -> None:
    """A line, at once."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
