"""`quizapp rehearse`: it measures what it says, is seen by nobody, and leaves nothing behind, however it ends."""

import contextlib
import json
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import create_engine, inspect, text

from quizapp import create_app
from quizapp.clock import utc_now
from quizapp.config import read_settings, signing_seed
from quizapp.extensions import db
from quizapp.installation.children import start_child, stop_child
from quizapp.installation.doctor import findings
from quizapp.installation.store import SOCKET, find_server, wait_until_ready
from quizapp.rehearsals.note import fault_of_note
from quizapp.rehearsals.rehearsal import rehearse
from quizapp.rehearsals.scratch import RehearsalError, Source, clear_leftovers, scratch_installation, store_database_url
from quizapp.signing import signing_key_from
from tests.cast import add_competition
from tests.conftest import Databases
from tests.integration.installation.running_copy import COMMAND, RunningCopy, wait_until


class Operator:
    """An operator and her installation: SQLite and its embedded store, or PostgreSQL and a Valkey of their own."""

    def __init__(self, copy: RunningCopy, environ: dict[str, str], competition: int) -> None:
        self.copy, self.environ, self.competition = copy, environ, competition
        self.settings = read_settings(environ)

    def holds(self) -> dict[str, Any]:
        """All that the installation holds: schemas, rows of all tables, keys of all numbered databases, files."""
        engine = create_engine(self.settings.sql_url)
        with engine.connect() as connection:
            found: dict[str, Any] = {
                table: sorted(map(repr, connection.execute(text(f'SELECT * FROM "{table}"'))))
                for table in inspect(connection).get_table_names()
            }
            found["schemas"] = inspect(connection).get_schema_names()
        engine.dispose()
        if self.settings.redis_url:
            with Redis.from_url(self.settings.store_url) as client:
                found["keyspace"] = client.info("keyspace")
                found["keys"] = {name: client.dump(name) for name in client.scan_iter()}
        folder = self.settings.data_dir
        found["files"] = sorted(
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if "sqlite3-" not in path.name
        )
        return found

    def rows(self) -> dict[str, Any]:
        """The same without what only a rehearsal has, beside it: folder, schema, numbered database."""
        found = self.holds()
        return {name: value for name, value in found.items() if name not in ("schemas", "keyspace", "files")}

    def rehearse(self, *arguments: str) -> subprocess.Popen[str]:
        """A quick one."""
        options = ("--people", "4", "--minutes", "0.02", "--beside-a-running-competition")
        return subprocess.Popen(
            [*COMMAND, "rehearse", str(self.competition), *options, *arguments],
            env={**self.environ, "PYTHONUNBUFFERED": "1"},
            cwd=self.copy.folder.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def valkey() -> Iterator[str]:
    """The address of a server of its own with four numbered databases; there is something in the first."""
    with tempfile.TemporaryDirectory(prefix="quizrs") as folder:
        socket = Path(folder) / SOCKET
        options = f"--port 0 --unixsocket {socket} --databases 4 --appendonly no"
        server = start_child([find_server(), *options.split()], output=subprocess.DEVNULL, directory=Path(folder))
        try:
            wait_until_ready(Path(folder), server)
            with Redis(unix_socket_path=str(socket)) as client:
                client.set("somebody's", "own")
            yield f"unix://{socket}"
        finally:
            stop_child(server, 5)


@pytest.fixture
def operator(databases: Databases, request: pytest.FixtureRequest) -> Iterator[Operator]:
    copy = RunningCopy()
    url = databases.new("cast", "tiny_bank")
    environ = copy.environ()
    if is_postgresql := url.startswith("postgresql"):
        environ |= {"DATABASE_URL": url, "REDIS_URL": request.getfixturevalue("valkey")}
    else:
        shutil.move(url.removeprefix("sqlite:///"), copy.folder / "quiz.sqlite3")
    app = create_app(read_settings(environ))
    competition = add_competition(app, databases.contents["tiny_bank"].version_id, primed=False, now=utc_now())
    with app.app_context():
        db.engine.dispose()
    yield Operator(copy, environ, competition.id)
    copy.dispose()
    if is_postgresql:
        databases.drop(url)


@pytest.mark.once
@pytest.mark.slow
def test_a_rehearsal_measures_signs_and_leaves_nothing(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "note.json"
    before = operator.holds()
    process = operator.rehearse("--output", str(file))
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert operator.holds() | {"files": 0} == before | {"files": 0}
    assert set(operator.holds()["files"]) - set(before["files"]) == {"signing_key"}  # what any signature makes
    statement = json.loads(file.read_text())["statement"]
    checks = statement["checks"]
    assert checks["acknowledged"] > statement["people"] * statement["competition"]["questions"]
    assert checks["places"] == checks["recorded"] == statement["people"] * statement["competition"]["questions"]
    assert statement["closing"]["steps"]["submit"]["requests"] == statement["people"] == 4
    assert statement["bank"]["digest"] in str(before["bank_version"])
    assert "holds about" in output
    key = signing_key_from(signing_seed(operator.settings))
    assert fault_of_note(json.loads(file.read_text()), {key.id: key.public}) == ""


@pytest.mark.slow
def test_a_rehearsal_is_seen_by_nobody_and_what_a_killed_one_leaves_is_cleared_away(operator: Operator) -> None:
    read_settings(operator.environ)
    before, rows = operator.holds(), operator.rows()
    process = operator.rehearse()
    assert process.stdout is not None
    for line in process.stdout:
        if "As fast as it goes" in line:
            break
    process.send_signal(signal.SIGSTOP)  # or it might be over before everything has been looked at
    assert operator.rows() == rows  # every page, board and figure is made of these
    with pytest.raises(RehearsalError, match="Another rehearsal"):
        clear_leftovers(operator.settings)
    process.kill()
    process.wait()
    process.stdout.close()
    assert any("quizapp rehearse --clean" in finding.text for finding in findings(operator.environ))
    assert clear_leftovers(operator.settings)
    wait_until("its processes are gone", lambda: not operator.copy.processes())
    after = operator.holds()
    after["files"] = [name for name in after["files"] if name != "signing_key"]
    assert after == before
    assert not clear_leftovers(operator.settings)


@pytest.mark.once
@pytest.mark.slow
def test_ctrl_c_ends_a_rehearsal_and_clears_it_away(operator: Operator) -> None:
    before = operator.holds()
    process = operator.rehearse()
    assert process.stdout is not None
    for line in process.stdout:
        if "people arrive" in line:
            break
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 130, output
    after = operator.holds()
    after["files"] = [name for name in after["files"] if name != "signing_key"]
    assert after == before
    assert not operator.copy.processes()


def test_no_rehearsal_beside_an_open_competition_unless_told(operator: Operator) -> None:
    before = operator.holds()
    with pytest.raises(RehearsalError, match="--beside-a-running-competition"):
        rehearse(
            operator.competition,
            environ=operator.environ,
            people=1,
            minutes=1,
            beside=False,
            seed=1,
            now=utc_now(),
            say=print,
        )
    assert operator.holds() == before


def test_nothing_is_written_where_the_copy_is_not_apart(operator: Operator) -> None:
    before = operator.holds()
    with scratch_installation(operator.settings, operator.environ) as scratch:
        scratch.environ["DATABASE_URL"] = operator.settings.sql_url  # as a pooler has it that drops the schema
        app = create_app(read_settings(scratch.environ))
        source = Source([], {}, {}, {})
        with pytest.raises(RehearsalError, match="nothing was written"):
            scratch.fill(app, source, 1, now=utc_now(), seed=1)
        with app.app_context():
            db.engine.dispose()
    assert operator.holds() == before


@pytest.mark.once
def test_a_numbered_database_that_is_in_use_is_never_taken_or_emptied(tmp_path: Path, valkey: str) -> None:
    environ = {"QUIZ_DATA_DIR": str(tmp_path), "REDIS_URL": valkey}
    settings = read_settings(environ)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Redis.from_url(store_database_url(valkey, number))) for number in (1, 2, 3)]
        clients[2].set("another's", "value")
        with scratch_installation(settings, environ) as scratch:
            assert scratch.environ["REDIS_URL"] == store_database_url(valkey, 2)
            clients[1].flushdb()  # somebody else takes it meanwhile
            clients[1].set("another's", "value")
        assert [client.get("another's") for client in clients] == [None, b"value", b"value"]
        clients[0].set("another's", "value")
        with pytest.raises(RehearsalError, match="no empty numbered"), scratch_installation(settings, environ):
            pass
    assert not (tmp_path / "rehearsal.json").exists()
