import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from quizapp.accounts.models import Account, AuditEntry, RoleGrant
from quizapp.extensions import db
from quizapp.organizations import queries
from quizapp.organizations.models import Membership, Organization
from tests.cast import BORN, Cast, add_person, add_unit


@pytest.fixture
def wu(app: Flask, cast: Cast, sign_in: Any) -> FlaskClient:
    client: FlaskClient = sign_in(app.test_client(), cast.wu)
    return client


@pytest.fixture
def qin(app: Flask, cast: Cast, sign_in: Any) -> FlaskClient:
    client: FlaskClient = sign_in(app.test_client(), cast.qin)
    return client


def membership_id(app: Flask, account_id: int) -> int:
    with app.app_context():
        query = select(Membership.id).where(Membership.account_id == account_id, Membership.state != "removed")
        return db.session.scalars(query).one()


def state_of(app: Flask, account_id: int) -> str:
    with app.app_context():
        query = select(Membership.state).where(Membership.account_id == account_id).order_by(Membership.id.desc())
        return db.session.scalars(query).first() or ""


def deeds(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_wu_sees_her_unit_and_nothing_beside_or_above(wu: FlaskClient, cast: Cast) -> None:
    page = wu.get("/units").text
    assert "甲厂" in page
    assert "乙厂" not in page
    unit = wu.get(f"/units/{cast.unit_a.id}").text
    assert "林晓" in unit
    assert "陈光" not in unit
    for other in (cast.unit_b.id, cast.group.id, 10**9, 10**30):
        assert wu.get(f"/units/{other}").status_code == 404


def test_scopes_of_all_roles(app: Flask, cast: Cast) -> None:
    with app.app_context():
        for person, codes in (
            (cast.ada, "ABG"),
            (cast.qin, "ABG"),
            (cast.jun, "ABG"),
            (cast.wu, "A"),
            (cast.su, "AG"),
            (cast.lin, ""),
        ):
            account = db.session.get_one(Account, person.id)
            seen = db.session.scalars(queries.visible_organizations(account)).all()
            assert "".join(sorted(unit.code for unit in seen)) == codes, person.name
            changed = db.session.scalars(queries.managed_organizations(account)).all()
            expected = codes if person in (cast.ada, cast.qin, cast.wu) else ""
            assert "".join(sorted(unit.code for unit in changed)) == expected, person.name


def test_an_association_of_region_and_industry_sees_where_both_meet(app: Flask, cast: Cast) -> None:
    both = add_person(app, "both", "两者", role="association", region="310000", industry="D")
    none = add_person(app, "none", "无处", role="association", region="310000", industry="C")
    with app.app_context():
        for person, codes in ((both, ["B"]), (none, [])):
            account = db.session.get_one(Account, person.id)
            assert [unit.code for unit in db.session.scalars(queries.visible_organizations(account))] == codes


def test_an_association_sees_nothing_of_a_units_branch_in_another_region(app: Flask, cast: Cast, sign_in: Any) -> None:
    su = sign_in(app.test_client(), cast.su)
    group = su.get(f"/units/{cast.group.id}").text
    assert "甲厂" in group
    assert "林晓" in group
    assert "乙厂" not in group
    assert "陈光" not in group
    poster = su.get(f"/units/{cast.group.id}/poster.pdf?below=1").data
    assert len(re.findall(rb"/Type */Page\b", poster)) == 2


def test_a_coordinator_of_the_group_reaches_all_below(app: Flask, cast: Cast, sign_in: Any) -> None:
    boss = add_person(app, "boss", "总管", role="coordinator", organization_id=cast.group.id)
    client = sign_in(app.test_client(), boss)
    assert client.get(f"/units/{cast.unit_b.id}").status_code == 200
    assert "陈光" in client.get(f"/units/{cast.group.id}").text


def test_a_unit_whose_path_only_begins_alike_is_not_below(app: Flask, cast: Cast) -> None:
    for number in range(12):  # ids 4 … 15: "/1/" must not take in "/11/"
        add_unit(app, f"X{number}", f"别处{number}")
    with app.app_context():
        group = db.session.get_one(Organization, cast.group.id)
        assert {unit.code for unit in db.session.scalars(queries.subtree(group))} == {"G", "A", "B"}


def test_pending_people_are_confirmed_one_by_one_ticked_or_all(app: Flask, wu: FlaskClient, cast: Cast) -> None:
    new = [add_person(app, f"new{n}", f"新人{n}", unit=cast.unit_a, state="pending") for n in range(4)]
    wu.post(f"/units/people/{membership_id(app, new[0].id)}/confirm")
    assert [state_of(app, person.id) for person in new] == ["confirmed", "pending", "pending", "pending"]
    wu.post(f"/units/{cast.unit_a.id}/confirm", data={"person": [str(membership_id(app, new[1].id)), "x", "999999"]})
    assert [state_of(app, person.id) for person in new] == ["confirmed", "confirmed", "pending", "pending"]
    wu.post(f"/units/{cast.unit_a.id}/confirm", data={"all": "1"})
    assert {state_of(app, person.id) for person in new} == {"confirmed"}
    assert deeds(app).count("confirm_member") == 4


def test_ticking_somebody_of_another_unit_does_nothing(app: Flask, wu: FlaskClient, cast: Cast) -> None:
    stranger = add_person(app, "stranger", "生人", unit=cast.unit_b, state="pending")
    wu.post(f"/units/{cast.unit_a.id}/confirm", data={"person": str(membership_id(app, stranger.id))})
    assert state_of(app, stranger.id) == "pending"


def test_a_removed_person_may_come_back(app: Flask, wu: FlaskClient, cast: Cast, sign_in: Any) -> None:
    address = f"/units/people/{membership_id(app, cast.lin.id)}"
    assert "林晓" in wu.get(f"{address}/remove").text
    assert wu.post(f"{address}/remove").status_code == 303
    assert state_of(app, cast.lin.id) == "removed"
    assert wu.get(address).status_code == 404
    lin = sign_in(app.test_client(), cast.lin)
    assert "还没有加入单位" in lin.get("/membership").text
    assert lin.post("/join/JOINA", data={"staff_number": "lin"}).status_code == 303
    assert state_of(app, cast.lin.id) == "pending"


def test_people_move_only_within_the_movers_scope(app: Flask, wu: FlaskClient, qin: FlaskClient, cast: Cast) -> None:
    add_unit(app, "A1", "甲厂一车间", parent=cast.unit_a)
    address = f"/units/people/{membership_id(app, cast.lin.id)}/move"
    wu.post(address, data={"unit_code": "B"})
    with app.app_context():
        assert (
            db.session.scalars(select(Membership).where(Membership.account_id == cast.lin.id)).one().organization_id
            == cast.unit_a.id
        )
    wu.post(address, data={"unit_code": "a1"})
    with app.app_context():
        assert (
            db.session.scalars(
                select(Organization.code).join(Membership).where(Membership.account_id == cast.lin.id)
            ).one()
            == "A1"
        )
    qin.post(address, data={"unit_code": "B"})
    with app.app_context():
        assert (
            db.session.scalars(
                select(Organization.code).join(Membership).where(Membership.account_id == cast.lin.id)
            ).one()
            == "B"
        )
    assert deeds(app).count("move_member") == 2


def test_a_staff_login_follows_a_move_and_a_correction(app: Flask, qin: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        db.session.execute(update(Account).where(Account.id == cast.lin.id).values(login="a/lin"))
        db.session.commit()
    address = f"/units/people/{membership_id(app, cast.lin.id)}"
    assert qin.post(f"{address}/move", data={"unit_code": "B"}).status_code == 303
    assert cast.lin.account.login == "b/lin"
    assert qin.post(address, data={"name": "林小", "staff_number": "L-9", "phone": ""}).status_code == 303
    assert (cast.lin.account.login, cast.lin.account.name) == ("b/l-9", "林小")
    assert qin.post(address, data={"name": "林小", "staff_number": "", "phone": "13800001234"}).status_code == 303
    assert cast.lin.account.login == "13800001234"


def test_numbers_of_others_cannot_be_taken(app: Flask, qin: FlaskClient, cast: Cast) -> None:
    address = f"/units/people/{membership_id(app, cast.lin.id)}"
    taken = qin.post(address, data={"name": "林晓", "staff_number": "bo", "phone": ""})
    assert taken.status_code == 409
    assert "另一个账号" in taken.text
    add_person(app, "twin", "同号", unit=cast.unit_b)
    with app.app_context():
        db.session.execute(update(Membership).where(Membership.account_id == cast.chen.id).values(staff_number="lin"))
        db.session.commit()
    assert qin.post(f"{address}/move", data={"unit_code": "B"}).status_code == 409


def test_a_coordinator_gives_no_code_to_who_holds_a_role(app: Flask, wu: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        db.session.add(RoleGrant(account_id=cast.bo.id, role="organizer", granted_at=BORN))
        db.session.commit()
    answer = wu.post(f"/units/people/{membership_id(app, cast.bo.id)}/code")
    assert answer.status_code == 403
    assert "issue_code" not in deeds(app)
    assert wu.post(f"/units/people/{membership_id(app, cast.lin.id)}/code").status_code == 200
    assert "issue_code" in deeds(app)


def test_more_people_than_declared_are_flagged_and_coverage_stays_at_the_whole(
    app: Flask, wu: FlaskClient, cast: Cast
) -> None:
    address = f"/units/{cast.unit_a.id}"
    assert wu.post(f"{address}/headcount", data={"headcount": "2", "note": "职工名册"}).status_code == 303
    page = wu.get(address).text
    assert "多 1 人" in page  # Lin, Bo and Wu
    assert "100.0%" in page
    assert "150" not in page
    for odd in ("0", "-5", "1.5", "x", "99999999999999999999", "1e3"):
        wu.post(f"{address}/headcount", data={"headcount": odd})
        assert cast.unit_a.organization.headcount == 2
    wu.post(f"{address}/headcount", data={"headcount": ""})
    assert cast.unit_a.organization.headcount is None


def test_a_renewed_join_code_ends_the_old(app: Flask, wu: FlaskClient, cast: Cast) -> None:
    assert "立即失效" in wu.get(f"/units/{cast.unit_a.id}/renew-join-code").text
    assert app.test_client().get("/join/JOINA").status_code == 200
    wu.post(f"/units/{cast.unit_a.id}/renew-join-code")
    assert app.test_client().get("/join/JOINA").status_code == 404
    code = cast.unit_a.organization.join_code
    assert app.test_client().get(f"/join/{code}").status_code == 200


def test_the_poster_holds_the_public_address(app: Flask, wu: FlaskClient, settings: Any, cast: Cast) -> None:
    poster = wu.get(f"/units/{cast.unit_a.id}/poster.pdf")
    assert poster.data.startswith(b"%PDF")
    assert poster.headers["Content-Disposition"] == "attachment; filename=join-A.pdf"
    assert wu.get(f"/units/{cast.unit_a.id}/qr.svg").mimetype == "image/svg+xml"
    assert "http://localhost/join/JOINA" in wu.get(f"/units/{cast.unit_a.id}").text
    app.config["QUIZ_SETTINGS"] = settings.model_copy(update={"public_url": "https://quiz.example.cn"})
    assert "https://quiz.example.cn/join/JOINA" in wu.get(f"/units/{cast.unit_a.id}").text


def test_people_are_searched_and_odd_filters_do_no_harm(app: Flask, wu: FlaskClient, cast: Cast) -> None:
    address = f"/units/{cast.unit_a.id}"
    assert "薄明" not in wu.get(f"{address}?text=林").text
    assert "没有符合条件" in wu.get(f"{address}?text=%25").text
    for odd in ("page=-1", "page=99999999999999999999", "state=x", "below=x", "page=x"):
        assert wu.get(f"{address}?{odd}").status_code == 200
    assert wu.get(f"{address}?text=%00").status_code == 400


def test_counts_of_people_are_sums_over_all_below(app: Flask, cast: Cast) -> None:
    add_person(app, "waits", "等待", unit=cast.unit_b, state="pending")
    with app.app_context():
        units = db.session.scalars(select(Organization).order_by(Organization.id)).all()
        rows = {
            row.unit.code: (row.count.people, row.count.pending, row.depth) for row in queries.unit_rows(list(units))
        }
        assert rows == {"G": (5, 1, 0), "A": (3, 0, 1), "B": (2, 1, 1)}
        assert db.session.scalar(select(func.count()).select_from(Membership)) == 5
