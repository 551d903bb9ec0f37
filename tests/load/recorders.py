"""How much more two recorders bring in than one: `python tests/load/recorders.py`, by the clock and in CPU microseconds.

On a PostgreSQL (durable, on the disk) and a store of its own, people of a competition of several shards start, answer and
submit; what they did stands in the streams before one recorder, and then two, bring it into SQL. It asserts nothing about
time; it fails if one answer is not recorded.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, cast

from redis import Redis
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from quizapp import create_app
from quizapp.attempts.recorder import Recorder
from quizapp.config import Settings
from quizapp.extensions import db
from quizapp.grader.keys import ShardKeys, shard_of
from tests.load.installation import Installation
from tests.load.season import PEOPLE, QUESTIONS, entries_of, publish, say, stores
from tests.postgres_server import PostgresServer

PATIENCE_S = 600


def bring_in(settings: Settings, number: int, gate: Barrier, phases: int, used: Any) -> None:
    """Be a recorder: at each opening of the gate record what there is, and say what it cost, CPU seconds."""
    with closing(Recorder(create_app(settings), f"recorder-{number}")) as recorder:
        recorder.look_around()
        for _ in range(phases):
            gate.wait(PATIENCE_S)
            before = time.process_time()
            while recorder.take():
                pass
            used.put(time.process_time() - before)
            gate.wait(PATIENCE_S)


class Measured:
    """The site, and what its recorders cost. `people` take part each time, new ones."""

    def __init__(self, site: Installation, server: PostgresServer, store: Redis, people: int, shards: int) -> None:
        self._site, self._server, self._store = site, server, store
        self._people, self._shards, self._first = people, shards, 100_000_000
        self._processes = multiprocessing.get_context("spawn")
        site.prepare(1, questions=QUESTIONS, shards=shards)
        with closing(Recorder(site.app, "first")) as recorder:
            recorder.look_around()  # makes the partitions

    def run(self, recorders: int, together: int) -> float:
        """Say what `recorders` cost with `together` answers an entry; returns answers a second."""
        kinds = self._entries(together)
        gate, used = self._processes.Barrier(recorders + 1), self._processes.Queue()
        children = [
            self._processes.Process(target=bring_in, args=(self._site.settings, number, gate, len(kinds), used))
            for number in range(recorders)
        ]
        for child in children:
            child.start()
        rates = {}
        for kind, (count, add) in kinds.items():
            add()
            before = self._cpu()
            gate.wait(PATIENCE_S)
            begun = time.monotonic()
            own = sum(used.get(timeout=PATIENCE_S) for _ in children)
            elapsed = time.monotonic() - begun
            gate.wait(PATIENCE_S)
            sql, store = (new - old for old, new in zip(before, self._cpu(), strict=True))
            rates[kind] = count / elapsed
            say(
                f"{recorders} recorder(s), {together} answers an entry, {kind}: {rates[kind]:,.0f} a second by the clock; "
                f"CPU µs each: recorder {own / count * 1e6:.1f}, PostgreSQL {sql / count * 1e6:.1f}, "
                f"store {store / count * 1e6:.1f}"
            )
        for child in children:
            child.join(PATIENCE_S)
        self._compare()
        return rates["answer"]

    def _cpu(self) -> tuple[float, float]:
        used = cast(dict[str, Any], self._store.info("cpu"))
        return self._server.cpu_s(), used["used_cpu_sys"] + used["used_cpu_user"]

    def _entries(self, together: int) -> dict[str, tuple[int, Callable[[], None]]]:
        """For starts, answers and submits: how many there are, and what writes them into the streams."""
        ids = range(self._first, self._first + self._people)
        self._first += self._people
        with self._site.app.app_context(), db.engine.begin() as connection:
            connection.execute(text(PEOPLE), {"first": ids[0], "last": ids[-1]})
        unit = self._site.units[0]
        by_shard: dict[int, list[int]] = {}
        for account in ids:
            by_shard.setdefault(shard_of(account, self._shards), []).append(account)
        found = {shard: entries_of(accounts, unit, together, 1) for shard, accounts in by_shard.items()}

        def writer(kind: str) -> Callable[[], None]:
            def write() -> None:
                for shard, entries in found.items():
                    publish(self._store, ShardKeys(self._site.competition, shard).stream, entries[kind])

            return write

        counts = {"start": len(ids), "answer": len(ids) * QUESTIONS, "submit": len(ids)}
        return {kind: (count, writer(kind)) for kind, count in counts.items()}

    def _compare(self) -> None:
        rows = "SELECT (SELECT count(*) FROM response WHERE account_id >= :first), (SELECT count(*) FROM result WHERE account_id >= :first)"
        with self._site.app.app_context():
            held, ended = db.session.execute(text(rows), {"first": self._first - self._people}).one()
        assert held == self._people * QUESTIONS, f"{self._people * QUESTIONS} answered, {held} recorded"
        assert ended == self._people, f"{self._people} submitted, {ended} counted"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=8_000, help=f"who give {QUESTIONS} answers each, in each run")
    parser.add_argument("--shards", type=int, default=4)
    options = parser.parse_args()
    with stores() as (site, server, store):
        measured = Measured(site, server, store, options.people, options.shards)
        for together in (1, 8):
            one, two = (measured.run(recorders, together) for recorders in (1, 2))
            say(f"two recorders ÷ one, {together} answers an entry: {two / one:.2f}")


if __name__ == "__main__":
    main()
