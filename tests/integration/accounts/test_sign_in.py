import re
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from quizapp.accounts.models import Account
from quizapp.clock import to_ms, utc_now
from quizapp.extensions import db
from tests.cast import PASSWORD, Cast

Post = Any


def sign_in_by_form(client: FlaskClient, login: str, password: str = PASSWORD, **more: Any) -> Any:
    query = {"next": more.pop("next")} if "next" in more else None
    return client.post("/sign-in", data={"login": login, "password": password, **more}, query_string=query)


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/profile").status_code == 200


def test_lin_signs_in_and_out(client: FlaskClient, cast: Cast) -> None:
    answer = sign_in_by_form(client, "lin")
    assert (answer.status_code, answer.location) == (303, "/")
    assert is_signed_in(client)
    assert client.post("/sign-out").status_code == 303
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("who", "start"),
    [
        ("qin", "/admin/competitions/"),
        ("ada", "/admin/accounts"),
        ("jun", "/admin/competitions/"),
        ("wu", "/units"),
        ("su", "/units"),
        ("bo", "/"),
    ],
)
def test_everybody_starts_where_the_work_is(client: FlaskClient, cast: Cast, who: str, start: str) -> None:
    assert sign_in_by_form(client, who).location == start


def test_a_login_is_known_in_every_spelling(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        db.session.execute(update(Account).where(Account.login == "lin").values(phone="13800001234"))
        db.session.commit()
    for spelling in (" LIN ", "ｌｉｎ", "138 0000 1234", "+86-138-0000-1234"):
        assert sign_in_by_form(app.test_client(), spelling).status_code == 303


def test_the_page_that_was_wanted_follows(client: FlaskClient, cast: Cast) -> None:
    asked = client.get("/membership")
    assert asked.location == "/sign-in?next=/membership"
    assert sign_in_by_form(client, "lin", next="/membership").location == "/membership"


@pytest.mark.once
@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\tevil", "evil", "\n//evil"],
)
def test_next_never_leads_to_another_site(client: FlaskClient, cast: Cast, elsewhere: str) -> None:
    assert sign_in_by_form(client, "lin", next=elsewhere).location == "/"


def test_unknown_login_and_wrong_password_look_alike(client: FlaskClient, cast: Cast) -> None:
    pages = [sign_in_by_form(client, login, "wrong-password") for login in ("lin", "nobody")]
    assert [page.status_code for page in pages] == [422, 422]

    def flash(text: str) -> str:
        found = re.search(r'role="alert">.*?</div></div>', text, re.S)
        assert found
        return found.group()

    first, second = (flash(page.text) for page in pages)
    assert first == second
    assert "登录名或密码不对" in first


