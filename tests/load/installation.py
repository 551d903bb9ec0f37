"""An installation of one's own, for load and faults: a data folder, `quizapp up` on a free port, a competition, people.

Attempts are started and opened by the program's own engine from here, and tickets are made with its own functions, because
what is to be measured or broken is answering; every answer and every submit then goes over HTTP.
"""

import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from redis import Redis
from sqlalchemy import insert

from quizapp import create_app
from quizapp.accounts.models import Account
from quizapp.attempts.queries import places_for
from quizapp.attempts.ticket import Ticket, tickets_of
from quizapp.banks.content import BankContent, Question
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.config import Settings, read_settings
from quizapp.extensions import db, grader
from quizapp.grader.keys import shard_of
from quizapp.organizations.models import Organization
from quizapp.papers.blueprint import Blueprint, Section
from tests.cast import add_tiny_bank
from tests.load.participants import PATIENCE_S, Participant

ROOT = Path(__file__).resolve().parent.parent.parent
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
UNITS = 20
PORTS = (10_000, 16_000)  # below those that a system hands out by itself
_held: list[socket.socket] = []


def load_content() -> BankContent:
    """As many questions as a real bank has."""
    questions = tuple(
        Question(
            code=f"L{number:03}",
            type="multiple" if number % 5 == 0 else "single",
            topic="T01",
            difficulty="medium",
            pool="formal",
            stem=f"第 {number} 题",
            options=tuple(f"选项 {number}.{letter}" for letter in "ABCD"),
            right=5 if number % 5 == 0 else 2,
            explanation="",
            reference="",
        )
        for number in range(1, 151)
    )
    return BankContent("load", "负载题库", {"T01": "质量"}, questions)


