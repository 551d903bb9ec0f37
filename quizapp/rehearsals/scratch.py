"""The scratch installation: the same program with the same settings, beside the operator's own and apart from it.

It has a data folder of its own inside the operator's, with its own secrets. What is embedded is embedded there (a database
file, a store); on the operator's PostgreSQL it has a schema of its own, and on her store an empty numbered database. So
nothing of it can be seen in her pages, boards or ledgers, and removing it is: drop the schema, empty the numbered database,
delete the folder. All three are written down before they are made, so that what a killed rehearsal left is found again.
"""

import fcntl
import json
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface
from flask_migrate import upgrade
from flask_wtf.csrf import generate_csrf
from redis import Redis
from redis.exceptions import RedisError, ResponseError
from sqlalchemy import Connection, create_engine, func, insert, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from quizapp.accounts.models import Account
from quizapp.banks.content import pictures_of
from quizapp.banks.models import Bank, BankVersion, Picture, Question, VersionQuestion
from quizapp.banks.queries import version_content
from quizapp.competitions.models import Competition, CompetitionOrganization
from quizapp.config import Settings
from quizapp.extensions import Base, db, grader
from quizapp.installation.checks import CannotStart, lock_data_folder, tail
from quizapp.installation.children import start_child, stop_child
from quizapp.organizations.models import Membership, Organization
from quizapp.rehearsals.player import Visitor

COMPETITION = 2_000_000_000
"""The copy's number: far from any real one, so that not even a lock's name in the database is shared."""
MARK = "quiz:rehearsal"
"""The key that says whose a numbered database of the store is; without it none is ever emptied."""
DATABASES = 16
MINUTES = 1440
READY_S = 120.0
STOPPING_S = 90.0
ROOT = Path(__file__).resolve().parent.parent.parent
UP = ("-c", "import sys; from quizapp.cli import main; sys.exit(main())", "up", "--end-with-parent")


class RehearsalError(Exception):
    """Why there is no rehearsal, as a sentence for people."""


@dataclass(frozen=True)
class Source:
    """What is copied of the operator's: rows by table, in the order of insertion, and how many people each unit has."""

    rows: list[tuple[type[Base], list[dict[str, Any]]]]
    competition: dict[str, Any]
    version: dict[str, Any]
    people_of_units: dict[int, int]


def read_source(competition: Competition) -> Source:
    """The competition with its bank version and the tree of units. Nobody's name, phone number or answer is read."""

    def rows(model: type[Base], *where: Any) -> list[dict[str, Any]]:
        found = db.session.execute(select(model.__table__).where(*where)).mappings()
        return [
            {name: None if name.endswith("by_id") else value for name, value in row.items()} for row in found
        ]  # the accounts stay behind

    version = rows(BankVersion, BankVersion.id == competition.bank_version_id)[0]
    places = rows(VersionQuestion, VersionQuestion.version_id == version["id"])
    digests = set(pictures_of(version_content(version["id"])))
    units = rows(Organization)
    units.sort(key=lambda unit: unit["path"].count("/"))  # parents first
    invited = rows(CompetitionOrganization, CompetitionOrganization.competition_id == competition.id)
    copied = rows(Competition, Competition.id == competition.id)[0]
    return Source(
        rows=[
            (Bank, rows(Bank, Bank.id == version["bank_id"])),
            (BankVersion, [version | {"number": None, "digest": None, "published_at": None, "contributors": []}]),
            (
                Question,
                rows(
                    Question, Question.id.in_(select(VersionQuestion.question_id).filter_by(version_id=version["id"]))
                ),
            ),
            (VersionQuestion, places),
            (Picture, rows(Picture, Picture.digest.in_(digests)) if digests else []),
            (Organization, units),
            (CompetitionOrganization, [row | {"competition_id": COMPETITION} for row in invited]),
        ],
        competition=copied,
        version=version,
        people_of_units=_people_of_units(competition, units, {row["organization_id"] for row in invited}),
    )


