"""One look at both stores and the recorder, at most once a second in a process."""

import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from flask import Flask
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from quizapp.attempts.heartbeat import pulse
from quizapp.attempts.lag import recorder_lag, unrecordable_count
from quizapp.competitions.models import Competition
from quizapp.extensions import db, grader
from quizapp.grader.cluster import connect, masters_of, server_of
from quizapp.grader.consumer import run_id_of
from quizapp.grader.keys import ShardKeys
from quizapp.operations.readiness import Memory, Observed, Past, Recording, Waiting

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations" / "versions"
PATIENCE_S = 1.0
KEPT_S = 1.0
WAIT_S = 2.0
FRESH = timedelta(seconds=10)
"""How long the recorder may take to get to know a competition that was published."""


class Watch:
    """The last look of this process. While one asks, others wait a little; a look that hangs hangs one thread only."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._last: Observed | None = None
        self._taken_s = float("-inf")

    def look(self, now: datetime) -> Observed | None:
        """What was observed less than a second ago, or now; None if another's look does not come back."""
        if not self._asking.acquire(timeout=WAIT_S):
            return None
        try:
            if time.monotonic() - self._taken_s >= KEPT_S:
                self._last = observe(now)
                self._taken_s = time.monotonic()
            return self._last
        finally:
            self._asking.release()


def watch_of(app: Flask) -> Watch:
    """The application's one Watch."""
    found: Watch = app.extensions.setdefault("quiz_watch", Watch())
    return found


@cache
def needed_revision() -> str:
    """The newest migration of the running program, by the numbers that the files begin with. Asked once: see `routes`."""
    return max(path.name.partition("_")[0] for path in MIGRATIONS.glob("[0-9]*.py"))


def observe(now: datetime) -> Observed:
    """Look at everything. A store that is away costs its own part of the picture, and no exception."""
    seen = Observed(needed_revision())
    competitions: list[Competition] = []
    sql_ms: int | None = None
    try:
        db.session.execute(text("SELECT 1"))
        seen = replace(seen, sql=True)
        if db.engine.name == "postgresql":  # SQLite has this host's clock
            sql_ms = db.session.scalar(text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"))
        asked_s = time.monotonic()
        seen = replace(seen, revision=db.session.scalar(text("SELECT version_num FROM alembic_version")))
        rows = select(Competition).where(Competition.published_at.is_not(None), Competition.frozen_at.is_(None))
        competitions = list(db.session.scalars(rows))
        seen = replace(seen, unrecordable=unrecordable_count())
    except SQLAlchemyError:
        db.session.rollback()
    try:
        # A connection of its own, without repeats: who asks whether the store hangs must not hang for long.
        with connect(
            grader.url,
            decode_responses=True,
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
            retry=Retry(NoBackoff(), 0),
        ) as store:
            if sql_ms is not None:
                seconds, microseconds = cast(Any, store.time())
                sql_ms += round((time.monotonic() - asked_s) * 1000) - seconds * 1000 - microseconds // 1000
            seen = _at_the_store(store, seen, _running(competitions, now))
            if sql_ms is not None:
                seen = replace(seen, clocks={**seen.clocks, "SQL": sql_ms})
        if seen.sql:
            lag = recorder_lag()
            seen = replace(seen, waiting=Waiting(lag.entries, lag.pending, lag.oldest_ms))
    except (RedisError, SQLAlchemyError, OSError):
        db.session.rollback()
    return seen


def _running(competitions: list[Competition], now: datetime) -> list[ShardKeys]:
    """The shards that must be able to take answers now."""
    return [
        ShardKeys(each.id, shard)
        for each in competitions
        if each.opens_at <= now and each.published_at and each.published_at <= now - FRESH
        for shard in range(each.shards)
    ]


def _at_the_store(store: Redis, seen: Observed, shards: list[ShardKeys]) -> Observed:
    # Of a cluster each master is asked, and the one with the least room told of; one that is away fails the whole look.
    memories = [_memory(cast(Any, master.info("memory"))) for master in masters_of(store)]
    runs: dict[Redis, str] = {}
    pipe = store.pipeline(transaction=False)
    for keys in shards:
        server = server_of(store, keys.rules)
        runs[server] = runs.get(server) or run_id_of(server)
        pipe.exists(keys.rules)
        pipe.exists(keys.key)
        pipe.get(keys.compared)
    found = pipe.execute()
    triples = list(zip(found[::3], found[1::3], found[2::3], strict=True))
    told = pulse(store)
    newest = told.beats[0] if told.beats else None
    return replace(
        seen,
        store=True,
        memory=min(memories, key=lambda memory: memory.headroom / max(memory.limit, 1)),
        unprimed=sum(not (rules and key) for rules, key, _ in triples),
        uncompared=sum(
            mark != runs[server_of(store, keys.rules)] for keys, (_, _, mark) in zip(shards, triples, strict=True)
        ),
        recording=Recording(
            max(0, told.now_ms - newest.at_ms), newest.failing, {beat.name: beat.recorded for beat in told.beats}
        )
        if newest
        else None,
        past=tuple(Past(slot.begins_ms, slot.recorded, slot.entries, slot.oldest_ms) for slot in told.slots),
        clocks=told.clocks,
        ahead_ms=newest.ahead_ms if newest else 0,
    )


def _memory(info: dict[str, Any]) -> Memory:
    limit = int(info.get("maxmemory") or 0)
    if limit:
        return Memory(int(info["used_memory"]), limit)
    return Memory(int(info["used_memory_rss"]), int(info.get("total_system_memory") or 0))
