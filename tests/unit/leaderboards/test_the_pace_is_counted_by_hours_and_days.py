"""When results came about, counted in the hours and days of the competition's zone, up to its end."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from quizapp.clock import from_ms, to_ms
from quizapp.leaderboards.pace import DAYS, HOURS, QUARTER_MS, frozen_pace

CLOSE = datetime(2026, 11, 20, 15, 59, tzinfo=UTC)  # a minute before midnight in Shanghai


def quarter(moment: datetime) -> int:
    return to_ms(moment) // QUARTER_MS


def test_what_was_counted_before_the_close_stands_in_its_hour_and_day() -> None:
    ended = {quarter(CLOSE): 3, quarter(datetime(2026, 11, 20, 14, 59, tzinfo=UTC)): 2}
    ended[quarter(datetime(2026, 11, 19, 15, 59, tzinfo=UTC))] = 5  # the day before, and more than a day
    ended[quarter(datetime(2026, 1, 1, tzinfo=UTC))] = 7  # longer ago than is shown
    pace = frozen_pace(ended, CLOSE, ZoneInfo("Asia/Shanghai"))
    assert (len(pace["hours"]), len(pace["days"])) == (HOURS, DAYS)
    assert [count for _begin, count in pace["hours"]][-2:] == [2, 3]
    assert sum(count for _begin, count in pace["hours"]) == 5
    assert [count for _begin, count in pace["days"]][-2:] == [5, 5]
    assert from_ms(pace["days"][-1][0]) == datetime(2026, 11, 19, 16, 0, tzinfo=UTC)


def test_an_end_after_the_close_is_counted_and_zones_of_half_hours_are_their_own() -> None:
    late = datetime(2026, 11, 20, 16, 31, tzinfo=UTC)  # time that an interruption took was given back
    pace = frozen_pace({quarter(late): 1, quarter(CLOSE): 1}, CLOSE, ZoneInfo("Asia/Kolkata"))
    assert [count for _begin, count in pace["hours"]][-2:] == [1, 1]
    assert from_ms(pace["hours"][-1][0]) == datetime(2026, 11, 20, 16, 30, tzinfo=UTC)


def test_nobody_took_part() -> None:
    assert sum(count for _begin, count in frozen_pace({}, CLOSE, ZoneInfo("UTC"))["days"]) == 0
