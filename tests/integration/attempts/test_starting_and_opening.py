"""Starting and opening an attempt, and reading it wherever it is held."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from redis import Redis

from quizapp.attempts.actions import open_attempt, start_attempt
from quizapp.attempts.models import Attempt, Response, Result
from quizapp.attempts.queries import (
    attempt_or_404,
    attempts_of,
    may_review,
    paper_of,
    places_for,
    result_of,
    review_of,
)
from quizapp.attempts.rules import recompute
from quizapp.attempts.ticket import tickets_of
from quizapp.clock import from_ms, utc_now
from quizapp.competitions.models import ExtraTime
from quizapp.competitions.priming import prime
from quizapp.errors import NotFound, Refused
from quizapp.extensions import db, grader
from quizapp.grader.engine import AnswerCall
from quizapp.grader.keys import ShardKeys
from quizapp.grader.stream import Started, parse
from tests.cast import Cast, OpenCompetition, Person, TinyBank, add_competition, add_person
from tests.conftest import SECRET


def start(competition: OpenCompetition, person: Person) -> int:
    return start_attempt(competition.competition, person.account, now=utc_now())


def refusal(competition: OpenCompetition, person: Person) -> str:
    with pytest.raises(Refused) as caught:
        start(competition, person)
    return caught.value.code


def answer(competition: OpenCompetition, person: Person, answers: dict[int, int], epoch: int = 1) -> None:
    sent = [(position, chosen, 10 + position) for position, chosen in answers.items()]
    grader.answer(competition.id, 0, [AnswerCall(person.id, 1, epoch, sent)])


def submit(competition: OpenCompetition, person: Person, epoch: int = 1, ordinal: int = 1) -> None:
    assert grader.submit(competition.id, 0, person.id, ordinal, epoch).ending is not None


def record(competition: OpenCompetition, person: Person, **columns: Any) -> None:
    """Put the held attempt into SQL, as the recorder does."""
    state = grader.read(competition.id, 1, person.id).attempt
    assert state is not None
    db.session.add(
        Attempt(
            competition_id=competition.id,
            account_id=person.id,
            ordinal=state.ordinal,
            organization_id=state.organization,
            seed=state.seed,
            started_ms=state.started_ms,
            extra_ms=state.extra_ms,
            shift_ms=state.shift_ms,
            **columns,
        )
    )
    for position, held in state.answers.items():
        db.session.add(
            Response(
                competition_id=competition.id,
                account_id=person.id,
                ordinal=state.ordinal,
                position=position,
                chosen=held.chosen,
                epoch=held.epoch,
                sequence=held.sequence,
                answered_ms=held.answered_ms,
            )
        )
    db.session.commit()


def test_the_result_counts_for_the_unit_of_the_start(app: Flask, cast: Cast, competition: OpenCompetition) -> None:
    with app.app_context():
        start(competition, cast.lin)
        entries: Any = grader.store.xrange(ShardKeys(competition.id, 0).stream)
        (started,) = parse(entries[0][1])
    assert isinstance(started, Started)
    assert (started.account, started.organization, started.extra_ms) == (cast.lin.id, cast.unit_a.id, 0)


def test_a_person_gets_the_paper_of_the_attempts_seed(app: Flask, cast: Cast, competition: OpenCompetition) -> None:
    with app.app_context():
        start(competition, cast.lin)
        opened = open_attempt(competition.competition, cast.lin.account)
        state = grader.read(competition.id, 1, cast.lin.id).attempt
        assert state is not None
        paper = paper_of(competition.competition, state.seed)
    assert len(opened.positions) == len(paper.places) == 5
    assert [(section.type, section.first, section.count, section.points) for section in opened.sections] == [
        ("single", 1, 3, 6000),
        ("multiple", 4, 1, 2000),
        ("judge", 5, 1, 2000),
    ]
    ticket = tickets_of(SECRET).read(opened.ticket.encode())
    assert ticket == (competition.id, 0, cast.lin.id, 1, 1)
    assert opened.deadline_ms == state.started_ms + 30 * 60_000
    assert not opened.paused
    assert not opened.at_once


def test_opening_again_gives_the_same_paper_with_its_answers(
    app: Flask, cast: Cast, competition: OpenCompetition
) -> None:
    with app.app_context():
        start(competition, cast.lin)
        first = open_attempt(competition.competition, cast.lin.account)
        answer(competition, cast.lin, {1: 2, 4: 5})
        second = open_attempt(competition.competition, cast.lin.account)
    assert (first.epoch, second.epoch) == (1, 2)
    assert [place.chosen for place in second.positions] == [2, 0, 0, 5, 0]
    assert [replace(place, chosen=0, sequence=0) for place in second.positions] == list(first.positions)
    assert second.deadline_ms == first.deadline_ms


def test_fifty_double_clicks_start_one_attempt(app: Flask, cast: Cast, competition: OpenCompetition) -> None:
    def click(_: int) -> int:
        with app.app_context():
            return start(competition, cast.lin)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(click, range(50))) == {1}
    with app.app_context():
        assert len(grader.store.xrange(ShardKeys(competition.id, 0).stream)) == 1  # type: ignore[arg-type]


def test_people_get_different_papers(app: Flask, cast: Cast, competition: OpenCompetition) -> None:
    with app.app_context():
        papers = []
        for person in (cast.lin, cast.bo, cast.chen):
            start(competition, person)
            papers.append(open_attempt(competition.competition, person.account).positions)
    assert len(set(papers)) == 3


def test_who_may_not_start_is_told_why(app: Flask, cast: Cast, tiny_bank: TinyBank) -> None:
    now = utc_now()
    stranger = add_person(app, "stranger", "生人")
    pending = add_person(app, "pending", "待定", unit=cast.unit_a, state="pending")

    def competition(**columns: Any) -> OpenCompetition:
        return add_competition(app, tiny_bank.version_id, now=now, **columns)

    refused = [
        (competition(), stranger, "membership_missing"),
        (competition(entry="confirmed"), pending, "membership_pending"),
        (competition(opens_at=now + timedelta(hours=1)), cast.lin, "competition_not_open"),
        (competition(closes_at=now), cast.lin, "competition_closed"),
        (competition(paused_at=now), cast.lin, "competition_paused"),
    ]
    for_anyone, once = competition(entry="anyone"), competition()
    daily = competition(attempts_total=None, attempts_per_day=1)
    with app.app_context():
        for asked, person, code in refused:
            assert refusal(asked, person) == code
        assert start(for_anyone, stranger) == 1
        for asked, code in ((once, "no_attempts_left"), (daily, "no_attempts_left_today")):
            start(asked, cast.lin)
            submit(asked, cast.lin, epoch=0)
            assert refusal(asked, cast.lin) == code


def test_a_running_attempt_is_found_although_no_new_one_may_start(
    app: Flask, cast: Cast, competition: OpenCompetition
) -> None:
    with app.app_context():
        start(competition, cast.lin)
        row = competition.competition
        row.paused_at = utc_now()
        db.session.commit()
        prime(row)
        assert start(competition, cast.lin) == 1
        assert refusal(competition, cast.bo) == "competition_paused"
        assert open_attempt(competition.competition, cast.lin.account).paused


def test_extra_time_counts_from_the_start(app: Flask, cast: Cast, competition: OpenCompetition) -> None:
    with app.app_context():
        db.session.add(
            ExtraTime(
                competition_id=competition.id, account_id=cast.lin.id, minutes=10, reason="视力", granted_at=utc_now()
            )
        )
        db.session.commit()
        start(competition, cast.lin)
        state = grader.read(competition.id, 1, cast.lin.id).attempt
    assert state is not None
    assert state.deadline_ms == state.started_ms + 40 * 60_000


def test_without_an_attempt_there_is_nothing_to_open(app: Flask, cast: Cast, competition: OpenCompetition) -> None:
    with app.app_context():
        start(competition, cast.bo)
        with pytest.raises(NotFound, match="no_attempt"):
            open_attempt(competition.competition, cast.lin.account)
        submit(competition, cast.bo, epoch=0)
        with pytest.raises(Refused, match="already_submitted"):
            open_attempt(competition.competition, cast.bo.account)


def test_a_store_that_lost_everything_gives_the_attempt_back(
    app: Flask, store: Redis, cast: Cast, competition: OpenCompetition
) -> None:
    with app.app_context():
        start(competition, cast.lin)
        first = open_attempt(competition.competition, cast.lin.account)
        answer(competition, cast.lin, {1: 2})
        record(competition, cast.lin)
        store.flushall()
        prime(competition.competition)
        again = open_attempt(competition.competition, cast.lin.account)
        assert [place.stem for place in again.positions] == [place.stem for place in first.positions]
        assert again.positions[0].chosen == 2
        assert again.deadline_ms == first.deadline_ms
        assert again.epoch > first.epoch

        store.flushall()
        prime(competition.competition)
        assert start(competition, cast.lin) == 1
        assert [view.ordinal for view in attempts_of(competition.competition, cast.lin.id)] == [1]


def test_a_store_that_lost_everything_does_not_give_a_second_attempt(
    app: Flask, store: Redis, cast: Cast, competition: OpenCompetition
) -> None:
    with app.app_context():
        start(competition, cast.lin)
        ended = {"submitted_ms": 5, "used_ms": 5, "ended_by": "person", "score": 0, "right_count": 0, "points": [0] * 5}
        record(competition, cast.lin, **ended)
        store.flushall()
        prime(competition.competition)
        assert refusal(competition, cast.lin) == "no_attempts_left"


def test_an_attempt_reads_alike_from_the_store_and_from_sql(
    app: Flask, store: Redis, cast: Cast, competition: OpenCompetition
) -> None:
    with app.app_context():
        row = competition.competition
        assert result_of(row, cast.lin.id, attempts_of(row, cast.lin.id)) is None
        start(competition, cast.lin)
        open_attempt(row, cast.lin.account)
        answer(competition, cast.lin, {1: 2, 4: 5})
        running = attempt_or_404(row, cast.lin.id, 1)
        assert (running.ending, running.recorded, dict(running.chosen)) == (None, False, {1: 2, 4: 5})
        assert running.deadline_ms is not None
        submit(competition, cast.lin)
        held = attempt_or_404(row, cast.lin.id, 1)
        unrecorded = result_of(row, cast.lin.id, attempts_of(row, cast.lin.id))
        ending = held.ending
        assert ending is not None
        assert unrecorded is not None
        assert (unrecorded.score, unrecorded.recorded) == (ending.score, False)
        record(
            competition,
            cast.lin,
            submitted_ms=ending.submitted_ms,
            used_ms=ending.used_ms,
            ended_by=ending.ended_by,
            score=ending.score,
            right_count=ending.right_count,
            points=list(ending.points),
        )
        store.flushall()
        assert attempt_or_404(row, cast.lin.id, 1) == replace(held, recorded=True)


def test_a_better_attempt_counts_at_once_although_only_the_older_one_is_recorded(
    app: Flask, store: Redis, cast: Cast, tiny_bank: TinyBank
) -> None:
    competition = add_competition(app, tiny_bank.version_id, now=utc_now(), attempts_total=2)
    with app.app_context():
        row = competition.competition
        start(competition, cast.lin)
        open_attempt(row, cast.lin.account)
        submit(competition, cast.lin)
        ended = {"submitted_ms": 5, "used_ms": 600_000, "score": 0, "right_count": 0}
        record(competition, cast.lin, ended_by="person", points=[0] * 5, **ended)
        db.session.add(
            Result(competition_id=row.id, account_id=cast.lin.id, ordinal=1, full_marks=0, passed=0, change=5, **ended)
        )
        db.session.commit()
        start(competition, cast.lin)
        open_attempt(row, cast.lin.account)
        submit(competition, cast.lin, ordinal=2)
        found = result_of(row, cast.lin.id, attempts_of(row, cast.lin.id))
        assert found is not None
        assert (found.ordinal, found.recorded) == (2, False)


def test_anothers_attempt_and_no_attempt_look_the_same(app: Flask, cast: Cast, competition: OpenCompetition) -> None:
    with app.app_context():
        start(competition, cast.lin)
        for account_id, ordinal in ((cast.chen.id, 1), (cast.lin.id, 2), (999_999, 1)):
            with pytest.raises(NotFound):
                attempt_or_404(competition.competition, account_id, ordinal)


def test_a_review_tells_what_was_right_in_the_letters_shown(
    app: Flask, cast: Cast, competition: OpenCompetition, tiny_bank: TinyBank
) -> None:
    with app.app_context():
        row = competition.competition
        start(competition, cast.lin)
        opened = open_attempt(row, cast.lin.account)
        state = grader.read(competition.id, 1, cast.lin.id).attempt
        assert state is not None
        places = places_for(row, state.seed)
        answer(competition, cast.lin, {1: 1, 4: 0b11, 5: 1})
        submit(competition, cast.lin)
        view = attempt_or_404(row, cast.lin.id, 1)
        reviewed = review_of(row, view)
        assert [place.options for place in reviewed] == [place.options for place in opened.positions]
        for place in reviewed:
            texts = {text for letter, text in enumerate(place.options) if place.right >> letter & 1}
            question = place.question
            assert texts == {text for option, text in enumerate(question.options) if question.right >> option & 1}
            assert (place.points == place.full_points) == (place.chosen == place.right)
        grade = recompute(paper_of(row, view.seed), tiny_bank.content, view.chosen, partial=False)
        assert view.ending is not None
        assert (view.ending.score, view.ending.right_count, view.ending.points) == (
            grade.score,
            grade.right_count,
            grade.points,
        )
        assert len(places) == 5


def test_who_reads_english_gets_the_same_paper_in_english(app: Flask, cast: Cast, competition: OpenCompetition) -> None:
    with app.test_request_context():
        row = competition.competition
        start(competition, cast.lin)
        chinese = open_attempt(row, cast.lin.account)
        with force_locale("en"):
            english = open_attempt(row, cast.lin.account)
            submit(competition, cast.lin, epoch=english.epoch)
            reviewed = review_of(row, attempt_or_404(row, cast.lin.id, 1))
    numbers = [re.findall(r"\d+", place.stem)[0] for place in chinese.positions]
    assert [place.stem for place in english.positions] == [f"Stem of question {number}" for number in numbers]
    letters = str.maketrans("甲乙丙丁", "ABCD")
    for was, now in zip(chinese.positions, english.positions, strict=True):
        if was.type != "judge":
            assert [text[-1].translate(letters) for text in was.options] == [text.split()[1] for text in now.options]
    assert [place.options for place in reviewed] == [place.options for place in english.positions]
    assert reviewed[0].question.explanation == f"Explanation of question {numbers[0]}"


def test_answers_show_after_the_close_and_its_grace_only(app: Flask, cast: Cast, competition: OpenCompetition) -> None:
    with app.app_context():
        row = competition.competition
        start(competition, cast.lin)
        running = attempt_or_404(row, cast.lin.id, 1)
        submit(competition, cast.lin, epoch=0)
        ended = attempt_or_404(row, cast.lin.id, 1)
        grace = timedelta(milliseconds=row.grace_ms)
        for now, expected in (
            (utc_now(), False),
            (row.closes_at, False),
            (row.closes_at + grace, False),
            (row.closes_at + grace + timedelta(milliseconds=1), True),
        ):
            assert may_review(row, ended, now) is expected
            assert not may_review(row, running, now)
        assert from_ms(ended.started_ms) < row.closes_at
