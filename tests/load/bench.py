"""`make bench`: what an answer costs, and that what was acknowledged is recorded.

An installation of its own (see installation.py) is driven over HTTP by participants on keep-alive connections. It prints
figures and asserts one thing: 0 acknowledged answers lost, 0 doubled. `--json FILE` writes the figures.
"""

import argparse
import contextlib
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from sqlalchemy import select

from quizapp.attempts.models import Response
from quizapp.extensions import db
from quizapp.rehearsals.line import BROWSER_HEADERS, answer_request
from tests.load.baselines import make_tables
from tests.load.client import Call, Outcome, Plan, run
from tests.load.installation import ROOT, Installation, children, cpu_s, free_port, installation
from tests.load.participants import Participant

QUESTIONS = 25
CONNECTIONS = 64
BASELINE_CONNECTIONS = 32
BASELINE_S = 4.0


@dataclass
class Cost:
    """CPU microseconds an answer, by process; the client's are not in it."""

    by_process: dict[str, float]

    @classmethod
    def of(cls, before: dict[str, float], after: dict[str, float], answers: int) -> "Cost":
        return cls({name: (after[name] - before[name]) / max(1, answers) * 1e6 for name in after})

    def sum(self, *names: str) -> float:
        return sum(self.by_process[name] for name in names)


class Supply:
    """Answers that were never given before: position after position, so that no attempt is asked twice at once."""

    def __init__(self, participants: list[Participant]) -> None:
        self._participants = participants
        self._next = 0

    def take(self, count: int, *, more: bytes = b"") -> list[Call]:
        """The next answers; fewer when they run out."""
        calls: list[Call] = []
        people = self._participants
        while len(calls) < count and self._next < len(people) * QUESTIONS:
            index, person = divmod(self._next, len(people))
            who = people[person]
            position, chosen = index + 1, 1 << self._next % who.letters[index]
            calls.append(
                ((who.account, position, chosen), answer_request(who.ticket, position, chosen, position, more=more))
            )
            self._next += 1
        return calls

    def give_back(self, calls: list[Call], outcome: Outcome) -> None:
        """Calls that a plan had no time for."""
        self._next -= len(calls) - outcome.used


def measure(running: Installation, supply: Supply, seconds: float, *, rate: float = 0, more: bytes = b"") -> Outcome:
    """Answer for so long: as fast as possible, or at a rate."""
    calls = supply.take(int(rate * seconds) if rate else int(20_000 * seconds), more=more)
    outcome = run(Plan(running.port, CONNECTIONS, seconds, calls, rate))
    supply.give_back(calls, outcome)
    if outcome.refused:
        raise SystemExit(f"{outcome.refused} answers were refused, the first with {outcome.first_refusal!r}")
    return outcome


