"""The embedded store is started as we want it, and says so when it can't be."""

import subprocess
import tempfile
from pathlib import Path

import pytest
from redis import Redis

from quizapp.installation import store
from quizapp.installation.store import SOCKET, StoreError, start_store, stop_store, wait_until_ready

pytestmark = [pytest.mark.once, pytest.mark.slow]


def short_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="quizstore"))


def test_what_was_written_is_there_after_a_restart() -> None:
    folder = short_folder()
    for expected in (None, b"kept"):
        child = start_store(folder, output=subprocess.DEVNULL)
        try:
            wait_until_ready(folder, child)
            with Redis(unix_socket_path=str(folder / SOCKET)) as client:
                assert client.get("word") == expected
                client.set("word", "kept")
        finally:
            stop_store(child)
        assert child.returncode == 0


def test_nobody_else_can_enter_its_folder_and_it_listens_on_no_port() -> None:
    folder = short_folder()
    child = start_store(folder, output=subprocess.DEVNULL)
    try:
        wait_until_ready(folder, child)
        assert folder.stat().st_mode & 0o077 == 0
        with Redis(unix_socket_path=str(folder / SOCKET), decode_responses=True) as client:
            assert client.config_get("port") == {"port": "0"}
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    finally:
        stop_store(child)


def test_a_store_that_ends_at_once_is_said() -> None:
    folder = short_folder()
    (folder / "appendonlydir").write_text("a file where a folder should be")
    child = start_store(folder, output=subprocess.DEVNULL)
    with pytest.raises(StoreError, match="ended as soon as it started"):
        wait_until_ready(folder, child)


def test_a_path_too_long_for_a_socket_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="too long for a socket"):
        store.write_configuration(tmp_path / ("x" * 120))
