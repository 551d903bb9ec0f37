"""Which step a draw is at, at the borders of its moments."""

from datetime import UTC, datetime, timedelta

import pytest

from quizapp.draws.steps import Moments, Step, is_over, step_at

FROZEN, HAPPENS, OPEN_BY = (datetime(2026, 12, day, tzinfo=UTC) for day in (1, 2, 3))
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("moments", "now", "step"),
    [
        (Moments(), HAPPENS, Step.PLANNED),
        (Moments(FROZEN), HAPPENS, Step.FROZEN),
        (Moments(FROZEN, HAPPENS), HAPPENS - TICK, Step.NAMED),
        (Moments(FROZEN, HAPPENS), HAPPENS, Step.DUE),
        (Moments(FROZEN, HAPPENS), OPEN_BY + timedelta(days=999), Step.DUE),  # a beacon's draw can't be let lapse
        (Moments(FROZEN, HAPPENS, OPEN_BY), OPEN_BY, Step.DUE),
        (Moments(FROZEN, HAPPENS, OPEN_BY), OPEN_BY + TICK, Step.FAILED),
        (Moments(FROZEN, HAPPENS, OPEN_BY, OPEN_BY), OPEN_BY + TICK, Step.DRAWN),
    ],
)
def test_the_step_at_a_moment(moments: Moments, now: datetime, step: Step) -> None:
    assert step_at(moments, now) is step


def test_only_what_is_drawn_or_failed_is_over() -> None:
    assert [step for step in Step if is_over(step)] == [Step.DRAWN, Step.FAILED]
