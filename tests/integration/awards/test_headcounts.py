"""Headcounts are declared with evidence, locked at a date, and changed after it by two people only."""

import io
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from werkzeug.test import TestResponse

from quizapp.accounts.models import AuditEntry
from quizapp.awards.queries import headcounts_for, locks_at
from quizapp.clock import utc_now
from quizapp.competitions.priming import prime
from quizapp.errors import Refused
from quizapp.extensions import db
from quizapp.leaderboards.actions import finish_freeze, prepare_freeze
from quizapp.leaderboards.models import HeadcountLock, HeadcountRequest
from quizapp.leaderboards.queries import board_of
from quizapp.leaderboards.snapshots import rows_on_disk
from quizapp.notices.actions import apply_correction, propose_correction
from quizapp.organizations.models import HeadcountDeclaration, HeadcountEvidence
from quizapp.reports.queries import snapshot
from tests.integration.awards.contests import Contest

PDF = b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


def counted(contest: Contest, unit: int) -> int | None:
    with contest.app.app_context():
        return headcounts_for(contest.row())[unit]


def declare(contest: Contest, client: FlaskClient, number: str, **more: Any) -> TestResponse:
    return client.post(f"/units/{contest.cast.unit_a.id}/headcount", data={"headcount": number, **more})


def ask(contest: Contest, client: FlaskClient, number: int = 12) -> TestResponse:
    data = {"headcount": number, "reason": "新并入一个班组，见人事月报", "evidence": (io.BytesIO(PDF), "月报.pdf")}
    return client.post(contest.headcounts(f"units/{contest.cast.unit_a.id}"), data=data)


def decide(contest: Contest, client: FlaskClient, decision: str = "approve") -> TestResponse:
    with contest.app.app_context():
        request = db.session.query(HeadcountRequest.id).order_by(HeadcountRequest.id.desc()).limit(1).scalar()
    return client.post(contest.headcounts(f"requests/{request}"), data={"decision": decision, "reply": "已核对"})


def test_a_headcount_is_declared_with_its_source_and_the_file_can_be_fetched(contest: Contest, wu: FlaskClient) -> None:
    assert "写明人数的来源" in declare_and_look(contest, wu, "12")
    assert declare(contest, wu, "12", note="人事月报", evidence=(io.BytesIO(PDF), "a.pdf")).status_code == 303
    with contest.app.app_context():
        found = db.session.query(HeadcountDeclaration).one()
        assert (found.before, found.headcount, found.note) == (10, 12, "人事月报")
        digest = found.evidence
    file = wu.get(f"/units/{contest.cast.unit_a.id}/evidence/{digest}")
    assert (file.data, file.mimetype) == (PDF, "application/pdf")
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["X-Content-Type-Options"] == "nosniff"


def declare_and_look(contest: Contest, client: FlaskClient, number: str, **more: Any) -> str:
    return client.get(declare(contest, client, number, **more).location).text


@pytest.mark.once
def test_a_file_that_is_no_evidence_is_refused_and_nothing_is_saved(contest: Contest, wu: FlaskClient) -> None:
    image = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(image, "PNG")
    for content, words in (
        (b"<html>hello</html>", "PDF、JPEG 或 PNG"),
        (PDF[:30], "打不开"),
        (image.getvalue()[:200], "打不开"),
    ):
        assert words in declare_and_look(contest, wu, "12", evidence=(io.BytesIO(content), "a.pdf"))
    assert contest.cast.unit_a.organization.headcount == 10
    assert "已保存" in declare_and_look(contest, wu, "12", evidence=(io.BytesIO(image.getvalue()), "a.pdf"))
    with contest.app.app_context():
        assert db.session.query(HeadcountEvidence.kind).scalar() == "png"  # by what it is, not by its name


def test_a_declaration_after_the_lock_does_not_count_and_one_before_does(contest: Contest, wu: FlaskClient) -> None:
    unit = contest.cast.unit_a.id
    declare(contest, wu, "12", note="人事月报")  # the competition has opened an hour ago: its headcounts are locked
    assert counted(contest, unit) == 10
    contest.begins_at(utc_now() + timedelta(hours=1))
    assert counted(contest, unit) == 12


def test_a_locked_headcount_changes_by_request_and_approval_of_a_second_person(
    contest: Contest, wu: FlaskClient, qin: FlaskClient
) -> None:
    assert ask(contest, wu).status_code == 303
    assert counted(contest, contest.cast.unit_a.id) == 10
    assert ask(contest, wu, 13).status_code == 409  # one at a time
    assert decide(contest, wu).status_code == 403
    assert decide(contest, qin).status_code == 303
    assert counted(contest, contest.cast.unit_a.id) == 12
    assert decide(contest, qin).status_code == 409
    with contest.app.app_context():
        deeds = [entry.action for entry in db.session.query(AuditEntry).order_by(AuditEntry.id)]
    assert deeds[-2:] == ["request_headcount", "approve_headcount"]


def test_nobody_approves_an_own_request(contest: Contest, qin: FlaskClient, ada: FlaskClient) -> None:
    ask(contest, qin)
    own = decide(contest, qin)
    assert own.status_code == 409
    assert "另一位主办方人员" in own.text
    assert counted(contest, contest.cast.unit_a.id) == 10
    assert decide(contest, ada, "reject").status_code == 303
    assert counted(contest, contest.cast.unit_a.id) == 10


