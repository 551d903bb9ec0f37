"""Each ended attempt gets one receipt, always the same, in a ledger whose published days nobody can change unseen."""

import json
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from quizapp.attempts.models import Attempt
from quizapp.attempts.queries import paper_of
from quizapp.attempts.restoring import restore_open_attempts, restore_person
from quizapp.banks.queries import version_content
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime
from quizapp.errors import NotFound, Unavailable
from quizapp.extensions import db, grader
from quizapp.receipts import ledger
from quizapp.receipts.content import answers_of, fault_of_days, fault_of_receipt
from quizapp.receipts.jobs import close_days, enter_receipts
from quizapp.receipts.ledger import close_day, drawn_up, enter, faults_of_ledger, local_day, missing_receipts
from quizapp.signing import SigningKey
from tests.cast import Cast, add_person
from tests.conftest import NewSite
from tests.integration.receipts.conftest import Desk


def fault(desk: Desk, file: dict[str, Any]) -> str:
    return fault_of_receipt(json.loads(json.dumps(file)), desk.keys(), desk.days())


def faults(desk: Desk) -> list[str]:
    with desk.app.app_context():
        return list(faults_of_ledger())


def test_the_receipt_is_the_same_from_the_submission_on(desk: Desk, cast: Cast) -> None:
    desk.answer(cast.lin)
    at_once = desk.file(cast.lin)
    desk.record()
    assert desk.file(cast.lin) == at_once
    assert desk.enter() == 1
    assert desk.file(cast.lin) == at_once
    grader.store.flushall()  # only SQL is left
    assert desk.file(cast.lin) == at_once
    assert fault(desk, at_once) == ""


def test_a_store_that_lost_everything_and_learned_from_sql_gives_the_same_receipt(desk: Desk, cast: Cast) -> None:
    """The attempt runs while the store is wiped, and ends afterwards."""
    desk.answer(cast.lin, ends=False)
    desk.answer(cast.bo, ends=True)
    desk.record()
    before = desk.file(cast.bo)
    grader.store.flushall()
    with desk.app.app_context():
        competition = desk.competition.competition
        prime(competition)
        assert restore_open_attempts(competition, 0) == 1
        restore_person(competition, cast.bo.id)
    desk.answer(cast.lin, {5: 1})
    at_once = desk.file(cast.lin)
    assert [letters for _, _, letters in at_once["answers"]] == ["A", "B", "A", "AC", "A"]
    desk.record()
    assert (desk.file(cast.lin), desk.file(cast.bo)) == (at_once, before)


def test_an_attempt_that_ends_by_its_deadline_has_a_receipt(desk: Desk, cast: Cast) -> None:
    desk.answer(cast.lin, ends=False)
    with pytest.raises(NotFound):
        desk.file(cast.lin)
    with desk.app.app_context():
        competition = db.session.get_one(Competition, desk.competition.id)
        competition.closes_at = utc_now() - timedelta(seconds=10)
        db.session.commit()
        prime(competition)
        assert grader.expire(competition.id, 0).ended == 1
    desk.record()
    assert desk.enter() == 1
    assert fault(desk, desk.file(cast.lin)) == ""


def test_an_answer_in_another_recorders_hands_is_in_the_receipt_all_the_same(desk: Desk, cast: Cast) -> None:
    """SQL then has the end of the attempt and not yet all that was answered in it."""
    desk.answer(cast.lin)
    at_once = desk.file(cast.lin)
    desk.record()
    with desk.app.app_context():
        db.session.execute(text("DELETE FROM response WHERE position = 2"))
        db.session.commit()
    assert desk.file(cast.lin) == at_once
    assert desk.enter() == 1
    assert desk.file(cast.lin)["receipt"] == at_once["receipt"]
    assert len(faults(desk)) == 1  # and should it never come, that is found


