"""Two web hosts with a recorder each, one SQL, one store: what is begun at one goes on at the other, and a new version with other
scripts is brought to one after the other while people answer, without a refusal that asking again does not cure.
"""

import json
import re
import tempfile
from collections.abc import Iterator
from hashlib import sha1
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
from sqlalchemy import select

from quizapp.accounts.models import Account, RoleGrant
from quizapp.clock import utc_now
from quizapp.extensions import db, grader
from quizapp.grader.scripts import script
from quizapp.installation.store import SOCKET, start_store, stop_store, wait_until_ready
from quizapp.organizations.models import Membership, Organization
from tests.cast import BORN, PASSWORD, password_hash
from tests.fault.cluster import wait_for
from tests.fault.hosts import Balancer, Host, changed_program
from tests.fault.table import Table
from tests.fault.under_fault import PEOPLE, under_fault
from tests.load.installation import Installation
from tests.postgres_server import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.once, pytest.mark.timeout(0)]

LOGIN = "somebody"


@pytest.fixture(scope="module")
def running(postgres: PostgresServer) -> Iterator[Installation]:
    """What the hosts share, and the balancer's port."""
    postgres.run("CREATE DATABASE several_hosts")
    with tempfile.TemporaryDirectory(prefix="quizhosts", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        store = start_store(folder / "store")
        wait_until_ready(folder / "store", store)
        running = Installation(
            folder,
            redis_url=f"unix://{folder / 'store' / SOCKET}",
            database_url=postgres.url("several_hosts"),
            environ={"SECRET_KEY": "the same on every host", "QUIZ_SIGNING_KEY": "5a" * 32},
        )
        running.prepare(PEOPLE, questions=10)
        with running.app.app_context():
            somebody = Account(
                login=LOGIN,
                name="某人",
                password_hash=password_hash(),
                session_round=0,
                created_at=BORN,
                consented_at=BORN,
            )
            db.session.add(somebody)
            db.session.flush()
            db.session.add(RoleGrant(account_id=somebody.id, role="organizer", granted_at=BORN))
            unit = running.units[0]
            db.session.add(
                Membership(account_id=somebody.id, organization_id=unit, state="confirmed", joined_at=utc_now())
            )
            db.session.commit()
        try:
            yield running
        finally:
            with running.app.app_context():
                db.engine.dispose()
            stop_store(store)


@pytest.fixture(scope="module")
def hosts(running: Installation) -> Iterator[list[Host]]:
    hosts: list[Host] = []
    try:
        hosts.extend(Host(running, name) for name in ("east", "west"))
        for host in hosts:
            host.wait()
        wait_for(lambda: grader.primed(running.competition, 1))
        yield hosts
    finally:
        for host in hosts:
            host.kill()


class Browser:
    """Somebody's browser, which neither knows nor cares which host it talks to."""

    def __init__(self) -> None:
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self._csrf = ""

    def get(self, url: str) -> str:
        with self._opener.open(url) as reply:
            page: str = reply.read().decode()
        if found := re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page):
            self._csrf = found[1]
        return page

    def post(self, url: str, body: bytes = b"", **headers: str) -> str:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        with self._opener.open(Request(url, body, {"X-CSRFToken": self._csrf, **headers})) as reply:
            return str(reply.read().decode())

    def sign_in(self, host: Host) -> None:
        self.get(f"{host.url}/sign-in")
        self.post(f"{host.url}/sign-in", urlencode({"login": LOGIN, "password": PASSWORD}).encode())
        self.get(f"{host.url}/profile")  # a new session has a token of its own


@pytest.fixture
def browser(hosts: list[Host]) -> Browser:
    """Signed in at the first host."""
    browser = Browser()
    browser.sign_in(hosts[0])
    return browser


def answer(browser: Browser, host: Host, ticket: str, position: int, sequence: int) -> dict[str, Any]:
    body = json.dumps({"answers": [{"position": position, "chosen": 1, "sequence": sequence}]}).encode()
    reply: dict[str, Any] = json.loads(browser.post(f"{host.url}/answer", body, X_Ticket=ticket))
    return reply


def test_what_is_begun_at_one_host_goes_on_at_the_other(
    running: Installation, hosts: list[Host], browser: Browser
) -> None:
    east, west = hosts
    place = f"/competitions/{running.competition}"
    browser.post(f"{east.url}{place}/start")
    first = json.loads(browser.post(f"{east.url}{place}/open"))
    assert answer(browser, west, first["ticket"], 1, 1)["results"][0]["outcome"] == "saved"

    then = json.loads(browser.post(f"{west.url}{place}/open"))
    assert [position["chosen"] for position in then["positions"]][:2] == [1, 0]
    assert answer(browser, west, then["ticket"], 2, 1)["results"][0]["outcome"] == "saved"
    assert answer(browser, east, first["ticket"], 3, 2)["results"][0]["outcome"] == "superseded"

    assert json.loads(browser.post(f"{east.url}/submit", X_Ticket=then["ticket"]))["outcome"] == "submitted"
    receipts = [json.loads(browser.get(f"{host.url}{place}/receipt.json")) for host in hosts]
    assert receipts[0] == receipts[1]
    for host in hosts:
        saved = re.findall(r'^quiz_answers_total\{outcome="saved"\} (\S+)$', browser.get(f"{host.url}/metrics"), re.M)
        assert [float(value) for value in saved] == ([] if host is east else [2.0])


def test_a_list_uploaded_at_one_host_is_confirmed_at_the_other_and_once(
    running: Installation, hosts: list[Host], browser: Browser
) -> None:
    east, west = hosts
    browser.get(f"{east.url}/admin/organizations/import")
    parts = (
        b"--edge\r\nContent-Disposition: form-data; name=file; filename=units.csv\r\n\r\n"
        + "单位名称,单位代码\n东西厂,EASTWEST\n".encode()
        + b"\r\n--edge--\r\n"
    )
    page = browser.post(
        f"{east.url}/admin/organizations/import", parts, Content_Type="multipart/form-data; boundary=edge"
    )
    found = re.search(r'action="(/admin/organizations/import/[0-9a-f]{32})"', page)
    assert found, page
    browser.post(f"{west.url}{found[1]}")
    with pytest.raises(OSError, match="409"):
        browser.post(f"{east.url}{found[1]}")
    with running.app.app_context():
        assert len(db.session.scalars(select(Organization).where(Organization.code == "EASTWEST")).all()) == 1


def test_a_new_version_with_other_scripts_comes_to_one_host_after_the_other(
    running: Installation, hosts: list[Host], faults: Table, tmp_path: Path
) -> None:
    """The old one goes when the new one serves: until all have been replaced, both are there. The recorders stay."""
    next_version = changed_program(tmp_path)
    old = [Host(running, f"old {number}", ("web",)) for number in range(len(hosts))]
    new = [Host(running, f"new {number}", ("web",), next_version) for number in range(len(hosts))]
    balancer = Balancer(list(old))
    running.port = balancer.port

    def deploy() -> None:
        for number, host in enumerate(old):
            balancer.hosts[number] = new[number]
            host.stop_web()

    try:
        for host in (*old, *new):
            host.wait()
        under_fault(running, "two hosts replaced in turn by a version with other scripts", deploy, faults, 0)
    finally:
        balancer.end()
        for host in (*old, *new):
            host.kill()
    digests = []
    for name in ("answer", "submit"):
        digests += [script(name).digest, sha1((script(name).text + "-- the next version\n").encode()).hexdigest()]
    assert grader.store.script_exists(*digests) == [True] * 4, "void: not both versions were used"
