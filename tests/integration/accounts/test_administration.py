import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from quizapp.accounts.actions import grant_role
from quizapp.accounts.models import Account, AuditEntry, OneTimeCode, RoleGrant
from quizapp.clock import utc_now
from quizapp.extensions import db
from quizapp.organizations.models import Membership
from tests.cast import PASSWORD, Cast

NEW = {"new_password": "Another-2026", "repeat": "Another-2026"}


def code_on(page: str) -> str:
    found = re.search(r"\b[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}\b", page)
    assert found, "no code on the page"
    return found.group()


@pytest.fixture
def ada(app: Flask, cast: Cast, sign_in: Any) -> FlaskClient:
    client: FlaskClient = sign_in(app.test_client(), cast.ada)
    return client


def count_of(app: Flask, action: str) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).where(AuditEntry.action == action)) or 0


def test_a_code_sets_a_new_password_once(app: Flask, ada: FlaskClient, cast: Cast) -> None:
    page = ada.post(f"/admin/accounts/{cast.lin.id}/code")
    code = code_on(page.text)
    assert page.headers["Cache-Control"] == "private, no-store"
    assert code not in ada.get(f"/admin/accounts/{cast.lin.id}").text
    lin = app.test_client()
    used = lin.post("/reset", data={"login": "lin", "code": code.lower(), **NEW})
    assert used.status_code == 303
    assert lin.get("/profile").status_code == 200
    again = app.test_client().post("/reset", data={"login": "lin", "code": code, **NEW})
    assert again.status_code == 422
    assert "已用过" in again.text
    assert (count_of(app, "issue_code"), count_of(app, "redeem_code")) == (1, 1)
    with app.app_context():
        stored = db.session.scalars(select(OneTimeCode.code_hash)).one()
    assert code.replace("-", "") not in stored


def test_a_later_code_ends_the_earlier(app: Flask, ada: FlaskClient, cast: Cast) -> None:
    first, second = (code_on(ada.post(f"/admin/accounts/{cast.lin.id}/code").text) for _ in range(2))
    assert app.test_client().post("/reset", data={"login": "lin", "code": first, **NEW}).status_code == 422
    assert app.test_client().post("/reset", data={"login": "lin", "code": second, **NEW}).status_code == 303


def test_a_code_that_a_coordinator_kept_is_no_way_to_a_role_given_later(
    app: Flask, ada: FlaskClient, cast: Cast, sign_in: Any
) -> None:
    with app.app_context():
        member = db.session.scalars(select(Membership.id).where(Membership.account_id == cast.lin.id)).one()
    kept = code_on(sign_in(app.test_client(), cast.wu).post(f"/units/people/{member}/code").text)
    with app.app_context():
        account, actor = (db.session.get_one(Account, person.id) for person in (cast.lin, cast.ada))
        grant_role(account, "organizer", actor=actor, now=utc_now())
        db.session.commit()
    assert app.test_client().post("/reset", data={"login": "lin", "code": kept, **NEW}).status_code == 422
    own = code_on(ada.post(f"/admin/accounts/{cast.lin.id}/code").text)
    with app.app_context():
        account, actor = (db.session.get_one(Account, person.id) for person in (cast.lin, cast.ada))
        grant_role(account, "auditor", actor=actor, now=utc_now())
        db.session.commit()
    assert app.test_client().post("/reset", data={"login": "lin", "code": own, **NEW}).status_code == 303


def test_an_expired_code_and_anothers_code_are_refused(app: Flask, ada: FlaskClient, cast: Cast) -> None:
    code = code_on(ada.post(f"/admin/accounts/{cast.lin.id}/code").text)
    assert app.test_client().post("/reset", data={"login": "bo", "code": code, **NEW}).status_code == 422
    with app.app_context():
        db.session.execute(update(OneTimeCode).values(expires_at=utc_now() - timedelta(seconds=1)))
        db.session.commit()
    assert app.test_client().post("/reset", data={"login": "lin", "code": code, **NEW}).status_code == 422


def test_guessing_codes_is_limited_per_account_and_address(app: Flask, ada: FlaskClient, cast: Cast) -> None:
    answers = [
        app.test_client().post("/reset", data={"login": "lin", "code": f"AAAA-{n:04}", **NEW}).status_code
        for n in range(12)
    ]
    assert answers == [422] * 10 + [429] * 2
    code = code_on(ada.post(f"/admin/accounts/{cast.lin.id}/code").text)
    elsewhere = {"environ_overrides": {"REMOTE_ADDR": "10.9.9.9"}}
    assert app.test_client().post("/reset", data={"login": "lin", "code": code, **NEW}, **elsewhere).status_code == 303


def test_of_many_uses_of_one_code_at_once_one_succeeds(app: Flask, ada: FlaskClient, cast: Cast) -> None:
    code = code_on(ada.post(f"/admin/accounts/{cast.lin.id}/code").text)

    def use(n: int) -> int:
        form = {"login": "lin", "code": code, "new_password": f"Another-{n}-2026", "repeat": f"Another-{n}-2026"}
        return int(app.test_client().post("/reset", data=form).status_code)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(use, range(4)))
    assert answers.count(303) == 1
    assert count_of(app, "redeem_code") == 1