class Installation:
    """A running `quizapp up`, with embedded stores unless the urls name others. `processes` finds its children."""

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 2,
        redis_url: str = "",
        database_url: str = "",
        environ: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        # A caller's own settings must not leak in: REDIS_URL would send the load to a server that is in use.
        foreign = ("QUIZ_", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FLASK_")
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
            "QUIZ_DATA_DIR": str(folder / "data"),
            "QUIZ_BIND": f"127.0.0.1:{self.port}",
            "QUIZ_WEB_WORKERS": str(workers),
            "REDIS_URL": redis_url,
            "DATABASE_URL": database_url,
            "PYTHONPATH": str(ROOT),
            **(environ or {}),
        }
        self.settings: Settings = read_settings(self.environ)
        self.app: Flask = create_app(self.settings)
        self.competition = 0
        self.units: list[int] = []
        self._up: subprocess.Popen[bytes] | None = None

    def prepare(self, people: int, *, questions: int, minutes: int = 120, shards: int = 1) -> None:
        """A migrated database with people in units and an open competition; `up` then finds no empty database to fill."""
        with self.app.app_context():
            upgrade()
            now = utc_now()
            for number in range(UNITS):
                unit = Organization(code=f"U{number}", join_code=f"JOIN{number}", name=f"单位{number}", created_at=now)
                db.session.add(unit)
                db.session.flush()
                unit.path = f"/{unit.id}/"
                self.units.append(unit.id)
            rows = [
                {"login": f"load-{number}", "name": "参赛者", "session_round": 0, "created_at": now}
                for number in range(people)
            ]
            db.session.execute(insert(Account), rows)
            db.session.commit()
        bank = add_tiny_bank(self.app, load_content())
        with self.app.app_context():
            multiple = questions // 5
            blueprint = Blueprint((Section("single", questions - multiple, 400), Section("multiple", multiple, 400)))
            competition = Competition(
                title="负载测试",
                host="测试",
                opens_at=now - timedelta(hours=1),
                closes_at=now + timedelta(days=1),
                published_at=now,
                created_at=now,
                bank_version_id=bank.version_id,
                blueprint=blueprint.to_json(),
                minutes=minutes,
                shards=shards,
                entry="anyone",
            )
            db.session.add(competition)
            db.session.commit()
            self.competition = competition.id

    def start(self, patience_s: float = PATIENCE_S) -> None:
        """Start the program and wait until it answers and has primed the competition, if there is one."""
        with (self.folder / "up.log").open("ab") as log:
            self._up = subprocess.Popen(
                [sys.executable, "-c", "import sys; from quizapp.cli import main; sys.exit(main())", "up"],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if self._up.poll() is not None:
                raise RuntimeError((self.folder / "up.log").read_text())
            if self._answers() and (not self.competition or self._primed()):
                return
            time.sleep(0.1)
        raise RuntimeError("the installation does not get ready:\n" + (self.folder / "up.log").read_text())

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def _primed(self) -> bool:
        try:
            return grader.primed(self.competition, self._shards())
        except Exception:
            return False

    def _shards(self) -> int:
        with self.app.app_context():
            return db.session.get_one(Competition, self.competition).shards

    def open_attempts(self, count: int, *, skip: int = 0) -> list[Participant]:
        """Start and open attempts for the people with the lowest ids but `skip`, and issue their tickets; who has one goes
        on with it."""
        found = []
        with self.app.app_context():
            competition = db.session.get_one(Competition, self.competition)
            tickets = tickets_of(self.settings.secret_key)
            ids = db.session.scalars(
                db.select(Account.id).where(Account.login.like("load-%")).order_by(Account.id).offset(skip).limit(count)
            ).all()
            db.session.commit()
            papers = {seed: places_for(competition, seed) for seed in (secrets.token_hex(16) for _ in range(50))}
            for number, account in enumerate(ids):
                seed, places = list(papers.items())[number % 50]
                reply = grader.start(
                    competition.id,
                    competition.shards,
                    account,
                    organization=self.units[number % len(self.units)],
                    seed=seed,
                    places=places,
                    extra_ms=0,
                    known_attempts=0,
                    day_ms=(0, 1),
                )
                opened = grader.open(competition.id, competition.shards, account, reply.ordinal).attempt
                assert opened is not None
                if opened.seed not in papers:
                    papers[opened.seed] = places_for(competition, opened.seed)
                places = papers[opened.seed]
                shard = shard_of(account, competition.shards)
                ticket = Ticket(competition.id, shard, account, reply.ordinal, opened.epoch)
                found.append(Participant(account, tickets.issue(ticket), tuple(len(place.options) for place in places)))
        return found

    # Its processes

    @property
    def up(self) -> subprocess.Popen[bytes]:
        assert self._up is not None
        return self._up

    def processes(self) -> dict[str, list[int]]:
        """The ids of its living processes: store, recorder, web (the master first, then its workers)."""
        found: dict[str, list[int]] = {"store": [], "recorder": [], "web": []}
        for child in sorted(children(self.up.pid)):
            command = _command(child)
            if "recorder" in command.split("\0"):
                found["recorder"].append(child)
            elif "gunicorn" in command:
                found["web"] += [child, *sorted(children(child))]
            elif "store.conf" in command or "valkey" in command or "redis-server" in command:
                found["store"].append(child)
        return found

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds used so far by the living processes, by what they are."""
        return {name: sum(cpu_s(pid) for pid in pids) for name, pids in self.processes().items()}

    def wait_until_drained(self, patience_s: float = PATIENCE_S) -> float:
        """Wait until nothing is unrecorded; returns how many seconds it took."""
        from quizapp.attempts.lag import recorder_lag

        begun = time.monotonic()
        while time.monotonic() < begun + patience_s:
            try:
                with self.app.app_context():
                    if recorder_lag().entries == 0:
                        return time.monotonic() - begun
            except Exception:  # the store may just be coming back
                pass
            time.sleep(0.1)
        raise RuntimeError("the recorder does not catch up")

    def kill(self) -> None:
        """SIGKILL to all of its processes at once, as when the machine burns down."""
        killed = [self.up.pid, *(pid for pids in self.processes().values() for pid in pids)]
        for pid in killed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.up.wait()
        wait_until_gone(killed)
        with self.app.app_context():
            db.engine.dispose()

    def stop(self) -> None:
        """Stop it as Ctrl-C does; whatever is left of it afterwards is killed."""
        if self._up is None:
            return
        self._up.send_signal(signal.SIGTERM)
        try:
            self._up.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self._up.pid, signal.SIGKILL)
            self._up.wait()
        with self.app.app_context():
            db.engine.dispose()


@contextmanager
def installation(
    people: int,
    *,
    questions: int = 10,
    workers: int = 2,
    minutes: int = 120,
    shards: int = 1,
    redis_url: str = "",
    database_url: str = "",
    environ: dict[str, str] | None = None,
) -> Iterator[Installation]:
    """A running installation in a temporary folder, stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="quizload", ignore_cleanup_errors=True) as name:
        running = Installation(
            Path(name), workers=workers, redis_url=redis_url, database_url=database_url, environ=environ
        )
        running.prepare(people, questions=questions, minutes=minutes, shards=shards)
        try:
            running.start()
            yield running
        finally:
            running.stop()


def cpu_s(pid: int) -> float:
    """CPU seconds of a process, its threads included; 0 for one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def wait_until_gone(pids: Iterable[int]) -> None:
    """Wait until processes that were killed hold nothing any more: no port, no file, no shared memory."""
    deadline = time.monotonic() + PATIENCE_S
    while any(_command(pid) for pid in pids):
        assert time.monotonic() < deadline, "killed, and still there"
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except OSError:
            continue
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def free_port() -> int:
    """A port for a server that is started later, or again: until this process ends no other test is given it, and nobody by chance."""
    while True:
        port, hold = random.randrange(*PORTS), socket.socket(socket.AF_UNIX)
        try:
            hold.bind(f"\0a port of quizapp's tests: {port}")  # a name that is gone with its process
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            hold.close()
        else:
            _held.append(hold)
            return port


def redis_of(running: Installation) -> Redis:
    """A client of the installation's store."""
    return Redis.from_url(running.settings.store_url, decode_responses=True)
