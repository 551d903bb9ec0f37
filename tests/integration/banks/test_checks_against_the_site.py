"""What a check knows beside the file: the bank's earlier versions, the papers that are drawn from it, and the day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.banks import queries
from quizapp.banks.checking.lookup import surroundings
from quizapp.banks.checking.needs import unmet
from quizapp.banks.checking.surroundings import Choices
from quizapp.banks.content import BankContent, Question, content_digest
from quizapp.banks.entries import Header
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.models import Bank
from quizapp.banks.versions.actions import publish_version, save_draft
from quizapp.clock import utc_now
from quizapp.competitions.bank_needs import needs_of_bank
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import blueprint_of
from quizapp.extensions import db
from quizapp.papers.blueprint import DEFAULT_BLUEPRINT, Blueprint, Section, shortfalls
from tests.cast import Cast, OpenCompetition, TinyBank, add_competition, tiny_content
from tests.conftest import SignIn
from tests.uploads import send, send_as_program

pytestmark = pytest.mark.slow


@pytest.fixture
def qin(client: FlaskClient, cast: Cast, sign_in: SignIn) -> FlaskClient:
    """The organizer's browser."""
    return sign_in(client, cast.qin)


def checked(client: FlaskClient, content: BankContent) -> dict[str, str]:
    """code → sentence of what the check of an upload finds."""
    report = send_as_program(client, "a.yaml", write_yaml(content).encode()).get_json()
    return {finding["code"]: finding["message"] for finding in report["findings"]}


def published(app: Flask, *contents: BankContent) -> int:
    """Publish contents one after the other; the bank's id."""
    with app.app_context():
        for content in contents:
            draft = save_draft(content, source_name="a.yaml", actor=None, now=utc_now())
            publish_version(draft.bank, actor=None, now=utc_now())
        db.session.commit()
        return draft.bank_id


def test_a_question_that_a_later_version_took_out_is_told_with_the_version(app: Flask, qin: FlaskClient) -> None:
    whole = tiny_content()
    fewer = replace(whole, questions=whole.questions[1:])
    least = replace(whole, questions=whole.questions[2:])
    published(app, whole, fewer, least)
    found = checked(qin, replace(whole, questions=(*least.questions, replace(whole.questions[1], code="NEW"))))
    assert found == {
        "was_in_bank": "题库第 2 版里有此题（T02），后来改过或删去了。请确认不是因为有错；若是同一题，请沿用原编号。"
    }


def test_an_old_file_that_would_undo_a_correction_is_told(app: Flask, qin: FlaskClient) -> None:
    whole = tiny_content()
    corrected = replace(whole, questions=(replace(whole.questions[0], right=2), *whole.questions[1:]))
    published(app, whole, corrected)
    assert list(checked(qin, whole)) == ["question_reverted"]
    assert checked(qin, corrected) == {}


def test_earlier_questions_are_those_that_the_newest_version_lacks(app: Flask) -> None:
    whole = tiny_content()
    first, second, *rest = whole.questions
    reworded = replace(second, explanation="改写")
    bank_id = published(
        app,
        replace(whole, questions=(first, second, *rest)),
        replace(whole, questions=(first, reworded, *rest)),
        replace(whole, questions=tuple(rest)),
    )
    with app.app_context():
        bank = db.session.get_one(Bank, bank_id)
        assert {(each.version, each.question) for each in queries.earlier_questions(bank)} == {
            (2, first),
            (2, reworded),
            (1, second),
        }
        # A draft is no version, and what only it lacks was not taken out.
        save_draft(replace(whole, questions=whole.questions[4:]), source_name="a.yaml", actor=None, now=utc_now())
        assert len(queries.earlier_questions(bank)) == 3


