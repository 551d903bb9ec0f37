"""How often each question was drawn: counted from the seeds after the close, exactly once, whoever counts."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from quizapp.accounts.models import Account
from quizapp.attempts.exposure import (
    begin_portion,
    draw_again,
    exposure_of_bank,
    keep_portion,
    uncounted_competitions,
)
from quizapp.attempts.models import Attempt, ExposureCount, QuestionExposure
from quizapp.attempts.queries import paper_of
from quizapp.attempts.refresh import count_competition, count_due
from quizapp.banks.queries import version_content
from quizapp.banks.versions.actions import publish_version, save_draft
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.extensions import db, grader
from tests.cast import BORN, TinyBank, add_competition, tiny_content

NOW = utc_now()
OVER = {"opens_at": NOW - timedelta(days=9), "closes_at": NOW - timedelta(days=1)}
PEOPLE = 23
PAPER = 5


def add_attempts(app: Flask, competition_id: int, people: int = PEOPLE, *, login: str = "p") -> None:
    """Attempts with a seed each, as the recorder leaves them. Commits."""
    with app.app_context():
        accounts = [
            Account(login=f"{login}{number}", name="某", session_round=0, created_at=BORN) for number in range(people)
        ]
        db.session.add_all(accounts)
        db.session.flush()
        for account in accounts:
            key = {"competition_id": competition_id, "account_id": account.id, "ordinal": 1}
            db.session.add(Attempt(**key, seed=f"seed-{competition_id}-{account.id}", started_ms=1))
        db.session.commit()


def drawn_by_hand(competition: Competition) -> Counter[str]:
    """By question code, from the papers as people had them."""
    content = version_content(competition.bank_version_id)
    seeds = db.session.scalars(select(Attempt.seed).where(Attempt.competition_id == competition.id))
    return Counter(
        content.questions[place.ordinal].code for seed in seeds for place in paper_of(competition, seed).places
    )


def counted(app: Flask, bank_id: int) -> dict[str, int]:
    with app.app_context():
        exposure = exposure_of_bank(bank_id)
        return {code: exposure.of(code) for code in exposure.drawn}


@pytest.fixture
def past(app: Flask, tiny_bank: TinyBank) -> int:
    """A competition that is over and frozen, with attempts."""
    competition_id = add_competition(app, tiny_bank.version_id, now=NOW, primed=False, frozen_at=NOW, **OVER).id
    add_attempts(app, competition_id)
    return competition_id


def test_every_draw_of_every_attempt_is_counted_once(app: Flask, past: int, tiny_bank: TinyBank) -> None:
    with app.app_context():
        assert count_competition(past) == PEOPLE
        by_hand = drawn_by_hand(db.session.get_one(Competition, past))
    assert counted(app, tiny_bank.bank_id) == by_hand
    assert sum(by_hand.values()) == PEOPLE * PAPER
    with app.app_context():
        assert uncounted_competitions(NOW) == []
        assert count_competition(past) == 0
    assert counted(app, tiny_bank.bank_id) == by_hand


def test_a_count_that_was_stopped_goes_on_where_it_stood(app: Flask, past: int, tiny_bank: TinyBank) -> None:
    with app.app_context():
        competition = db.session.get_one(Competition, past)
        portion = begin_portion(competition)
        draw_again(competition, portion, 4)
        draw_again(competition, portion, 3)
        assert (portion.attempts, portion.is_all) == (7, False)
        assert keep_portion(portion, now=NOW)
        db.session.commit()
        draw_again(competition, portion, 5)  # drawn, and then the process dies
    assert counted(app, tiny_bank.bank_id) == {}  # half a count is not shown
    with app.app_context():
        assert count_competition(past) == PEOPLE - 7
        assert counted(app, tiny_bank.bank_id) == drawn_by_hand(db.session.get_one(Competition, past))


def test_two_that_count_at_once_count_once(app: Flask, past: int, tiny_bank: TinyBank) -> None:
    start = threading.Barrier(4)
    outcomes: list[int] = []

    def work() -> None:
        with app.app_context():
            start.wait()
            outcomes.append(count_competition(past))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [0, 0, 0, PEOPLE]
    with app.app_context():
        assert counted(app, tiny_bank.bank_id) == drawn_by_hand(db.session.get_one(Competition, past))


def test_a_portion_that_came_too_late_changes_nothing(app: Flask, past: int, tiny_bank: TinyBank) -> None:
    with app.app_context():
        competition = db.session.get_one(Competition, past)
        late = begin_portion(competition)
        draw_again(competition, late, 9)
        count_competition(past)
        before = counted(app, tiny_bank.bank_id)
        assert not keep_portion(late, now=NOW)
        db.session.commit()
    assert counted(app, tiny_bank.bank_id) == before


def test_what_still_runs_is_not_counted(app: Flask, tiny_bank: TinyBank) -> None:
    for columns in ({}, {"published_at": None, **OVER}, {**OVER, "paused_at": NOW - timedelta(days=2)}):
        add_competition(app, tiny_bank.version_id, now=NOW, primed=False, **columns)
    with app.app_context():
        assert uncounted_competitions(NOW) == []


def test_nothing_is_counted_while_the_store_holds_an_open_attempt(app: Flask, tiny_bank: TinyBank) -> None:
    competition_id = add_competition(app, tiny_bank.version_id, now=NOW, primed=False, **OVER).id
    add_attempts(app, competition_id)
    keys = f"{{q{competition_id}.0}}:open"
    grader.store.zadd(keys, {"1:1": 1})
    with app.app_context():
        count_due(threading.Event())
        assert db.session.get(ExposureCount, competition_id) is None
        db.session.rollback()
    grader.store.delete(keys)
    with app.app_context():
        count_due(threading.Event())
        count = db.session.get_one(ExposureCount, competition_id)
        assert (count.attempts, count.finished_at is not None) == (PEOPLE, True)


def test_a_close_that_is_put_off_makes_another_count(app: Flask, past: int, tiny_bank: TinyBank) -> None:
    with app.app_context():
        count_competition(past)
        db.session.get_one(Competition, past).closes_at += timedelta(hours=1)
        db.session.commit()
        assert [each.id for each in uncounted_competitions(NOW)] == [past]
    add_attempts(app, past, 4, login="a-earlier")
    with app.app_context():
        assert count_competition(past) == PEOPLE + 4
        assert counted(app, tiny_bank.bank_id) == drawn_by_hand(db.session.get_one(Competition, past))


def test_a_question_is_followed_through_the_versions_and_competitions_of_its_bank(
    app: Flask, past: int, tiny_bank: TinyBank
) -> None:
    first, *rest = tiny_content().questions
    with app.app_context():
        content = replace(tiny_content(), questions=(replace(first, explanation="改写"), *rest))
        draft = save_draft(content, source_name="b.yaml", actor=None, now=NOW)
        version = publish_version(draft.bank, actor=None, now=NOW)
        other = save_draft(replace(content, code="other"), source_name="c.yaml", actor=None, now=NOW)
        elsewhere = publish_version(other.bank, actor=None, now=NOW)
        db.session.commit()
        version_id, elsewhere_id = version.id, elsewhere.id
    later = add_competition(app, version_id, now=NOW, primed=False, frozen_at=NOW, **OVER).id
    foreign = add_competition(app, elsewhere_id, now=NOW, primed=False, frozen_at=NOW, **OVER).id
    for number, competition_id in enumerate((later, foreign)):
        add_attempts(app, competition_id, login=f"x{number}")
    with app.app_context():
        count_due(threading.Event())
        exposure = exposure_of_bank(tiny_bank.bank_id)
        assert dict(exposure.attempts) == {past: PEOPLE, later: PEOPLE}
        for competition_id in (past, later):
            by_hand = drawn_by_hand(db.session.get_one(Competition, competition_id))
            assert by_hand == {
                code: times[competition_id] for code, times in exposure.drawn.items() if competition_id in times
            }
        assert set(exposure.drawn[first.code]) == {past, later}  # two wordings, two rows, one question
        rows = select(func.count()).select_from(QuestionExposure).where(QuestionExposure.competition_id == foreign)
        assert db.session.scalar(rows)


def test_the_command_counts_what_is_over(app: Flask, past: int) -> None:
    result = app.test_cli_runner().invoke(args=["exposure", "count"])
    assert (result.exit_code, f"{PEOPLE} attempts counted" in result.stdout) == (0, True)
    assert app.test_cli_runner().invoke(args=["exposure", "count"]).stdout == ""
