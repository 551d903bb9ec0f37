import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from quizapp.accounts.models import Account
from quizapp.extensions import db
from quizapp.organizations.models import Membership, Organization
from tests.cast import PASSWORD, Cast
from tests.conftest import SignIn

FORM = {
    "name": "新同事",
    "phone": "",
    "staff_number": "10086",
    "new_password": "Zhiliang-2027",
    "repeat": "Zhiliang-2027",
    "consent": "y",
}


def register(app: Flask, **changes: str) -> Any:
    return app.test_client().post("/join/JOINA", data={**FORM, **changes})


def members(app: Flask, cast: Cast) -> dict[str, tuple[str, str]]:
    with app.app_context():
        rows = db.session.execute(
            select(Account.login, Account.name, Membership.state)
            .join(Membership, Membership.account_id == Account.id)
            .where(Membership.organization_id == cast.unit_a.id)
        )
        return {login: (name, state) for login, name, state in rows}


def test_an_employee_registers_with_a_staff_number_and_is_signed_in(app: Flask, cast: Cast) -> None:
    phone = app.test_client()
    page = phone.get("/join/joina")
    assert page.status_code == 200
    assert "甲厂" in page.text
    assert "远大集团" in page.text
    assert "/privacy" in page.text
    answer = phone.post("/join/JOINA", data=FORM)
    assert answer.status_code == 303
    assert "待确认" in phone.get("/membership").text
    assert members(app, cast)["a/10086"] == ("新同事", "pending")
    other = app.test_client()
    assert other.post("/sign-in", data={"login": "A/10086", "password": "Zhiliang-2027"}).status_code == 303
    with app.app_context():
        account = db.session.scalars(select(Account).where(Account.login == "a/10086")).one()
        assert account.consented_at is not None


def test_an_employee_registers_with_a_phone_number(app: Flask, cast: Cast) -> None:
    assert register(app, phone="138 0000 1234", staff_number="").status_code == 303
    assert members(app, cast)["13800001234"] == ("新同事", "pending")


def test_with_both_numbers_either_signs_in(app: Flask, cast: Cast) -> None:
    register(app, phone="13800001234")
    for login in ("a/10086", "13800001234"):
        answer = app.test_client().post("/sign-in", data={"login": login, "password": "Zhiliang-2027"})
        assert answer.status_code == 303


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "\u200b"},
        {"name": "x" * 61},
        {"name": "<script>"},
        {"phone": "12345"},
        {"phone": "", "staff_number": ""},
        {"staff_number": "a/b"},
        {"staff_number": "x" * 41},
        {"staff_number": "=1+1"},
        {"new_password": "short", "repeat": "short"},
        {"repeat": "other"},
        {"new_password": "13800001234", "repeat": "13800001234", "phone": "13800001234"},
        {"consent": ""},
        {"role": "administrator"},
        {"organization_id": "3"},
        {"name": "a\x00b\x00" * 40},
    ],
)
def test_bad_registrations_are_refused_with_a_sentence_and_change_nothing(
    app: Flask, cast: Cast, changes: dict[str, str]
) -> None:
    before = members(app, cast)
    form = {**FORM, **changes}
    if not form["consent"]:
        del form["consent"]
    answer = app.test_client().post("/join/JOINA", data=form)
    assert answer.status_code == 422
    assert "field-error" in answer.text or "不认识的内容" in answer.text
    assert members(app, cast) == before


def test_an_empty_form_says_one_thing_at_each_field(app: Flask, cast: Cast) -> None:
    page = app.test_client().post("/join/JOINA", data={}).text
    assert "请填写此项。" in page
    assert "密码至少 8 个字符。" not in page
    assert "请填写姓名。" not in page


def test_somebody_who_has_an_account_is_pointed_to_sign_in(app: Flask, cast: Cast) -> None:
    register(app)
    again = register(app, name="别人")
    assert again.status_code == 409
    assert "请直接登录" in again.text
    assert "/sign-in" in again.text
    assert members(app, cast)["a/10086"][0] == "新同事"


def test_somebody_in_the_roster_is_pointed_to_claiming(app: Flask, cast: Cast) -> None:
    register(app, phone="13800001234")
    with app.app_context():
        db.session.execute(update(Account).where(Account.login == "a/10086").values(password_hash=None))
        db.session.commit()
    for changes in ({}, {"staff_number": "", "phone": "13800001234"}):
        again = register(app, **changes)
        assert again.status_code == 409
        assert "/claim?unit=A" in again.text


def test_the_same_staff_number_in_another_unit_is_another_person(app: Flask, cast: Cast) -> None:
    assert register(app).status_code == 303
    assert app.test_client().post("/join/JOINB", data=FORM).status_code == 303


