"""Answers, sign-ins and errors are driven through a running installation, and then its logs are searched."""

import http.client
import json
import os
import re
import signal
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from quizapp.accounts.models import Account
from quizapp.attempts.models import Response
from quizapp.extensions import db, grader
from quizapp.grader.keys import ShardKeys
from tests.integration.installation.running_copy import wait_until
from tests.load.installation import Installation, installation
from tests.load.participants import PATIENCE_S, Participant

pytestmark = [pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(1200)]

PHONE = "13912345678"
PASSWORD = "Not-the-password-2026"
SEQUENCE = 987_654_321  # a number that only answers hold
NAMED = "a-request-named-by-a-proxy"
FORGED = ("quiz_answer_refusals_total", ("ticket_invalid",))


@pytest.fixture(scope="module")
def running() -> Iterator[Installation]:
    with installation(12, questions=5) as found:
        yield found


def ask(
    running: Installation, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        reply = connection.getresponse()
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read().decode()
    finally:
        connection.close()


def answer(running: Installation, who: Participant, position: int, sequence: int = SEQUENCE) -> int:
    body = {"answers": [{"position": position, "chosen": 1, "sequence": sequence}]}
    return ask(running, "POST", "/answer", json.dumps(body).encode(), X_Ticket=who.ticket)[0]


def figures(running: Installation) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(ask(running, "GET", "/metrics")[2])
        for sample in family.samples
    }


def lines(running: Installation) -> list[dict[str, Any]]:
    folder: Path = running.settings.data_dir / "log"
    return [
        json.loads(line)
        for name in ("web.log", "recorder.log")
        for line in (folder / name).read_text().splitlines()
        if line.startswith("{")
    ]


def test_what_is_done_is_counted_over_all_workers_and_nothing_of_it_is_in_the_logs(running: Installation) -> None:
    wait_until("ready", lambda: ask(running, "GET", "/readyz")[0] == 200)
    assert ask(running, "GET", "/healthz")[::2] == (200, "ok\n")
    forged = figures(running).get(FORGED, 0)
    people = running.open_attempts(12)
    for who in people:  # over connections of their own: both workers get some
        for position in range(1, 6):
            assert answer(running, who, position, SEQUENCE + position) == 200
        assert ask(running, "POST", "/submit", b"", X_Ticket=who.ticket)[0] == 200
    assert ask(running, "POST", "/answer", b'{"answers": [' + PHONE.encode(), X_Ticket=people[0].ticket)[0] == 422
    assert ask(running, "POST", "/answer", b"{}", X_Ticket=people[0].ticket[::-1])[0] == 403

    # A sign-in that fails, with its token; a form without one; pages that are missing, with secrets in their address.
    _, headers, page = ask(running, "GET", "/sign-in", X_Request_Id=NAMED)
    assert headers["x-request-id"] == NAMED
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    form = {"csrf_token": token[1], "login": PHONE, "password": PASSWORD}
    sent = urllib.parse.urlencode(form).encode()
    cookie = headers["set-cookie"].partition(";")[0]
    kind = "application/x-www-form-urlencoded"
    for _ in range(2):
        status, _, text = ask(running, "POST", "/sign-in", sent, Cookie=cookie, Content_Type=kind)
        assert status < 500
        assert PASSWORD not in text
    assert ask(running, "POST", "/sign-in", sent, Content_Type=kind)[0] == 400
    status, headers, page = ask(running, "GET", f"/nothing/{PHONE}?ticket={people[0].ticket}", X_Request_Id="bad name!")
    assert status == 404
    number = headers["x-request-id"]
    assert f"问题编号</span> {number}" in page or number in page
    # What the recorder can't record: an entry that holds an answer in a shape that no script writes.
    poison = f"{people[0].account}|1|1|{SEQUENCE}|nonsense|{PHONE}"
    grader.store.xadd(ShardKeys(running.competition, 0).stream, {"a": poison})
    # An error of SQL in a request, with a phone number among its values.
    with running.app.app_context():
        one = db.session.scalars(select(Account)).first()
        assert one is not None
        db.session.add(Account(login=one.login, name=PHONE, session_round=0, created_at=one.created_at, phone=PHONE))
        with pytest.raises(IntegrityError) as error:
            db.session.flush()
    assert PHONE not in str(error.value)

    wait_until("all is recorded", lambda: figures(running).get(("quiz_stream_entries", ())) == 0)
    wait_until("it is told", lambda: figures(running).get(("quiz_unrecordable_entries", ())) == 1)
    counted = {
        ("quiz_answers_total", ("saved",)): 60,
        ("quiz_answer_seconds_count", ()): 60,
        ("quiz_submissions_total", ("person",)): 12,
        ("quiz_answer_refusals_total", ("answers_malformed",)): 1,
    }
    # A worker tells the others of its counts from time to time.
    wait_until("all is counted", lambda: counted.items() <= figures(running).items())
    wait_until("the forged ticket, too", lambda: figures(running).get(FORGED, 0) > forged)
    wait_until("the recorder tells", lambda: sum_of(figures(running), "quiz_recorded_answers_total") >= 60)
    with running.app.app_context():
        assert len(db.session.scalars(select(Response)).all()) == 60

    said = lines(running)
    whole = "\n".join(json.dumps(line, ensure_ascii=False) for line in said)
    secrets = [PHONE, PASSWORD, token[1], str(SEQUENCE), *(str(SEQUENCE + position) for position in range(1, 6))]
    secrets += [who.ticket for who in people] + [people[0].ticket[::-1], running.settings.secret_key]
    assert [secret for secret in secrets if secret in whole] == []
    assert any("unrecordable" in line["message"] for line in said)
    quoted = [line for line in said if line.get("request") == number]
    assert quoted
    assert "code=not_found" in quoted[0]["message"]


def sum_of(found: dict[tuple[str, tuple[str, ...]], float], name: str) -> float:
    return sum(value for (each, _), value in found.items() if each == name)


def test_sums_outlive_the_workers_that_counted(running: Installation) -> None:
    forged = figures(running).get(FORGED, 0)
    assert ask(running, "POST", "/answer", b"", X_Ticket="none")[0] == 403
    wait_until("the worker has written", lambda: figures(running).get(FORGED, 0) > forged)
    before, workers = figures(running), running.processes()["web"][1:]
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    wait_until("others serve", lambda: len(set(running.processes()["web"][1:]) - set(workers)) == len(workers))
    wait_until("they answer", lambda: _answers(running))
    assert figures(running)[FORGED] == before[FORGED]


def _answers(running: Installation) -> bool:
    try:
        return ask(running, "GET", "/healthz")[0] == 200
    except OSError:
        return False