def test_a_disabled_account_is_signed_out_everywhere_and_can_come_back(
    app: Flask, ada: FlaskClient, cast: Cast, sign_in: Any
) -> None:
    lin = sign_in(app.test_client(), cast.lin)
    assert "所有设备" in ada.get(f"/admin/accounts/{cast.lin.id}/disable").text
    assert lin.get("/profile").status_code == 200
    assert ada.post(f"/admin/accounts/{cast.lin.id}/disable").status_code == 303
    assert lin.get("/profile").status_code == 303
    assert ada.post(f"/admin/accounts/{cast.lin.id}/code").status_code == 409
    assert ada.post(f"/admin/accounts/{cast.lin.id}/enable").status_code == 303
    assert lin.get("/profile").status_code == 303  # the old session stays ended
    assert app.test_client().post("/sign-in", data={"login": "lin", "password": PASSWORD}).status_code == 303
    assert (count_of(app, "disable_account"), count_of(app, "enable_account")) == (1, 1)


def grant_id(app: Flask, account_id: int, role: str) -> int:
    with app.app_context():
        query = select(RoleGrant.id).where(RoleGrant.account_id == account_id, RoleGrant.role == role)
        return db.session.scalars(query).one()


def test_roles_are_granted_and_taken_back_at_once(app: Flask, ada: FlaskClient, cast: Cast, sign_in: Any) -> None:
    lin = sign_in(app.test_client(), cast.lin)
    assert lin.get("/admin/organizations/").status_code == 403
    assert ada.post(f"/admin/accounts/{cast.lin.id}/roles", data={"role": "organizer"}).status_code == 303
    assert lin.get("/admin/organizations/").status_code == 200
    assert ada.post(f"/admin/accounts/{cast.lin.id}/roles", data={"role": "organizer"}).status_code == 409
    held = grant_id(app, cast.lin.id, "organizer")
    assert "林晓" in ada.get(f"/admin/accounts/roles/{held}/revoke").text
    assert ada.post(f"/admin/accounts/roles/{held}/revoke").status_code == 303
    assert lin.get("/admin/organizations/").status_code == 403
    assert ada.post(f"/admin/accounts/roles/{held}/revoke").status_code == 404
    assert (count_of(app, "grant_role"), count_of(app, "revoke_role")) == (1, 1)


@pytest.mark.parametrize("role", ["", "king", "coordinator", "association"])
def test_a_role_that_the_form_does_not_offer_is_not_granted(
    app: Flask, ada: FlaskClient, cast: Cast, role: str
) -> None:
    ada.post(f"/admin/accounts/{cast.lin.id}/roles", data={"role": role})
    assert cast.lin.account.grants == []


def test_scoped_roles_say_how_far_they_reach(app: Flask, ada: FlaskClient, cast: Cast) -> None:
    def grant(role: str, unit_code: str = "", region: str = "", industry: str = "") -> int:
        form = {"role": role, "unit_code": unit_code, "region": region, "industry": industry}
        return int(ada.post(f"/admin/organizations/roles/{cast.lin.id}", data=form).status_code)

    assert grant("coordinator", "zz") == 422
    assert grant("coordinator") == 422
    assert grant("association") == 422
    assert grant("association", region="999999") == 422
    assert grant("coordinator", "b") == 303
    assert grant("coordinator", "b") == 409
    assert grant("association", region="310000", industry="D") == 303
    page = ada.get(f"/admin/accounts/{cast.lin.id}").text
    assert "乙厂（B）" in page
    assert "上海市 · 电力" in page


def test_the_last_administrator_stays(app: Flask, ada: FlaskClient, cast: Cast) -> None:
    held = grant_id(app, cast.ada.id, "administrator")
    answer = ada.post(f"/admin/accounts/roles/{held}/revoke")
    assert answer.status_code == 409
    assert "最后一位管理员" in answer.text
    assert ada.post(f"/admin/accounts/{cast.ada.id}/disable").status_code == 409
    ada.post(f"/admin/accounts/{cast.qin.id}/roles", data={"role": "administrator"})
    assert ada.post(f"/admin/accounts/roles/{held}/revoke").status_code == 303


def test_a_disabled_administrator_does_not_count_as_another(app: Flask, ada: FlaskClient, cast: Cast) -> None:
    ada.post(f"/admin/accounts/{cast.qin.id}/roles", data={"role": "administrator"})
    ada.post(f"/admin/accounts/{cast.qin.id}/disable")
    assert ada.post(f"/admin/accounts/roles/{grant_id(app, cast.ada.id, 'administrator')}/revoke").status_code == 409


