"""The recorder's sign of life, kept in the store: who records, how much, what fails, and how the last minutes went.

Each recorder tells it once a second from the very loop that records, so that one that hangs falls silent; each web process
says from the loop that takes answers that it is there. What is here can be lost without harm: the next second tells it again.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast

from redis import Redis

from quizapp.clock import to_ms
from quizapp.grader.consumer import Backlog

BEATS = "quiz:recorders"
LAST_BEAT = "quiz:last_beat"
LAST_WEB_BEAT = "quiz:last_web_beat"
GAPS = "quiz:gaps"
CLOCKS = "quiz:clocks"
CLOCK_KEPT_MS = 60_000
CLOCK_SURE_MS = 500
GAP_MS = 20_000
"""A silence of all recorders, or of all web processes, that is longer than a restart takes: they, the store or the whole
machine were probably away."""
GAPS_KEPT = 50
SLOT_MS = 10_000
SLOTS = 60
KEPT_S = SLOTS * SLOT_MS // 1000 * 2
FORGOTTEN_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Beat:
    """What a recorder said last. `recorded` counts answers since its start; `failing` names the steps that don't succeed.

    `ahead_ms` is how far a shard's clock is ahead of the store's at most: so far was that set back while attempts ran.
    """

    name: str
    at_ms: int
    recorded: int
    failing: tuple[str, ...]
    ahead_ms: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """Ten seconds, from `begins_ms` on: answers recorded, then the entries that waited and the oldest one's age.

    `entries` and `oldest_ms` are None where no recorder said so.
    """

    begins_ms: int
    recorded: int
    entries: int | None
    oldest_ms: int | None


@dataclass(frozen=True, slots=True)
class Pulse:
    """All beats (the newest first), the last ten minutes (the present slot last), and the store's time.

    `clocks`: how far each host's clock was ahead of the store's in milliseconds, of the hosts that told it lately.
    """

    now_ms: int
    beats: tuple[Beat, ...]
    slots: tuple[Slot, ...]
    clocks: dict[str, int]


def tell(
    store: Redis, beat: Beat, more: int, backlogs: Sequence[Backlog] | None, *, silent_s: float = float("inf")
) -> None:
    """Leave a sign of life; `more` answers were recorded since the last one, which this process left `silent_s` ago.

    Raises redis-py's errors.
    """
    key = _slot_key(beat.at_ms // SLOT_MS)
    pipe = store.pipeline(transaction=False)
    pipe.getset(LAST_BEAT, beat.at_ms)
    pipe.hset(BEATS, beat.name, json.dumps(asdict(beat)))
    pipe.hincrby(key, "recorded", more)
    if backlogs is not None:
        entries = sum(backlog.entries for backlog in backlogs)
        oldest_ms = max((backlog.oldest_ms for backlog in backlogs), default=0)
        pipe.hset(key, mapping={"entries": entries, "oldest_ms": oldest_ms})
    pipe.expire(key, KEPT_S)
    _note_silence(store, pipe.execute()[0], beat.at_ms, silent_s)


def tell_web(store: Redis, at_ms: int, *, silent_s: float = float("inf")) -> None:
    """Leave the sign of life of a web process, whose last one was `silent_s` ago; one of them all is enough.

    Raises redis-py's errors.
    """
    _note_silence(store, cast("str | None", store.getset(LAST_WEB_BEAT, at_ms)), at_ms, silent_s)


def _note_silence(store: Redis, before: str | None, at_ms: int, silent_s: float) -> None:
    # Who spoke a moment ago knows that nobody was silent: it was the store's clock that was set.
    if before and at_ms - int(before) > GAP_MS and silent_s * 1000 > GAP_MS:
        note_gap(store, int(before), at_ms)


def note_gap(store: Redis, begun_ms: int, over_ms: int) -> None:
    """Keep a span that was taken from people who were answering, for somebody to give back. Raises redis-py's errors."""
    store.lpush(GAPS, f"{begun_ms}-{over_ms}")
    store.ltrim(GAPS, 0, GAPS_KEPT - 1)


def tell_clock(store: Redis, host: str, now: Callable[[], datetime], store_now_ms: Callable[[], int]) -> None:
    """Say how far the host's clock is ahead of the store's. Raises redis-py's errors, and what `store_now_ms` does."""
    before_ms, at_ms, after_ms = to_ms(now()), store_now_ms(), to_ms(now())
    if after_ms - before_ms < CLOCK_SURE_MS:  # a reply that took long tells nothing
        store.hset(CLOCKS, host, f"{at_ms}|{(before_ms + after_ms) // 2 - at_ms}")


def gaps(store: Redis) -> list[tuple[int, int]]:
    """The latest silences of all recorders, or of all web processes (from, to in milliseconds), the newest first.

    Raises redis-py's errors.
    """
    found = cast(list[str], store.lrange(GAPS, 0, -1))
    return [(int(begun), int(over)) for begun, _, over in (text.partition("-") for text in found)]


def pulse(store: Redis) -> Pulse:
    """What the recorders have told. Replies of `store` are text. Raises redis-py's errors."""
    seconds, microseconds = cast(Any, store.time())
    now_ms = int(seconds) * 1000 + int(microseconds) // 1000
    last = now_ms // SLOT_MS
    numbers = range(last - SLOTS + 1, last + 1)
    pipe = store.pipeline(transaction=False)
    pipe.hgetall(BEATS)
    pipe.hgetall(CLOCKS)
    for number in numbers:
        pipe.hgetall(_slot_key(number))
    told, clocks, *slots = pipe.execute()
    beats = sorted((_beat(text) for text in told.values()), key=lambda beat: -beat.at_ms)
    return Pulse(
        now_ms,
        tuple(beat for beat in beats if now_ms - beat.at_ms < FORGOTTEN_MS),
        tuple(_slot(number, fields) for number, fields in zip(numbers, slots, strict=True)),
        {
            host: int(ahead_ms)
            for host, (at_ms, _, ahead_ms) in ((host, text.partition("|")) for host, text in clocks.items())
            if abs(now_ms - int(at_ms)) < CLOCK_KEPT_MS
        },
    )


def _slot_key(number: int) -> str:
    return f"quiz:recorded:{number}"


def _beat(text: str) -> Beat:
    values = json.loads(text)
    failing, ahead_ms = tuple(values["failing"]), values.get("ahead_ms", 0)
    return Beat(values["name"], values["at_ms"], values["recorded"], failing, ahead_ms)


def _slot(number: int, fields: dict[str, str]) -> Slot:
    def whole(name: str) -> int | None:
        return int(fields[name]) if name in fields else None

    return Slot(number * SLOT_MS, whole("recorded") or 0, whole("entries"), whole("oldest_ms"))
