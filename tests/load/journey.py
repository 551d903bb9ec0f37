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
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import uvloop
from sqlalchemy import select

from quizapp.accounts.models import Account
from quizapp.attempts.models import Response, Result
from quizapp.extensions import db
from quizapp.rehearsals.note import compared
from quizapp.rehearsals.player import STEPS, GaveUp, Person, Story, Visitor
from quizapp.rehearsals.scratch import signed_in
from tests.load.installation import Installation, installation
from tests.load.plot import draw

QUESTIONS = 25
WARMING_UP = 20  # people, before the first scene


@dataclass(frozen=True)
class Scene:
    """Who comes and when: each within `arrive_s`, thinks `think_s` in the mean, submits when done or within the second
    that begins when everybody has answered."""

    name: str
    visitors: Sequence[Visitor]
    arrive_s: float
    think_s: float
    together: bool


async def journeys(port: int, competition: int, scene: Scene, seed: int) -> Story:
    """Everybody's journey, from the first arrival to the last result."""
    chance, story = random.Random(seed), Story()
    begun = time.perf_counter()
    answered = 0
    all_answered = asyncio.Event()

    async def visit(visitor: Visitor) -> None:
        nonlocal answered
        await asyncio.sleep(chance.uniform(0, scene.arrive_s))
        person = Person(port, competition, visitor, story, chance)
        try:
            try:
                await person.enter()
                await person.answer_all(scene.think_s)
            finally:
                answered += 1
                if answered == len(scene.visitors):
                    all_answered.set()
            if scene.together:
                await all_answered.wait()
                await asyncio.sleep(chance.uniform(0, 1))
            await person.submit()
        except GaveUp as gave_up:
            story.failed.append(str(gave_up))
        finally:
            person.leave()

    await asyncio.gather(*(visit(visitor) for visitor in scene.visitors))
    story.requests = [(step, at - begun, ms) for step, at, ms in story.requests]
    return story


def visitors(running: Installation, count: int, *, skip: int) -> list[Visitor]:
    """The people with the lowest ids but `skip`, signed in: sessions are made with the program's own functions."""
    with running.app.app_context():
        accounts = db.session.scalars(
            select(Account).where(Account.login.like("load-%")).order_by(Account.id).offset(skip).limit(count)
        ).all()
        people = [(account.id, account.get_id()) for account in accounts]
        db.session.commit()
    return signed_in(running.app, people)


def _work(port: int, competition: int, scene: Scene, seed: int, there: Connection) -> None:
    there.send(uvloop.run(journeys(port, competition, scene, seed)))


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
        people = {account for account, _ in story.chosen}  # those of the other scenes are in it too
        recorded = {(account, position): chosen for account, position, chosen in rows if account in people}
        results = select(Result.account_id, Result.score).where(Result.competition_id == running.competition)
        scores = {account: score for account, score in db.session.execute(results)}  # noqa: C416  # rows are no tuples
    found = compared(story.chosen, story.unsure, recorded, shown=story.scores, kept=scores)
    return {name: found[name] for name in ("invented", "lost", "mis_scored")} | {"never got through": len(story.failed)}


def main() -> int:
    """Play the scenes and tell; 1 if something was lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=200, help="in each scene")
    parser.add_argument("--arrive", type=float, default=30.0, help="seconds within which the day's people come")
    parser.add_argument("--scenes", nargs="+", choices=("day", "rush"), default=["day", "rush"])
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
    in_all = count * len(arguments.scenes)
    with installation(in_all + WARMING_UP, questions=QUESTIONS, workers=arguments.workers) as running:
        play(running, Scene("warm-up", visitors(running, WARMING_UP, skip=in_all), 1, 0.05, together=False), 0)
        for number, name in enumerate(arguments.scenes):
            people, rush = visitors(running, count, skip=number * count), name == "rush"
            scene = Scene(name, people, 1.0 if rush else arguments.arrive, arguments.think, together=rush)
            before, begun = running.cpu_s(), time.perf_counter()
            story = play(running, scene, arguments.seed)
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
