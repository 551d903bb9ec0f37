"""`quizapp up` starts everything, keeps it running, and leaves nothing behind."""

import contextlib
import http.client
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.conftest import Databases
from tests.integration.installation.running_copy import RunningCopy, wait_until
from tests.load.participants import PATIENCE_S

pytestmark = [pytest.mark.once, pytest.mark.slow]


@pytest.fixture
def copy(databases: Databases) -> Iterator[RunningCopy]:
    """A copy of the program that has an account already; not started yet."""
    url = databases.new()
    copy = RunningCopy(Path(url.removeprefix("sqlite:///")))
    yield copy
    copy.dispose()
    databases.drop(url)


def status_of_a_page(copy: RunningCopy) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", copy.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/privacy")
        return connection.getresponse().status
    finally:
        connection.close()


def serves(copy: RunningCopy) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        return status_of_a_page(copy) == 200
    return False


@contextlib.contextmanager
def store_of(copy: RunningCopy) -> Iterator[Redis]:
    client = Redis(unix_socket_path=str(copy.folder / "store" / "store.sock"), decode_responses=True)
    try:
        yield client
    finally:
        client.close()


def answers(copy: RunningCopy) -> bool:
    """Whether the store does; its socket may still be that of one that was killed."""
    with store_of(copy) as store, contextlib.suppress(RedisError):
        return bool(store.ping())
    return False


def moments(copy: RunningCopy, log: str) -> list[tuple[str, str]]:
    lines = (copy.folder / "log" / f"{log}.log").read_text().splitlines()
    return [(entry["message"], entry["at"]) for entry in map(json.loads, lines)]


def test_it_serves_and_ctrl_c_stops_all_of_it_in_order(copy: RunningCopy) -> None:
    copy.start_and_wait()
    assert status_of_a_page(copy) == 200
    commands = " ".join(copy.processes().values())
    assert all(part in commands for part in ("gunicorn", "recorder", "/store/store."))

    assert copy.stop(signal.SIGINT) == 0
    assert copy.processes() == {}
    web_ended = max(at for message, at in moments(copy, "web") if "Shutting down: Master" in message)
    recorder_ended = max(at for message, at in moments(copy, "recorder") if "recorder_stopped" in message)
    assert web_ended < recorder_ended
    assert not [message for message, _ in moments(copy, "recorder") if "failed" in message], "the store went first"
    assert "ready to exit" in (copy.folder / "log" / "store.log").read_text()


def test_a_stop_during_the_start_leaves_nothing(copy: RunningCopy) -> None:
    copy.start()
    wait_until("the store is there", lambda: any("/store/store." in command for command in copy.processes().values()))
    assert copy.stop() == 0
    assert copy.processes() == {}


def test_killed_it_leaves_no_child_and_the_next_start_goes_on(copy: RunningCopy) -> None:
    copy.start_and_wait()
    with store_of(copy) as store:
        store.set("kept", "answer")
    assert copy.process is not None
    copy.process.kill()
    copy.start_and_wait(QUIZ_STORE_FSYNC="always")  # at once: it waits for the children of the dead one by itself
    with store_of(copy) as store:
        assert store.get("kept") == "answer"
        assert store.config_get("appendfsync") == {"appendfsync": "always"}
        assert store.config_get("appendonly") == {"appendonly": "yes"}
        assert store.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert store.config_get("port") == {"port": "0"}
    assert (copy.folder / "store").stat().st_mode & 0o077 == 0
    copy.process.kill()
    wait_until("every child has ended", lambda: not copy.processes())


def test_it_ends_with_the_process_that_started_it(copy: RunningCopy) -> None:
    """What `make run` relies on: if make is killed, nothing stays behind."""
    runs_it = [sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])"]
    copy.start("--end-with-parent", below=runs_it)
    copy.wait_until_said("Ready at")
    assert copy.process is not None
    copy.process.kill()
    wait_until("everything has ended", lambda: not copy.processes())
    assert "ready to exit" in (copy.folder / "log" / "store.log").read_text()


PARTS = (("/store/store.", "store"), (" recorder", "recorder"), ("gunicorn", "web"))