def test_without_the_store_no_receipt_is_made_of_half_the_answers(desk: Desk, cast: Cast, new_site: NewSite) -> None:
    desk.answer(cast.lin)
    desk.record()
    away = Desk(new_site(redis_url="unix:///nowhere.sock"), desk.competition, desk.set_clock)
    with pytest.raises(Unavailable):
        away.enter()
    with pytest.raises(Unavailable):
        away.file(cast.lin)
    assert desk.entries() == []
    grader.bind(desk.app.config["QUIZ_SETTINGS"].store_url)
    desk.enter()


def test_a_frozen_competition_that_the_store_has_forgotten_holds_up_no_receipt(desk: Desk, cast: Cast) -> None:
    """Its answers are all recorded, and nobody brings its rules to the store again."""
    desk.answer(cast.lin)
    at_once = desk.file(cast.lin)
    desk.record()
    with desk.app.app_context():
        competition = db.session.get_one(Competition, desk.competition.id)
        competition.closes_at = utc_now() - timedelta(minutes=1)
        competition.frozen_at = utc_now()
        db.session.commit()
    grader.store.flushall()
    assert desk.file(cast.lin) == at_once
    assert desk.enter() == 1


def test_a_receipt_tells_nothing_that_is_secret(desk: Desk, cast: Cast) -> None:
    desk.answer(cast.lin)
    desk.record()
    desk.enter()
    desk.pass_days(1)
    desk.close()
    file = desk.file(cast.lin)
    with desk.app.app_context():
        seed = db.session.scalar(text("SELECT seed FROM attempt"))
        version = desk.competition.competition.bank_version
        secrets = [seed, version.digest, *(place.question.digest for place in version.places)]
    said = json.dumps([file, desk.days()], ensure_ascii=False)
    assert not [secret for secret in secrets if secret in said]
    assert file["receipt"].keys() == {"type", "version", "competition", "attempt", "answers", "ended_ms"}
    assert file.keys() == {"receipt", "key", "signature", "answers", "entry"}
    assert "林晓" not in said
    assert cast.lin.account.login not in said


def test_a_key_in_the_bank_changes_no_byte_of_a_receipt(desk: Desk, cast: Cast) -> None:
    """So nobody learns what is right by trying keys until the digests agree."""
    with desk.app.app_context():
        competition = desk.competition.competition
        content = version_content(competition.bank_version_id)
        other = replace(
            content,
            questions=tuple(
                replace(question, right=question.right ^ 3, explanation="", reference="")
                for question in content.questions
            ),
        )
        paper = paper_of(competition, "a seed")
        assert answers_of(paper, content, {1: 1}) == answers_of(paper, other, {1: 1})


def test_a_day_is_closed_once_it_is_over_and_proves_each_of_its_receipts(desk: Desk, cast: Cast) -> None:
    people = [cast.lin, cast.bo, cast.chen, add_person(desk.app, "ding", "丁一", unit=cast.unit_b)]
    for person in people:
        desk.answer(person)
    desk.record()
    assert desk.enter() == 4
    assert desk.close() == 0  # the day is not over
    assert "entry" not in desk.file(cast.lin)
    desk.pass_days(1)
    assert (desk.close(), desk.close()) == (1, 0)
    (day,) = desk.days()
    assert day["statement"]["count"] == 4
    for person in people:
        file = desk.file(person)
        assert file["entry"]["day"] == day
        assert fault(desk, file) == ""
    assert faults(desk) == []


def test_what_is_recorded_late_goes_into_a_later_day(desk: Desk, cast: Cast) -> None:
    desk.answer(cast.lin)
    desk.answer(cast.bo)
    desk.record()
    desk.enter()
    desk.pass_days(1)
    desk.close()
    before = desk.days()
    desk.answer(cast.chen)
    desk.record()
    desk.set_clock(utc_now() - timedelta(days=3))  # even if the clock says that it is an older day
    assert desk.enter() == 1
    with desk.app.app_context():
        closed = local_day(utc_now())
    assert desk.entries()[2][:2] == (closed + timedelta(days=1), 0)
    desk.pass_days(2)
    assert desk.close() == 1
    assert desk.days()[:1] == before
    assert fault_of_days(desk.days(), desk.keys()) == ""
    assert fault(desk, desk.file(cast.chen)) == ""


