"""Faults of processes, memory, disk and database while hundreds of answers are on their way: no acknowledged one is lost,
doubled, mis-scored or counted too late.

Real processes, over HTTP: `quizapp up` with its embedded store. A run without enough in flight is void. `make faults` does
each fault many times and writes the table.
"""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from http.client import HTTPConnection
from itertools import count

import pytest
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import insert

from quizapp.accounts.models import Account, RoleGrant
from quizapp.extensions import db
from quizapp.organizations.models import Membership
from tests.cast import BORN
from tests.fault.faults import PROCESSES, the_webs_disk_full
from tests.fault.people import Story
from tests.fault.table import Row, Table
from tests.fault.under_fault import PEOPLE, compare, under_fault
from tests.load.installation import Installation, installation
from tests.load.participants import PATIENCE_S

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]

HERD = 200


@pytest.fixture(scope="module")
def running() -> Iterator[Installation]:
    with installation(PEOPLE * len(PROCESSES) + HERD + 1, questions=10) as running:
        yield running


@pytest.mark.parametrize("fault", PROCESSES)
def test_no_acknowledged_answer_is_lost(running: Installation, fault: str, faults: Table) -> None:
    skip = PEOPLE * list(PROCESSES).index(fault)
    under_fault(running, fault, lambda: PROCESSES[fault](running), faults, skip)


def test_a_herd_that_starts_opens_answers_and_submits_at_once_is_counted_once(
    running: Installation, faults: Table
) -> None:
    """Everybody in the same moment, start with a double click. Who is turned away is told when to come again, and does."""
    with running.app.app_context():
        rows = db.select(Account.id).where(Account.login.like("load-%")).order_by(Account.id)
        accounts = db.session.scalars(rows.offset(PEOPLE * len(PROCESSES)).limit(HERD)).all()
        members = [
            {
                "account_id": account,
                "organization_id": running.units[account % 20],
                "state": "confirmed",
                "joined_at": BORN,
            }
            for account in accounts
        ]
        db.session.execute(insert(Membership), members)
        db.session.commit()
    story = Story()
    with ThreadPoolExecutor(HERD) as pool:
        for account, (chosen, score) in zip(
            accounts, pool.map(lambda account: take_part(running, account), accounts), strict=True
        ):
            story.acknowledged += 1
            story.last[account, 1], story.scores[account] = (1, chosen), score
    running.wait_until_drained()
    row = compare(running, set(accounts), story)
    faults.add(f"{HERD} people start, open, answer and submit at once", row, story, 0)
    assert row == Row(lost=0, doubled=0, mis_scored=0, late=0)


def test_with_the_webs_disk_full_answers_go_on_and_uploads_are_refused_in_words(running: Installation) -> None:
    """A small upload goes to SQL at once, a large one waits in a file. Afterwards all is taken, and counted, again."""
    [who] = running.open_attempts(1, skip=PEOPLE * len(PROCESSES) + HERD)
    with running.app.app_context():
        db.session.add(RoleGrant(account_id=who.account, role="organizer", granted_at=BORN))
        db.session.commit()
    with_ticket = {"X-Ticket": who.ticket, "Content-Type": "application/json"}
    sequences = count(1)

    def answer_all() -> None:
        for position in range(1, 11):  # over connections of their own: each worker gets some
            sent = json.dumps({"answers": [{"position": position, "chosen": 1, "sequence": next(sequences)}]})
            status, found, _ = once(running, "POST", "/answer", with_ticket, sent)
            assert (status, json.loads(found)["results"][0]["outcome"]) == (200, "saved")

    def saved() -> float:
        status, found, _ = once(running, "GET", "/metrics", {})
        assert status == 200
        told = re.search(rb'^quiz_answers_total{outcome="saved"} (\S+)$', found, re.MULTILINE)
        return float(told[1]) if told else 0

    def upload(size: int) -> tuple[int, str, Message]:
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        part = 'Content-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        parts = (part % ("file", '; filename="a.csv"', "x" * size), part % ("bank", "", ""))
        form = "".join(f"--b\r\n{each}" for each in parts) + "--b--\r\n"
        status, found, told = once(
            running, "POST", "/admin/banks/upload", session_of(running, who.account) | kind, form
        )
        return status, found.decode(), told

    before = saved()
    with the_webs_disk_full(running):
        answer_all()
        assert saved() >= before
        for size, sentence in ((100, "请稍后重试"), (1_000_000, "磁盘已满")):
            status, page, told = upload(size)
            assert (status, "Retry-After" in told, sentence in page) == (503, True, True), (size, status, page)
        answer_all()
    for size in (100, 1_000_000):
        assert upload(size)[0] == 303
    give_up = time.monotonic() + PATIENCE_S
    while saved() < before + 20:
        assert time.monotonic() < give_up, "what was answered meanwhile is not counted"
        time.sleep(0.1)
    running.wait_until_drained()


def take_part(running: Installation, account: int) -> tuple[int, int]:
    """One person's whole way over HTTP; returns the choice at the first question, and the score."""
    signed_in = session_of(running, account)
    place = f"/competitions/{running.competition}"
    for _ in range(2):
        ask(running, f"{place}/start", signed_in)
    opened = json.loads(ask(running, f"{place}/open", signed_in))
    chosen = 1 << account % len(opened["positions"][0]["options"])
    answers = json.dumps({"answers": [{"position": 1, "chosen": chosen, "sequence": 1}]})
    with_ticket = {"X-Ticket": opened["ticket"], "Content-Type": "application/json"}
    assert json.loads(ask(running, "/answer", with_ticket, answers))["results"][0]["outcome"] == "saved"
    return chosen, json.loads(ask(running, "/submit", with_ticket))["score"]


def session_of(running: Installation, account: int) -> dict[str, str]:
    """The headers of somebody who is signed in and sends a form of ours."""
    raw = "6b1f0d1e5a3c47d2a0c8b7f1e2d3c4b5a6978869"
    signer = SecureCookieSessionInterface().get_signing_serializer(running.app)
    assert signer is not None
    cookie = signer.dumps({"_user_id": f"{account}.0", "_fresh": True, "csrf_token": raw})
    csrf = URLSafeTimedSerializer(running.settings.secret_key, salt="wtf-csrf-token").dumps(raw)
    return {"Cookie": f"quiz_session={cookie}", "X-CSRFToken": csrf}


def ask(running: Installation, path: str, headers: dict[str, str], body: str = "") -> bytes:
    """POST until it is done; a 429 or 503 without Retry-After, or any other refusal, fails."""
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        status, found, told = once(running, "POST", path, headers, body)
        if status in (200, 303):
            return found
        assert status in (429, 503), (path, status, found[:300])
        time.sleep(int(told["Retry-After"]))
    raise AssertionError(f"turned away for minutes: {path}")


def once(
    running: Installation, method: str, path: str, headers: dict[str, str], body: str = ""
) -> tuple[int, bytes, Message]:
    """One request on a connection of its own: status, body, headers."""
    connection = HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        return reply.status, reply.read(), reply.headers
    finally:
        connection.close()
