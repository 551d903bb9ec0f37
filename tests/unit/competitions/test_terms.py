"""Local clocks, copies a year later, and what deserves a second thought."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from quizapp.banks.content import BankContent, Question
from quizapp.competitions.terms import Terms, concerns, copied_title, local_to_utc, one_year_later
from quizapp.papers.blueprint import Blueprint, Section

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def clocks(text: str) -> datetime:
    """What clocks show, without a zone."""
    return datetime.fromisoformat(text)


def test_shanghai_is_eight_hours_ahead() -> None:
    assert local_to_utc(clocks("2026-08-25 09:00"), SHANGHAI) == datetime(2026, 8, 25, 1, 0, tzinfo=UTC)


def test_an_hour_that_the_clocks_skip_is_no_moment() -> None:
    assert local_to_utc(clocks("2026-03-29 02:30"), BERLIN) is None


def test_of_an_hour_that_comes_twice_the_first_is_meant() -> None:
    assert local_to_utc(clocks("2026-10-25 02:30"), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        (SHANGHAI, datetime(2026, 8, 25, 1, 0, 7, tzinfo=UTC), datetime(2027, 8, 25, 1, 0, 7, tzinfo=UTC)),
        (SHANGHAI, datetime(2024, 2, 29, 1, 0, tzinfo=UTC), datetime(2025, 2, 28, 1, 0, tzinfo=UTC)),
        # 2026-03-30 09:00 summer time and 2027-03-30 09:00 summer time; 2026-03-28 is winter, 2027-03-28 is summer.
        (BERLIN, datetime(2026, 3, 28, 8, 0, tzinfo=UTC), datetime(2027, 3, 28, 7, 0, tzinfo=UTC)),
        # 02:30 exists on 2026-03-28 and is skipped on 2027-03-28: an hour later, then.
        (BERLIN, datetime(2026, 3, 28, 1, 30, tzinfo=UTC), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_year_later_the_clocks_show_the_same_hour(zone: ZoneInfo, before: datetime, after: datetime) -> None:
    assert one_year_later(before, zone) == after


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("2026 年全面质量管理知识竞赛", "2027 年全面质量管理知识竞赛"),
        ("知识竞赛", "知识竞赛（副本）"),
        ("长" * 120, "长" * 116 + "（副本）"),
    ],
)
def test_a_copys_title_counts_the_year_up_or_says_that_it_is_a_copy(title: str, expected: str) -> None:
    assert copied_title(title, 2026) == expected
    assert len(copied_title(title, 2026)) <= 120


def bank(formal: int, practice: int) -> BankContent:
    def question(number: int, pool: str) -> Question:
        return Question(f"Q{number}", "single", "T01", "easy", pool, "题干", ("甲", "乙"), 1)

    pools = ["formal"] * formal + ["practice"] * practice
    return BankContent("b", "题库", {"T01": "主题"}, tuple(question(*each) for each in enumerate(pools)))


CALM = Terms(
    title="竞赛",
    host="主办方",
    introduction="",
    contact="010-1",
    timezone="Asia/Shanghai",
    opens_at=datetime(2026, 8, 25, tzinfo=UTC),
    closes_at=datetime(2026, 11, 25, tzinfo=UTC),
    bank_version_id=1,
    blueprint=Blueprint((Section("single", 5, 400),)),
    minutes=30,
    grace_ms=2000,
    attempts_total=1,
    attempts_per_day=None,
    keep="best",
    shuffle_questions=True,
    shuffle_options=True,
    multiple_scoring="exact",
    show_answers="closed",
    pass_score=1200,
    entry="members",
    boards="public",
    board_minimum_people=5,
    tie_keys="score",
    shards=1,
    bank_four_eyes=False,
)


def test_calm_terms_raise_no_concern() -> None:
    assert concerns(CALM, bank(10, 1)) == []


@pytest.mark.parametrize(
    ("terms", "content", "code"),
    [
        (replace(CALM, show_answers="submitted"), bank(10, 1), "answers_before_close"),
        (replace(CALM, show_answers="at_once", attempts_total=3), bank(10, 1), "answers_between_attempts"),
        (replace(CALM, attempts_total=None), bank(10, 1), "unlimited_attempts"),
        (CALM, bank(9, 1), "small_bank"),
        (CALM, bank(10, 0), "no_practice_pool"),
        (replace(CALM, shuffle_options=False), bank(10, 1), "fixed_order"),
        (replace(CALM, contact=""), bank(10, 1), "no_contact"),
        (replace(CALM, closes_at=CALM.opens_at + timedelta(minutes=29)), bank(10, 1), "window_shorter_than_paper"),
    ],
)
def test_what_deserves_a_second_thought_is_named(terms: Terms, content: BankContent, code: str) -> None:
    assert concerns(terms, content) == [code]
