"""`quizapp backup` and `quizapp restore`: what can't be made again, from a running installation into a folder, and back.

SQL remembers everything that the recorder has taken over. So a backup waits until all that was acknowledged before it
began is recorded, and then copies the database in one piece, while people go on answering. The store is not in it: an
empty one is noticed at the next start and learns from SQL. With the database elsewhere its own tools do this.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import cast

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from quizapp import create_app
from quizapp.attempts.recorder import recorded_competitions, sources_of
from quizapp.clock import from_ms
from quizapp.config import Settings
from quizapp.errors import Unavailable
from quizapp.extensions import begin_reading, db, grader
from quizapp.grader.cluster import connect, masters_of
from quizapp.grader.consumer import StreamConsumer
from quizapp.installation.checks import MIGRATIONS, lock_data_folder

MANIFEST = "manifest.json"
DATABASE = "quiz.sqlite3"
FORMAT = 1
LEFT_OUT = ("store", "log", "counts", "lock", DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm")
"""What of the data folder is not copied as a file: it says nothing after a restore, or is copied in a way of its own."""
HARMLESS = ("lock", "log", "counts", "secret_key")
"""What an installation without any data may have: whoever reads the settings has made a secret."""
COUNTED = ("account", "attempt", "response")
RECORDED_S = 60.0


class BackupError(Exception):
    """Why there is no backup, or no restore; the message is a sentence for people."""


@dataclass(frozen=True)
class File:
    """A file as it must be: its length, and its SHA-256 in hexadecimal digits."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. `rows` by table, `files` by their path; all acknowledged before `taken_at` is in it."""

    format: int
    taken_at: str
    revision: str
    rows: dict[str, int]
    files: dict[str, File]


def make_backup(settings: Settings, folder: Path, *, patience_s: float = RECORDED_S) -> Manifest:
    """Copy a running installation into `folder`, which must be empty or missing; the manifest is written last.

    Raises BackupError; what was written until then is removed, and the folder too if it was missing.
    """
    if not settings.embedded_database:
        raise BackupError(
            "数据库不在数据目录里：请用它自己的工具（PostgreSQL 用 pg_dump）备份，并另存 secret_key 与 signing_key，步骤见 README。"
            " The database is not in the data folder: back it up with its own tools (pg_dump for PostgreSQL), and keep"
            " secret_key and signing_key; the README has the steps."
        )
    if folder.resolve().is_relative_to(settings.data_dir):
        raise BackupError(
            f"{folder} 在数据目录里，会和它一起丢失；请换一个地方，最好在另一块磁盘上。"
            f" {folder} lies in the data folder and would be lost with it: choose another place, best on another disk."
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupError(
            f"{folder} 已经存在，而且不是空目录；请换一个名字。 {folder} is there already and not an empty folder: choose another name."
        )
    if not (settings.data_dir / DATABASE).exists():
        raise BackupError(
            f"数据目录 {settings.data_dir} 里没有数据库；请检查 QUIZ_DATA_DIR。"
            f" There is no database in the data folder {settings.data_dir}: see QUIZ_DATA_DIR."
        )
    was_there = folder.exists()
    try:
        taken_at = _wait_until_recorded(settings, patience_s)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        revision, rows = _copy_database(settings.data_dir / DATABASE, folder / DATABASE)
        for name in _files_to_copy(settings.data_dir):
            _copy(settings.data_dir / name, folder / name)
        files = {name: _file(folder / name) for name in sorted(_files_of(folder))}
        manifest = Manifest(FORMAT, taken_at.isoformat(timespec="milliseconds"), revision, rows, files)
        (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1) + "\n")
        _sync(folder / MANIFEST)
        return manifest
    except BaseException as error:
        if was_there:  # an empty folder of somebody's own, perhaps with rights of its own
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        else:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError | sqlite3.Error | SQLAlchemyError):
            reason = getattr(error, "orig", None) or error
            raise BackupError(
                f"备份没有完成（{reason}），写了一半的已删除；请检查数据库和磁盘（空间、权限）后重试。"
                f" The backup was not finished ({reason}) and is removed: see to the database, and to space and rights on the"
                " disk, and repeat it."
            ) from error
        raise


