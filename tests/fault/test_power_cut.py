"""With `appendfsync always` an answer is on the disk before anybody hears that it is saved: what strace sees of the store."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from quizapp.errors import Unavailable
from quizapp.grader import engine
from quizapp.grader.keys import keys_for
from quizapp.grader.outcomes import Outcome
from quizapp.grader.stream import Answered, parse
from quizapp.installation.store import SOCKET, StoreError, start_store, stop_store, wait_until_ready
from tests.integration.grader.room import COMPETITION, LIN, SHARDS, Room

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ANSWERS = 60
_CALL = re.compile(r"^(\w+)\(\d+<([^>]*)>.* = (\d+)")


class Store:
    """A store that syncs as `fsync` says, and Lin, who answers one question after another; `saved` were acknowledged."""

    def __init__(self, folder: Path, fsync: str = "always") -> None:
        self._child = start_store(folder, output=subprocess.DEVNULL, fsync=fsync)
        wait_until_ready(folder, self._child)
        self._room = Room(f"unix://{folder / SOCKET}")
        self._room.begin()
        self.saved = 0
        (self.file,) = folder.glob("appendonlydir/*.incr.aof")

    def answer(self) -> None:
        """Answer again and again; end early when an answer is not acknowledged."""
        for sequence in range(1, ANSWERS + 1):
            try:
                reply = self._room.answer(1 + sequence % 3, 1, sequence)
            except Unavailable:
                return
            assert reply.outcome is Outcome.SAVED
            self.saved = sequence

    @contextmanager
    def watched(self, report: Path, *options: str) -> Iterator[None]:
        """strace at its main thread, the one that appends, syncs and replies."""
        calls = "-etrace=write,writev,sendto,sendmsg,fdatasync"
        command = ["strace", "-y", "-s0", calls, "-o", str(report), "-p", str(self._child.pid), *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr is not None
            assert "attached" in (said := strace.stderr.readline()), f"strace does not attach: {said}"
            yield
            strace.terminate()

    def end(self) -> None:
        """Stop it, if it still runs."""
        self._room.close()
        stop_store(self._child)


def told(folder: Path) -> int:
    """Start a store on a folder: how many of Lin's answers it still knows, without a gap from the first."""
    child = start_store(folder, output=subprocess.DEVNULL)
    wait_until_ready(folder, child)
    with Redis(unix_socket_path=str(folder / SOCKET), decode_responses=True) as client:
        entries = client.xrange(keys_for(COMPETITION, SHARDS, LIN).stream)
    stop_store(child)
    records = [record for _, fields in entries for record in parse(fields) if isinstance(record, Answered)]
    assert [record.sequence for record in records] == list(range(1, len(records) + 1))
    return len(records)


def seen(report: Path, file: Path) -> Iterator[tuple[str, int]]:
    """The system calls of a report in their order: ("append", bytes) and ("sync", 0) of the file, ("reply", bytes)."""
    for line in report.read_text().splitlines():
        if call := _CALL.match(line):
            name, where, done = call.groups()
            if where == str(file):
                yield ("sync", 0) if name == "fdatasync" else ("append", int(done))
            elif where.startswith(("socket", "UNIX")):
                yield "reply", int(done)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is slow, and strace besides, is no disk that fails."""
    monkeypatch.setattr(engine, "REPLY_TIMEOUT_S", 60.0)
    monkeypatch.setattr(engine, "CONNECT_TIMEOUT_S", 60.0)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="quizpower") as name:
        yield Path(name)


def replies_before_their_sync(report: Path, file: Path) -> int:
    """How many replies left while something appended was not yet synced."""
    found, waiting = 0, False
    for kind, _ in seen(report, file):
        waiting = kind == "append" or (waiting and kind != "sync")
        found += waiting and kind == "reply"
    return found


@pytest.mark.parametrize(("fsync", "too_early"), [("always", 0), ("everysec", ANSWERS)])
def test_no_reply_leaves_before_the_disk_has_the_answer(folder: Path, fsync: str, too_early: int) -> None:
    """The second case shows that the test can see it: with `everysec` every reply leaves first."""
    store = Store(folder / "store", fsync)
    try:
        with store.watched(folder / "report"):
            store.answer()
    finally:
        store.end()
    assert store.saved == ANSWERS
    assert replies_before_their_sync(folder / "report", store.file) == too_early


def test_after_a_power_cut_at_any_sync_what_was_acknowledged_is_there(folder: Path) -> None:
    """The disk as it was at a sync, and with half of the next answer: every answer acknowledged until then."""
    store = Store(folder / "store")
    before = store.file.stat().st_size
    try:
        with store.watched(folder / "report"):
            store.answer()
    finally:
        store.end()
    size, syncs = before, []
    for kind, added in seen(folder / "report", store.file):
        size += added if kind == "append" else 0
        if kind == "sync":
            syncs.append(size)
    assert len(syncs) == ANSWERS
    for acknowledged in (1, ANSWERS // 2):
        for half_of_the_next in (0, 40):
            image = folder / f"image{acknowledged}-{half_of_the_next}"
            shutil.copytree(store.file.parent, image / "appendonlydir")
            with (image / "appendonlydir" / store.file.name).open("r+b") as file:
                file.truncate(syncs[acknowledged - 1] + half_of_the_next)
            assert told(image) == acknowledged


@pytest.mark.parametrize("trouble", ["fdatasync:error=EIO", "write:error=ENOSPC"])
def test_a_disk_that_fails_acknowledges_nothing_that_it_does_not_keep(folder: Path, trouble: str) -> None:
    """From the 20th call on the file can no longer be written or synced: the store ends rather than pretend."""
    store = Store(folder / "store")
    try:
        with store.watched(folder / "report", "-P", str(store.file), f"-einject={trouble}:when=20+"):
            store.answer()
    finally:
        store.end()
    assert 0 < store.saved < ANSWERS
    assert told(folder / "store") in (store.saved, store.saved + 1)  # one may be kept although nobody heard of it


def test_a_file_whose_form_a_flipped_bit_broke_is_not_loaded_in_part(folder: Path) -> None:
    """What stands behind the bit would be missing in silence; so the store refuses to start, and people are told the way out."""
    store = Store(folder / "store")
    try:
        store.answer()
    finally:
        store.end()
    content = bytearray(store.file.read_bytes())
    content[content.index(b"\r\n$", len(content) // 2) + 2] ^= 1
    store.file.write_bytes(content)
    child = start_store(folder / "store", output=subprocess.DEVNULL)
    with pytest.raises(StoreError, match="move store/appendonlydir away"):
        wait_until_ready(folder / "store", child)
    assert bytes(content) == store.file.read_bytes(), "what could still be repaired is left as it is"
