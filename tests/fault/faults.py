"""What is done to a running installation, by its name in the table. Each returns when the fault has been done, and healed
where it does not heal by itself."""

import contextlib
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from quizapp.attempts.answering import TICKET_HEADER
from quizapp.attempts.heartbeat import pulse
from quizapp.attempts.ticket import Ticket, tickets_of
from tests.fault.line import Line
from tests.load.installation import Installation, redis_of
from tests.load.participants import PATIENCE_S

Fault = Callable[[Installation], None]
PAUSE_S = 3.0
AOF_ROOM = 16 * 1024


def process(running: Installation, name: str, number: int = 0) -> int:
    """The id of a process by what it is; one that was killed before is waited for until it has been started again."""
    deadline = time.monotonic() + PATIENCE_S
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
    deadline = time.monotonic() + PATIENCE_S
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
    # A rewrite that was killed has left more than one: it appends to the newest, be an older one larger or not.
    newest = max(files, key=lambda file: int(file.name.split(".")[-3]))
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE, (newest.stat().st_size + AOF_ROOM, resource.RLIM_INFINITY))
    deadline = time.monotonic() + PATIENCE_S
    while running.processes()["store"] == [pid] and not fails_to_write(store):
        assert time.monotonic() < deadline, "void: the file never grew to its limit"
        time.sleep(0.05)
    time.sleep(PAUSE_S)
    if running.processes()["store"] == [pid]:  # a signal may have ended it; its successor has no limit
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    store.close()


def fails_to_write(store: Redis) -> bool:
    """Whether the store says that its last append failed; one that has just ended says nothing."""
    try:
        persistence: Any = store.info("persistence")
    except RedisError:
        return False
    return bool(persistence["aof_last_write_status"] == "err")


def forget_the_scripts(running: Installation) -> None:
    """SCRIPT FLUSH, as after a promotion."""
    store = redis_of(running)
    store.script_flush()
    store.close()


def lock_the_database(running: Installation) -> None:
    """Somebody else holds SQLite's write lock: the recorder can write nothing."""
    locker = sqlite3.connect(running.settings.data_dir / "quiz.sqlite3", isolation_level=None, timeout=PATIENCE_S)
    locker.execute("BEGIN IMMEDIATE")
    time.sleep(PAUSE_S)
    locker.execute("ROLLBACK")
    locker.close()


@contextlib.contextmanager
def the_webs_disk_full(running: Installation) -> Iterator[None]:
    """No web process can write a byte to any file: no log, no counts, no upload, nothing to SQLite."""
    process(running, "web", running.settings.web_workers)  # all of them are there
    webs = running.processes()["web"]
    limits = [resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY)) for pid in webs]
    try:
        yield
    finally:
        for pid, limit in zip(webs, limits, strict=True):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)


def fill_the_webs_disk(running: Installation) -> None:
    """For a while."""
    with the_webs_disk_full(running):
        time.sleep(PAUSE_S)


def wait_until_recording_fails(running: Installation) -> None:
    """Until the recorder itself says so (not in its log: on a full disk that stands still too), and for a while at least."""
    store = redis_of(running)
    deadline = time.monotonic() + PATIENCE_S
    time.sleep(PAUSE_S)
    while not any("take" in beat.failing for beat in pulse(store).beats):
        assert time.monotonic() < deadline, "void: the recorder did not notice"
        time.sleep(0.05)
    store.close()


def fill_the_databases_disk(running: Installation) -> None:
    """The recorder can write no byte to SQLite's files for a while: as on a full disk, a commit ends in the middle."""
    pid = process(running, "recorder")
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    wait_until_recording_fails(running)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def fail_the_databases_syncs(running: Installation) -> None:
    """EIO at every fdatasync of the recorder for a while: what is committed may not be on the disk, and SQLite says so."""
    pid = process(running, "recorder")
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-etrace=fdatasync,fsync", "-p", str(pid)]
    with subprocess.Popen([*command, "-einject=fdatasync,fsync:error=EIO"], stderr=subprocess.DEVNULL) as strace:
        wait_until_recording_fails(running)
        strace.terminate()


def crowd_of_slow_clients(running: Installation) -> None:
    """500 connections each send an answer's head and the beginning of its body, and nothing more for a while; meanwhile
    others get their replies."""
    ticket = tickets_of(running.settings.secret_key).issue(Ticket(running.competition, 0, 0, 1, 1))
    head = f"POST /answer HTTP/1.1\r\nHost: x\r\n{TICKET_HEADER}: {ticket}\r\nContent-Length: 50\r\n\r\n{{"
    with contextlib.ExitStack() as held:
        for _ in range(500):
            client = held.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=30))
            client.sendall(head.encode())
        with contextlib.closing(HTTPConnection("127.0.0.1", running.port, timeout=60)) as another:
            another.request("POST", "/answer", '{"answers": []}', {TICKET_HEADER: ticket})
            another.getresponse().read()
        time.sleep(PAUSE_S)


def second_recorder(running: Installation) -> None:
    """Another recorder works beside the first; after a while the first sleeps, then the second is killed at its work."""
    log = running.folder / "second.log"
    command = [sys.executable, "-c", "import sys; from quizapp.cli import main; sys.exit(main())", "recorder"]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=running.environ, stdout=output, stderr=output) as other,
    ):
        deadline = time.monotonic() + PATIENCE_S
        while b"recorder_started" not in log.read_bytes():
            assert time.monotonic() < deadline, "the second recorder does not start"
            time.sleep(0.05)
        time.sleep(1)
        pid = process(running, "recorder")
        os.kill(pid, signal.SIGSTOP)
        time.sleep(PAUSE_S)
        os.kill(pid, signal.SIGCONT)
        other.kill()


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
    "the database's disk full for 3 s": fill_the_databases_disk,
    "the database's disk failing for 3 s": fail_the_databases_syncs,
    "the web's disk full for 3 s": fill_the_webs_disk,
    "two recorders, one stopped, then the other killed": second_recorder,
    "500 slow clients": crowd_of_slow_clients,
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


def lose_connections(line: Line) -> None:
    """One request in ten breaks its connection, for a while."""
    line.loss = 0.1
    time.sleep(PAUSE_S)
    line.loss = 0.0


LINES: dict[str, Callable[[Line], None]] = {
    "one reply of each command lost": lose_replies,
    "the line to the store cut for 3 s": cut,
    "the line to the store slower by 50 ms": delay,
    "one connection in ten to the store lost, for 3 s": lose_connections,
}
