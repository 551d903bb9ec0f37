"""What a competition asks of the grader, as plain values. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class CompetitionRules:
    """The rules that the scripts check, primed into every shard. Moments are server milliseconds since 1970.

    `paused_ms` is when the pause that lasts began (0: none lasts); `shift_ms` is the sum of the pauses that have ended.
    `grace_ms` is how long after the deadline an answer still counts. `attempts_total` and `attempts_per_day` of None are
    no limit. With `at_once` each answer is graded when it is given, and final. `fenced`: the standings are being frozen.
    `interruptions` are the spans (from, to) that an outage took and that are given back: apart from each other, ascending,
    all in the past, and without the pauses, which the shift gives back.
    """

    competition: int
    shards: int
    opens_ms: int
    closes_ms: int
    minutes: int
    grace_ms: int
    paused_ms: int
    shift_ms: int
    attempts_total: int | None
    attempts_per_day: int | None
    multiple_scoring: Literal["exact", "partial"]
    at_once: bool
    fenced: bool = False
    interruptions: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class PaperPlace:
    """One position of a paper: the question's ordinal and type, the points in hundredths, and the option behind each
    letter shown."""

    ordinal: int
    type: str
    points: int
    options: tuple[int, ...]


def allowed_ms(minutes: int, extra_ms: int) -> int:
    """How long an attempt may take, pauses left out."""
    return minutes * MINUTE_MS + extra_ms


def deadline_ms(rules: CompetitionRules, started_ms: int, extra_ms: int, shift_ms: int) -> int:
    """When an attempt ends by itself: never stored, so that one change of the rules reaches running attempts.

    `shift_ms` is the competition's shift at the attempt's start; pauses since then are given back. What interruptions took
    is given back beyond the close too.
    """
    base_ms = base_deadline_ms(rules, started_ms, extra_ms, shift_ms)
    return base_ms + given_ms(rules.interruptions, started_ms, base_ms)


def base_deadline_ms(rules: CompetitionRules, started_ms: int, extra_ms: int, shift_ms: int) -> int:
    """When an attempt would end without interruptions."""
    own_ms = started_ms + allowed_ms(rules.minutes, extra_ms) + rules.shift_ms - shift_ms
    return min(own_ms, rules.closes_ms)


def given_ms(interruptions: Iterable[tuple[int, int]], started_ms: int, base_ms: int) -> int:
    """What an attempt gets back: of each interruption what lies after its start, if it began before the attempt's end.

    `base_ms` is the deadline without them; time given back for one makes the attempt longer for the next.
    """
    given = 0
    for begun_ms, over_ms in interruptions:
        if begun_ms < base_ms + given:
            given += max(0, over_ms - max(begun_ms, started_ms))
    return given