def _people_of_units(competition: Competition, units: list[dict[str, Any]], invited: set[int]) -> dict[int, int]:
    """How many may take part, by unit. Where nobody has joined yet the declared headcounts of the lowest units stand in."""
    among = [unit for unit in units if not invited or invited & {int(part) for part in unit["path"].split("/") if part}]
    joined = Membership.state == "confirmed" if competition.entry == "confirmed" else Membership.state != "removed"
    rows = select(Membership.organization_id, func.count()).where(joined).group_by(Membership.organization_id)
    counted = {unit: count for unit, count in db.session.execute(rows)}  # noqa: C416  # rows are no tuples
    if found := {unit["id"]: counted[unit["id"]] for unit in among if unit["id"] in counted}:
        return found
    parents = {unit["parent_id"] for unit in units}
    return {unit["id"]: unit["headcount"] or 1 for unit in among if unit["id"] not in parents}


class Scratch:
    """One scratch installation, from the moment that it is written down. `app` is its site, for use in this process."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], note: dict[str, Any]) -> None:
        self.folder = settings.data_dir / "rehearsal"
        self.port = _free_port()
        # Its secrets are its own: nothing that it signs, a receipt or a ticket, is ever taken for the operator's.
        own = ("SECRET_KEY", "QUIZ_SIGNING_KEY", "QUIZ_PUBLIC_URL", "QUIZ_TRUSTED_PROXIES", "QUIZ_METRICS_TOKEN")
        self.environ = {name: value for name, value in environ.items() if name not in own} | {
            "QUIZ_DATA_DIR": str(self.folder),
            "QUIZ_BIND": f"127.0.0.1:{self.port}",
            "QUIZ_DEMO": "0",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), environ.get("PYTHONPATH")])),
        }
        self.schema = note.get("schema")
        if self.schema:
            url = make_url(settings.sql_url)
            options = " ".join(filter(None, [str(url.query.get("options", "")), f"-csearch_path={self.schema}"]))
            self.environ["DATABASE_URL"] = url.update_query_dict({"options": options}).render_as_string(
                hide_password=False
            )
        if number := note.get("store_database"):
            self.environ["REDIS_URL"] = store_database_url(settings.store_url, number)
        self._up: subprocess.Popen[bytes] | None = None

    def fill(self, app: Flask, source: Source, people: int, *, now: datetime, seed: int) -> list[Visitor]:
        """Migrate, copy, make up people in the units in their proportions, and sign them in."""
        chance = random.Random(seed)
        units, weights = list(source.people_of_units), list(source.people_of_units.values())
        with app.app_context():
            with db.engine.connect() as connection:
                _check_apart(connection, self)
            upgrade()
            with db.engine.begin() as connection:
                for model, rows in source.rows:
                    if model is CompetitionOrganization:
                        connection.execute(insert(Competition), [_copied(source.competition, now)])
                    if rows:
                        connection.execute(insert(model), rows)
                version = {name: source.version[name] for name in ("number", "digest", "published_at")}
                connection.execute(update(BankVersion).where(BankVersion.id == source.version["id"]).values(version))
                if not units:
                    unit = {"id": 1, "path": "/1/", "name": "预演单位", "code": "R1", "join_code": "R1"}
                    connection.execute(insert(Organization), [unit | {"created_at": now, "is_central": False}])
                    units, weights = [1], [1]
                accounts = [
                    {
                        "id": number,
                        "login": f"rehearsal-{number}",
                        "name": "预演",
                        "session_round": 0,
                        "created_at": now,
                    }
                    for number in range(1, people + 1)
                ]
                connection.execute(insert(Account), [row | {"consented_at": now} for row in accounts])
                places = chance.choices(units, weights, k=people)
                members = [
                    {"account_id": number, "organization_id": unit, "state": "confirmed", "joined_at": now}
                    for number, unit in enumerate(places, start=1)
                ]
                connection.execute(insert(Membership), members)
        return signed_in(app, ((number, f"{number}.0") for number in range(1, people + 1)))

    def start(self) -> None:
        """Start it, and wait until it answers and knows the competition. Raises RehearsalError."""
        log = self.folder / "up.log"
        with log.open("ab") as output:
            self._up = start_child([sys.executable, *UP], environ=self.environ, output=output)
        deadline = time.monotonic() + READY_S
        while not (_answers(self.port) and _primed()):
            if self._up.poll() is not None or time.monotonic() > deadline:
                raise RehearsalError(
                    f"{tail(log)}\n预演用的副本没有启动，原因见上。 The copy did not start, for the reason above."
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it; whatever is left of it after its time is killed."""
        if self._up is not None:
            stop_child(self._up, STOPPING_S)
            self._up = None


