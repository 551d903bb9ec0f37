"""Gunicorn with the door: clients that stop reading or stop sending slow neither pages nor answers down."""

import asyncio
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from quizapp.attempts import answering, door
from quizapp.attempts.door import WAITING_PER_THREAD
from quizapp.attempts.ticket import Ticket, tickets_of
from quizapp.config import Settings
from tests.conftest import SECRET, Databases

pytestmark = [pytest.mark.once, pytest.mark.slow]

CLIENTS = 12
ROOM = 4 * WAITING_PER_THREAD
# Its large page is more than every buffer between the application and a client that reads nothing, and in more pieces. The
# other page lasts until it is told to end.
PROBE = """
import time
from pathlib import Path

from flask import Response, request
from quizapp import create_app
from quizapp.attempts.door import Door
from quizapp.extensions import csrf
from quizapp.web.access import PUBLIC, Blueprint

bp = Blueprint("probe", __name__, access=PUBLIC)
csrf.exempt(bp)

@bp.get("/probe/large")
def large():
    return Response((b"x" * 2**16 for _ in range(192)), mimetype="text/plain")

@bp.get("/probe/long")
def long():
    while not Path("end").exists():
        time.sleep(0.01)
    return "done"

@bp.post("/probe/echo")
def echo():
    return {"length": len(request.get_data()), "form": request.form.to_dict()}

app = create_app()
app.register_blueprint(bp)
asgi = Door(app)
"""


class Server:
    """One worker with four threads."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        (folder / "probe.py").write_text(PROBE)
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.port: int = listener.getsockname()[1]
        listener.close()
        self._log = (folder / "gunicorn.log").open("wb")
        self._child = subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "gunicorn",
                    "-k",
                    "quizapp.installation.web_worker.Worker",
                    "--asgi-loop",
                    "uvloop",
                    "-w",
                    "1",
                ),
                *("-b", f"127.0.0.1:{self.port}", "--graceful-timeout", "2", "--no-control-socket", "probe:asgi"),
            ],
            cwd=folder,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("QUIZ_")},
                "PYTHONPATH": os.pathsep.join([str(folder), str(Path.cwd())]),
                "DATABASE_URL": settings.database_url,
                "REDIS_URL": settings.redis_url,
                "SECRET_KEY": SECRET,
                "QUIZ_WEB_THREADS": "4",
                "QUIZ_DATA_DIR": str(settings.data_dir),
            },
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                assert self.ask(post("/answer", b""))[0] == 403  # listens before it has imported anything
                break
            except OSError:
                if time.monotonic() > deadline or self._child.poll() is not None:
                    raise AssertionError((folder / "gunicorn.log").read_text()) from None
                time.sleep(0.05)

    def connect(self, sent: bytes) -> socket.socket:
        """A client that has sent something."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(20)  # a2wsgi alone takes 30 s, or for ever
        try:
            client.connect(("127.0.0.1", self.port))
            client.sendall(sent)
        except OSError:
            client.close()
            raise
        return client

    def ask(self, sent: bytes) -> tuple[int, bytes]:
        """Status and body of one request."""
        with self.connect(sent) as client:
            received = b""
            while part := client.recv(65536):
                received += part
        head, _, body = received.partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    def worker(self) -> int:
        """Its only worker's id."""
        return int(Path(f"/proc/{self._child.pid}/task/{self._child.pid}/children").read_text())

    def stop(self) -> None:
        os.killpg(self._child.pid, signal.SIGTERM)
        try:
            self._child.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        self._log.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, databases: Databases, store_url: str) -> Iterator[Server]:
    """One for all tests here: each leaves it as it was."""
    folder = tmp_path_factory.mktemp("door")
    url = databases.new()
    running = Server(folder, Settings(data_dir=folder, database_url=url, redis_url=store_url, secret_key=SECRET))
    yield running
    running.stop()
    databases.drop(url)


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


def post(path: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    if not any(line.startswith("Transfer-Encoding") for line in headers):
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


FORM = "Content-Type: application/x-www-form-urlencoded"


def test_the_rest_of_an_answer_is_not_waited_for_for_ever(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "ANSWER_BODY_S", 0.05)
    ticket = tickets_of(SECRET).issue(Ticket(1, 0, 1, 1, 1))
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/answer",
        "headers": [(answering.TICKET_HEADER.lower().encode(), ticket.encode())],
    }
    arrived: list[door.Message] = [{"type": "http.request", "body": b"{", "more_body": True}]
    sent: list[door.Message] = []

    async def receive() -> door.Message:
        if not arrived:
            await asyncio.Event().wait()
        return arrived.pop()

    async def send(message: door.Message) -> None:
        sent.append(message)

    async def ask() -> None:
        async with asyncio.timeout(60):
            await door.Door(app)(scope, receive, send)

    asyncio.run(ask())
    assert (arrived, sent) == ([], [])


def test_stalled_readers_and_posters_take_no_thread(server: Server) -> None:
    stalled = [server.connect(get("/probe/large")) for _ in range(CLIENTS)]
    stalled += [server.connect(post("/probe/echo", b"name=", FORM, length=1000)) for _ in range(CLIENTS)]
    try:
        for _ in range(5):
            status, body = server.ask(post("/probe/echo", b"name=lin", FORM))
            assert (status, b'"lin"' in body) == (200, True)
            assert server.ask(post("/answer", b""))[0] == 403
    finally:
        for client in stalled:
            client.close()


def test_bodies_arrive_whole_and_too_long_ones_are_refused(server: Server) -> None:
    large = b"x" * 3_000_000
    status, body = server.ask(post("/probe/echo", large, "Content-Type: application/octet-stream"))
    assert (status, b"3000000" in body) == (200, True)
    chunked = b"5\r\nname=\r\n3\r\nlin\r\n0\r\n\r\n"
    status, body = server.ask(post("/probe/echo", chunked, FORM, "Transfer-Encoding: chunked"))
    assert (status, b'"lin"' in body) == (200, True)
    assert server.ask(post("/probe/echo", b"x" * (8 * 1024 * 1024 + 1), FORM))[0] == 413


def test_more_requests_than_can_wait_are_refused_at_once(server: Server) -> None:
    """Four threads, sixteen waiting for each: what lies beyond gets 503 and when to come again, and nobody waits for it."""
    with contextlib.ExitStack() as crowd:
        clients = [crowd.enter_context(server.connect(get("/probe/long"))) for _ in range(ROOM + 20)]
        refused: list[socket.socket] = []
        deadline = time.monotonic() + 60
        while len(refused) < 20:
            assert time.monotonic() < deadline, len(refused)
            readable, _, _ = select.select(clients, [], [], 1)
            for client in readable:
                head = client.recv(65536).lower()
                assert (head.split()[1], b"retry-after" in head) == (b"503", True)
                clients.remove(client)
                refused.append(client)
        assert server.ask(get("/probe/echo"))[0] == 503
        assert server.ask(post("/answer", b""))[0] == 403
        (server.folder / "end").touch()
        for client in clients:
            client.settimeout(60)
            assert client.recv(12).split()[1] == b"200"


def test_a_crowd_that_comes_in_one_moment_is_let_in_by_the_kernel(server: Server) -> None:
    """While the worker does something else: beyond its queue people would be let in seconds later, or never."""
    worker = server.worker()
    os.kill(worker, signal.SIGSTOP)
    try:
        with contextlib.ExitStack() as crowd:
            for _ in range(400):
                crowd.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
    finally:
        os.kill(worker, signal.SIGCONT)
    assert server.ask(post("/answer", b""))[0] == 403
