"""Drafts and versions in real SQL: all or nothing, numbered, and never changed again."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from quizapp.accounts.models import AuditEntry
from quizapp.banks import queries
from quizapp.banks.content import BankContent, content_digest
from quizapp.banks.models import Bank, BankVersion, Question, VersionQuestion
from quizapp.banks.versions.actions import discard_draft, publish_version, save_draft
from quizapp.errors import Refused
from quizapp.extensions import db
from tests.cast import TinyBank, tiny_content

NOW = datetime(2026, 9, 1, tzinfo=UTC)


def save(content: BankContent) -> BankVersion:
    draft = save_draft(content, source_name="a.yaml", actor=None, now=NOW)
    db.session.commit()
    return draft


def publish(bank: Bank) -> BankVersion:
    version = publish_version(bank, actor=None, now=NOW)
    db.session.commit()
    return version


def count(model: type[Bank | BankVersion | Question | VersionQuestion | AuditEntry]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def changed(content: BankContent) -> BankContent:
    """The content with one other key."""
    first = replace(content.questions[0], right=2)
    return replace(content, questions=(first, *content.questions[1:]))


def test_a_draft_reads_back_as_it_was_saved(app: Flask) -> None:
    with app.app_context():
        draft = save(tiny_content())
        assert (draft.number, draft.digest) == (None, None)
        assert queries.version_content(draft.id) == tiny_content()


def test_a_new_draft_takes_the_place_of_the_old_one(app: Flask) -> None:
    with app.app_context():
        old = save(tiny_content()).id
        new = save(changed(tiny_content()))
        assert db.session.get(BankVersion, old) is None or new.id == old
        assert (count(BankVersion), queries.version_content(new.id)) == (1, changed(tiny_content()))


def test_versions_are_numbered_and_share_what_they_have_in_common(app: Flask) -> None:
    with app.app_context():
        first = publish(save(tiny_content()).bank)
        second = publish(save(changed(tiny_content())).bank)
        assert (first.number, second.number) == (1, 2)
        assert first.digest == content_digest(tiny_content())
        assert second.digest == content_digest(changed(tiny_content()))
        assert count(Question) == len(tiny_content().questions) + 1
        assert queries.version_content(first.id) == tiny_content()


def test_publishing_says_what_was_done_in_the_audit_trail(app: Flask) -> None:
    with app.app_context():
        version = publish(save(tiny_content()).bank)
        entries = list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
        assert [entry.action for entry in entries] == ["save_bank_draft", "publish_bank_version"]
        assert entries[1].facts == {"bank": "tiny", "number": 1, "digest": version.digest, "questions": 14}


def test_what_did_not_change_is_not_published_again(app: Flask) -> None:
    with app.app_context():
        bank = publish(save(tiny_content()).bank).bank
        save(tiny_content())
        with pytest.raises(Refused, match="version_unchanged"):
            publish_version(bank, actor=None, now=NOW)


def test_another_draft_than_the_one_looked_at_is_not_published(app: Flask) -> None:
    with app.app_context():
        bank = save(tiny_content()).bank
        with pytest.raises(Refused, match="draft_changed"):
            publish_version(bank, actor=None, now=NOW, expected_digest=content_digest(changed(tiny_content())))
        assert queries.latest_version(bank) is None


def test_without_a_draft_there_is_nothing_to_publish_or_discard(app: Flask, tiny_bank: TinyBank) -> None:
    with app.app_context():
        bank = db.session.get_one(Bank, tiny_bank.bank_id)
        with pytest.raises(Refused, match="draft_missing"):
            publish_version(bank, actor=None, now=NOW)


def test_a_content_with_errors_changes_nothing(app: Flask) -> None:
    with app.app_context():
        save(tiny_content())
        before = (count(BankVersion), count(Question), count(VersionQuestion), count(AuditEntry))
        wrong = replace(tiny_content().questions[0], right=0)
        with pytest.raises(Refused, match="upload_has_errors"):
            save_draft(replace(changed(tiny_content()), questions=(wrong,)), source_name="b", actor=None, now=NOW)
        db.session.commit()
        assert (count(BankVersion), count(Question), count(VersionQuestion), count(AuditEntry)) == before


def test_a_save_that_fails_half_way_leaves_the_old_draft(app: Flask) -> None:
    """The database refuses the last row; nothing of the new draft may stay."""
    with app.app_context():
        draft = save(tiny_content())
        kept = draft.id
        db.session.rollback()  # ends the reading, so that another connection may write
        with db.engine.begin() as connection:
            if db.engine.dialect.name == "sqlite":
                connection.execute(
                    text(
                        "CREATE TRIGGER full BEFORE INSERT ON version_question WHEN NEW.ordinal = 13 "
                        "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
                    )
                )
            else:
                connection.execute(
                    text("ALTER TABLE version_question ADD CONSTRAINT full_disk CHECK (ordinal < 13) NOT VALID")
                )
        with pytest.raises(DBAPIError):
            save_draft(changed(tiny_content()), source_name="b.yaml", actor=None, now=NOW)
        db.session.rollback()
        assert queries.version_content(kept) == tiny_content()
        assert (count(BankVersion), count(VersionQuestion)) == (1, 14)


def test_a_discarded_draft_is_gone_and_the_versions_stay(app: Flask, tiny_bank: TinyBank) -> None:
    with app.app_context():
        bank = save(changed(tiny_bank.content)).bank
        discard_draft(bank, actor=None, now=NOW)  # type: ignore[arg-type]
        db.session.commit()
        assert queries.draft_of(bank) is None
        assert queries.version_content(tiny_bank.version_id) == tiny_bank.content


def test_eight_who_publish_at_once_make_one_version(app: Flask) -> None:
    with app.app_context():
        bank_id = save(tiny_content()).bank_id
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def attempt() -> None:
        with app.app_context():
            start.wait()
            try:
                publish(db.session.get_one(Bank, bank_id))
                outcomes.append("published")
            except Refused as refusal:
                db.session.rollback()
                outcomes.append(refusal.code)

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["draft_missing"] * 7 + ["published"]
    with app.app_context():
        assert count(BankVersion) == 1


# What is published is refused every change: by the action, in the session, and by the database itself.


def test_the_session_refuses_to_change_a_published_version(app: Flask, tiny_bank: TinyBank) -> None:
    with app.app_context():
        changes: list[tuple[str, object]] = [("title", "改名"), ("digest", "0" * 64), ("number", None), ("topics", {})]
        for name, value in changes:
            version = db.session.get_one(BankVersion, tiny_bank.version_id)
            setattr(version, name, value)
            with pytest.raises(Refused, match="version_published"):
                db.session.flush()
            db.session.rollback()


def test_the_session_refuses_to_delete_a_published_version(app: Flask, tiny_bank: TinyBank) -> None:
    with app.app_context():
        db.session.delete(db.session.get_one(BankVersion, tiny_bank.version_id))
        with pytest.raises(Refused, match="version_published"):
            db.session.flush()


def test_the_session_refuses_to_touch_the_places_of_a_published_version(app: Flask, tiny_bank: TinyBank) -> None:
    with app.app_context():
        key = (tiny_bank.version_id, 0)
        place = db.session.get_one(VersionQuestion, key)
        question_id = place.question_id
        db.session.delete(place)
        with pytest.raises(Refused, match="version_published"):
            db.session.flush()
        db.session.rollback()
        db.session.get_one(VersionQuestion, key).question_id = question_id + 1
        with pytest.raises(Refused, match="version_published"):
            db.session.flush()
        db.session.rollback()
        db.session.add(VersionQuestion(version_id=tiny_bank.version_id, ordinal=99, question_id=question_id))
        with pytest.raises(Refused, match="version_published"):
            db.session.flush()


def test_the_session_refuses_to_change_or_delete_a_question(app: Flask, tiny_bank: TinyBank) -> None:
    with app.app_context():
        question = db.session.scalars(select(Question)).first()
        assert question is not None
        question.content = {**question.content, "key": "B"}
        with pytest.raises(Refused, match="version_published"):
            db.session.flush()
        db.session.rollback()
        db.session.delete(question)
        with pytest.raises(Refused, match="version_published"):
            db.session.flush()


@pytest.mark.parametrize("model", [BankVersion, VersionQuestion, Question])
def test_the_session_refuses_statements_in_bulk(
    app: Flask, tiny_bank: TinyBank, model: type[BankVersion | VersionQuestion | Question]
) -> None:
    with app.app_context():
        column = {BankVersion: "title", VersionQuestion: "ordinal", Question: "code"}[model]
        for statement in (delete(model), update(model).values({column: 7}), delete(model.__table__)):  # type: ignore[arg-type]
            with pytest.raises(Refused, match="version_published"):
                db.session.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE bank_version SET title = 'x'",
        "UPDATE bank_version SET number = NULL, digest = NULL, published_at = NULL",
        "UPDATE bank_version SET digest = digest",
        "DELETE FROM bank_version",
        "UPDATE version_question SET question_id = question_id + 1",
        "UPDATE version_question SET ordinal = ordinal + 100",
        "DELETE FROM version_question",
        (
            "INSERT INTO version_question (version_id, ordinal, question_id) "
            "SELECT version_id, 99, question_id FROM version_question WHERE ordinal = 0"
        ),
        "UPDATE question SET content = '{}'",
        "UPDATE question SET digest = 'x'",
        "DELETE FROM question",
    ],
)
def test_the_database_refuses_what_gets_past_the_program(app: Flask, tiny_bank: TinyBank, statement: str) -> None:
    with app.app_context():
        with pytest.raises(DBAPIError, match="published content is immutable"), db.engine.begin() as connection:
            connection.execute(text(statement))
        version = db.session.get_one(BankVersion, tiny_bank.version_id)
        content = queries._read_content(version)
        assert content_digest(content) == version.digest == content_digest(tiny_bank.content)


def test_a_draft_may_be_changed_by_the_database_and_by_nobody_else_harmed(app: Flask, tiny_bank: TinyBank) -> None:
    with app.app_context():
        draft_id = save(changed(tiny_bank.content)).id
        db.session.rollback()
        with db.engine.begin() as connection:
            connection.execute(
                text("DELETE FROM version_question WHERE version_id = :id AND ordinal > 3"), {"id": draft_id}
            )
        assert len(queries.version_content(draft_id).questions) == 4
        assert queries._read_content(db.session.get_one(BankVersion, tiny_bank.version_id)) == tiny_bank.content