def test_too_few_questions_for_a_competition_are_told_with_its_name_and_row(
    app: Flask, qin: FlaskClient, competition: OpenCompetition
) -> None:
    assert checked(qin, tiny_content()) == {}
    few = replace(tiny_content(), questions=tiny_content().questions[:1])
    report = send_as_program(qin, "a.yaml", write_yaml(few).encode()).get_json()
    messages = [each["message"] for each in report["findings"] if each["code"] == "need_unmet"]
    sections = blueprint_of(competition.competition).sections
    title = competition.competition.title
    assert [message[: message.index("道")] for message in messages] == [
        f"竞赛“{title}”的组卷规则第 {row} 行要 {section.count} " for row, section in enumerate(sections, start=1)
    ]
    assert "正式题池里只够 1 道" in messages[0]
    # It warns; the bank may still be saved, since the competition keeps to its own version.
    assert "可以导入，有提醒" in qin.get(send(qin, "a.yaml", write_yaml(few).encode()).location).text


def test_publishing_a_draft_with_too_few_questions_says_so_and_is_possible(
    app: Flask, qin: FlaskClient, competition: OpenCompetition
) -> None:
    few = replace(tiny_content(), questions=tiny_content().questions[:1])
    with app.app_context():
        draft = save_draft(few, source_name="a.yaml", actor=None, now=utc_now())
        bank_id, digest = draft.bank_id, content_digest(few)
        db.session.commit()
    page = qin.get(f"/admin/banks/{bank_id}/publish")
    assert f"竞赛“{competition.competition.title}”的组卷规则第 1 行要" in page.text
    assert qin.post(f"/admin/banks/{bank_id}/publish", data={"digest": digest}).status_code == 303


def test_a_competition_that_is_over_needs_nothing(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    past = add_competition(app, tiny_bank.version_id, now=utc_now())
    with app.app_context():
        row = db.session.get_one(Competition, past.id)
        row.opens_at, row.closes_at = utc_now() - timedelta(days=9), utc_now() - timedelta(seconds=1)
        db.session.commit()
        assert needs_of_bank("tiny", ["T01", "T02"], utc_now()) == []
        (need,) = needs_of_bank("tiny", ["T01", "T02"], utc_now() - timedelta(days=1))
        assert need.title == row.title
    assert checked(qin, replace(tiny_content(), questions=tiny_content().questions[:1])) == {}


def test_a_bank_with_the_usual_topics_is_held_to_the_usual_paper(app: Flask) -> None:
    topics = [f"T{number:02}" for number in range(1, 18)]
    with app.app_context():
        (need,) = needs_of_bank("tqm", topics, utc_now())
        assert (need.title, len(need.rows)) == ("", len(DEFAULT_BLUEPRINT.sections))
        assert needs_of_bank("tqm", topics[:-1], utc_now()) == []


def test_the_check_and_the_blueprint_editor_count_alike(app: Flask, tiny_bank: TinyBank) -> None:
    blueprint = Blueprint((Section("single", 4, 400), Section("single", 3, 400, ("T01",)), Section("judge", 2, 400)))
    add_competition(app, tiny_bank.version_id, now=utc_now(), blueprint=blueprint.to_json(), primed=False)
    with app.app_context():
        needs = needs_of_bank("tiny", [], utc_now())
    told = [fault.facts or {} for fault in unmet(needs, tiny_content())]
    short = shortfalls(blueprint, tiny_content())
    assert short
    assert [(each["row"] - 1, each["needed"], each["available"]) for each in told] == [
        (each.section, each.needed, each.available) for each in short
    ]


@pytest.mark.parametrize(
    ("now", "today"),
    [
        (datetime(2026, 7, 1, 15, 59, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 1, 16, 0, 0, tzinfo=UTC), date(2026, 7, 2)),
    ],
)
def test_a_day_begins_at_midnight_in_china(app: Flask, now: datetime, today: date) -> None:
    with app.app_context():
        assert surroundings(Header(), Choices(), now=now).today == today


def test_a_question_past_its_date_is_told_on_upload(qin: FlaskClient) -> None:
    def dated(**days: Any) -> BankContent:
        first: Question = replace(tiny_content().questions[0], **days)
        return replace(tiny_content(), questions=(first, *tiny_content().questions[1:]))

    yesterday = utc_now().date() - timedelta(days=2)
    assert list(checked(qin, dated(valid_to=yesterday))) == ["question_expired"]
    assert checked(qin, dated(valid_to=yesterday + timedelta(days=9))) == {}