def test_many_that_enter_and_close_at_once_enter_and_close_once(desk: Desk, cast: Cast) -> None:
    for person in (cast.lin, cast.bo, cast.chen):
        desk.answer(person)
    desk.record()

    def four(work: Any) -> list[int]:
        start, outcomes = threading.Barrier(4), []

        def run() -> None:
            with desk.app.app_context():
                start.wait()
                outcomes.append(work())

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(outcomes)

    assert four(enter_receipts) == [0, 0, 0, 3]
    assert [position for _, position, _ in desk.entries()] == [0, 1, 2]
    desk.pass_days(1)
    assert four(close_days) == [0, 0, 0, 1]
    assert len(desk.days()) == 1


def test_a_receipt_that_slips_in_while_the_day_is_read_puts_the_closing_off(desk: Desk, cast: Cast) -> None:
    desk.answer(cast.lin)
    desk.record()
    desk.enter()
    now = utc_now()
    with desk.app.app_context():
        day = local_day(now)
        read = ledger.leaves_of(day, 0)
        db.session.rollback()
    desk.answer(cast.bo)
    desk.record()
    desk.enter()
    with desk.app.app_context():
        assert not close_day(day, read, len(read), now=now + timedelta(days=1))
        db.session.rollback()
    desk.pass_days(1)
    assert desk.close() == 1
    assert faults(desk) == []


def test_a_replayed_entering_changes_nothing(desk: Desk, cast: Cast) -> None:
    desk.answer(cast.lin)
    desk.record()
    with desk.app.app_context():
        receipts = drawn_up(missing_receipts((0, 0, 0), 10))
        db.session.rollback()
        assert enter(receipts, now=utc_now()) == 1
        db.session.commit()
        assert enter(receipts, now=utc_now()) == 0
        db.session.commit()
    assert len(desk.entries()) == 1


def test_a_day_of_several_blocks_is_proved_too(desk: Desk, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "BLOCK", 2)
    people = [add_person(desk.app, f"p{number}", "某", unit=cast.unit_a) for number in range(5)]
    for person in people:
        desk.answer(person)
    desk.record()
    desk.enter()
    desk.pass_days(1)
    desk.close()
    assert [fault(desk, desk.file(person)) for person in people] == [""] * 5


@pytest.mark.once
def test_looking_for_missing_receipts_reads_no_attempt_that_has_one(desk: Desk) -> None:
    """SQLite's plan, since the few rows of a test would not make PostgreSQL use any index."""
    statements = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    with desk.app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        missing_receipts((0, 0, 0), 10)
        event.remove(db.engine, "before_cursor_execute", note)
        plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statements[-1]}", (0, 0, 0, 10, 0)).all()
    assert "ix_attempt_unreceipted" in str(plan)


REFUSED = {
    "a receipt changed": "UPDATE receipt_entry SET ended_ms = ended_ms - 1",
    "a receipt removed": "DELETE FROM receipt_entry WHERE position = 0",
    "a receipt added": "INSERT INTO receipt_entry (day, position, competition_id, account_id, ordinal, attempt, "
    "answers, ended_ms) SELECT day, 2, competition_id, account_id, 2, attempt, answers, ended_ms "
    "FROM receipt_entry WHERE position = 0",
    "a root changed": "UPDATE receipt_day SET count = 7",
    "a root removed": "DELETE FROM receipt_day",
    "a key changed": "UPDATE published_key SET public = 'ab'",
    "a key removed": "DELETE FROM published_key",
}


