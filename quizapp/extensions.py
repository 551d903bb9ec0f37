"""The extensions, made unbound here and bound to the application in `create_app`."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

from flask import current_app, has_request_context, request
from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from limits.storage import RedisStorage
from sqlalchemy import BigInteger, DateTime, Dialect, Engine, Integer, MetaData, event
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import Pool
from sqlalchemy.types import TypeDecorator

from quizapp.config import Settings, signing_seed
from quizapp.grader.cluster import connect
from quizapp.grader.engine import Grader
from quizapp.signing import SigningKey, signing_key_from


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment; refuses a naive one. SQLite keeps it without a zone, so the zone is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite counts up only a column whose type is exactly INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """The base of every table: constraint names are stable, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class ClusterLimits(RedisStorage):
    """The counts of rate limits on a cluster, by the grader's own client: the library's connects while the site is being made."""

    STORAGE_SCHEME = [
        "limits+redis+cluster",
        "limits+rediss+cluster",
    ]

    def __init__(self, uri: str, wrap_exceptions: bool = False, **options: Any) -> None:
        super(RedisStorage, self).__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self.key_prefix = RedisStorage.PREFIX
        self.target_server = "redis"
        self.dependency = self.dependencies["redis"].module
        self.storage = connect(uri.removeprefix("limits+"), socket_connect_timeout=1, socket_timeout=3)
        self.initialize_storage(uri)


db = SQLAlchemy(model_class=Base, disable_autonaming=True)
migrate = Migrate(render_as_batch=True)
login_manager = LoginManager()
csrf = CSRFProtect()
babel = Babel()
limiter = Limiter(key_func=get_remote_address)
grader = Grader()


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    # The driver's own transaction handling would begin late and DEFERRED: two writers could then both read first and
    # one fail at its write without waiting. So the driver begins nothing, and `_begin_immediate` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # the stream is trimmed after the commit: the commit must be on disk
    cursor.execute("PRAGMA busy_timeout=15000")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


@event.listens_for(Pool, "checkin")
def _leave_no_transaction(connection: Any, _record: Any) -> None:
    # A COMMIT that fails can leave its transaction open (in SQLite with the write lock), and SQLAlchemy takes it for
    # ended. Where nothing is open, a rollback does nothing and sends nothing.
    if isinstance(connection, sqlite3.Connection) or (connection is not None and not connection.closed):
        connection.rollback()


@event.listens_for(Engine, "begin")
def _begin(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        # A transaction that reads first and writes later fails at once, without waiting, if another wrote in between.
        # So whatever may write takes the write lock first; only a page that is merely read does not.
        reads_only = connection.get_execution_options().get("reads_only", False) or (
            has_request_context() and _request_only_reads()
        )
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def _request_only_reads() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return request.method in ("GET", "HEAD") or getattr(view, "reads_only", False)


def begin_reading() -> None:
    """Begin the session's transaction, if it has none, as one that only reads: it takes no write lock from anybody."""
    db.session.connection(execution_options={"reads_only": True})


def settings() -> Settings:
    """The settings of the running application."""
    found: Settings = current_app.config["QUIZ_SETTINGS"]
    return found


def signing_key() -> SigningKey:
    """The key that this installation signs with."""
    return signing_key_from(signing_seed(settings()))
