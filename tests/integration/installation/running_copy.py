"""A copy of the program, run as people run it: `quizapp up` in a process of its own, on a folder of its own."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.load.installation import free_port
from tests.load.participants import PATIENCE_S

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-c", "import sys; from quizapp.cli import main; sys.exit(main())"]
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL")


def wait_until(what: str, holds: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Until it holds; fails with `what` otherwise."""
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {patience_s} s: {what}"
        time.sleep(0.05)


class RunningCopy:
    """`folder` is its data folder, `output` all that it has printed."""

    def __init__(self, database: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="quizup"))
        self.port = free_port()
        self.output = ""
        self.process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        if database:
            shutil.copyfile(database, self.folder / "quiz.sqlite3")
            with contextlib.closing(sqlite3.connect(self.folder / "quiz.sqlite3")) as connection:
                # Somebody has an account, so that no demo is filled in.
                connection.execute(
                    "INSERT INTO account (login, name, session_round, created_at) VALUES ('ada', '艾达', 0, '2026-01-01')"
                )
                connection.commit()

    def environ(self, **more: str) -> dict[str, str]:
        """What the program finds in its environment, and nothing of the tests'."""
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        own = {
            "PYTHONPATH": str(ROOT),
            "QUIZ_DATA_DIR": str(self.folder),
            "QUIZ_BIND": f"127.0.0.1:{self.port}",
            "QUIZ_WEB_WORKERS": "1",
        }
        return {**inherited, **own, **more}

    def start(self, *options: str, below: Sequence[str] = (), **more: str) -> None:
        """Start `quizapp up`, as the child of the command `below` if there is one; `more` is added to its environment."""
        self._close()
        self.output = ""
        self.process = subprocess.Popen(
            [*below, *COMMAND, "up", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environ(**more),
            cwd=self.folder,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.output += line

    def wait_until_said(self, words: str, patience_s: float = PATIENCE_S) -> None:
        """Until the program has printed `words`."""
        assert self.process is not None
        deadline = time.monotonic() + patience_s
        while words not in self.output:
            assert self.process.poll() is None, f"it ended: {self.output}"
            assert time.monotonic() < deadline, f"not said within {patience_s} s: {words}; but: {self.output}"
            time.sleep(0.02)

    def start_and_wait(self, *options: str, **more: str) -> None:
        """Start it and wait until it is ready."""
        self.start(*options, **more)
        self.wait_until_said("Ready at")

    def end(self, patience_s: float = PATIENCE_S) -> int:
        """Wait for its end. Returns the exit status."""
        assert self.process is not None
        assert self._reader is not None
        status = self.process.wait(patience_s)
        self._reader.join(patience_s)
        return status

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal to the program alone and wait for its end."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.end()

    def processes(self) -> dict[int, str]:
        """Every living process of this copy, by id, with its command line: known by the data folder."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with contextlib.suppress(OSError):
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    known = str(self.folder).encode() in (entry / "environ").read_bytes() or str(self.folder) in command
                    if known and "State:\tZ" not in (entry / "status").read_text():
                        found[int(entry.name)] = command
        return found

    def process_of(self, word: str) -> int:
        """The eldest process whose command line holds `word`."""
        return min(pid for pid, command in self.processes().items() if word in command)

    def _close(self) -> None:
        if self.process is not None:
            self.process.wait(PATIENCE_S)
            assert self.process.stdout is not None
            if self._reader is not None:
                self._reader.join(PATIENCE_S)
            self.process.stdout.close()

    def dispose(self) -> None:
        """End whatever is left and remove the folder."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until("nothing is left", lambda: not self.processes())
        self._close()
        shutil.rmtree(self.folder, ignore_errors=True)
