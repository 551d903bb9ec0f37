"""What organizers and operators do to a running installation: who is answering keeps paper, answers and time."""

from dataclasses import replace

from flask import Flask

from quizapp.accounts.models import Account
from quizapp.attempts.actions import OpenAttempt, open_attempt
from quizapp.banks.content import content_digest, question_digest, question_to_json
from quizapp.banks.models import BankVersion, VersionQuestion
from quizapp.banks.models import Question as QuestionRow
from quizapp.clock import utc_now
from quizapp.competitions.priming import prime
from quizapp.extensions import db
from quizapp.organizations.models import Organization
from tests.cast import BORN, Cast, OpenCompetition, TinyBank
from tests.conftest import NewSite
from tests.integration.attempts.conftest import Begin
from tests.integration.attempts.test_answers_over_http import answer, submit
from tests.integration.attempts.transports import DoorTransport


def seen(opened: OpenAttempt) -> tuple[object, ...]:
    """What must stay the same for the person."""
    return opened.ordinal, opened.deadline_ms, [(p.stem, p.options, p.chosen) for p in opened.positions]


def publish_another_version(app: Flask, bank: TinyBank) -> None:
    """Version 2 of the same bank: every text changed, and every key."""
    questions = tuple(
        replace(each, stem=f"改后的{each.stem}", right=2 if each.type != "multiple" else 10)
        for each in bank.content.questions
    )
    content = replace(bank.content, questions=questions)
    with app.app_context():
        version = BankVersion(
            bank_id=bank.bank_id, title="改后", topics=content.topics, source_name="tiny.yaml", created_at=BORN
        )
        db.session.add(version)
        db.session.flush()
        for ordinal, question in enumerate(questions):
            row = QuestionRow(
                bank_id=bank.bank_id,
                digest=question_digest(question),
                code=question.code,
                content=question_to_json(question),
            )
            db.session.add(VersionQuestion(version_id=version.id, ordinal=ordinal, question=row))
        db.session.flush()
        version.number, version.digest, version.published_at = 2, content_digest(content), BORN
        db.session.commit()


def test_a_renamed_unit_and_an_edited_bank_change_nothing_for_who_is_answering(
    app: Flask, door: DoorTransport, cast: Cast, begin: Begin, tiny_bank: TinyBank, competition: OpenCompetition
) -> None:
    opened = begin(cast.lin)
    written = {question.stem: question for question in tiny_bank.content.questions}
    right = [
        1 << place.options.index(written[place.stem].options[0])  # of single choices the first as written is right
        for place in opened.positions[:2]
    ]
    with app.app_context():
        assert answer(door, opened.ticket, (1, right[0], 1)).status == 200
        before = seen(open_attempt(competition.competition, cast.lin.account))
        db.session.get_one(Organization, cast.unit_a.id).name = "改名后的甲厂"
        db.session.commit()
        publish_another_version(app, tiny_bank)
        prime(competition.competition)
        again = open_attempt(competition.competition, cast.lin.account)
    assert seen(again) == before
    assert answer(door, again.ticket, (2, right[1], 1)).json["results"][0]["outcome"] == "saved"
    assert submit(door, again.ticket).json["right_count"] == 2, "by the pinned version's key"


def test_a_rotated_secret_asks_for_a_new_ticket_and_loses_nothing(
    door: DoorTransport, cast: Cast, begin: Begin, competition: OpenCompetition, new_site: NewSite
) -> None:
    opened = begin(cast.lin)
    assert answer(door, opened.ticket, (1, 1, 1)).status == 200
    site = new_site(secret_key="another secret, after the first became known")
    rotated = DoorTransport(site)
    try:
        assert (answer(rotated, opened.ticket, (2, 1, 2)).code, submit(rotated, opened.ticket).code) == (
            "ticket_invalid",
            "ticket_invalid",
        )
        with site.app_context():
            again = open_attempt(competition.competition, cast.lin.account)
        assert (again.ordinal, again.deadline_ms, again.positions[0].chosen) == (1, opened.deadline_ms, 1)
        assert answer(rotated, again.ticket, (2, 1, 1)).json["results"][0]["outcome"] == "saved"
        assert answer(door, again.ticket, (3, 1, 1)).code == "ticket_invalid", "a process that still has the old secret"
    finally:
        rotated.close()


def test_who_is_disabled_finishes_what_is_open_as_the_administrator_was_told(
    app: Flask, door: DoorTransport, cast: Cast, begin: Begin
) -> None:
    opened = begin(cast.lin)
    with app.app_context():
        db.session.get_one(Account, cast.lin.id).disabled_at = utc_now()
        db.session.commit()
    assert answer(door, opened.ticket, (1, 1, 1)).json["results"][0]["outcome"] == "saved"
    assert submit(door, opened.ticket).status == 200
