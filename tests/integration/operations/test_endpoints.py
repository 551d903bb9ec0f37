"""/healthz, /readyz and /metrics, asked of the site with real stores and a real recorder."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from sqlalchemy import text
from werkzeug.test import TestResponse

from quizapp.attempts.actions import open_attempt, start_attempt
from quizapp.attempts.heartbeat import tell_clock
from quizapp.attempts.recorder import Recorder
from quizapp.clock import utc_now
from quizapp.config import Settings
from quizapp.extensions import db, grader
from quizapp.grader.keys import ShardKeys
from quizapp.operations import queries
from quizapp.operations.queries import watch_of
from tests.cast import Cast, OpenCompetition
from tests.conftest import NewSite
from tests.integration.attempts.conftest import counted_statements
from tests.integration.attempts.transports import DoorTransport

TOKEN = "a token for programs"


def look_again(app: Flask) -> None:
    """Forget what was observed within this second."""
    watch_of(app)._taken_s = float("-inf")


def readiness(app: Flask) -> tuple[int, list[str], Any]:
    look_again(app)
    reply = app.test_client().get("/readyz")
    body: Any = reply.json
    return reply.status_code, [each["code"] for each in body["missing"]], body


@pytest.fixture
def recorder(app: Flask, competition: OpenCompetition) -> Iterator[Recorder]:
    """A recorder that has done each of its steps once."""
    with app.app_context():
        row = db.session.get_one(type(competition.competition), competition.id)
        row.published_at = utc_now() - timedelta(hours=1)
        db.session.commit()
    recorder = Recorder(app, "one")
    recorder.look_around()
    recorder.restore()
    recorder.tell()
    yield recorder
    recorder.close()


def test_a_whole_installation_is_ready(app: Flask, recorder: Recorder) -> None:
    status, codes, body = readiness(app)
    assert (status, codes, body["ready"]) == (200, [], True)
    assert body["sql"]["revision"] == body["sql"]["needed"]
    assert body["recorder"]["silent_ms"] < 10_000


def test_a_host_whose_clock_differs_is_a_warning_and_the_site_stays_ready(app: Flask, recorder: Recorder) -> None:
    _, _, body = readiness(app)
    assert body["warnings"] == []
    assert all(abs(ahead_ms) < 1000 for ahead_ms in body["clocks_ahead_ms"].values())
    tell_clock(grader.store, "web7", lambda: utc_now() + timedelta(seconds=90), grader.now_ms)
    status, _, body = readiness(app)
    assert (status, [each["code"] for each in body["warnings"]]) == (200, ["clocks_apart"])
    assert "web7" in body["warnings"][0]["message"]


def test_without_a_recorder_it_says_so_in_words(app: Flask, competition: OpenCompetition) -> None:
    status, codes, body = readiness(app)
    assert (status, codes) == (503, ["store_uncompared", "recorder_unseen"])
    assert "请启动" in body["missing"][1]["message"]
    look_again(app)
    english: Any = app.test_client().get("/readyz", headers={"Accept-Language": "en"}).json
    assert "please start" in english["missing"][1]["message"]


def test_a_recorder_that_fell_silent_is_noticed(app: Flask, recorder: Recorder, monkeypatch: Any) -> None:
    now_ms = grader.now_ms()
    monkeypatch.setattr(grader, "now_ms", lambda: now_ms - 11_000)
    recorder.tell()
    assert readiness(app)[:2] == (503, ["recorder_silent"])


def test_a_store_that_was_emptied_or_is_older_is_not_ready_until_it_is_restored(
    app: Flask, recorder: Recorder, competition: OpenCompetition, store: Redis
) -> None:
    store.set(ShardKeys(competition.id, 0).compared, "of another run of the server")
    assert readiness(app)[:2] == (503, ["store_uncompared"])
    store.flushall()
    recorder.tell()
    assert readiness(app)[:2] == (503, ["store_unprimed", "store_uncompared"])
    recorder.restore()
    assert readiness(app)[0] == 200


def test_a_competition_that_was_just_published_makes_nobody_unready(
    app: Flask, recorder: Recorder, competition: OpenCompetition, store: Redis
) -> None:
    store.delete(ShardKeys(competition.id, 0).compared)
    assert readiness(app)[0] == 503
    with app.app_context():
        row = db.session.get_one(type(competition.competition), competition.id)
        row.published_at = utc_now()
        db.session.commit()
    assert readiness(app)[0] == 200


def test_a_database_that_lacks_a_migration_is_not_ready(app: Flask, recorder: Recorder) -> None:
    with app.app_context():
        db.session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        db.session.commit()
    status, codes, body = readiness(app)
    assert (status, codes) == (503, ["sql_not_migrated"])
    assert "0001" in body["missing"][0]["message"]


def test_with_both_stores_away_every_page_of_the_operators_programs_answers(
    settings: Settings, new_site: NewSite
) -> None:
    nowhere = settings.data_dir / "nowhere"
    url = f"sqlite:///{nowhere}/hush.sqlite3"
    away = new_site(database_url=url, redis_url=f"unix://:hush@{nowhere}.sock", metrics_token=TOKEN)
    client = away.test_client()
    assert client.get("/healthz").text == "ok\n"
    status, codes, _ = readiness(away)
    assert (status, codes) == (503, ["sql_away", "store_away"])
    for reply in (client.get("/readyz"), client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})):
        assert not {"nowhere", "hush", TOKEN, settings.secret_key} & set(reply.text.split())
        assert "hush" not in reply.text
        assert str(nowhere) not in reply.text


def test_a_second_look_within_a_second_asks_nobody(app: Flask, recorder: Recorder, store: Redis) -> None:
    readiness(app)
    before = calls(store)
    with counted_statements() as statements:
        for _ in range(5):
            assert app.test_client().get("/readyz").status_code == 200
    assert statements == []
    assert calls(store) == before + 1  # the one that counts


def calls(store: Redis) -> int:
    found: Any = store.info("stats")
    return int(found["total_commands_processed"])


def test_a_look_that_hangs_holds_nobody_else(app: Flask, monkeypatch: Any) -> None:
    monkeypatch.setattr(queries, "WAIT_S", 0.01)
    watch = watch_of(app)
    with watch._asking:
        reply = app.test_client().get("/readyz")
    body: Any = reply.json
    assert (reply.status_code, body["missing"][0]["code"]) == (503, "checks_hang")


def test_healthz_asks_nobody_and_takes_no_thread(app: Flask, store: Redis) -> None:
    door = DoorTransport(app)
    try:
        door.door._site.in_flight = 10_000  # every thread is taken, as by a store that hangs
        before = calls(store)
        with counted_statements() as statements:
            reply = door.run(door.request("GET", "/healthz", [], {}))
            assert (reply.status, reply.body) == (200, b"ok\n")
            assert door.run(door.request("GET", "/privacy", [], {})).status == 503
            assert app.test_client().get("/healthz").status_code == 200
        assert statements == []
        assert calls(store) == before + 1
    finally:
        door.close()


# /metrics


def metrics_of(reply: TestResponse) -> dict[tuple[str, tuple[str, ...]], float]:
    assert reply.status_code == 200
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }


@contextmanager
def asked_from(app: Flask, address: str) -> Iterator[FlaskClient]:
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    yield client


@pytest.mark.once
@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_read_metrics(app: Flask, address: str) -> None:
    with asked_from(app, address) as client:
        assert client.get("/metrics").status_code == 200


STRANGERS = ("10.1.2.3", "192.168.1.5", "2001:db8::1", "::ffff:10.1.2.3", "", "unix:")
NO_TOKENS = ("", "Bearer ", "Bearer wrong", f"bearer {TOKEN}", f"Basic {TOKEN}", TOKEN)


@pytest.mark.once
@pytest.mark.parametrize("token", ["", TOKEN], ids=["no token", "a token"])
def test_others_see_no_such_page(new_site: NewSite, token: str) -> None:
    app = new_site(metrics_token=token)
    for address in STRANGERS:
        for header in NO_TOKENS:
            headers = {"X-Request-Id": "the-same-name", **({"Authorization": header} if header else {})}
            with asked_from(app, address) as client:
                refused, missing = client.get("/metrics", headers=headers), client.get("/nothing", headers=headers)
            assert refused.status_code == missing.status_code == 404, (address, header)
            assert refused.text.replace("/metrics", "/nothing") == missing.text
            assert dict(refused.headers).keys() == dict(missing.headers).keys()


@pytest.mark.once
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_a_proxy_on_this_machine_makes_nobody_local(app: Flask, header: str) -> None:
    with asked_from(app, "127.0.0.1") as client:
        assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404


@pytest.mark.once
def test_nobody_becomes_local_by_what_a_proxy_passes_on(new_site: NewSite) -> None:
    app = new_site(trusted_proxies=1)
    with asked_from(app, "10.0.0.9") as client:
        assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404


@pytest.mark.once
def test_who_has_the_token_may_read_from_anywhere(new_site: NewSite) -> None:
    app = new_site(metrics_token=TOKEN)
    with asked_from(app, "10.1.2.3") as client:
        assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize("by_door", [True, False], ids=["door", "flask"])
def test_metrics_count_what_happened(
    app: Flask, cast: Cast, competition: OpenCompetition, recorder: Recorder, *, by_door: bool
) -> None:
    with app.app_context():
        start_attempt(competition.competition, cast.lin.account, now=utc_now())
        ticket = open_attempt(competition.competition, cast.lin.account).ticket
    bodies = [
        b'{"answers":[{"position":1,"chosen":1,"sequence":1},{"position":2,"chosen":1,"sequence":2}]}',
        b'{"answers":[{"position":99,"chosen":1,"sequence":3}]}',
        b"not json",
    ]
    door = DoorTransport(app)
    try:
        client = app.test_client()
        for body in bodies:
            headers = {"X-Ticket": ticket}
            if by_door:
                door.post("/answer", body, headers)
            else:
                client.post("/answer", data=body, headers=headers, csrf=False)
        if by_door:
            door.post("/answer", bodies[0], {"X-Ticket": "forged"})
            door.post("/submit", b"", {"X-Ticket": ticket})
        else:
            client.post("/answer", data=bodies[0], headers={"X-Ticket": "forged"}, csrf=False)
            client.post("/submit", headers={"X-Ticket": ticket}, csrf=False)
    finally:
        door.close()
    grader.store.xadd(ShardKeys(competition.id, 0).stream, {"poison": "1"})
    look_again(app)
    waiting = metrics_of(app.test_client().get("/metrics"))
    assert waiting["quiz_stream_entries", ()] == 4  # a start, an entry of answers, the end, and poison
    while recorder.take():
        pass
    recorder._measured_s = float("-inf")
    recorder.tell()
    look_again(app)
    found = metrics_of(app.test_client().get("/metrics"))
    expected = {
        ("quiz_answers_total", ("saved",)): 2,
        ("quiz_answers_total", ("bad_position",)): 1,
        ("quiz_answer_refusals_total", ("answers_malformed",)): 1,
        ("quiz_answer_refusals_total", ("ticket_invalid",)): 1,
        ("quiz_submissions_total", ("person",)): 1,
        ("quiz_answer_seconds_count", ()): 2,
        ("quiz_http_requests_total", ("4xx",)): 2,
        ("quiz_http_requests_total", ("2xx",)): 4,  # and the first look at /metrics
        ("quiz_recorded_answers_total", ("one",)): 2,
        ("quiz_stream_entries", ()): 0,
        ("quiz_unrecordable_entries", ()): 1,
        ("quiz_sql_up", ()): 1,
        ("quiz_store_up", ()): 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found["quiz_store_memory_headroom_bytes", ()] > 0
    assert 0 < found["quiz_answer_seconds_sum", ()] < 10


def test_many_at_once_are_counted_exactly(app: Flask) -> None:
    def ask() -> None:
        client = app.test_client()
        for _ in range(25):
            client.get("/healthz")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert metrics_of(app.test_client().get("/metrics"))["quiz_http_requests_total", ("2xx",)] == 100


def test_the_page_shows_the_same_figures(app: Flask, cast: Cast, recorder: Recorder, sign_in: Any) -> None:
    client = sign_in(app.test_client(), cast.jun)
    page = client.get("/admin/operations")
    assert "一切就绪" in page.text
    board: Any = client.get("/admin/operations/figures.json").json
    assert board["ready"]
    assert len(board["chart"]["bars"]) == 60
    assert len(board["minutes"]) == 10
    assert len(client.get("/admin/operations/figures.json").data) < 6000