@contextmanager
def scratch_installation(settings: Settings, environ: Mapping[str, str]) -> Iterator[Scratch]:
    """A place for one scratch installation, after clearing away what an earlier one left; it is cleared away at the end.

    Raises RehearsalError if another rehearsal is running, or SQL or the store have no room for it.
    """
    with _book(settings) as book:
        _clear(settings, book)
        note: dict[str, Any] = {}
        scratch = None
        try:
            _write(book, note)
            if not settings.embedded_database and settings.sql_url.startswith("postgresql"):
                note["schema"] = f"quiz_rehearsal_{secrets.token_hex(4)}"
                _write(book, note)
                _run(settings, f"CREATE SCHEMA {note['schema']}")
            elif not settings.embedded_database:
                raise RehearsalError(
                    "预演只支持内置数据库或 PostgreSQL。 A rehearsal wants the embedded database or PostgreSQL."
                )
            if not settings.embedded_redis:
                _take_store_database(settings, book, note)
            scratch = Scratch(settings, environ, note)
            scratch.folder.mkdir(mode=0o700)
            yield scratch
        finally:
            if scratch:
                scratch.stop()
            _clear(settings, book)


def clear_leftovers(settings: Settings) -> bool:
    """Remove what a rehearsal that was killed has left. Returns whether there was anything. Raises RehearsalError."""
    with _book(settings) as book:
        return _clear(settings, book)


