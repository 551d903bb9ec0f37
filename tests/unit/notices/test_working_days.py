"""Working days follow the State Council's notices, make-up days included; a year without one is said, not guessed."""

from datetime import date, timedelta

import pytest

from quizapp.notices.calendars import CALENDAR
from quizapp.notices.working_days import (
    UnknownYear,
    calendar_from,
    is_working_day,
    working_day_after,
    working_days_left,
)


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        (date(2026, 11, 23), date(2026, 11, 30)),  # a Monday: itself is not counted
        (date(2026, 11, 20), date(2026, 11, 27)),  # a Friday
        (date(2026, 11, 21), date(2026, 11, 27)),  # a Saturday
        (date(2026, 9, 30), date(2026, 10, 13)),  # over the National Day: Saturday the 10th is worked
        (date(2026, 9, 18), date(2026, 9, 24)),  # Sunday the 20th is worked, Friday the 25th is a holiday
        (date(2025, 9, 26), date(2025, 10, 10)),  # Sunday the 28th is worked, then eight days off
        (date(2026, 2, 13), date(2026, 2, 27)),  # Saturday the 14th is worked, then the Spring Festival
    ],
)
def test_five_working_days(begins: date, ends: date) -> None:
    assert working_day_after(begins, 5, CALENDAR) == ends


@pytest.mark.parametrize(
    ("year", "days"),
    # 365 days less the weekends, less holidays on weekdays, more weekend days that are worked: what calendars print.
    [(2025, 248), (2026, 248)],
)
def test_a_year_has_its_working_days(year: int, days: int) -> None:
    first = date(year, 1, 1)
    assert sum(is_working_day(first + timedelta(days=number), CALENDAR) for number in range(365)) == days


def test_a_year_without_a_notice_is_said_and_not_guessed() -> None:
    assert working_day_after(date(2026, 12, 24), 5, CALENDAR) == date(2026, 12, 31)
    with pytest.raises(UnknownYear) as raised:
        working_day_after(date(2026, 12, 25), 5, CALENDAR)
    assert raised.value.year == 2027
    assert working_days_left(date(2026, 12, 25), date(2027, 1, 5), CALENDAR) is None


def test_what_is_left_counts_from_tomorrow() -> None:
    assert working_days_left(date(2026, 9, 30), date(2026, 10, 13), CALENDAR) == 5
    assert working_days_left(date(2026, 10, 13), date(2026, 10, 13), CALENDAR) == 0
    assert working_days_left(date(2026, 10, 14), date(2026, 10, 13), CALENDAR) == 0


def test_every_year_names_its_source() -> None:
    for number, year in CALENDAR.items():
        assert f"国务院办公厅关于{number}年部分节假日安排的通知" in year.source


@pytest.mark.parametrize(
    "entry",
    [
        {"source": "s", "holidays": [date(2025, 1, 1)], "workdays": []},
        {"source": "s", "holidays": [], "workdays": [date(2026, 11, 23)]},
        {"source": "s", "holidays": ["2026-10-01/2026-10-10"], "workdays": [date(2026, 10, 10)]},
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(entry: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="contradicts"):
        calendar_from({2026: entry})
