"""Working days in China (工作日): weekdays but for public holidays, and the weekend days that are worked instead. Pure.

The day on which something begins is not counted (Civil Code, article 201). Holidays are data (`holidays.yaml`), announced a
year at a time; of a year without data nothing is said, whatever is likely.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

SATURDAY = 5


class UnknownYear(ValueError):  # its name says what is wrong
    """The holidays of this year have not been announced, or not been entered."""

    def __init__(self, year: int) -> None:
        super().__init__(f"the holidays of {year} are not known")
        self.year = year


@dataclass(frozen=True, slots=True)
class Year:
    """What was announced of a year, and where."""

    source: str
    holidays: frozenset[date]
    workdays: frozenset[date]


Calendar = Mapping[int, Year]


def calendar_from(value: Mapping[int, Mapping[str, Any]]) -> dict[int, Year]:
    """The calendar of a file's values. Raises ValueError for what contradicts itself or lies in another year."""
    found = {}
    for number, entry in value.items():
        holidays = {day for each in entry["holidays"] for day in _days(each)}
        year = Year(entry["source"], frozenset(holidays), frozenset(entry["workdays"]))
        outside = {day for day in year.holidays | year.workdays if day.year != number}
        weekdays_worked = {day for day in year.workdays if day.weekday() < SATURDAY}
        if outside or weekdays_worked or year.holidays & year.workdays:
            raise ValueError(f"the calendar of {number} contradicts itself")
        found[number] = year
    return found


def _days(value: date | str) -> list[date]:
    if isinstance(value, date):
        return [value]
    first, last = (date.fromisoformat(part) for part in value.split("/"))
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def is_working_day(day: date, calendar: Calendar) -> bool:
    """Whether people work on a day. Raises UnknownYear."""
    year = calendar.get(day.year)
    if year is None:
        raise UnknownYear(day.year)
    return day in year.workdays or (day.weekday() < SATURDAY and day not in year.holidays)


def working_day_after(day: date, count: int, calendar: Calendar) -> date:
    """The `count`-th working day after a day, which itself is not counted. Raises UnknownYear."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day, calendar)
    return day


def working_days_left(today: date, last: date, calendar: Calendar) -> int | None:
    """How many working days remain from tomorrow up to the last one; None where a year is unknown."""
    try:
        return sum(
            is_working_day(today + timedelta(days=number), calendar) for number in range(1, (last - today).days + 1)
        )
    except UnknownYear:
        return None