def test_the_database_itself_wants_the_second_person(contest: Contest, qin: FlaskClient) -> None:
    ask(contest, qin)
    with contest.app.app_context(), pytest.raises(IntegrityError, match="second_person"):
        db.session.execute(
            text(
                "UPDATE headcount_request SET state = 'approved', decided_at = requested_at, decided_by_id = requested_by_id"
            )
        )


def test_before_the_lock_nobody_need_ask(contest: Contest, wu: FlaskClient) -> None:
    contest.begins_at(utc_now() + timedelta(hours=1))
    assert "直接更正" in ask(contest, wu).text


def test_the_lock_has_a_date_that_is_moved_until_it_has_passed(contest: Contest, qin: FlaskClient) -> None:
    opens = utc_now() + timedelta(hours=1)
    contest.begins_at(opens)

    def move(days: float) -> int:
        local = utc_now() + timedelta(days=days, hours=8)
        return qin.post(contest.headcounts("date"), data={"locks_at": f"{local:%Y-%m-%dT%H:%M:%S}"}).status_code

    assert move(0.5) == 303
    with contest.app.app_context():
        assert locks_at(contest.row()) > opens
    assert move(-1) == 422
    assert move(30) == 422  # after the close
    contest.begins_at(utc_now() - timedelta(hours=1))
    assert move(0.6) == 303  # not yet: it is the date that counts
    with contest.app.app_context():
        db.session.get_one(HeadcountLock, contest.id).locks_at = utc_now() - timedelta(hours=1)
        db.session.commit()
        with pytest.raises(DBAPIError, match="locked since its date"):
            db.session.execute(text("DELETE FROM headcount_lock"))
    assert move(0.7) == 409


def test_headcounts_are_locked_at_the_close_whatever_the_date_says(contest: Contest, wu: FlaskClient) -> None:
    contest.begins_at(utc_now() + timedelta(hours=1))
    with contest.app.app_context():
        db.session.add(HeadcountLock(competition_id=contest.id, locks_at=utc_now() + timedelta(hours=20)))
        db.session.commit()
    contest.stage.set(opens_at=utc_now() - timedelta(hours=2), closes_at=utc_now() - timedelta(minutes=1))
    declare(contest, wu, "12", note="人事月报")
    assert counted(contest, contest.cast.unit_a.id) == 10


def test_a_result_waits_until_every_request_is_decided(contest: Contest, qin: FlaskClient, wu: FlaskClient) -> None:
    award = contest.add_award()
    ask(contest, wu)
    contest.freeze(qin)
    answer = qin.post(contest.admin(f"{award}/result"), data={"sure": "y"})
    assert answer.status_code == 409
    assert "没有处理" in answer.text
    # What is frozen is changed by a correction of the standings alone.
    late = decide(contest, qin)
    assert late.status_code == 409
    assert "随名次一起冻结" in late.text
    assert decide(contest, qin, "reject").status_code == 303
    assert ask(contest, wu, 13).status_code == 409


@pytest.mark.once
def test_boards_progress_and_awards_count_with_one_headcount(
    contest: Contest, qin: FlaskClient, wu: FlaskClient
) -> None:
    unit = contest.cast.unit_a.id
    award = contest.add_award()

    def numbers() -> tuple[int | None, ...]:
        contest.stage.refresh()
        contest.app.extensions.pop("quiz_reports", None)  # figures that are kept for some seconds
        with contest.app.app_context():
            row = contest.row()
            on_board = board_of(row).figures("units", [str(unit)])[str(unit)].headcount
            progress = snapshot(row, utc_now()).whole.progress(unit).should
            return on_board, progress, headcounts_for(row)[unit]

    assert numbers() == (10, 10, 10)
    declare(contest, wu, "99", note="人事月报")  # it is locked
    assert numbers() == (10, 10, 10)
    ask(contest, wu, 12)
    decide(contest, qin)
    assert numbers() == (12, 12, 12)
    assert contest.stage.differences() == []
    contest.freeze(qin)
    assert numbers() == (12, 12, 12)
    with contest.app.app_context():
        change = {"kind": "headcount", "unit": unit, "headcount": 15}
        made = propose_correction(contest.id, change, reason="笔误", actor=contest.cast.qin.account, now=utc_now())
        apply_correction(contest.id, made.id, actor=contest.cast.ada.account, now=utc_now())
        db.session.commit()
    assert numbers() == (15, 15, 15)
    assert qin.post(contest.admin(f"{award}/result"), data={"sure": "y"}).status_code == 303


def test_what_is_approved_while_the_freeze_is_worked_out_is_not_left_out(
    contest: Contest, qin: FlaskClient, wu: FlaskClient
) -> None:
    """With a million people that takes minutes, and the standings would be signed with the headcount from before."""
    ask(contest, wu, 12)
    contest.stage.set(closes_at=utc_now() - timedelta(minutes=1))
    with contest.app.app_context():
        prime(contest.row())
        with rows_on_disk() as rows:
            prepared = prepare_freeze(contest.row(), rows, now=utc_now())
            db.session.rollback()
            assert decide(contest, qin).status_code == 303
            with pytest.raises(Refused, match="freeze_outdated"):
                finish_freeze(contest.row(), rows, prepared, actor=None, now=utc_now())


def test_a_coordinator_asks_for_own_units_only(contest: Contest, wu: FlaskClient) -> None:
    assert wu.get(contest.headcounts(f"units/{contest.cast.unit_b.id}")).status_code == 404
    page = wu.get(contest.headcounts()).text
    assert "甲厂" in page
    assert "乙厂" not in page