@contextlib.contextmanager
def baseline(name: str, environ: dict[str, str], *options: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A gunicorn with one of baselines.py on a port of its own."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "-w", "2", *options]
    server = subprocess.Popen(
        [*command, f"tests.load.baselines:{name}"],
        env={**environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            with (
                contextlib.suppress(OSError),
                contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as probe,
            ):
                probe.request("GET", "/")
                probe.getresponse().read()
                break
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the baseline {name} does not start")
            time.sleep(0.1)
        time.sleep(0.5)  # the second worker
        yield port, server
    finally:
        server.terminate()
        server.wait(20)


def web_s(server: subprocess.Popen[bytes]) -> float:
    """CPU seconds of a baseline's master and workers."""
    return sum(cpu_s(pid) for pid in [server.pid, *children(server.pid)])


def measure_baselines(
    running: Installation, spare: Supply, folder: Path
) -> tuple[dict[str, tuple[float, float, float]], list[tuple[int, int, int]]]:
    """By name: answers/s, web and store CPU microseconds an answer; and what `redis_view` has acknowledged."""
    found: dict[str, tuple[float, float, float]] = {}
    environ = running.environ
    asgi = ("-k", "asgi", "--asgi-loop", "uvloop")
    threads = ("-k", "gthread", "--threads", "8")
    calls = spare.take(200)
    repeated = [calls[number % len(calls)] for number in range(int(20_000 * BASELINE_S))]

    def play(port: int, server: subprocess.Popen[bytes], calls: list[Call], expect: bytes = b'"saved"') -> Outcome:
        warm_up = run(Plan(port, BASELINE_CONNECTIONS, 0.5, calls[:400], expect=expect))
        before, store = web_s(server), running.cpu_s()["store"]
        outcome = run(Plan(port, BASELINE_CONNECTIONS, BASELINE_S, calls[400:], expect=expect))
        answers = max(1, len(outcome.acknowledged))
        after = web_s(server), running.cpu_s()["store"]
        found[name] = (outcome.rate, (after[0] - before) / answers * 1e6, (after[1] - store) / answers * 1e6)
        if outcome.refused:
            raise SystemExit(f"baseline {name}: {outcome.refused} refused, the first with {outcome.first_refusal!r}")
        outcome.acknowledged += warm_up.acknowledged
        return outcome

    name = "hello world, the same server"
    with baseline("hello", environ, *asgi) as (port, server):
        play(port, server, repeated, b'"hello"')
    name = "Flask view by redis-py"
    fresh = spare.take(20_000)
    with baseline("redis_view()", environ, *threads) as (port, server):
        outcome = play(port, server, fresh)
    acknowledged = outcome.acknowledged
    name = "Flask, Flask-Login, one SQL transaction"
    path = str(folder / "baseline.sqlite3")
    make_tables(path)
    with baseline("sql_view()", {**environ, "BASELINE_SQLITE": path}, *threads) as (port, server):
        cookies = [_signed_in(port, person) for person in range(1, 201)]
        requests: list[Call] = []
        for number in range(20_000):
            person, position = number % 200, number // 200 % QUESTIONS + 1
            more = b"Cookie: %s\r\n" % cookies[person]
            requests.append(((0, 0, 0), answer_request("-", position, 1, number + 1, more=more)))
        play(port, server, requests)
    return found, acknowledged


def _signed_in(port: int, person: int) -> bytes:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("POST", f"/sign-in/{person}")
        reply = connection.getresponse()
        reply.read()
        return (reply.getheader("Set-Cookie") or "").partition(";")[0].encode()


def compare(running: Installation, acknowledged: list[tuple[int, int, int]]) -> tuple[int, int, int]:
    """Recorded rows of this competition, acknowledged answers that are not among them as given, rows beyond one each."""
    with running.app.app_context():
        rows = db.session.execute(
            select(Response.account_id, Response.position, Response.chosen).where(
                Response.competition_id == running.competition
            )
        ).all()
    places = {(account, position): chosen for account, position, chosen in rows}
    lost = sum(places.get((account, position)) != chosen for account, position, chosen in acknowledged)
    return (
        len(rows),
        lost,
        len(rows) - len({(account, position) for account, position, _ in acknowledged} | set(places)),
    )


def main() -> int:
    """Run it all; 1 if anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", default=os.environ.get("BENCH_JSON", ""), help="where to write the figures")
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="length of one run at the highest rate; three are made"
    )
    parser.add_argument("--people", type=int, default=16_000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    begun = time.monotonic()
    acknowledged: list[tuple[int, int, int]] = []
    with (
        tempfile.TemporaryDirectory(prefix="quizbench") as folder,
        installation(arguments.people + 1000, questions=QUESTIONS, workers=arguments.workers) as running,
    ):
        say(
            f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {arguments.workers} web workers"
        )
        supply = Supply(running.open_attempts(arguments.people))
        spare = Supply(running.open_attempts(1000, skip=arguments.people))
        say(f"{arguments.people + 1000} attempts of {QUESTIONS} questions, started by the engine; answers go over HTTP")
        idle = running.cpu_s()
        acknowledged += measure(running, supply, 1.0).acknowledged

        before = running.cpu_s()
        runs = [measure(running, supply, arguments.seconds) for _ in range(3)]
        after = running.cpu_s()
        fast = sum(len(outcome.acknowledged) for outcome in runs)
        acknowledged += [each for outcome in runs for each in outcome.acknowledged]
        cost = Cost.of(before, after, fast)
        rate = statistics.median(outcome.rate for outcome in runs)
        say(f"highest rate, {CONNECTIONS} connections, median of 3: {rate:,.0f} answers/s")

        steady = measure(running, supply, arguments.seconds * 2, rate=rate / 2)
        acknowledged += steady.acknowledged
        p50, p99 = steady.percentile(0.5), steady.percentile(0.99)
        say(
            f"at half of it, each due at its own time: p50 {p50:.1f} ms, p99 {p99:.1f} ms ({len(steady.acknowledged):,} answers)"
        )

        before = running.cpu_s()
        browser = measure(running, supply, arguments.seconds, more=BROWSER_HEADERS)
        acknowledged += browser.acknowledged
        browser_cost = Cost.of(before, running.cpu_s(), len(browser.acknowledged))
        drained_s = running.wait_until_drained()
        total = running.cpu_s()
        # The recorder works on after an answer's reply: its share is taken over everything up to the drain.
        cost.by_process["recorder"] = (total["recorder"] - idle["recorder"]) / len(acknowledged) * 1e6
        say(f"drained {drained_s:.1f} s after the last answer")

        baselines, more = measure_baselines(running, spare, Path(folder))
        acknowledged += more
        running.wait_until_drained()
        recorded, lost, doubled = compare(running, acknowledged)

    door = cost.sum("web", "store")
    say("\nCPU microseconds an answer (client left out)       web   store     sum   answers/s")
    row("the door", cost.by_process["web"], cost.by_process["store"], rate)
    row(
        "the door, with a browser's 12 headers",
        browser_cost.by_process["web"],
        browser_cost.by_process["store"],
        browser.rate,
    )
    for name, (speed, web, store) in baselines.items():
        row(name, web, 0.0 if "redis" not in name else store, speed)
    say(f"recorder: {cost.by_process['recorder']:.0f} an answer")
    hello = baselines["hello world, the same server"][1]
    view = sum(baselines["Flask view by redis-py"][1:])
    sql = baselines["Flask, Flask-Login, one SQL transaction"][1]
    ratios = {
        "web_by_hello_world": round(cost.by_process["web"] / hello, 2),
        "sum_by_flask_view": round(door / view, 3),
        "sum_by_flask_sql": round(door / sql, 4),
    }
    say(f"web ÷ hello world {ratios['web_by_hello_world']} (goal ≤ 1.6)")
    say(
        f"sum ÷ Flask view by redis-py 1/{view / door:.1f} (goal ≤ 1/8); ÷ Flask with SQL 1/{sql / door:.1f} (goal ≤ 1/20)"
    )
    say(f"\nacknowledged {len(acknowledged):,}, recorded {recorded:,}, lost {lost}, doubled {doubled}")
    say(f"{time.monotonic() - begun:.0f} s in all")
    if arguments.json:
        figures = {
            "answers_per_s": round(rate, 1),
            "cpu_us_per_answer": round(cost.sum("web", "store", "recorder"), 1),
            "cpu_us_by_process": {name: round(value, 1) for name, value in cost.by_process.items()},
            "p50_ms": round(p50, 2),
            "p99_ms": round(p99, 2),
            "acknowledged": len(acknowledged),
            "recorded": recorded,
            "lost": lost,
            "doubled": doubled,
            "ratios": ratios,
        }
        Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if lost or doubled or recorded != len(acknowledged) else 0


def say(text: str) -> None:
    """A line, at once."""
    print(text, flush=True)


def row(name: str, web: float, store: float, speed: float) -> None:
    """One line of the table."""
    say(f"{name:<46}{web:>8,.0f}{store:>8,.0f}{web + store:>8,.0f}{speed:>12,.0f}")


if __name__ == "__main__":
    sys.exit(main())
