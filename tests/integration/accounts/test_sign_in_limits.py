from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from quizapp.accounts.sign_in_limits import SignInTries
from quizapp.clock import utc_now
from quizapp.errors import Refused
from tests.cast import PASSWORD, Cast
from tests.conftest import NewSite

pytestmark = [pytest.mark.once, pytest.mark.slow]


def attempt(client: FlaskClient, login: str, password: str, address: str = "10.0.0.1") -> Any:
    return client.post(
        "/sign-in", data={"login": login, "password": password}, environ_overrides={"REMOTE_ADDR": address}
    )


def test_a_guesser_is_slowed_and_told_when_to_try_again(app: Flask, cast: Cast) -> None:
    guesser = app.test_client()
    answers = [attempt(guesser, "lin", f"guess-number-{n}").status_code for n in range(10)]
    assert answers == [422] * 8 + [429] * 2
    page = attempt(guesser, "lin", PASSWORD)
    assert page.status_code == 429
    assert "10 分钟后再试" in page.text


def test_the_owners_own_device_is_never_locked_by_a_guesser(app: Flask, cast: Cast) -> None:
    own = app.test_client()
    assert attempt(own, "lin", PASSWORD, "10.0.0.9").status_code == 303
    for n in range(40):
        attempt(app.test_client(), "lin", f"guess-number-{n}", f"10.1.0.{n}")
    assert attempt(app.test_client(), "lin", PASSWORD, "10.2.0.1").status_code == 429
    own.post("/sign-out")
    assert attempt(own, "lin", PASSWORD, "10.0.0.9").status_code == 303


def test_a_device_cookie_is_good_for_its_own_account_only_and_cannot_be_forged(app: Flask, cast: Cast) -> None:
    chens = app.test_client()
    assert attempt(chens, "chen", PASSWORD).status_code == 303
    assert [attempt(chens, "lin", f"guess-number-{n}").status_code for n in range(9)][-1] == 429
    forged = app.test_client()
    forged.set_cookie("quiz_device", "eyJpZCI6ImEiLCJhY2NvdW50cyI6WzFdfQ.aaaa.bbbb")
    assert attempt(forged, "lin", PASSWORD).status_code == 429


def test_a_known_device_cannot_guess_without_end(app: Flask, cast: Cast) -> None:
    own = app.test_client()
    attempt(own, "lin", PASSWORD)
    assert [attempt(own, "lin", f"guess-number-{n}").status_code for n in range(16)][-1] == 429


def test_the_wait_grows_with_the_failures(app: Flask, store: Redis) -> None:
    waits = []
    with app.app_context():
        for n in range(200):
            tries = SignInTries("lin", f"10.{n}.0.1", None)
            try:
                tries.take(utc_now().timestamp())
                tries.failed()
            except Refused as refusal:
                waits.append(int(str(refusal.facts["minutes"])))
                if waits[-1] == 10:  # ten minutes later the first window is empty, the next is not
                    for key in store.scan_iter("*15/10/minute*"):
                        store.delete(key)
    assert (waits[0], waits[1], waits[2]) == (10, 60, 60)


def test_a_company_behind_one_address_signs_in_by_the_thousand(app: Flask, store: Redis) -> None:
    now = utc_now()
    with app.app_context():
        for n in range(3000):
            tries = SignInTries(f"hx01/{n}", "203.0.113.7", None)
            tries.take(now.timestamp())
            tries.succeeded()
        for n in range(500):  # and one in six mistypes
            tries = SignInTries(f"hx01/{n}", "203.0.113.7", None)
            tries.take(now.timestamp())
            tries.failed()
        SignInTries("hx01/last", "203.0.113.7", None).take(now.timestamp())


def test_an_address_that_fails_by_the_thousand_waits(app: Flask, store: Redis) -> None:
    now = utc_now()
    refused = 0
    with app.app_context():
        for n in range(3010):
            tries = SignInTries(f"guess{n}", "203.0.113.7", None)
            try:
                tries.take(now.timestamp())
                tries.failed()
            except Refused:
                refused += 1
    assert refused == 10


def test_right_passwords_do_not_count(app: Flask, cast: Cast) -> None:
    answers = {attempt(app.test_client(), "lin", PASSWORD).status_code for _ in range(12)}
    assert answers == {303}


def test_tries_that_come_all_at_once_are_counted_each(app: Flask, cast: Cast) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def one(n: int) -> int:
        return int(attempt(app.test_client(), "lin", f"guess-number-{n}").status_code)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(one, range(24)))
    assert answers.count(422) <= 8
    assert set(answers) <= {422, 429, 503}


def test_sign_in_goes_on_while_the_store_is_away(new_site: NewSite, cast: Cast) -> None:
    app = new_site(redis_url="unix:///nowhere/store.sock")
    client = app.test_client()
    page = client.get("/sign-in")
    token = page.text.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]
    answer = client.post("/sign-in", data={"login": "lin", "password": PASSWORD, "csrf_token": token})
    assert answer.status_code == 303
