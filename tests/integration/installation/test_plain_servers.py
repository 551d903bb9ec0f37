"""`gunicorn wsgi:app` and `gunicorn -k asgi wsgi:asgi` serve the site without anything of `quizapp up`."""

import http.client
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from quizapp.config import Settings
from quizapp.installation.children import start_child, stop_child
from tests.conftest import SECRET
from tests.integration.installation.running_copy import ROOT, RunningCopy, wait_until
from tests.load.installation import free_port
from tests.load.participants import PATIENCE_S

pytestmark = [pytest.mark.once, pytest.mark.slow]


@pytest.mark.parametrize("arguments", [["wsgi:app"], ["-k", "asgi", "wsgi:asgi"]], ids=["wsgi", "asgi"])
def test_the_whole_site_is_served(settings: Settings, tmp_path: Path, arguments: list[str]) -> None:
    port = free_port()
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "QUIZ_DATA_DIR": str(tmp_path),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": SECRET,
    }
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "-b", f"127.0.0.1:{port}", *arguments]
    with (tmp_path / "log").open("wb") as log:
        server = start_child(command, environ=environ, output=log, directory=ROOT)

    def status(path: str, method: str = "GET") -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            connection.request(method, path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    try:
        wait_until("it serves", lambda: status("/privacy") == 200)
        assert status("/no-such-page") == 404
        assert status("/competitions/") == 200
        assert 400 <= status("/answer", "POST") < 500
    finally:
        stop_child(server, 15)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_flask_migrates_as_people_expect() -> None:
    copy = RunningCopy()
    try:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
        for _ in range(2):
            run = subprocess.run(command, env=copy.environ(), cwd=ROOT, capture_output=True, text=True, check=False)
            assert run.returncode == 0, run.stderr
        assert (copy.folder / "quiz.sqlite3").exists()
    finally:
        copy.dispose()


def test_the_recorder_alone_ends_on_sigterm(settings: Settings, tmp_path: Path) -> None:
    copy = RunningCopy()
    environ = copy.environ(DATABASE_URL=settings.database_url, REDIS_URL=settings.redis_url, SECRET_KEY=SECRET)
    log = tmp_path / "log"
    code = "import sys; from quizapp.cli import main; sys.exit(main())"
    with log.open("wb") as output:
        child = start_child([sys.executable, "-c", code, "recorder"], environ=environ, output=output)
    try:
        wait_until("it works", lambda: "recorder_started" in log.read_text())
        child.send_signal(signal.SIGTERM)
        assert child.wait(PATIENCE_S) == 0
        assert "recorder_stopped" in log.read_text()
    finally:
        stop_child(child, 1)
        copy.dispose()
