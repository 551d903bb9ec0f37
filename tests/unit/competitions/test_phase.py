"""The borders of the phases, a millisecond before, at and after."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from quizapp.competitions.phase import Phase, is_paused, phase

OPENS = datetime(2026, 8, 25, 1, 0, tzinfo=UTC)
CLOSES = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
MS = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Schedule:
    opens_at: datetime = OPENS
    closes_at: datetime = CLOSES
    published_at: datetime | None = OPENS - timedelta(days=9)
    paused_at: datetime | None = None
    frozen_at: datetime | None = None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (OPENS - MS, Phase.UPCOMING),
        (OPENS, Phase.OPEN),
        (OPENS + MS, Phase.OPEN),
        (CLOSES - MS, Phase.OPEN),
        (CLOSES, Phase.CLOSED),
        (CLOSES + MS, Phase.CLOSED),
    ],
)
def test_phase_changes_exactly_at_its_border(now: datetime, expected: Phase) -> None:
    assert phase(Schedule(), now) is expected


@pytest.mark.parametrize("now", [OPENS - MS, OPENS, CLOSES])
def test_what_is_not_published_is_a_draft_at_any_time(now: datetime) -> None:
    assert phase(Schedule(published_at=None), now) is Phase.DRAFT


def test_what_is_frozen_stays_frozen() -> None:
    assert phase(Schedule(frozen_at=CLOSES + MS), CLOSES + timedelta(days=400)) is Phase.FROZEN


def test_a_pause_keeps_a_competition_open_beyond_its_close() -> None:
    paused = Schedule(paused_at=CLOSES - MS)
    assert phase(paused, CLOSES + timedelta(hours=1)) is Phase.OPEN
    assert is_paused(paused, CLOSES + timedelta(hours=1))


@pytest.mark.parametrize(
    ("paused_at", "expected"),
    [(CLOSES - MS, True), (CLOSES, False), (CLOSES + MS, False)],
)
def test_only_an_open_competition_can_stand_still(paused_at: datetime, expected: bool) -> None:
    assert is_paused(Schedule(paused_at=paused_at), CLOSES + timedelta(hours=1)) is expected


def test_a_running_competition_is_not_paused() -> None:
    assert not is_paused(Schedule(), OPENS)
