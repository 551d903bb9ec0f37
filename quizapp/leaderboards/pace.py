"""When results came about, hour by hour and day by day, in a competition's time zone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from quizapp.clock import from_ms, to_ms

HOURS = 24
DAYS = 14
QUARTER_MS = 900_000
"""No zone's hours or days begin within a quarter of an hour of UTC."""

Pace = list[tuple[int, int]]  # the begin of each hour or day in ms since 1970, and how many results


def hour_edges(until: datetime, zone: ZoneInfo) -> list[datetime]:
    """The begins of the last hours, that of `until` included, the oldest first; then the end."""
    # Hours are counted in UTC: the clocks of a zone may show one twice. Some zones are half an hour off.
    this_hour = until.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    return [(this_hour - timedelta(hours=back)).astimezone(zone) for back in reversed(range(-1, HOURS))]


def day_edges(until: datetime, zone: ZoneInfo) -> list[datetime]:
    """The same by days."""
    today = until.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return [today - timedelta(days=back) for back in reversed(range(-1, DAYS))]


def frozen_pace(ended: Mapping[int, int], closes_at: datetime, zone: ZoneInfo) -> dict[str, Pace]:
    """The "hours" and "days" up to the close, or up to the last result where time was given back. `ended`: quarter → results.

    A quarter is the time since 1970 in whole `QUARTER_MS`.
    """
    until = max(closes_at, from_ms(max(ended, default=0) * QUARTER_MS))
    return {"hours": _counts(ended, hour_edges(until, zone)), "days": _counts(ended, day_edges(until, zone))}


def _counts(ended: Mapping[int, int], edges: Sequence[datetime]) -> Pace:
    found = []
    for begin, end in pairwise(to_ms(edge) for edge in edges):
        quarters = (count for quarter, count in ended.items() if begin <= quarter * QUARTER_MS < end)
        found.append((begin, sum(quarters)))
    return found
