"""What can stop a start, each as one sentence in Chinese and English."""

import errno
import fcntl
import os
import socket
import time
from pathlib import Path
from typing import Any, cast

from redis.exceptions import AuthenticationError, RedisError
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from quizapp.config import Settings
from quizapp.grader.cluster import connect, is_cluster

MIGRATIONS = Path(__file__).resolve().parent.parent.parent / "migrations"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class CannotStart(Exception):
    """The reason as a sentence for people."""


def split_bind(bind: str) -> tuple[str, int]:
    """Host and port of QUIZ_BIND. Raises CannotStart if it isn't host:port."""
    host, colon, port = bind.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise CannotStart(
            f"QUIZ_BIND 应写作 主机:端口，例如 127.0.0.1:8000，现在是 {bind}。"
            f" QUIZ_BIND is written host:port, 127.0.0.1:8000 say, and it is {bind}."
        )
    return host.strip("[]"), int(port)


def check_port(bind: str) -> None:
    """Raise CannotStart if the address can't be listened on."""
    host, port = split_bind(bind)
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"端口 {port} 已被其他程序占用；请关闭它，或换一个端口，例如 QUIZ_BIND={host}:{port + 1} make run。"
                f" Port {port} is taken by another program: stop it, or choose another with"
                f" QUIZ_BIND={host}:{port + 1} make run."
            ) from error
        if error.errno == errno.EACCES:
            raise CannotStart(
                f"没有权限使用端口 {port}，请用 1024 以上的端口。 Port {port} needs rights: choose one above 1024."
            ) from error
        raise CannotStart(
            f"无法监听地址 {bind}（{error.strerror}），请检查 QUIZ_BIND。"
            f" The address {bind} can't be listened on ({error.strerror}): see QUIZ_BIND."
        ) from error


def lock_data_folder(folder: Path, patience_s: float = 25) -> int:
    """Take the data folder for this process and its children; returns the lock's descriptor, which they inherit.

    It is held until the last of them has ended. If the holder is dead and only its children are still on their way out,
    this waits for them. Raises CannotStart if another copy lives.
    """
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 20, 0).decode()
            if (not holder.isdecimal() or not _lives(int(holder))) and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            os.close(lock)
            raise CannotStart(
                f"数据目录 {folder} 正被另一个运行中的副本使用；请先停止它，或用 QUIZ_DATA_DIR 指定另一个目录。"
                f" The data folder {folder} is in use by another copy that is running: stop that one, or name"
                " another folder with QUIZ_DATA_DIR."
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        return lock


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def check_database(settings: Settings) -> None:
    """Raise CannotStart if DATABASE_URL leads nowhere."""
    try:
        url = make_url(settings.sql_url)
        engine = create_engine(url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise CannotStart(
            "DATABASE_URL 无法识别，应写作 postgresql://用户:密码@主机/数据库。"
            " DATABASE_URL can't be read: it is written postgresql://user:password@host/database."
        ) from error
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, UnicodeError) as error:
        shown = url.set(query={}).render_as_string(hide_password=True)
        raise CannotStart(
            f"无法连接 DATABASE_URL 指定的数据库 {shown}；请检查它是否已启动、地址和密码是否正确。"
            f" The database of DATABASE_URL, {shown}, can't be reached: see that it runs, and that address and"
            " password are right."
        ) from error
    finally:
        engine.dispose()


def database_revisions(settings: Settings) -> tuple[str | None, str]:
    """The migration that the database is at (None if it is empty), and the newest. Raises SQLAlchemyError.

    Read without Alembic, which takes longer to import than all the rest of a start. The numbers that the files begin with
    are their revisions, in order: a test asks Alembic whether that is so.
    """
    newest = max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    engine = create_engine(settings.sql_url)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None, newest
            return connection.scalar(text("SELECT version_num FROM alembic_version")), newest
    finally:
        engine.dispose()


def check_store(url: str) -> None:
    """Raise CannotStart if REDIS_URL leads nowhere."""
    try:
        client = connect(url, socket_connect_timeout=5, socket_timeout=5)
    except ValueError as error:
        raise CannotStart(
            "REDIS_URL 无法识别，应写作 redis://主机:6379/0，集群写作 redis+cluster://主机:端口,主机:端口。"
            " REDIS_URL can't be read: it is written redis://host:6379/0, of a cluster redis+cluster://host:port,host:port."
        ) from error
    try:
        client.ping()
        cluster = cast(Any, client.info("cluster"))["cluster_enabled"]
    except AuthenticationError as error:
        raise CannotStart(
            "REDIS_URL 指定的服务器拒绝了密码，请检查。 The server of REDIS_URL refuses the password."
        ) from error
    except (RedisError, OSError, UnicodeError) as error:
        shown = url.rpartition("@")[2] if "@" in url else url.partition("://")[2]
        raise CannotStart(
            f"无法连接 REDIS_URL 指定的服务器 {shown}；请检查它是否已启动、地址是否正确。"
            f" The server of REDIS_URL, {shown}, can't be reached: see that it runs and that the address is right."
        ) from error
    finally:
        client.close()
    if cluster != is_cluster(url):
        raise CannotStart(
            "REDIS_URL 指定的服务器属于 Redis Cluster，请写作 redis+cluster://主机:端口,主机:端口。"
            " The server of REDIS_URL is a node of a cluster: write redis+cluster://host:port,host:port."
            if cluster
            else "REDIS_URL 指定的服务器不是 Redis Cluster，请写作 redis://主机:6379/0。"
            " The server of REDIS_URL is no node of a cluster: write redis://host:6379/0."
        )


def tail(path: Path, lines: int = 12) -> str:
    """The last lines of a log."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16_384))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