def test_each_part_that_dies_is_said_and_started_again_and_sigterm_stops_all(copy: RunningCopy) -> None:
    """One after the other on one copy: to start a copy costs more than all the rest."""
    copy.start_and_wait()
    with store_of(copy) as store:
        store.set("kept", "answer")
    for part, title in PARTS:
        kill_and_wait(copy, part, title)
    assert copy.stop(signal.SIGTERM) == 0
    assert copy.processes() == {}


def kill_and_wait(copy: RunningCopy, part: str, title: str) -> None:
    """Until it has been told, is there again, pages are served and the store has what it had."""
    dead, told = copy.process_of(part), len(copy.output)
    os.kill(dead, signal.SIGKILL)
    wait_until(f"the end of {title} is said", lambda: "is started again" in copy.output[told:])
    assert title in copy.output[told:]
    wait_until(
        f"{title} is there again",
        lambda: any(part in command and pid != dead for pid, command in copy.processes().items()),
    )
    wait_until("pages are served", lambda: serves(copy))
    wait_until("the store answers", lambda: answers(copy))
    with store_of(copy) as store:
        assert store.get("kept") == "answer"


def test_a_second_copy_on_the_same_folder_is_refused_and_sighup_stops_the_first(copy: RunningCopy) -> None:
    copy.start_and_wait()
    second = RunningCopy()
    try:
        second.start(QUIZ_DATA_DIR=str(copy.folder))
        assert second.end() == 1
        assert "in use by another copy" in second.output
        assert "正被另一个运行中的副本使用" in second.output
        assert_one_sentence(second)
    finally:
        second.dispose()
    assert status_of_a_page(copy) == 200
    assert copy.stop(signal.SIGHUP) == 0
    assert copy.processes() == {}


def test_a_taken_port_is_said_before_anything_is_started(copy: RunningCopy) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", copy.port))
        other.listen()
        copy.start()
        assert copy.end() == 1
    assert f"Port {copy.port} is taken" in copy.output
    assert f"端口 {copy.port} 已被其他程序占用" in copy.output
    assert_one_sentence(copy)
    assert not (copy.folder / "store").exists()


REFUSED = {
    "a store that is not there": ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "无法连接 REDIS_URL", "can't be reached"),
    "a store by no known scheme": ({"REDIS_URL": "http://127.0.0.1"}, "REDIS_URL 无法识别", "can't be read"),
    "a database that is not there": (
        {"DATABASE_URL": "postgresql://quiz:hush-hush@127.0.0.1:1/quiz"},
        "无法连接 DATABASE_URL",
        "can't be reached",
    ),
    "a database by no known scheme": ({"DATABASE_URL": "quiz"}, "DATABASE_URL 无法识别", "can't be read"),
    "a setting that there isn't": ({"QUIZ_BINDING": "x"}, "不认识的设置 QUIZ_BINDING", "Unknown setting"),
    "a setting that makes no sense": ({"QUIZ_WEB_WORKERS": "many"}, "QUIZ_WEB_WORKERS 的值无法使用", "makes no sense"),
    "an address without a port": ({"QUIZ_BIND": "localhost"}, "QUIZ_BIND 应写作", "is written host:port"),
    "a folder that can't be made": ({"QUIZ_DATA_DIR": "/proc/nowhere"}, "数据目录", "can't be made or written"),
    "a secret that is too short": ({"SECRET_KEY": "short"}, "SECRET_KEY 太短", "too short"),
}


@pytest.mark.parametrize(("environ", "chinese", "english"), REFUSED.values(), ids=REFUSED.keys())
def test_what_stops_the_start_is_one_sentence_in_both_languages(
    copy: RunningCopy, environ: dict[str, str], chinese: str, english: str
) -> None:
    copy.start(**environ)
    assert copy.end() == 1
    assert chinese in copy.output
    assert english in copy.output
    assert "hush-hush" not in copy.output
    assert_one_sentence(copy)
    assert copy.processes() == {}


def assert_one_sentence(copy: RunningCopy) -> None:
    assert "Traceback" not in copy.output
    assert len(copy.output.strip().splitlines()) == 1, copy.output