@contextmanager
def _book(settings: Settings) -> Iterator[int]:
    """Where the parts of the scratch installation are written down, held by one rehearsal at a time."""
    path = settings.data_dir / "rehearsal.json"
    book = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(book, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RehearsalError(
                "另一场预演正在进行，请等它结束。 Another rehearsal is running: wait for its end."
            ) from None
        try:
            yield book
        finally:
            if not os.fstat(book).st_size:
                path.unlink(missing_ok=True)
    finally:
        os.close(book)


def _write(book: int, note: Mapping[str, Any] | None) -> None:
    content = b"" if note is None else json.dumps(note).encode()
    os.pwrite(book, content, 0)
    os.ftruncate(book, len(content))
    os.fsync(book)


def _clear(settings: Settings, book: int) -> bool:
    content = os.pread(book, 10_000, 0)
    if not content:
        return False
    note = json.loads(content)
    folder = settings.data_dir / "rehearsal"
    if folder.exists():
        _wait_for_its_end(folder)
    try:
        if schema := note.get("schema"):
            _run(settings, f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        if number := note.get("store_database"):
            with Redis.from_url(store_database_url(settings.store_url, number), socket_timeout=60) as store:
                if store.get(MARK) == note["mark"].encode():
                    _empty(store)
    except (SQLAlchemyError, RedisError) as error:
        raise RehearsalError(
            f"预演的数据没有全部清除（{type(error).__name__}）：请确认数据库和存储在运行，再运行 quizapp rehearse --clean。"
            f" Not all of the rehearsal could be cleared away ({type(error).__name__}): see that database and store run, then"
            " run quizapp rehearse --clean."
        ) from error
    shutil.rmtree(folder, ignore_errors=True)
    _write(book, None)
    return True


def _empty(store: Redis) -> None:
    """Key by key, the mark last: an account that may answer need not be one that may flush."""
    names: list[bytes] = []
    for name in store.scan_iter(count=1000):
        if name != MARK.encode():
            names.append(name)
        if len(names) == 1000:
            store.unlink(*names)
            names.clear()
    store.unlink(*names, MARK)


def _wait_for_its_end(folder: Path) -> None:
    """The copy of a killed rehearsal stops by itself; what it holds is removed only then."""
    deadline = time.monotonic() + STOPPING_S
    while True:
        try:
            os.close(lock_data_folder(folder))
            return
        except CannotStart as error:
            if time.monotonic() > deadline:
                raise RehearsalError(str(error)) from error
            time.sleep(0.2)


def _take_store_database(settings: Settings, book: int, note: dict[str, Any]) -> None:
    """Find an empty numbered database of the store's server and mark it. Raises RehearsalError."""
    note["mark"] = secrets.token_hex(16)
    with Redis.from_url(settings.store_url) as client:
        own = client.connection_pool.connection_kwargs.get("db", 0)
    for number in range(DATABASES - 1, 0, -1):
        if number == own:
            continue
        try:
            with Redis.from_url(store_database_url(settings.store_url, number), socket_timeout=10) as store:
                if store.dbsize():
                    continue
                note["store_database"] = number
                _write(book, note)
                if store.set(MARK, note["mark"], nx=True):
                    return
        except ResponseError:  # it has fewer numbered databases, or a cluster's only one
            continue
    raise RehearsalError(
        "存储服务器没有空闲的编号数据库：预演需要单台 Redis 或 Valkey，databases 设为 2 以上。 The store has no empty numbered"
        " database: a rehearsal wants one Redis or Valkey server with `databases` set to 2 or more."
    )


def store_database_url(url: str, number: int) -> str:
    """The address of a numbered database of the same server: redis-py takes `db` from the query before the path."""
    base, _, query = url.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("db=")]
    return f"{base}?{'&'.join([*kept, f'db={number}'])}"


def _run(settings: Settings, statement: str) -> None:
    engine = create_engine(settings.sql_url)
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    except SQLAlchemyError as error:
        if statement.startswith("DROP"):
            raise
        raise RehearsalError(
            "无法在数据库里建立预演用的 schema：请给数据库用户 CREATE 权限（GRANT CREATE ON DATABASE …）。 The rehearsal's"
            " schema can't be made: let the database's user have it (GRANT CREATE ON DATABASE …)."
        ) from error
    finally:
        engine.dispose()


def _check_apart(connection: Connection, scratch: Scratch) -> None:
    """Before the first write. A connection pooler may drop the option that keeps the copy apart."""
    if connection.dialect.name == "sqlite":
        file = connection.exec_driver_sql("PRAGMA database_list").one().file
        is_apart = Path(file).is_relative_to(scratch.folder)
    else:
        is_apart = connection.scalar(text("SELECT current_schema()")) == scratch.schema
    if not is_apart:
        raise RehearsalError(
            "数据库连接没有使用预演的 schema（连接池 PgBouncer 会忽略它），没有写入任何数据：请让 DATABASE_URL 直连 PostgreSQL。"
            " The connection does not use the rehearsal's schema (PgBouncer ignores it), and nothing was written: let"
            " DATABASE_URL lead to PostgreSQL itself."
        )


def _copied(competition: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The competition as it is copied: open now, with time enough; shown at once would make answers final, and nobody
    could change one."""
    shown = competition["show_answers"]
    return competition | {
        "id": COMPETITION,
        "opens_at": now - timedelta(minutes=1),
        "closes_at": now + timedelta(days=2),
        "published_at": now - timedelta(minutes=2),
        "paused_at": None,
        "frozen_at": None,
        "shift_ms": 0,
        "minutes": MINUTES,
        "show_answers": "submitted" if shown == "at_once" else shown,
        "copied_from_id": None,
    }


def signed_in(app: Flask, people: Iterable[tuple[int, str]]) -> list[Visitor]:
    """Accounts by id and what their session holds (`Account.get_id`), signed in. Sessions are made with the program's own
    functions: passwords are no part of this. It wants no context around it: within one all would share one token."""
    sessions = SecureCookieSessionInterface().get_signing_serializer(app)
    assert sessions is not None
    found = []
    for account, session_id in people:
        with app.test_request_context():
            token = generate_csrf()
            content = {**session, "_user_id": session_id, "_fresh": True, "_permanent": True}
        cookie = f"Cookie: {app.config['SESSION_COOKIE_NAME']}={sessions.dumps(content)}\r\n"
        found.append(Visitor(account, cookie, token))
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _primed() -> bool:
    try:
        return grader.primed(COMPETITION, 1)
    except Exception:
        return False
