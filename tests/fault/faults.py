"""What is done to a running installation, by its name in the table. Each returns when the fault has been done, and healed
where it does not heal by itself."""

import os
import resource
import signal
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from tests.fault.line import Line
from tests.load.installation import Installation, redis_of

Fault = Callable[[Installation], None]
PAUSE_S = 3.0
AOF_ROOM = 16 * 1024


def process(running: Installation, name: str, number: int = 0) -> int:
    """The id of a process by what it is; one that was killed before is waited for until it has been started again."""
    deadline = time.monotonic() + 60
    while len(found := running.processes()[name]) <= number:
        assert time.monotonic() < deadline, f"{name} is not started again"
        time.sleep(0.05)
    return found[number]


def kill(name: str, number: int = 0) -> Fault:
    """SIGKILL."""
    return lambda running: os.kill(process(running, name, number), signal.SIGKILL)


def stop_for_a_while(name: str, number: int = 0) -> Fault:
    """SIGSTOP, and SIGCONT after a pause: the process is there and does nothing."""

    def hurt(running: Installation) -> None:
        pid = process(running, name, number)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(PAUSE_S)
        os.kill(pid, signal.SIGCONT)

    return hurt


def restart_web_in_turn(running: Installation) -> None:
    """A deploy: the master replaces its workers one after another."""
    before = set(running.processes()["web"][1:])
    os.kill(process(running, "web"), signal.SIGHUP)
    deadline = time.monotonic() + 60
    while before & set(running.processes()["web"]):
        assert time.monotonic() < deadline, "the old workers stay"
        time.sleep(0.05)


def kill_a_rewriting_store(running: Installation) -> None:
    """SIGKILL while it rewrites its append-only file."""
    store, pid = redis_of(running), process(running, "store")
    store.execute_command("BGREWRITEAOF")  # type: ignore[no-untyped-call]
    os.kill(pid, signal.SIGKILL)
    store.close()


def fill_the_stores_memory(running: Installation) -> None:
    """`maxmemory` is reached: every write is refused for a while."""
    store = redis_of(running)
    store.config_set("maxmemory", 1)
    time.sleep(PAUSE_S)
    store.config_set("maxmemory", 0)
    store.close()


def fill_the_stores_disk(running: Installation) -> None:
    """The append-only file cannot grow for a while: as on a full disk, a write ends in the middle."""
    store, pid = redis_of(running), process(running, "store")
    files = (running.settings.store_socket.parent / "appendonlydir").glob("*.incr.aof")
    size = max(file.stat().st_size for file in files)
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE, (size + AOF_ROOM, resource.RLIM_INFINITY))
    time.sleep(PAUSE_S)
    if running.processes()["store"] == [pid]:  # a signal may have ended it; its successor has no limit
        persistence: Any = store.info("persistence")
        assert persistence["aof_last_write_status"] == "err", "void: the file never grew to its limit"
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    store.close()


def forget_the_scripts(running: Installation) -> None:
    """SCRIPT FLUSH, as after a promotion."""
    store = redis_of(running)
    store.script_flush()
    store.close()


def lock_the_database(running: Installation) -> None:
    """Somebody else holds SQLite's write lock: the recorder can write nothing."""
    locker = sqlite3.connect(running.settings.data_dir / "quiz.sqlite3", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    time.sleep(PAUSE_S)
    locker.execute("ROLLBACK")
    locker.close()


PROCESSES: dict[str, Fault] = {
    "a web worker killed": kill("web", 1),
    "a web worker stopped for 3 s": stop_for_a_while("web", 1),
    "the web master killed": kill("web"),
    "the web workers replaced in turn": restart_web_in_turn,
    "the recorder killed": kill("recorder"),
    "the recorder stopped for 3 s": stop_for_a_while("recorder"),
    "the store killed": kill("store"),
    "the store stopped for 3 s": stop_for_a_while("store"),
    "the store killed while it rewrites its file": kill_a_rewriting_store,
    "the store without memory for 3 s": fill_the_stores_memory,
    "the store without disk for 3 s": fill_the_stores_disk,
    "the store's scripts forgotten": forget_the_scripts,
    "the database locked for 3 s": lock_the_database,
}


def lose_replies(line: Line) -> None:
    """The first reply to each kind of command."""
    line.lose_one_reply_of_each()


def cut(line: Line) -> None:
    """Nobody reaches the store for a while."""
    line.cut()
    time.sleep(PAUSE_S)
    line.mend()


def delay(line: Line) -> None:
    """Every request takes 50 ms longer for a while."""
    line.delay_s = 0.05
    time.sleep(PAUSE_S)
    line.delay_s = 0.0


LINES: dict[str, Callable[[Line], None]] = {
    "one reply of each command lost": lose_replies,
    "the line to the store cut for 3 s": cut,
    "the line to the store slower by 50 ms": delay,
}
