"""The rules of attempts as plain functions; the grader's Lua is held to them by a test on the real store."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from quizapp.attempts.actions import day_around
from quizapp.attempts.rules import (
    Closing,
    Grade,
    answers_may_show,
    choice_is_possible,
    closing,
    grade,
    points_for,
    recompute,
    shown_mask,
    start_refusal,
)
from quizapp.attempts.sentences import SENTENCES
from quizapp.banks.content import BankContent, Question
from quizapp.clock import from_ms
from quizapp.grader.outcomes import Outcome
from quizapp.grader.rules import CompetitionRules, PaperPlace, deadline_ms
from quizapp.papers.assembly import Paper, Place

RULES = CompetitionRules(
    competition=1,
    shards=1,
    opens_ms=1_000_000,
    closes_ms=9_000_000,
    minutes=30,
    grace_ms=2000,
    paused_ms=0,
    shift_ms=0,
    attempts_total=None,
    attempts_per_day=None,
    multiple_scoring="exact",
    at_once=False,
)


def test_a_key_is_read_in_the_letters_shown() -> None:
    # Written A and C are right; this attempt shows C, B, D, A.
    assert shown_mask(0b0101, (2, 1, 3, 0)) == 0b1001
    assert shown_mask(0b0101, (0, 1, 2, 3)) == 0b0101
    assert shown_mask(0, (0, 1)) == 0


@pytest.mark.parametrize(
    ("kind", "chosen", "right", "partial", "points"),
    [
        ("single", 1, 1, False, 400),
        ("single", 2, 1, False, 0),
        ("single", 0, 1, True, 0),
        ("multiple", 0b101, 0b101, False, 400),
        ("multiple", 0b001, 0b101, False, 0),
        ("multiple", 0b001, 0b101, True, 200),
        ("multiple", 0b011, 0b101, True, 0),
        ("multiple", 0b111, 0b101, True, 0),
        ("multiple", 0b001, 0b111, True, 133),
        ("multiple", 0b011, 0b111, True, 266),
        ("multiple", 0, 0b111, True, 0),
        ("judge", 2, 2, True, 400),
        ("judge", 1, 2, True, 0),
    ],
)
def test_points(kind: str, chosen: int, right: int, partial: bool, points: int) -> None:
    assert points_for(kind, chosen, right, 400, partial=partial) == points


@pytest.mark.parametrize(
    ("kind", "options", "possible"),
    [("single", 4, {0, 1, 2, 4, 8}), ("judge", 2, {0, 1, 2}), ("multiple", 3, set(range(8)))],
)
def test_possible_choices(kind: str, options: int, possible: set[int]) -> None:
    assert {chosen for chosen in range(-1, 256) if choice_is_possible(kind, options, chosen)} == possible


def test_unanswered_positions_are_worth_nothing() -> None:
    places = (PaperPlace(0, "single", 400, (1, 0)), PaperPlace(1, "judge", 100, (0, 1)))
    key = {0: ("single", 1), 1: ("judge", 2)}
    assert grade(places, key, {1: 2}, partial=False) == Grade(400, 1, (400, 0))


def test_a_score_follows_again_from_responses_and_bank_version() -> None:
    question = Question("T1", "multiple", "T01", "easy", "formal", "题干", ("甲", "乙", "丙"), 0b110)
    content = BankContent("b", "b", {}, (question,))
    paper = Paper((Place(0, (2, 0, 1), 300),))
    assert recompute(paper, content, {1: 0b101}, partial=False) == Grade(300, 1, (300,))
    assert recompute(paper, content, {1: 0b001}, partial=True) == Grade(150, 0, (150,))


def test_the_deadline_is_the_earlier_of_own_time_and_close() -> None:
    assert deadline_ms(RULES, 2_000_000, 0, 0) == 3_800_000
    assert deadline_ms(RULES, 2_000_000, 60_000, 0) == 3_860_000
    assert deadline_ms(replace(RULES, shift_ms=500), 2_000_000, 0, 200) == 3_800_300
    assert deadline_ms(RULES, 8_000_000, 0, 0) == 9_000_000


DEADLINE = 3_800_000


@pytest.mark.parametrize(
    ("now_ms", "expected"),
    [
        (DEADLINE - 1, Closing(DEADLINE - 1, 1_799_999, "person")),
        (DEADLINE, Closing(DEADLINE, 1_800_000, "person")),
        (DEADLINE + 1, Closing(DEADLINE, 1_800_000, "person")),
        (DEADLINE + 2000, Closing(DEADLINE, 1_800_000, "person")),
        (DEADLINE + 2001, Closing(DEADLINE, 1_800_000, "deadline")),
    ],
)
def test_an_attempt_counts_as_ended_at_its_deadline(now_ms: int, expected: Closing) -> None:
    ended = closing(RULES, started_ms=2_000_000, extra_ms=0, shift_ms=0, now_ms=now_ms, by_person=True)
    assert ended == expected


def test_nobody_but_the_deadline_ends_an_attempt_that_was_left() -> None:
    ended = closing(RULES, started_ms=2_000_000, extra_ms=0, shift_ms=0, now_ms=9_900_000, by_person=False)
    assert ended == Closing(DEADLINE, 1_800_000, "deadline")


def test_pauses_are_not_counted_as_time_used() -> None:
    paused = replace(RULES, shift_ms=70_000)
    ended = closing(paused, started_ms=2_000_000, extra_ms=0, shift_ms=10_000, now_ms=2_100_000, by_person=True)
    assert ended.used_ms == 40_000


@pytest.mark.parametrize(
    ("rules", "now_ms", "starts", "code"),
    [
        ({}, 999_999, [], "not_open_yet"),
        ({}, 1_000_000, [], None),
        ({}, 8_999_999, [], None),
        ({}, 9_000_000, [], "closed"),
        ({"paused_ms": 5}, 2_000_000, [], "paused"),
        ({"fenced": True}, 2_000_000, [], "fenced"),
        ({"attempts_total": 2}, 2_000_000, [1, 2], "no_attempts_left"),
        ({"attempts_total": 2}, 2_000_000, [1], None),
        ({"attempts_per_day": 1}, 2_000_000, [1_500_000], "no_attempts_left_today"),
        ({"attempts_per_day": 1}, 2_000_000, [1_499_999, 2_500_000], None),
    ],
)
def test_starts_are_refused_by_name(rules: dict[str, int], now_ms: int, starts: list[int], code: str | None) -> None:
    asked = replace(RULES, **rules)  # type: ignore[arg-type]
    assert start_refusal(asked, now_ms=now_ms, starts_ms=starts, day_ms=(1_500_000, 2_500_000)) == code


@pytest.mark.parametrize(
    ("setting", "running", "ended", "ended_and_closed"),
    [
        ("at_once", False, True, True),
        ("submitted", False, True, True),
        ("closed", False, False, True),
        ("never", False, False, False),
    ],
)
def test_what_was_right_is_never_shown_before_its_time(
    setting: str, running: bool, ended: bool, ended_and_closed: bool
) -> None:
    for closed in (False, True):
        assert answers_may_show(setting, attempt_ended=False, competition_closed=closed) is running
    assert answers_may_show(setting, attempt_ended=True, competition_closed=False) is ended
    assert answers_may_show(setting, attempt_ended=True, competition_closed=True) is ended_and_closed


@pytest.mark.parametrize(
    ("zone", "hours"), [("Asia/Shanghai", 24), ("Europe/Berlin", 25), ("America/New_York", 24), ("UTC", 24)]
)
def test_a_day_is_one_of_the_competitions_zone(zone: str, hours: int) -> None:
    now = datetime(2026, 10, 25, 5, 30, tzinfo=UTC)  # clocks go back in Berlin on this day
    first, after = day_around(now, zone)
    assert after - first == hours * 3_600_000
    assert from_ms(first) <= now < from_ms(after)


def test_every_code_that_a_person_can_meet_has_its_sentence() -> None:
    internal = {Outcome.OK, Outcome.SAVED, Outcome.STARTED, Outcome.ALREADY_OPEN, Outcome.SUBMITTED}
    internal |= {Outcome.BEHIND, Outcome.STALE}
    assert {code.value for code in set(Outcome) - internal} <= SENTENCES.keys()
