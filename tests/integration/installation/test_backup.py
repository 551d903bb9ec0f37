"""`quizapp backup` waits for what was acknowledged, and `restore` writes nothing that is not whole, and over nothing."""

import contextlib
import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from quizapp.config import Settings
from quizapp.installation.backup import BackupError, make_backup, restore_backup
from quizapp.installation.checks import CannotStart, lock_data_folder
from tests.cast import add_cast, add_tiny_bank
from tests.conftest import Databases
from tests.integration.recorder.stage import Stage, add_stage, answered, started

pytestmark = pytest.mark.once


@pytest.fixture
def settings(tmp_path: Path, store: Redis, store_url: str, databases: Databases) -> Settings:
    """An installation with the embedded database, and a folder with all that one may hold."""
    folder = tmp_path / "data"
    for name in ("uploads", "store", "log", "counts"):
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_text(name)
    for name in ("secret_key", "signing_key", "lock"):
        (folder / name).write_text(name * 9)
    url = databases.new()
    shutil.move(url.removeprefix("sqlite:///"), folder / "quiz.sqlite3")
    return Settings(data_dir=folder, redis_url=store_url, secret_key="secret_key" * 9)


@pytest.fixture
def elsewhere(tmp_path: Path, store_url: str) -> Settings:
    """An installation without data, as reading its settings leaves it."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "secret_key").write_text("a fresh one that has signed nothing")
    return Settings(data_dir=folder, redis_url=store_url, secret_key="a fresh one that has signed nothing")


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_backup_holds_what_cannot_be_made_again_and_nobody_else_reads_it(settings: Settings, tmp_path: Path) -> None:
    manifest = make_backup(settings, tmp_path / "backup")
    assert files_of(tmp_path / "backup") == {*manifest.files, "manifest.json"}
    assert set(manifest.files) == {"quiz.sqlite3", "secret_key", "signing_key", "uploads/file"}
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0


def test_a_backup_comes_back_as_it_was(settings: Settings, elsewhere: Settings, store: Redis, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(settings.data_dir / "quiz.sqlite3")) as connection:
        connection.execute(
            "INSERT INTO account (login, name, session_round, created_at) VALUES ('ada', '艾达', 0, '2026-01-01')"
        )
        connection.commit()
    made = make_backup(settings, tmp_path / "backup")
    store.flushall()
    assert restore_backup(elsewhere, tmp_path / "backup") == made
    assert files_of(elsewhere.data_dir) == {*made.files, "lock"}
    assert (elsewhere.data_dir / "secret_key").read_text() == "secret_key" * 9
    with contextlib.closing(sqlite3.connect(elsewhere.data_dir / "quiz.sqlite3")) as connection:
        assert connection.execute("SELECT name FROM account").fetchall() == [("艾达",)]


@pytest.fixture
def stage(app: Flask) -> Iterator[Stage]:
    stage = add_stage(app, add_cast(app), add_tiny_bank(app), people=1)
    yield stage
    stage.close()


@pytest.mark.parametrize("in_somebodys_hands", [False, True])
def test_a_backup_waits_until_what_was_acknowledged_is_recorded(
    settings: Settings, stage: Stage, tmp_path: Path, in_somebodys_hands: bool
) -> None:
    recorder = stage.recorder()
    [lin] = stage.people
    stage.publish([started(lin)], [answered(lin, 1, 1, 1)])
    if in_somebodys_hands:
        recorder._consumer.read([stage.stream], 10, 0)
        recorder._unfinished.add(stage.stream)
    with pytest.raises(BackupError, match="acknowledged"):
        make_backup(settings, tmp_path / "backup", patience_s=0)
    assert not (tmp_path / "backup").exists()
    (tmp_path / "backup").mkdir()
    with pytest.raises(BackupError, match="acknowledged"):
        make_backup(settings, tmp_path / "backup", patience_s=0)
    assert list((tmp_path / "backup").iterdir()) == []
    later = threading.Thread(target=stage.record_all)
    later.start()
    rows = make_backup(settings, tmp_path / "backup", patience_s=60).rows
    later.join()
    assert (rows["attempt"], rows["response"]) == (1, 1)


def test_a_backup_says_why_it_is_not_made(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"database_url": "postgresql://quiz@db/quiz"}, "backup", "pg_dump"),
        ({"redis_url": f"unix://{tmp_path}/nobody.sock"}, "backup", "while the program runs"),
        ({"data_dir": tmp_path / "full"}, "backup", "no database"),
        ({}, "full", "another name"),
        ({}, "data/backup", "another disk"),
    ]
    for changes, folder, reason in cases:
        with pytest.raises(BackupError, match=reason):
            make_backup(settings.model_copy(update=changes), tmp_path / folder)
        assert not (tmp_path / folder / "manifest.json").exists()


def test_a_damaged_database_makes_no_backup(settings: Settings, tmp_path: Path) -> None:
    """What a copy of it would only carry on."""
    path = settings.data_dir / "quiz.sqlite3"
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    path.write_bytes(content)
    with pytest.raises(BackupError, match=r"damaged|not finished"):
        make_backup(settings, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize("name", ["quiz.sqlite3", "secret_key", "manifest.json"])
@pytest.mark.parametrize("fault", ["bit", "short", "gone"])
def test_a_backup_that_is_not_whole_restores_nothing(
    settings: Settings, elsewhere: Settings, tmp_path: Path, name: str, fault: str
) -> None:
    make_backup(settings, tmp_path / "backup")
    path = tmp_path / "backup" / name
    content = path.read_bytes()
    if fault == "bit":
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    elif fault == "short":
        path.write_bytes(content[:-2])
    else:
        path.unlink()
    with pytest.raises(BackupError, match=r"another backup|no complete backup"):
        restore_backup(elsewhere, tmp_path / "backup")
    assert files_of(elsewhere.data_dir) == {"secret_key"}


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil"])
def test_a_manifest_that_points_elsewhere_restores_nothing(
    settings: Settings, elsewhere: Settings, tmp_path: Path, name: str
) -> None:
    make_backup(settings, tmp_path / "backup")
    path = tmp_path / "backup" / "manifest.json"
    held = json.loads(path.read_text())
    held["files"][name] = held["files"]["secret_key"]
    path.write_text(json.dumps(held))
    with pytest.raises(BackupError, match="not one that this program understands"):
        restore_backup(elsewhere, tmp_path / "backup")


def test_a_backup_of_a_newer_program_restores_nothing(settings: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(settings.data_dir / "quiz.sqlite3")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    make_backup(settings, tmp_path / "backup")
    with pytest.raises(BackupError, match="newer program"):
        restore_backup(elsewhere, tmp_path / "backup")
    assert files_of(elsewhere.data_dir) == {"secret_key"}


def test_nothing_is_restored_over_something(
    settings: Settings, elsewhere: Settings, store: Redis, tmp_path: Path
) -> None:
    make_backup(settings, tmp_path / "backup")
    with pytest.raises(BackupError, match=r"not empty \(quiz.sqlite3, .*nothing was restored"):
        restore_backup(settings, tmp_path / "backup")
    store.set("somebody's", "attempt")
    with pytest.raises(BackupError, match="FLUSHDB"):
        restore_backup(elsewhere, tmp_path / "backup")
    store.flushall()
    lock = lock_data_folder(elsewhere.data_dir)
    with pytest.raises(CannotStart, match="in use"):
        restore_backup(elsewhere, tmp_path / "backup")
    os.close(lock)
    assert files_of(elsewhere.data_dir) == {"secret_key", "lock"}
