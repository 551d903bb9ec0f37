"""What every test may ask for: a real store, a fresh migrated database, the site, its client, and the cast.

`--database=postgresql` runs everything that touches SQL on PostgreSQL instead of SQLite.
"""

import gc
import itertools
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from itsdangerous import URLSafeTimedSerializer
from jinja2 import FileSystemBytecodeCache
from redis import Redis
from sqlalchemy import QueuePool
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache
from werkzeug.datastructures import Headers
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from quizapp import create_app
from quizapp.accounts.models import Account
from quizapp.clock import utc_now
from quizapp.config import Settings
from quizapp.extensions import db
from quizapp.installation.store import SOCKET, start_store, stop_store, wait_until_ready
from quizapp.web import assets
from tests import cast as cast_of_tests
from tests.postgres_server import PostgresServer, memory

# How long a busy machine takes to make or try an example says nothing about the program. Each run tries the same examples,
# so that a change is refused for what it does, not by chance; `pytest --hypothesis-profile=by-chance` looks for others.
EXAMPLES: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
hypothesis_settings.register_profile("the-same", derandomize=True, **EXAMPLES)
hypothesis_settings.register_profile("by-chance", **EXAMPLES)
hypothesis_settings.load_profile("the-same")
# Python's own, a look for garbage after 700 objects, was a tenth of the tests' time.
gc.set_threshold(50_000, 20, 20)
SECRET = "a secret for tests, and for tests only"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite", help="what SQL the tests run on")
    parser.addoption("--rounds", type=int, default=1, help="how often each fault of tests/fault is done")
    parser.addoption("--seed", type=int, help="what the people of tests/fault choose and when; by chance if left out")
    parser.addoption("--table", help="the file that the table of tests/fault is written to")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    other = "once" if config.getoption("--database") == "postgresql" else "postgresql"
    left_out = [item for item in items if item.get_closest_marker(other)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    gc.freeze()  # what has been imported and collected stays: no look for garbage goes through it again


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches beyond this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


# Stores and databases, once a run


@pytest.fixture(scope="session")
def store_url() -> Iterator[str]:
    """The address of a real Valkey that lives as long as the run."""
    folder = Path(tempfile.mkdtemp(prefix="quizstore"))
    with (folder / "log").open("wb") as output:
        child = start_store(folder, output=output, durable=False)
    try:
        wait_until_ready(folder, child)
        yield f"unix://{folder / SOCKET}"
    finally:
        stop_store(child)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that lives as long as the run."""
    server = PostgresServer()
    try:
        yield server
    finally:
        server.stop()


CONTENTS: dict[str, Callable[[Flask], Any]] = {
    "cast": cast_of_tests.add_cast,
    "tiny_bank": cast_of_tests.add_tiny_bank,
}


class Databases:
    """Hands out fresh databases: copies of templates that are migrated, and filled, once a run.

    `contents` has what the templates hold of CONTENTS; the ids are the same in each.
    """

    def __init__(self, folder: Path, server: PostgresServer | None, store_url: str) -> None:
        self._folder, self._server, self._store_url = folder, server, store_url
        self._admin = psycopg.connect(server.url("postgres"), autocommit=True) if server else None
        self._count = itertools.count(1)
        self._templates: dict[tuple[str, ...], str] = {}
        self.contents: dict[str, Any] = {}

    def new(self, *contents: str) -> str:
        """The address of a fresh, migrated database that holds those of CONTENTS."""
        return self._url(self._copy(self._template(contents)))

    def new_empty(self) -> str:
        """The address of a database without any table."""
        name = f"quiz_{next(self._count)}"
        if self._admin:
            self._admin.execute(f"CREATE DATABASE {name}")
        return self._url(name)

    def drop(self, url: str) -> None:
        """Remove a database again."""
        name = Path(url.partition("?")[0]).name
        if self._admin:
            self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        else:
            for file in self._folder.glob(f"{name}*"):
                file.unlink()

    def close(self) -> None:
        """Let go of the server."""
        if self._admin:
            self._admin.close()

    def _url(self, name: str) -> str:
        return self._server.url(name) if self._server else f"sqlite:///{self._folder / name}.sqlite3"

    def _copy(self, template: str) -> str:
        name = f"quiz_{next(self._count)}"
        if self._admin:
            self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        else:
            shutil.copyfile(self._folder / f"{template}.sqlite3", self._folder / f"{name}.sqlite3")
        return name

    def _template(self, contents: tuple[str, ...]) -> str:
        if contents in self._templates:
            return self._templates[contents]
        url = self.new() if contents else self.new_empty()
        app = create_app(
            Settings(data_dir=self._folder, database_url=url, redis_url=self._store_url, secret_key=SECRET)
        )
        with app.app_context():
            if not contents:
                upgrade()
            for content in contents:
                self.contents[content] = CONTENTS[content](app)
            if not self._server:  # everything into the one file that is copied
                with db.engine.connect() as connection:
                    connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.engine.dispose()
        self._templates[contents] = Path(url.partition("?")[0]).stem
        return self._templates[contents]


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest, store_url: str) -> Iterator[Databases]:
    """The maker of databases, on whatever `--database` names."""
    wants_postgres = request.config.getoption("--database") == "postgresql"
    server = request.getfixturevalue("postgres") if wants_postgres else None
    folder = Path(tempfile.mkdtemp(prefix="quizsql", dir=memory()))  # nothing in it is worth a disk's time
    databases = Databases(folder, server, store_url)
    yield databases
    databases.close()
    shutil.rmtree(folder, ignore_errors=True)


# The site, once a test


@pytest.fixture
def store(store_url: str) -> Iterator[Redis]:
    """A client of the store, which is empty when the test begins. Replies are bytes."""
    client = Redis.from_url(store_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, store: Redis, store_url: str, databases: Databases
) -> Iterator[Settings]:
    """Settings of a site with an empty store and a fresh, migrated database, which holds the contents that the test names."""
    url = databases.new(*(name for name in CONTENTS if name in request.fixturenames))
    yield Settings(data_dir=tmp_path, database_url=url, redis_url=store_url, secret_key=SECRET)
    databases.drop(url)


class BrowserClient(FlaskClient):
    """A test client that sends the CSRF token of its session with each unsafe request, as the site's pages do.

    `client.post(…, csrf=False)` is a forged request without one.
    """

    def open(self, *args: Any, csrf: bool = True, **kwargs: Any) -> TestResponse:
        if csrf and kwargs.get("method", "GET").upper() not in ("GET", "HEAD", "OPTIONS"):
            headers = Headers(kwargs.pop("headers", None) or {})
            headers.setdefault("X-CSRFToken", self.csrf_token())
            kwargs["headers"] = headers
        return super().open(*args, **kwargs)

    def csrf_token(self) -> str:
        """A valid token of this client's session."""
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", "6b1f0d1e5a3c47d2a0c8b7f1e2d3c4b5a6978869")
        return URLSafeTimedSerializer(self.application.secret_key or "", salt="wtf-csrf-token").dumps(raw)


NewSite = Callable[..., Flask]


# What each site would work out anew, a half of the tests' time, is worked out once a run.


@pytest.fixture(scope="session", autouse=True)
def _addresses_compiled_once() -> Iterator[None]:
    """Werkzeug takes each rule apart and makes two functions of it."""
    compile_rule, made = Rule.compile, {}

    def once(rule: Rule) -> None:
        key = (rule.rule, tuple((rule.defaults or {}).items()))
        if key not in made:
            compile_rule(rule)
            made[key] = {name: getattr(rule, name) for name in ("_parts", "_trace", "_converters", "arguments")}
            made[key] |= {name: getattr(rule, name).__func__ for name in ("_build", "_build_unknown")}
            return
        for name, value in made[key].items():
            setattr(rule, name, value.__get__(rule) if name.startswith("_build") else value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "compile", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _assets_collected_once() -> Iterator[None]:
    """Each look for the static files goes through 300 of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assets, "collect", cache(assets.collect))
        yield


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates that have been compiled, by any of xdist's workers: their folders lie in one. Jinja writes each at once."""
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "templates"
    folder.mkdir(exist_ok=True)
    return FileSystemBytecodeCache(str(folder))


@pytest.fixture(scope="session")
def compiled_statements() -> Iterator[LRUCache[Any, Any]]:
    """Statements that SQLAlchemy has compiled, for all engines: dialects of one class are one key, since all have the same settings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DefaultDialect, "__eq__", lambda one, other: type(one) is type(other))
        patch.setattr(DefaultDialect, "__hash__", lambda dialect: hash(type(dialect)))
        yield LRUCache(2000)


@pytest.fixture
def new_site(
    settings: Settings, compiled_templates: FileSystemBytecodeCache, compiled_statements: LRUCache[Any, Any]
) -> Iterator[NewSite]:
    """`new_site(**changes)`: a site with the test's settings, some of them changed; closed when the test ends.

    Whatever a site borrowed from its database it has to have given back by then.
    """
    sites: list[Flask] = []

    def new(**changes: Any) -> Flask:
        app = create_app(settings.model_copy(update=changes))
        app.testing = False  # errors become pages, as they do for people
        app.test_client_class = BrowserClient
        app.jinja_env.bytecode_cache = compiled_templates
        with app.app_context():
            for engine in db.engines.values():
                engine._compiled_cache = compiled_statements
        sites.append(app)
        return app

    yield new
    for app in sites:
        close_site(app)


def close_site(app: Flask) -> None:
    """Wait for its last checks of uploads and its last requests, and let go of its connections. Fails if one stays in use:
    nobody would close it."""
    for thread in threading.enumerate():
        if thread.name.startswith("upload-"):
            thread.join()
    deadline = time.monotonic() + 30
    with app.app_context():
        for engine in db.engines.values():
            while in_use := engine.pool.checkedout() if isinstance(engine.pool, QueuePool) else 0:
                assert time.monotonic() < deadline, f"{in_use} database connections were not given back"
                time.sleep(0.01)
            engine.dispose()


@pytest.fixture
def app(new_site: NewSite) -> Flask:
    """The site. Requests and `with app.app_context():` each have a database session of their own; none is open."""
    return new_site()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser at the site, not signed in; `app.test_client()` opens another."""
    return app.test_client()


SignIn = Callable[[FlaskClient, Any], FlaskClient]


@pytest.fixture
def sign_in() -> SignIn:
    """`sign_in(client, account)` (an Account, or one of the cast): the client is signed in from now on."""

    def sign(client: FlaskClient, who: Any) -> FlaskClient:
        account: Account = getattr(who, "account", who)
        with client.session_transaction() as session:
            session["_user_id"] = account.get_id()
            session["_fresh"] = True
        return client

    return sign


@pytest.fixture
def cast(app: Flask, databases: Databases) -> cast_of_tests.Cast:
    """Lin, Bo, Chen, Qin, Wu, Ada, Jun, Su and their units."""
    made: cast_of_tests.Cast = databases.contents["cast"]
    return cast_of_tests.Cast(**{name: replace(each, app=app) for name, each in vars(made).items()})


@pytest.fixture
def tiny_bank(app: Flask, databases: Databases) -> cast_of_tests.TinyBank:
    """A published bank version of twelve formal questions and two for practice."""
    made: cast_of_tests.TinyBank = databases.contents["tiny_bank"]
    return replace(made, app=app)


@pytest.fixture
def competition(app: Flask, tiny_bank: cast_of_tests.TinyBank) -> cast_of_tests.OpenCompetition:
    """An open, published, primed competition: five questions of 20 points from the tiny bank, for members of any unit."""
    return cast_of_tests.add_competition(app, tiny_bank.version_id, now=utc_now())