def test_an_unknown_login_costs_the_same_hash_as_a_wrong_password(
    client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nearly all of a sign-in's time is its hash: without one, an unknown login would be told by its speed."""
    verify, costs = PasswordHasher.verify, []

    def counted(hasher: PasswordHasher, stored: str, password: str) -> bool:
        costs.append(stored.split("$")[1:4])  # the kind, the version, and the memory, passes and lanes
        return verify(hasher, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for login in ("lin", "nobody"):
        assert sign_in_by_form(client, login, "wrong-password").status_code == 422
    assert len(costs) == 2
    assert costs[0] == costs[1]


def test_an_account_that_nobody_has_claimed_cannot_sign_in(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        db.session.execute(update(Account).where(Account.login == "lin").values(password_hash=None))
        db.session.commit()
    assert sign_in_by_form(client, "lin").status_code == 422


def test_a_disabled_account_is_told_only_to_who_knows_the_password(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        db.session.execute(update(Account).where(Account.login == "lin").values(disabled_at=utc_now()))
        db.session.commit()
    assert "已停用" in sign_in_by_form(client, "lin").text
    assert "已停用" not in sign_in_by_form(client, "lin", "wrong-password").text


def test_a_hash_of_other_costs_is_made_anew(app: Flask, client: FlaskClient, cast: Cast) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with app.app_context():
        db.session.execute(update(Account).where(Account.login == "lin").values(password_hash=old))
        db.session.commit()
    assert sign_in_by_form(client, "lin").status_code == 303
    stored = cast.lin.account.password_hash or ""
    assert "m=19456,t=2,p=1" in stored
    assert sign_in_by_form(app.test_client(), "lin").status_code == 303


def test_the_own_device_keeps_the_session_for_the_season_and_a_terminal_does_not(app: Flask, cast: Cast) -> None:
    own = sign_in_by_form(app.test_client(), "lin", own_device="y")
    cookie = next(value for value in own.headers.getlist("Set-Cookie") if value.startswith("quiz_session="))
    assert "Expires=" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    shared = sign_in_by_form(app.test_client(), "lin")
    cookie = next(value for value in shared.headers.getlist("Set-Cookie") if value.startswith("quiz_session="))
    assert "Expires=" not in cookie


def rewind(client: FlaskClient, idle: timedelta) -> None:
    with client.session_transaction() as session:
        session["seen_ms"] = to_ms(utc_now() - idle)


def test_a_shared_terminal_left_alone_is_signed_out(client: FlaskClient, cast: Cast) -> None:
    sign_in_by_form(client, "lin")
    rewind(client, timedelta(minutes=29))
    assert is_signed_in(client)
    rewind(client, timedelta(minutes=31))
    assert not is_signed_in(client)


def test_an_attempt_keeps_a_shared_terminals_session(client: FlaskClient, cast: Cast) -> None:
    sign_in_by_form(client, "lin")
    with client.session_transaction() as session:
        session["kept_until_ms"] = to_ms(utc_now() + timedelta(minutes=5))
    rewind(client, timedelta(minutes=59))
    assert is_signed_in(client)


def test_an_own_device_may_rest_for_weeks(client: FlaskClient, cast: Cast) -> None:
    sign_in_by_form(client, "lin", own_device="y")
    rewind(client, timedelta(days=60))
    assert is_signed_in(client)


def test_a_new_password_ends_every_other_session(app: Flask, client: FlaskClient, cast: Cast) -> None:
    other = app.test_client()
    sign_in_by_form(client, "lin")
    sign_in_by_form(other, "lin")
    new = {"new_password": "Another-2026", "repeat": "Another-2026"}
    assert client.post("/profile/password", data={"password": "wrong-one", **new}).status_code == 422
    assert client.post("/profile/password", data={"password": PASSWORD, **new}).status_code == 303
    assert is_signed_in(client)
    assert not is_signed_in(other)
    assert sign_in_by_form(app.test_client(), "lin").status_code == 422
    assert sign_in_by_form(app.test_client(), "lin", "Another-2026").status_code == 303


@pytest.mark.parametrize(
    "fields",
    [
        {"new_password": "short", "repeat": "short"},
        {"new_password": "12345678", "repeat": "12345678"},
        {"new_password": "Another-2026", "repeat": "Another-2027"},
        {"new_password": "", "repeat": ""},
        {"new_password": "x" * 200, "repeat": "x" * 200},
        {"new_password": "Another-2026", "repeat": "Another-2026", "is_admin": "1"},
    ],
)
def test_a_weak_or_forged_new_password_changes_nothing(client: FlaskClient, cast: Cast, fields: dict[str, str]) -> None:
    sign_in_by_form(client, "lin")
    assert client.post("/profile/password", data={"password": PASSWORD, **fields}).status_code == 422
    assert sign_in_by_form(client, "lin").status_code == 303


@pytest.mark.once
@pytest.mark.parametrize("address", ["/sign-in", "/sign-out", "/reset", "/join", "/claim"])
def test_a_forged_form_is_refused(client: FlaskClient, cast: Cast, address: str) -> None:
    assert client.post(address, data={"login": "lin", "password": PASSWORD}, csrf=False).status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"login": "lin"},
        {"login": "lin\x00", "password": "x"},
        {"login": "x" * 5000, "password": "x"},
        {"login": "lin", "password": "x" * 5000},
        {"login": "' OR 1=1 --", "password": "x"},
        {"login": "lin", "password": PASSWORD, "admin": "1"},
    ],
)
def test_odd_sign_in_forms_are_refused_with_a_sentence(client: FlaskClient, cast: Cast, fields: dict[str, str]) -> None:
    answer = client.post("/sign-in", data=fields)
    assert answer.status_code == 422
    assert "flash-danger" in answer.text or "field-error" in answer.text
    assert not is_signed_in(client)


def test_a_session_of_somebody_who_is_no_more_is_a_strangers(client: FlaskClient, cast: Cast) -> None:
    for user_id in ("999999.0", "1.99", "x", "1", "-1.0", "1.0.0", "９.０"):
        with client.session_transaction() as session:
            session["_user_id"] = user_id
        assert not is_signed_in(client)


def test_a_program_is_told_401_and_not_sent_to_a_page(client: FlaskClient, cast: Cast) -> None:
    answer = client.get("/profile", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.get_json()["error"]["code"] == "sign_in_needed"


def test_sign_in_holds_no_write_lock_while_it_hashes(app: Flask, cast: Cast) -> None:
    # What sign-in reads ends before the hashing: another writer's transaction fits in between. Shown by the code's own
    # order: after a failed sign-in the request's session is in no transaction.
    from quizapp.accounts import entering
    from quizapp.errors import Refused

    with app.test_request_context("/sign-in", method="POST"):
        with pytest.raises(Refused):
            entering.authenticate("lin", "wrong-password", address="127.0.0.1", devices={}, now=utc_now())
        assert not db.session().in_transaction()
        assert db.session.scalars(select(Account.id).limit(1)).first()