def restore_backup(settings: Settings, folder: Path) -> Manifest:
    """Put a backup into the data folder of an installation that is stopped and has no data. Raises BackupError, CannotStart.

    Every file is compared with the manifest first: nothing is written from a backup that is not whole.
    """
    if not settings.embedded_database:
        raise BackupError(
            "设置了 DATABASE_URL：请用数据库自己的工具恢复，步骤见 README。"
            " DATABASE_URL is set: restore the database with its own tools; the README has the steps."
        )
    manifest = read_manifest(folder)
    for name, file in manifest.files.items():
        if not (folder / name).is_file() or _file(folder / name) != file:
            raise BackupError(
                f"备份里的 {name} 缺失或已损坏，没有恢复任何东西；请用另一份备份。"
                f" {name} of this backup is missing or damaged; nothing was restored: take another backup."
            )
    newest = max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    if manifest.revision > newest:
        raise BackupError(
            f"备份来自更新的程序（数据库版本 {manifest.revision}，本程序到 {newest}）；请先更新程序。"
            f" The backup is from a newer program (database {manifest.revision}, this one knows {newest}): update first."
        )
    lock = lock_data_folder(settings.data_dir, patience_s=0)
    try:
        _refuse_data(settings)
        # The database last: without it there is no installation, and whatever stops this leaves none that is half there.
        for name in sorted(manifest.files, key=lambda name: name == DATABASE):
            _copy(folder / name, draft := settings.data_dir / f"{name}.restored")
            draft.replace(settings.data_dir / name)
    except OSError as error:
        raise BackupError(
            f"恢复没有完成（{error}）；请清空数据目录，检查磁盘空间和权限后重试。"
            f" The restore was not finished ({error}): empty the data folder, see to space and rights on the disk, and repeat it."
        ) from error
    finally:
        os.close(lock)
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup. Raises BackupError if there is none, or none that this program understands."""
    try:
        held = json.loads((folder / MANIFEST).read_bytes())
        manifest = Manifest(**{**held, "files": {name: File(**file) for name, file in held["files"].items()}})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BackupError(
            f"{folder} 里没有完整的备份（缺少 {MANIFEST} 或无法读取）。"
            f" {folder} holds no complete backup: {MANIFEST} is missing or can't be read."
        ) from error
    paths = [PurePosixPath(name) for name in manifest.files]
    strange = [str(path) for path in paths if path.is_absolute() or ".." in path.parts]
    if manifest.format != FORMAT or strange or DATABASE not in manifest.files:
        raise BackupError(
            f"{folder} 里的备份不是本程序的格式。 The backup in {folder} is not one that this program understands."
        )
    return manifest


def _wait_until_recorded(settings: Settings, patience_s: float) -> datetime:
    """Returns the moment, by the store's clock, before which all that was acknowledged is in SQL by now."""
    app = create_app(settings)
    deadline = time.monotonic() + patience_s
    try:
        begun_ms = grader.now_ms()
        with app.app_context():
            begin_reading()  # and ended at once: who waits for the recorder must not hold the lock that it needs
            streams = [source.stream for each in recorded_competitions() for source in sources_of(each)]
            db.session.rollback()
            db.engine.dispose()
        with StreamConsumer(settings.store_url) as consumer:
            waiting = {stream: consumer.newest(stream) for stream in streams}
            while waiting := {
                stream: newest for stream, newest in waiting.items() if not consumer.has_settled(stream, newest)
            }:
                if time.monotonic() > deadline:
                    raise BackupError(
                        f"落库进程没有在 {patience_s:g} 秒内跟上，备份会缺少已保存的作答，所以没有做；请检查落库进程后重试。"
                        f" The recorder has not caught up within {patience_s:g} s: a backup would lack answers that were"
                        " acknowledged, so there is none. See to the recorder, and repeat it."
                    )
                time.sleep(0.05)
            return from_ms(begun_ms)
    except (RedisError, Unavailable) as error:
        raise BackupError(
            "无法访问存储，不知道作答是否都已落库。程序在运行时再备份；程序停止时，复制整个数据目录即可。"
            " The store can't be reached, so nobody can say whether all answers are recorded. Back up while the program runs;"
            " of one that is stopped, copy the whole data folder."
        ) from error


def _copy_database(path: Path, copy: Path) -> tuple[str, dict[str, int]]:
    """Copy in one piece: readers and writers go on meanwhile. Returns the revision and the numbers of rows."""
    copy.touch(mode=0o600)
    with closing(sqlite3.connect(path, timeout=30)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # one file, whole by itself
        if (found := target.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise BackupError(
                f"数据库文件已损坏（{found}），这份备份没有保留；请保存好数据目录，并用上一份备份恢复。"
                f" The database is damaged ({found}) and this backup is not kept: keep the data folder as it is, and restore"
                " the backup before this one."
            )
        (revision,) = target.execute("SELECT version_num FROM alembic_version").fetchone()
        rows = {table: target.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in COUNTED}  # noqa: S608
    _sync(copy)
    return str(revision), rows


def _refuse_data(settings: Settings) -> None:
    there = sorted(path.name for path in settings.data_dir.iterdir() if path.name not in HARMLESS)
    if there:
        raise BackupError(
            f"数据目录 {settings.data_dir} 不是空的（{'、'.join(there[:5])}），没有恢复任何东西；"
            "请把它移到别处，或用 QUIZ_DATA_DIR 指定新目录。"
            f" The data folder {settings.data_dir} is not empty ({', '.join(there[:5])}); nothing was restored: move it away, or name"
            " a new one with QUIZ_DATA_DIR."
        )
    if settings.embedded_redis:
        return
    try:
        with closing(connect(settings.redis_url, socket_timeout=5)) as client:
            keys = sum(cast(int, master.dbsize()) for master in masters_of(client))
    except RedisError as error:
        raise BackupError("无法访问 REDIS_URL 指定的存储。 The store of REDIS_URL can't be reached.") from error
    if keys:
        raise BackupError(
            "REDIS_URL 指定的存储不是空的：它知道的答卷会与备份不符。请换一个空的，或确认可以清空后运行 FLUSHDB。"
            " The store of REDIS_URL is not empty, and what it knows would contradict the backup: name an empty one, or FLUSHDB"
            " it if nothing in it is needed."
        )


def _files_to_copy(data_dir: Path) -> Iterator[str]:
    for name in _files_of(data_dir):
        if name.partition("/")[0] not in LEFT_OUT:
            yield name


def _files_of(folder: Path) -> Iterator[str]:
    """The paths of its regular files, relative to it."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(folder).as_posix()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:  # an upload that was confirmed, or too old, meanwhile
        return
    target.chmod(0o600)
    _sync(target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _file(path: Path) -> File:
    with path.open("rb") as file:
        return File(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def summary(manifest: Manifest) -> str:
    """What a backup holds, as a line for the person at the terminal."""
    accounts, attempts, responses = (manifest.rows[table] for table in COUNTED)
    return (
        f"{manifest.taken_at} 的备份：{accounts} 个账号、{attempts} 份答卷、{responses} 个作答，{len(manifest.files)} 个文件。"
        f" A backup of {manifest.taken_at}: {accounts} accounts, {attempts} attempts, {responses} answers in"
        f" {len(manifest.files)} files."
    )
