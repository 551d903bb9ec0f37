"""The phase of a competition: a pure function of five moments and now.

While a competition is paused its time stands still: the phase stays what it was when the pause began.
"""

from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Phase(StrEnum):
    """Where a competition stands. OPEN holds from `opens_at`, that moment included, to `closes_at`, not included."""

    DRAFT = "draft"
    UPCOMING = "upcoming"
    OPEN = "open"
    CLOSED = "closed"
    FROZEN = "frozen"


class Schedule(Protocol):
    """The moments that decide; a `Competition` has them. `opens_at` < `closes_at`."""

    @property
    def published_at(self) -> datetime | None: ...
    @property
    def opens_at(self) -> datetime: ...
    @property
    def closes_at(self) -> datetime: ...
    @property
    def paused_at(self) -> datetime | None: ...
    @property
    def frozen_at(self) -> datetime | None: ...


def phase(schedule: Schedule, now: datetime) -> Phase:
    """The phase at `now`."""
    if schedule.published_at is None:
        return Phase.DRAFT
    if schedule.frozen_at is not None:
        return Phase.FROZEN
    moment = now if schedule.paused_at is None else min(now, schedule.paused_at)
    if moment < schedule.opens_at:
        return Phase.UPCOMING
    return Phase.OPEN if moment < schedule.closes_at else Phase.CLOSED


def is_paused(schedule: Schedule, now: datetime) -> bool:
    """Whether the competition is open and its time stands still."""
    return schedule.paused_at is not None and phase(schedule, now) is Phase.OPEN
