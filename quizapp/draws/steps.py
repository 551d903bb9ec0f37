"""Where a draw is on its way, and what may follow: pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# So much time must lie between the naming and the coming of chance that it can be seen and noted by others.
SHORTEST_NOTICE = timedelta(minutes=1)
APPROVALS = 2


class Step(StrEnum):
    """PLANNED: prizes can change. FROZEN: the roll is known. NAMED: so is where chance will come from. DUE: chance has come, nobody has
    drawn yet. DRAWN: winners are known. FAILED: the commitment was not opened by its date."""

    PLANNED = "planned"
    FROZEN = "frozen"
    NAMED = "named"
    DUE = "due"
    DRAWN = "drawn"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Moments:
    """When the steps of a draw happened or will happen."""

    frozen_at: datetime | None = None
    happens_at: datetime | None = None
    open_by: datetime | None = None
    drawn_at: datetime | None = None


def step_at(moments: Moments, now: datetime) -> Step:
    """The step that a draw is at."""
    if moments.drawn_at is not None:
        return Step.DRAWN
    if moments.frozen_at is None:
        return Step.PLANNED
    if moments.happens_at is None:
        return Step.FROZEN
    if now < moments.happens_at:
        return Step.NAMED
    if moments.open_by is not None and now > moments.open_by:
        return Step.FAILED
    return Step.DUE


def is_over(step: Step) -> bool:
    """Whether nothing can follow in this draw, so that another one may be asked for."""
    return step in (Step.DRAWN, Step.FAILED)