@pytest.fixture
def closed(desk: Desk, cast: Cast) -> Desk:
    """Lin's and Bo's receipts are in a day that has its root."""
    for person in (cast.lin, cast.bo):
        desk.answer(person)
    desk.record()
    desk.enter()
    desk.pass_days(1)
    desk.close()
    return desk


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED.keys())
def test_the_database_itself_refuses(closed: Desk, statement: str) -> None:
    with closed.app.app_context(), pytest.raises(DBAPIError, match="immutable"):
        db.session.execute(text(statement))


def test_the_database_refuses_the_ways_round_too(closed: Desk) -> None:
    with closed.app.app_context():
        statement = (
            "INSERT OR REPLACE INTO receipt_day SELECT * FROM receipt_day"
            if db.engine.dialect.name == "sqlite"
            else "TRUNCATE receipt_day, receipt_entry"
        )
        with pytest.raises(DBAPIError, match="immutable"):
            db.session.execute(text(statement))


def without_triggers(desk: Desk, *statements: str) -> None:
    """What somebody does who has the database for himself: neither triggers nor foreign keys hold him up."""
    with desk.app.app_context():
        if db.engine.dialect.name == "sqlite":
            with closing(sqlite3.connect(str(db.engine.url.database))) as raw:
                for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                    raw.execute(f"DROP TRIGGER {name}")
                for statement in statements:
                    raw.execute(statement)
                raw.commit()
            return
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            db.session.execute(text(statement))
        db.session.commit()


COLUMNS = ", ".join(column.name for column in Attempt.__table__.columns)
TAMPERED = {
    "a receipt changed": ["UPDATE receipt_entry SET ended_ms = ended_ms - 1 WHERE position = 0"],
    "the last receipt removed": ["DELETE FROM receipt_entry WHERE position = 1"],
    "the first receipt removed": ["DELETE FROM receipt_entry WHERE position = 0"],
    "the count changed": ["UPDATE receipt_day SET count = 1"],
    "an answer changed": ["UPDATE response SET chosen = 8 WHERE position = 1"],
    "an answer removed": ["DELETE FROM response WHERE position = 4"],
    "an attempt brought in as if it had its receipt": [
        f"INSERT INTO attempt ({COLUMNS}) SELECT {COLUMNS.replace('ordinal', 'ordinal + 50')} FROM attempt"
    ],
    "an attempt removed": ["DELETE FROM response", "DELETE FROM attempt WHERE ordinal = 1"],
    "the time of an end changed": ["UPDATE attempt SET submitted_ms = submitted_ms - 1"],
}


@pytest.mark.parametrize("statements", TAMPERED.values(), ids=TAMPERED.keys())
def test_what_somebody_changed_behind_the_triggers_is_found(closed: Desk, statements: list[str]) -> None:
    assert faults(closed) == []
    without_triggers(closed, *statements)
    assert faults(closed) != []


def test_a_receipt_that_was_removed_and_the_day_closed_anew_is_seen_by_its_owner(closed: Desk, cast: Cast) -> None:
    mine, noted = closed.file(cast.bo), closed.days()
    without_triggers(closed, "DELETE FROM receipt_entry WHERE position = 1", "DELETE FROM receipt_day")
    assert closed.close() == 1
    assert fault_of_receipt(mine, closed.keys()) == ""
    assert fault_of_receipt(mine, closed.keys(), closed.days()) == "another_root_was_noted"
    assert closed.days() != noted


def test_old_receipts_hold_after_the_key_was_changed(closed: Desk, cast: Cast, new_site: NewSite) -> None:
    old = closed.file(cast.lin)
    changed = Desk(new_site(signing_key="77" * 32), closed.competition, closed.set_clock)
    changed.answer(cast.chen)
    changed.record()
    changed.enter()
    assert changed.file(cast.chen)["key"] != old["key"]
    for file in (old, changed.file(cast.lin), changed.file(cast.chen)):
        assert fault(changed, file) == ""
    stranger = SigningKey(b"another installation's secret 32")
    assert fault_of_receipt(old, {stranger.id: stranger.public}) == "receipt_not_signed"