def test_of_many_registrations_at_once_with_one_staff_number_one_wins(app: Flask, cast: Cast) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: register(app, name=f"新同事{chr(0x4E00 + n)}"), range(4)))
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409]
    assert all("请直接登录" in answer.text for answer in answers if answer.status_code == 409)
    with app.app_context():
        assert db.session.scalar(select(func.count()).where(Account.login == "a/10086")) == 1
        assert db.session.scalar(select(func.count()).where(Membership.staff_number == "10086")) == 1


def test_a_code_is_typed_in_any_shape(client: FlaskClient, app: Flask, cast: Cast) -> None:
    with app.app_context():
        db.session.execute(update(Organization).where(Organization.code == "A").values(join_code="ABCD2345"))
        db.session.commit()
    for typed in ("abcd-2345", " ＡＢＣＤ２３４５ "):
        assert client.post("/join", data={"code": typed}).location == "/join/ABCD2345"
    for typed in ("", "ZZZZ-9999", "x" * 500, "' OR 1=1"):
        assert client.post("/join", data={"code": typed}).status_code == 422
    for address in ("/join/ZZZZ9999", "/join/" + "x" * 300):
        assert client.get(address).status_code == 404
    assert client.get("/join/%00").status_code == 400


def test_a_link_with_an_unknown_code_offers_the_code_to_be_mended(client: FlaskClient, cast: Cast) -> None:
    answer = client.get("/join/nosu-ch99")
    assert answer.status_code == 404
    assert "没有找到这个加入码" in answer.text
    assert 'value="NOSUCH99"' in answer.text
    assert 'action="/join"' in answer.text


def test_somebody_signed_in_without_a_unit_asks_for_a_place(app: Flask, cast: Cast, sign_in: Any) -> None:
    with app.app_context():
        db.session.execute(update(Membership).where(Membership.account_id == cast.chen.id).values(state="removed"))
        db.session.commit()
    chen = sign_in(app.test_client(), cast.chen)
    assert chen.post("/join/JOINA", data={"staff_number": "lin"}).status_code == 409  # Lin's number
    assert chen.post("/join/JOINA", data={"staff_number": "chen-2"}).status_code == 303
    assert "甲厂" in chen.get("/membership").text
    assert members(app, cast)["chen"] == ("陈光", "pending")
    assert "已属于" in chen.get("/join/JOINB").text


def test_claiming_needs_unit_number_code_password_and_consent(app: Flask, cast: Cast, sign_in: Any) -> None:
    with app.app_context():
        db.session.execute(update(Account).where(Account.login == "lin").values(password_hash=None, consented_at=None))
        membership = db.session.scalars(select(Membership.id).where(Membership.account_id == cast.lin.id)).one()
        db.session.commit()
    wu = sign_in(app.test_client(), cast.wu)
    page = wu.post(f"/units/people/{membership}/code").text
    found = re.search(r"\b[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}\b", page)
    assert found
    form = {
        "unit_code": "a",
        "number": "LIN",
        "code": found.group(),
        "new_password": "Zhiliang-2027",
        "repeat": "Zhiliang-2027",
        "consent": "y",
    }
    for changes in (
        {"unit_code": "B"},
        {"unit_code": "ZZ"},
        {"number": "bo"},
        {"code": "ABCD-2345"},
        {"code": ""},
        {"new_password": "short"},
        {"extra": "1"},
    ):
        assert app.test_client().post("/claim", data={**form, **changes}).status_code == 422
    without = {key: value for key, value in form.items() if key != "consent"}
    assert app.test_client().post("/claim", data=without).status_code == 422
    reset = {key: form[key] for key in ("code", "new_password", "repeat")}
    assert app.test_client().post("/reset", data={"login": "lin", **reset}).status_code == 422  # no way round consent
    lin = app.test_client()
    assert lin.post("/claim", data=form).status_code == 303
    assert lin.get("/membership").status_code == 200
    assert cast.lin.account.consented_at is not None
    assert app.test_client().post("/claim", data=form).status_code == 422
    assert app.test_client().post("/sign-in", data={"login": "lin", "password": PASSWORD}).status_code == 422


def test_an_address_with_a_character_that_no_text_of_postgresql_holds_is_refused(
    app: Flask, cast: Cast, sign_in: SignIn
) -> None:
    qin = sign_in(app.test_client(), cast.qin)
    assert qin.get("/join/JOIN%00A").status_code == qin.get("/?next=%00").status_code == 400
    unit = f"/units/{cast.unit_a.id}"
    assert qin.get(f"{unit}/evidence/%00").status_code == qin.post(f"{unit}/roster/%00").status_code == 400
