"""From the freeze to final: notice, objections with a reply, corrections by two people, and nothing final before its time."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from quizapp.accounts.models import AuditEntry
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.errors import Invalid, Refused
from quizapp.extensions import db
from quizapp.leaderboards.models import Snapshot, Standing
from quizapp.leaderboards.snapshots import lines_of, snapshot_in_force
from quizapp.leaderboards.verification import faults_of
from quizapp.notices import actions
from quizapp.notices.consent import published_names
from quizapp.notices.models import Correction, Notice, Objection
from quizapp.notices.queries import NoticeState, final_standings, notice_state
from quizapp.receipts.ledger import public_keys
from tests.cast import Cast, TinyBank, add_person
from tests.conftest import SignIn
from tests.integration.leaderboards.answered import Answered
from tests.integration.leaderboards.stage import NOW_MS, Stage
from tests.integration.leaderboards.test_freezing import close

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # ten o'clock in Shanghai
OVER = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)  # midnight there
SURE = {"sure": "y"}


class Frozen:
    """A frozen competition: eight people of unit B, and Lin of unit A, who is first."""

    def __init__(self, app: Flask, stage: Stage, cast: Cast, qin: FlaskClient) -> None:
        self.app, self.id, self.cast = app, stage.competition, cast
        self.people = stage.add_people("b", "李某", 8, cast.unit_b)
        stage.set_results((p.id, cast.unit_b.id, 9000 - 500 * n, 60_000, NOW_MS) for n, p in enumerate(self.people))
        stage.set_result(cast.lin.id, cast.unit_a.id, 10_000)
        stage.refresh()
        close(stage)
        stage.freeze(qin)
        self.other = add_person(app, "zhao", "赵审", role="organizer")

    @property
    def competition(self) -> Competition:
        return db.session.get_one(Competition, self.id)

    def begin(self, now: datetime = MONDAY, last_day: date | None = None) -> Notice:
        return actions.begin_notice(self.id, last_day=last_day, actor=self.cast.qin.account, now=now)

    def object_(self, now: datetime = MONDAY) -> Objection:
        return actions.file_objection(self.id, account=None, name="路人", contact="1", body="名次有误", now=now)

    def answer(self, objection: Objection, now: datetime = MONDAY) -> None:
        facts: dict[str, Any] = {"outcome": "rejected", "reply": "经核实无误", "actor": self.cast.qin.account}
        actions.answer_objection(self.id, objection.id, now=now, **facts)

    def correct(self, change: dict[str, Any], now: datetime = MONDAY) -> Snapshot:
        made = actions.propose_correction(self.id, change, reason="替考", actor=self.cast.qin.account, now=now)
        return actions.apply_correction(self.id, made.id, actor=self.other.account, now=now)

    def finalise(self, now: datetime) -> Notice:
        return actions.finalise(self.id, actor=self.cast.qin.account, now=now)

    def ranks(self, board: str = "people") -> dict[str, int]:
        rows = select(Standing.subject, Standing.rank).where(Standing.competition_id == self.id)
        return {row.subject: row.rank for row in db.session.execute(rows.where(Standing.board == board))}


@pytest.fixture
def qin(client: FlaskClient, cast: Cast, sign_in: SignIn) -> FlaskClient:
    return sign_in(client, cast.qin)


@pytest.fixture
def stage(app: Flask, competition: Any) -> Stage:
    return Stage(app, competition.id)


@pytest.fixture
def site(app: Flask, stage: Stage, cast: Cast, qin: FlaskClient) -> Frozen:
    """The same, to be opened in browsers."""
    return Frozen(app, stage, cast, qin)


@pytest.fixture
def frozen(site: Frozen) -> Iterator[Frozen]:
    with site.app.app_context():
        yield site


def refused(code: str) -> Any:
    return pytest.raises(Refused, match=code)


@pytest.mark.once
def test_a_notice_lasts_five_working_days_to_midnight_and_then_the_standings_become_final(frozen: Frozen) -> None:
    assert notice_state(frozen.competition) is NoticeState.FROZEN
    notice = frozen.begin()
    assert (notice.last_day, notice.ends_at) == (date(2026, 11, 30), OVER)
    assert notice_state(frozen.competition) is NoticeState.PUBLIC
    with refused("notice_not_now"):
        frozen.begin()
    with refused("notice_runs"):
        frozen.finalise(OVER - timedelta(milliseconds=1))
    assert final_standings(frozen.competition) is None
    frozen.finalise(OVER)
    assert notice_state(frozen.competition) is NoticeState.FINAL
    assert final_standings(frozen.competition) == snapshot_in_force(frozen.competition)
    with refused("final_not_now"):
        frozen.finalise(OVER)
    with refused("correction_not_now"):
        frozen.correct({"kind": "void", "account": frozen.cast.lin.id, "ordinal": 1}, OVER)


@pytest.mark.once
def test_where_the_holidays_are_not_known_the_last_day_is_given_by_hand(frozen: Frozen) -> None:
    now = datetime(2026, 12, 28, 2, 0, tzinfo=UTC)
    for day in (None, date(2027, 1, 3)):
        with pytest.raises(Invalid) as raised:
            frozen.begin(now, day)
        assert raised.value.facts == {"year": 2027, "earliest": "2027-01-04"}
    assert frozen.begin(now, date(2027, 1, 5)).last_day == date(2027, 1, 5)
    db.session.flush()
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "notice_begun")).one()
    assert entry.facts["by_hand"] is True


@pytest.mark.once
def test_final_waits_for_every_reply(frozen: Frozen) -> None:
    with refused("no_notice_runs"):
        frozen.object_()
    frozen.begin()
    objection = frozen.object_(OVER - timedelta(milliseconds=1))
    assert frozen.object_().due_at == datetime(2026, 11, 25, 16, 0, tzinfo=UTC)  # two working days
    with refused("no_notice_runs"):
        frozen.object_(OVER)
    with refused("objections_unanswered"):
        frozen.finalise(OVER)
    for each in db.session.scalars(select(Objection)).all():
        frozen.answer(each, OVER)
    with refused("objection_answered"):
        frozen.answer(objection, OVER)
    frozen.finalise(OVER)
    deeds = db.session.scalars(select(AuditEntry.action)).all()
    assert {"notice_begun", "objection_filed", "objection_answered", "standings_final"} <= set(deeds)


def test_a_correction_takes_two_people(frozen: Frozen) -> None:
    change = {"kind": "void", "account": frozen.cast.lin.id, "ordinal": 1}
    made = actions.propose_correction(frozen.id, change, reason="替考", actor=frozen.cast.qin.account, now=MONDAY)
    with refused("correction_needs_another"):
        actions.apply_correction(frozen.id, made.id, actor=frozen.cast.qin.account, now=MONDAY)
    with refused("correction_waits"):
        frozen.begin()
    db.session.commit()
    past = update(Correction).values(state="applied", number=2, decided_by_id=made.proposed_by_id)
    with pytest.raises(IntegrityError, match="two_people"):
        db.session.execute(past)
    db.session.rollback()
    actions.refuse_correction(frozen.id, made.id, actor=frozen.other.account, now=MONDAY)
    assert len(frozen.ranks()) == 9
    assert db.session.get(Snapshot, (frozen.id, 2)) is None


@pytest.mark.once
def test_a_correction_is_a_new_snapshot_and_ends_the_notice(frozen: Frozen) -> None:
    frozen.begin()
    first = frozen.people[0].id
    before = frozen.ranks()
    snapshot = frozen.correct({"kind": "void", "account": frozen.cast.lin.id, "ordinal": 1})
    assert (snapshot.number, snapshot.reason) == (2, "替考")
    assert notice_state(frozen.competition) is NoticeState.FROZEN
    assert frozen.ranks() == {subject: rank - 1 for subject, rank in before.items() if rank > 1}
    (lin,) = snapshot.differences["people"]
    assert lin == {
        "account": frozen.cast.lin.id,
        "from": {"rank": 1, "score": 10_000, "unit": frozen.cast.unit_a.id},
        "to": None,
    }
    assert (snapshot.differences["up"], snapshot.differences["down"]) == (8, 0)
    assert snapshot.differences["movers"][0] == [first, 2, 1]
    group = str(frozen.cast.group.id)
    of_group = next(each for each in snapshot.differences["groups"] if each["subject"] == group)
    assert (of_group["from"]["participants"], of_group["to"]["participants"]) == (9, 8)
    earlier = db.session.get_one(Snapshot, (frozen.id, 1))
    for each in (earlier, snapshot):
        assert list(faults_of(lines_of(each, "public"), public_keys())) == []
    assert f'"previous":"{earlier.digest}"' in snapshot.statement
    assert frozen.begin().number == 2


@pytest.mark.once
def test_a_person_counts_for_the_right_unit_and_a_headcount_is_put_right(frozen: Frozen) -> None:
    wrong, unit_a = frozen.people[7].id, frozen.cast.unit_a.id
    frozen.correct({"kind": "unit", "account": wrong, "unit": unit_a})
    snapshot = frozen.correct({"kind": "headcount", "unit": unit_a, "headcount": 4})
    assert len(snapshot.changes) == 2
    row = db.session.scalars(select(Standing).where(Standing.board == "units", Standing.subject == str(unit_a))).one()
    assert (row.figures["participants"], row.figures["headcount"]) == (2, 4)
    person = select(Standing.organization_id).where(Standing.board == "people", Standing.subject == str(wrong))
    assert db.session.scalars(person).one() == unit_a
    with refused("changes_nothing"):
        frozen.correct({"kind": "headcount", "unit": unit_a, "headcount": 4})


@pytest.mark.once
def test_corrected_standings_are_proved_and_verified_down_to_the_responses(
    app: Flask, cast: Cast, tiny_bank: TinyBank
) -> None:
    answered = Answered(app, cast, tiny_bank)
    answered.freeze()
    zhao = add_person(app, "zhao", "赵审", role="organizer")
    with app.app_context():
        changes: list[dict[str, Any]] = [
            {"kind": "void", "account": cast.lin.id, "ordinal": 1},
            {"kind": "void", "account": cast.chen.id, "ordinal": 1},
            {"kind": "void", "account": cast.chen.id, "ordinal": 2},  # nothing of Chen's counts any more
            {"kind": "unit", "account": cast.bo.id, "unit": cast.unit_b.id},
            {"kind": "unit", "account": cast.qin.id, "unit": cast.unit_a.id},
            {"kind": "headcount", "unit": cast.unit_a.id, "headcount": None},
        ]
        for change in changes:
            qin = cast.qin.account
            made = actions.propose_correction(answered.id, change, reason="更正", actor=qin, now=MONDAY)
            snapshot = actions.apply_correction(answered.id, made.id, actor=zhao.account, now=MONDAY)
            db.session.commit()
            for file in ("public", "audit"):
                assert list(faults_of(lines_of(snapshot, file), public_keys())) == []
        assert snapshot.number == 7
    called = answered.prove()
    assert called.exit_code == 0, called.output
    assert "3 people" in called.output


# Pages


@pytest.mark.once
def test_a_stranger_objects_and_reads_the_reply(site: Frozen, qin: FlaskClient, app: Flask) -> None:
    page = f"/competitions/{site.id}/notice"
    stranger = app.test_client()
    assert stranger.get(f"{page}/objection").status_code == 409
    # The last day is asked for only where this year's holidays are not known.
    late = {"last_day": (utc_now() + timedelta(days=14)).date().isoformat()}
    assert qin.post(f"/admin/competitions/{site.id}/notice/begin", data=late).status_code == 422
    assert qin.post(f"/admin/competitions/{site.id}/notice/begin", data={**SURE, **late}).status_code == 303
    assert "公示中" in stranger.get(f"{page}/").text
    assert stranger.post(f"{page}/objection", data={"name": "路人", "contact": "", "body": "x"}).status_code == 422
    filed = stranger.post(f"{page}/objection", data={"name": "路人", "contact": "a@b.cn", "body": "乙厂人数不对"})
    assert filed.status_code == 303
    assert "等待答复" in stranger.get(filed.location).text
    listed = qin.get(f"/admin/competitions/{site.id}/notice/").text
    assert "路人" in listed
    assert "待答复" in listed
    assert "路人" not in stranger.get(f"{page}/").text
    with app.app_context():
        objection = db.session.scalars(select(Objection.id)).one()
    address = f"/admin/competitions/{site.id}/notice/objections/{objection}"
    assert qin.post(address, data={"outcome": "upheld", "reply": "属实，已更正"}).status_code == 303
    assert "属实，已更正" in stranger.get(filed.location).text
    assert stranger.get(f"{page}/objections/{'0' * 24}").status_code == 404


@pytest.mark.once
def test_two_organizers_correct_on_the_pages_and_the_public_sees_who_moved_masked(
    site: Frozen, qin: FlaskClient, app: Flask, sign_in: SignIn
) -> None:
    admin = f"/admin/competitions/{site.id}/notice"
    facts = {"kind": "void", "person": "b0", "reason": "代答"}
    assert "没有找到" in qin.post(f"{admin}/corrections/new", data={**facts, "person": "nobody"}).text
    made = qin.post(f"{admin}/corrections/new", data=facts)
    assert made.status_code == 303, made.text
    assert "另有 7 人名次上升" in qin.get(made.location).text
    assert qin.post(f"{made.location}/apply", data=SURE).status_code == 409
    zhao = sign_in(app.test_client(), site.other)
    assert "李某00" in zhao.get(made.location).text
    assert zhao.post(f"{made.location}/apply", data=SURE).status_code == 303
    shown = app.test_client().get(f"/competitions/{site.id}/notice/").text
    for text in ("第 2 号快照", "代答", "李*", "第 2 名", "不在榜上", "等待重新公示"):
        assert text in shown
    assert "李某" not in shown
    for number in (1, 2):
        for address in (
            f"/competitions/{site.id}/notice/standings-{number}.jsonl.gz",
            f"{admin}/standings-{number}-audit.jsonl.gz",
        ):
            with zhao.get(address) as answer:
                assert answer.status_code == 200
                assert answer.data[:2] == b"\x1f\x8b"


@pytest.mark.once
def test_who_agrees_to_another_unit_sees_which_it_was_and_the_public_no_small_one(
    site: Frozen, qin: FlaskClient, app: Flask, sign_in: SignIn
) -> None:
    page = f"/admin/competitions/{site.id}/notice/corrections/new"
    made = qin.post(page, data={"kind": "unit", "person": "b7", "unit": "A", "reason": "登记有误"})
    zhao = sign_in(app.test_client(), site.other)
    assert "乙厂 → 甲厂" in zhao.get(made.location).text
    assert zhao.post(f"{made.location}/apply", data=SURE).status_code == 303
    shown = app.test_client().get(f"/competitions/{site.id}/notice/").text
    assert "乙厂 → 远大集团" in shown  # two people of unit A are too few for it to be named


@pytest.mark.once
def test_boards_that_are_off_hide_the_file_and_what_moved(site: Frozen, stage: Stage, app: Flask) -> None:
    with app.app_context():
        site.correct({"kind": "void", "account": site.people[0].id, "ordinal": 1})
        db.session.commit()
    stage.set(boards="off")
    stranger = app.test_client()
    assert stranger.get(f"/competitions/{site.id}/notice/standings-1.jsonl.gz").status_code == 404
    page = stranger.get(f"/competitions/{site.id}/notice/").text
    assert "李*" not in page
    assert "第 2 号快照" in page


@pytest.mark.once
def test_a_winner_is_named_only_by_choice(site: Frozen, app: Flask, sign_in: SignIn) -> None:
    lin, first = site.cast.lin.id, site.people[0].id
    browser = sign_in(app.test_client(), site.cast.lin)
    for choice, status, name in (("", 422, "林*"), ("yes", 303, "林晓"), ("maybe", 422, "林晓"), ("no", 303, "林*")):
        assert browser.post(f"/competitions/{site.id}/naming", data={"named": choice}).status_code == status
        with app.app_context():
            assert published_names(site.competition, [lin, first]) == {lin: name, first: "李*"}


@pytest.mark.once
def test_the_boards_say_where_the_standings_are(site: Frozen, app: Flask) -> None:
    board = f"/competitions/{site.id}/boards/people"
    stranger = app.test_client()
    assert "名次已冻结，待公示" in stranger.get(board).text
    with app.app_context():
        site.begin()
        db.session.commit()
    assert "名次公示" in stranger.get(board).text
    with app.app_context():
        site.finalise(OVER)
        db.session.commit()
    assert "最终名次" in stranger.get(board).text