def test_two_administrators_who_remove_each_other_at_once_leave_one(
    app: Flask, ada: FlaskClient, cast: Cast, sign_in: Any
) -> None:
    ada.post(f"/admin/accounts/{cast.qin.id}/roles", data={"role": "administrator"})
    qin = sign_in(app.test_client(), cast.qin)
    pairs = [
        (ada, grant_id(app, cast.qin.id, "administrator")),
        (qin, grant_id(app, cast.ada.id, "administrator")),
    ]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda pair: pair[0].post(f"/admin/accounts/roles/{pair[1]}/revoke"), pairs))
    with app.app_context():
        assert db.session.scalar(select(func.count()).where(RoleGrant.role == "administrator")) == 1


def test_an_account_for_the_staff_is_made_and_claimed(app: Flask, ada: FlaskClient, cast: Cast) -> None:
    assert ada.post("/admin/accounts/new", data={"name": "新人", "login": "lin"}).status_code == 422
    for login in ("", "a/b", "1", "<script>"):
        assert ada.post("/admin/accounts/new", data={"name": "新人", "login": login}).status_code == 422
    made = ada.post("/admin/accounts/new", data={"name": " 新 人 ", "login": "NewOne"})
    assert made.status_code == 303
    code = code_on(ada.post(made.location + "/code").text)
    claim = {"unit_code": "", "number": "newone", "code": code, "consent": "y", **NEW}
    assert app.test_client().post("/claim", data=claim).status_code == 303
    assert app.test_client().post("/sign-in", data={"login": "newone", "password": "Another-2026"}).status_code == 303


def test_accounts_are_searched_and_paged(app: Flask, ada: FlaskClient, cast: Cast) -> None:
    assert "林晓" in ada.get("/admin/accounts?text=林").text
    assert "陈光" not in ada.get("/admin/accounts?text=林").text
    assert "秦悦" in ada.get("/admin/accounts?role=organizer").text
    assert "林晓" not in ada.get("/admin/accounts?role=organizer").text
    assert "没有符合条件" in ada.get("/admin/accounts?text=%25_").text
    for odd in ("page=0", "page=-1", "page=99999999999999999999", "page=x", "role=x", "state=x"):
        assert ada.get(f"/admin/accounts?{odd}").status_code == 200
    assert ada.get("/admin/accounts?text=%00").status_code == 400


def test_the_audit_trail_is_filtered(app: Flask, ada: FlaskClient, cast: Cast) -> None:
    ada.post(f"/admin/accounts/{cast.lin.id}/code")
    ada.post(f"/admin/accounts/{cast.bo.id}/roles", data={"role": "auditor"})
    both = ada.get("/admin/audit").text
    assert "发放一次性验证码" in both
    assert "授予角色" in both
    table = ada.get("/admin/audit?action=issue_code").text.split("<tbody>")[1]
    assert "发放一次性验证码" in table
    assert "授予角色" not in table
    today = f"{utc_now() + timedelta(hours=8):%Y-%m-%d}"
    assert "<tbody>" in ada.get(f"/admin/audit?since={today}&until={today}&actor=艾达").text
    assert "<tbody>" not in ada.get("/admin/audit?until=2020-01-01").text
    for odd in ("since=x", "until=2026-13-45", "actor=%25", "page=-5"):
        assert ada.get(f"/admin/audit?{odd}").status_code == 200
    assert ada.get("/admin/audit?subject_id=%00").status_code == 400


def test_unknown_ids_are_missing(ada: FlaskClient, cast: Cast) -> None:
    for number in (0, 999_999, 2**63, 10**30):
        assert ada.get(f"/admin/accounts/{number}").status_code == 404
        assert ada.post(f"/admin/accounts/{number}/code").status_code == 404
        assert ada.get(f"/admin/accounts/roles/{number}/revoke").status_code == 404


def test_the_command_line_makes_an_administrator_and_a_code(app: Flask, cast: Cast) -> None:
    runner = app.test_cli_runner()
    made = runner.invoke(
        args=["accounts", "create-admin", "--login", "Root", "--name", "根", "--password", "Zhiliang-2027"]
    )
    assert made.exit_code == 0, made.output
    assert (
        app.test_client().post("/sign-in", data={"login": "root", "password": "Zhiliang-2027"}).location
        == "/admin/accounts"
    )
    for arguments in (
        ["--login", "root", "--name", "根", "--password", "Zhiliang-2027"],
        ["--login", "other", "--name", "根", "--password", "12345678"],
        ["--login", "a/b", "--name", "根", "--password", "Zhiliang-2027"],
        ["--login", "other", "--name", " ", "--password", "Zhiliang-2027"],
    ):
        assert runner.invoke(args=["accounts", "create-admin", *arguments]).exit_code == 1
    given = runner.invoke(args=["accounts", "reset-code", "lin"])
    assert given.exit_code == 0, given.output
    reset = {"login": "lin", "code": code_on(given.output), **NEW}
    assert app.test_client().post("/reset", data=reset).status_code == 303
    assert runner.invoke(args=["accounts", "reset-code", "nobody"]).exit_code == 1
    with app.app_context():
        assert db.session.scalars(select(Account).where(Account.login == "root")).one().roles == {"administrator"}
