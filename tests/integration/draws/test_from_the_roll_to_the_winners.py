"""A draw goes forward only, each step once, and what is recorded is what the published file says."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from quizapp.accounts.models import Account, AuditEntry
from quizapp.competitions.actions import copy_competition
from quizapp.competitions.models import Competition
from quizapp.draws import actions, beacon
from quizapp.draws.content import fault_of_draw
from quizapp.draws.drawing import Prize
from quizapp.draws.models import DrawEntry, DrawExclusion, DrawWinner
from quizapp.draws.queries import prizes_of, step_of
from quizapp.errors import Invalid, Refused
from quizapp.extensions import db
from quizapp.leaderboards.models import Snapshot
from quizapp.notices.models import Notice
from quizapp.receipts.ledger import public_keys
from tests.cast import Cast
from tests.integration.draws.conftest import AT, PRIZES, SECRET, Urn
from tests.unit.draws.test_the_beacon import SIGNED

HOUR = timedelta(hours=1)


def fault(urn: Urn, number: int = 1) -> str:
    with urn.app.app_context():
        keys = public_keys()
    return fault_of_draw(urn.file(number), keys)


@pytest.mark.parametrize("kind", ["beacon", "commitment"])
def test_a_whole_draw_holds_in_the_eyes_of_its_check(urn: Urn, kind: str) -> None:
    urn.bring_to("frozen")
    assert fault(urn) == ""
    urn.name(kind)
    assert fault(urn) == ""
    urn.draw(kind)
    assert fault(urn) == ""
    draw = urn.file()["draw"]
    assert len(draw["entries"]) == 24
    assert [len(won) for won in draw["winners"]] == [2, 3, 4]
    with urn.app.app_context():
        rows = db.session.scalars(select(DrawWinner).order_by(DrawWinner.prize, DrawWinner.place)).all()
        assert [row.entry for row in rows] == [entry for won in draw["winners"] for entry in won]
        deeds = set(db.session.scalars(select(AuditEntry.action).where(AuditEntry.subject_type == "draw")))
    assert deeds == {"add_draw", "plan_draw", "freeze_draw", "name_chance", "draw_prizes"}


def test_nothing_that_leads_to_a_person_is_in_the_file(urn: Urn) -> None:
    urn.bring_to("drawn")
    text = str(urn.file())
    entries = [entry for entry, _score in urn.file()["draw"]["entries"]]
    assert all(len(entry) == 20 for entry in entries)
    assert not [person for person in urn.people if person.name in text or person.login in text]
    with urn.app.app_context():
        accounts = dict(db.session.execute(select(DrawEntry.entry, DrawEntry.account_id)).all())
    assert [accounts[entry] for entry in entries] != sorted(accounts.values())


def test_who_is_left_out_and_why(urn: Urn, cast: Cast) -> None:
    urn.add(now=AT - 4 * HOUR)
    with urn.app.app_context():
        db.session.execute(
            text("INSERT INTO role_grant (account_id, role, granted_at) VALUES (:id, 'auditor', :at)"),
            {"id": urn.people[0].id, "at": AT},
        )
        db.session.commit()
    urn.plan(excluded={urn.people[1].id: "voided", urn.people[2].id: "other", cast.lin.id: "other"})
    urn.freeze()
    assert urn.file()["draw"]["roll"]["excluded"] == {"other": 1, "staff": 1, "voided": 1}
    assert len(urn.file()["draw"]["entries"]) == 21
    with urn.app.app_context():
        reasons = {row.account_id: row.reason for row in db.session.scalars(select(DrawExclusion))}
        entered = set(db.session.scalars(select(DrawEntry.account_id)))
    assert reasons[urn.people[0].id] == "staff"
    assert entered.isdisjoint(reasons)


def test_only_who_can_win_something_is_in_the_roll(urn: Urn) -> None:
    urn.add(now=AT - 4 * HOUR)
    urn.plan(prizes=[Prize("一等奖", 2, 9800, 9900), Prize("二等奖", 2, 9700, 9700)])
    urn.freeze()
    assert {score for _entry, score in urn.file()["draw"]["entries"]} == {9900, 9800, 9700}


@pytest.mark.once
@pytest.mark.parametrize("end", ["drawn", "failed"])
def test_another_draw_has_a_reason_and_two_approvers_who_are_neither_its_author_nor_its_planner(
    urn: Urn, cast: Cast, end: str
) -> None:
    urn.bring_to("drawn" if end == "drawn" else "named", "commitment")
    later = AT + 48 * HOUR
    if end == "failed":
        with pytest.raises(Refused, match="draw_under_way"):
            urn.add("再抽", now=AT + HOUR)
    with pytest.raises(Invalid, match="another_draw_needs_reason"):
        urn.add("  ", now=later)
    urn.add("漏了一个单位", now=later)
    urn.plan(number=2, now=later)

    def approve(by: Any) -> None:
        urn.do(actions.approve_draw, number=2, actor=by, now=later)

    with pytest.raises(Refused, match="approve_own_draw"):
        approve(cast.qin)
    approve(cast.ada)
    with pytest.raises(Refused, match="draw_already_approved"):
        approve(cast.ada)
    with pytest.raises(Refused, match="draw_needs_approvals"):
        urn.freeze(2, later)
    approve(cast.jun)
    urn.plan(number=2, now=later)  # another plan: what was agreed to is not what would be drawn
    with pytest.raises(Refused, match="draw_needs_approvals"):
        urn.freeze(2, later)
    approve(cast.ada)
    approve(cast.jun)
    urn.freeze(2, later)
    draw = urn.file(2)["draw"]
    assert draw["roll"]["reason"] == "漏了一个单位"
    assert draw["roll"]["excluded"] == ({"earlier_winner": 9} if end == "drawn" else {})


def test_an_unopened_commitment_fails_in_public(urn: Urn) -> None:
    urn.bring_to("named", "commitment")
    page = urn.app.test_client().get(f"{urn.path}/1")
    assert page.status_code == 200
    assert "这次抽奖已经作废" in page.text
    assert "没有人中奖" in page.text
    with pytest.raises(Refused, match="draw_is_failed"):
        urn.draw("commitment", now=AT + timedelta(days=1, seconds=1))
    with urn.app.app_context(), pytest.raises(DBAPIError, match="opened_in_time"):
        db.session.execute(
            text("UPDATE draw SET drawn_at = :at, secret = 's', public_number = '1', signature = 's'"),
            {"at": "2024-01-01 00:00:00.000000+00:00"},
        )


@pytest.mark.once
def test_each_step_only_at_its_time(urn: Urn) -> None:
    urn.bring_to("frozen")
    with pytest.raises(Refused, match="draw_is_frozen"):
        urn.plan()
    with pytest.raises(Refused, match="draw_is_frozen"):
        urn.freeze()
    with pytest.raises(Invalid, match="chance_must_be_later"):
        urn.name(now=AT - timedelta(seconds=59))
    with pytest.raises(Invalid, match="chance_must_be_later"):
        urn.name(now=AT + HOUR)
    with pytest.raises(Refused, match="draw_is_frozen"):
        urn.draw()
    urn.name()
    with pytest.raises(Refused, match="draw_is_named"):
        urn.name(now=AT - HOUR)
    with pytest.raises(Refused, match="draw_is_named"):
        urn.draw(now=AT - timedelta(microseconds=1))
    assert step_of(urn.row(), AT).value == "due"
    for other, error in (
        (beacon.Round(1001, SIGNED[1001]), "another_round"),
        (beacon.Round(1000, SIGNED[1001]), "round_not_genuine"),
    ):
        with pytest.raises(Invalid, match=error):
            urn.do(actions.draw_by_beacon, other, now=AT)
    with pytest.raises(Refused, match="chance_is_another"):
        urn.draw("commitment", now=AT)
    urn.draw(now=AT)
    with pytest.raises(Refused, match="draw_is_drawn"):
        urn.draw()


@pytest.mark.once
def test_the_secret_must_be_the_one_that_was_committed_to(urn: Urn) -> None:
    urn.bring_to("named", "commitment")
    with pytest.raises(Invalid, match="secret_is_another"):
        urn.do(actions.draw_by_secret, secret="5f" * 32, public_number="1", now=AT)
    assert SECRET not in str(vars(urn.row()))  # the server keeps its digest alone


@pytest.mark.once
def test_no_roll_is_frozen_while_the_standings_may_still_change(urn: Urn) -> None:
    urn.bring_to("planned")
    with urn.app.app_context():
        notice = Notice(competition_id=urn.id, number=1, working_days=5, begun_at=AT - 4 * HOUR, ends_at=AT)
        notice.last_day = AT.date()
        seal = {"statement": "{}", "digest": "", "key": "", "signature": ""}
        db.session.add(Snapshot(competition_id=urn.id, number=1, made_at=AT, changes=[], differences={}, **seal))
        db.session.add(notice)
        db.session.commit()
    with pytest.raises(Refused, match="draw_during_notice"):
        urn.freeze()


# What the database itself refuses, whoever asks for it. The draw is at the named step, or drawn.
CHANGES = {
    "another prize": ("named", "UPDATE draw SET prizes = '[]'"),
    "another number": ("named", "UPDATE draw SET number = 5"),
    "another digest": ("named", "UPDATE draw SET digest = 'x'"),
    "thawed": ("frozen", "UPDATE draw SET frozen_at = NULL, digest = NULL, standings = NULL"),
    "another round": ("named", "UPDATE draw SET round = round + 1"),
    "another kind of chance": ("named", "UPDATE draw SET chance = NULL, named_at = NULL, happens_at = NULL"),
    "a later opening": ("named", "UPDATE draw SET open_by = happens_at"),
    "an entry's score": ("frozen", "UPDATE draw_entry SET score = 1"),
    "an entry's person": ("frozen", "UPDATE draw_entry SET account_id = account_id + 1"),
    "an entry fewer": ("frozen", "DELETE FROM draw_entry WHERE score = 10000"),
    "an entry more": (
        "frozen",
        "INSERT INTO draw_entry (draw_id, entry, account_id, score) SELECT id, 'ff', created_by_id, 10000 FROM draw",
    ),
    "an exclusion more": (
        "frozen",
        (
            "INSERT INTO draw_exclusion (draw_id, account_id, reason, by_name) SELECT id, created_by_id, 'other', by_name"
            " FROM draw CROSS JOIN (SELECT exclude_staff AS by_name FROM draw) AS one"
        ),
    ),
    "the draw undone": ("frozen", "DELETE FROM draw"),
    "winners before chance": (
        "frozen",
        (
            "INSERT INTO draw_winner (draw_id, prize, place, entry) SELECT draw_id, 1, 1, min(entry) FROM draw_entry"
            " GROUP BY draw_id"
        ),
    ),
    "a winner more": (
        "drawn",
        (
            "INSERT INTO draw_winner (draw_id, prize, place, entry) SELECT draw_id, 3, 99, entry FROM draw_entry"
            " WHERE entry NOT IN (SELECT entry FROM draw_winner)"
        ),
    ),
    "another winner": ("drawn", "UPDATE draw_winner SET entry = 'ff' WHERE prize = 1 AND place = 1"),
    "a winner fewer": ("drawn", "DELETE FROM draw_winner WHERE prize = 1"),
    "drawn again": ("drawn", "UPDATE draw SET drawn_at = NULL, beacon_signature = NULL, signature = NULL"),
    "another signature": ("drawn", "UPDATE draw SET signature = 'x'"),
}


def test_the_database_itself_refuses_to_change_a_draw(urn: Urn) -> None:
    urn.bring_to("planned")
    for step, forward in (("frozen", urn.freeze), ("named", urn.name), ("drawn", urn.draw)):
        forward()
        for what, (at, statement) in CHANGES.items():
            if at == step:
                with urn.app.app_context(), pytest.raises(DBAPIError) as error:
                    db.session.execute(text(statement))
                assert "immutable" in str(error.value.orig), what


def test_the_database_itself_wants_two_approvers_and_one_draw_a_roll(urn: Urn, cast: Cast) -> None:
    urn.bring_to("drawn")
    later = AT + 48 * HOUR
    urn.add("再抽", now=later)
    urn.plan(number=2, now=later)

    def refused(statement: str, why: str, **values: Any) -> None:
        with urn.app.app_context(), pytest.raises(DBAPIError, match=why):
            db.session.execute(text(statement), values)

    approval = "INSERT INTO draw_approval (draw_id, account_id, approved_at) SELECT id, :who, created_at FROM draw WHERE number = "
    refused(approval + "2", "by_others", who=cast.qin.id)
    refused(approval + "1", "by_others", who=cast.ada.id)
    frozen = "UPDATE draw SET frozen_at = created_at, standings = 'x', digest = 'x' WHERE number = 2"
    urn.do(actions.approve_draw, number=2, actor=cast.ada, now=later)
    refused(frozen, "two_approve_another")
    columns = "competition_id, reason, prizes, exclude_staff, exclude_earlier, created_at, created_by_id, planned_by_id"
    copied = f"INSERT INTO draw ({columns}, number) SELECT {columns}"
    refused(f"{copied}, 1 FROM draw WHERE number = 1", "(?i)unique|immutable")
    refused(f"{copied}, 3 FROM draw WHERE number = 1", "another_has_a_reason")
    urn.do(actions.approve_draw, number=2, actor=cast.jun, now=later)
    refused(frozen.replace("'x', digest = 'x'", "'x', digest = :digest"), "(?i)unique", digest=urn.row().digest)


def test_the_constraints_hold_the_order_of_time(urn: Urn) -> None:
    urn.bring_to("frozen")
    early = "UPDATE draw SET chance = 'beacon', round = 1, named_at = frozen_at, happens_at = frozen_at"
    with urn.app.app_context(), pytest.raises(DBAPIError, match="named_before_it_exists"):
        db.session.execute(text(early))
    urn.name()
    drawn = "UPDATE draw SET drawn_at = named_at, beacon_signature = 's', signature = 's'"
    with urn.app.app_context(), pytest.raises(DBAPIError, match="drawn_when_it_exists"):
        db.session.execute(text(drawn))


@pytest.mark.once
def test_the_first_draw_of_a_copied_competition_begins_with_the_prizes_of_last_year(urn: Urn) -> None:
    urn.bring_to("planned")
    with urn.app.app_context():
        source = db.session.get_one(Competition, urn.id)
        qin = db.session.get_one(Account, urn.qin.id)
        copy = copy_competition(source, actor=qin, now=AT)
        assert prizes_of(actions.add_draw(copy, reason="", actor=qin, now=AT)) == PRIZES
