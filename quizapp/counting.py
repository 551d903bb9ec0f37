"""What a web process counts: plain integers while it works, written to a file of its own once a second.

The answer path pays for an increment and nothing else. A file belongs to a slot, which a process holds by a lock that ends
with it, however it ends; the next process of the folder takes the slot over and counts on from what is written there. So
sums never fall when a worker is restarted, and there are no more files than there ever were processes at a time.

Who asks (`quizapp/operations`) adds up the slots of this machine. A folder that can't be written costs the sums of the other
processes and what was counted before, never a request.
"""

import atexit
import contextlib
import fcntl
import json
import logging
import os
import threading
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger("quizapp")

COUNTERS = ("answers", "refusals", "submissions", "requests")
CLASSES = ("other", "1xx", "2xx", "3xx", "4xx", "5xx")
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""The upper bounds of the answers' histogram; a last bucket takes what is slower."""
WRITE_S = 1.0
MOST_SLOTS = 1024


def _counter() -> defaultdict[str, int]:
    return defaultdict(int)


@dataclass
class Totals:
    """Sums since the slots were first used. `took[i]` counts answers that took up to BUCKETS_S[i]; `took_s` is their sum."""

    answers: dict[str, int] = field(default_factory=_counter)
    """By outcome, one an answer: a request may bring several."""
    refusals: dict[str, int] = field(default_factory=_counter)
    """Requests of the answer path that were refused as a whole, by error code."""
    submissions: dict[str, int] = field(default_factory=_counter)
    requests: dict[str, int] = field(default_factory=_counter)
    """Replies of any kind, by the class of their status: "2xx"."""
    took: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    took_s: float = 0.0

    def add(self, other: "Totals") -> None:
        """Take up what another has counted."""
        for name in COUNTERS:
            own, more = getattr(self, name), getattr(other, name)
            for key, value in dict(more).items():
                own[key] += value
        for number, value in enumerate(other.took):
            self.took[number] += value
        self.took_s += other.took_s


class Counts(Totals):
    """This process's counts. Unbound until `bind`; nothing is written before `start`, and nothing at all without a folder.

    Adding one to a dictionary's value or a list's item gives the interpreter no moment to change threads in between, so
    threads need no lock here (a test holds that to an exact sum).
    """

    def __init__(self) -> None:
        super().__init__()
        self._folder: Path | None = None
        self._slot: Path | None = None
        self._lock = -1
        self._written: dict[str, Any] = {}
        self._thread: threading.Thread | None = None
        self._writing = threading.Lock()

    def answer_took(self, seconds: float) -> None:
        """Note how long a request of answers took, from its body to its reply."""
        self.took[bisect_left(BUCKETS_S, seconds)] += 1
        self.took_s += seconds

    def replied(self, status: int) -> None:
        """Note a reply's status."""
        self.requests[CLASSES[status // 100 if 100 <= status < 600 else 0]] += 1

    # files

    def bind(self, folder: Path) -> None:
        """Name the folder, and begin to count anew."""
        self.release()
        self._reset()
        self._folder = folder

    def start(self) -> None:
        """Take a slot and write to it from now on. Asked for at each request that is not an answer: it costs a look."""
        if self._slot is None and self._folder is not None:
            with self._writing:
                if self._slot is None and self._folder is not None:
                    self._take_slot(self._folder)
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_forever, name="counts", daemon=True)
                self._thread.start()

    def write(self) -> None:
        """Bring the slot's file up to date, if there is something new."""
        with self._writing:
            self._write()

    def release(self) -> None:
        """Write a last time and leave the slot to others."""
        with self._writing:
            self._write()
            if self._lock >= 0:
                os.close(self._lock)
            self._slot, self._lock, self._written = None, -1, {}

    def _take_slot(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for number in range(1, MOST_SLOTS + 1):
                lock = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(lock)
                    continue
                self._lock, self._slot = lock, folder / f"{number}.json"
                self.add(read_slot(self._slot))
                return
        except OSError as error:
            log.warning("counts_not_written error=%s", type(error).__name__)
        self._folder = None  # said once; from here on this process counts for itself

    def _write_forever(self) -> None:
        pause = threading.Event()
        while not pause.wait(WRITE_S):
            self.write()

    def _write(self) -> None:
        if self._slot is None:
            return
        now = as_json(self)
        if now == self._written:
            return
        fresh = self._slot.with_suffix(".new")
        with contextlib.suppress(OSError):  # a full disk: the next second tries again, and no request minds
            fresh.write_text(json.dumps(now))
            fresh.replace(self._slot)
            self._written = now

    def _reset(self) -> None:
        Totals.__init__(self)

    def forget_parent(self) -> None:
        """In a process that was forked: the parent's slot, its counts and its thread are the parent's."""
        if self._lock >= 0:
            os.close(self._lock)
        self._slot, self._lock, self._written = None, -1, {}
        self._thread, self._writing = None, threading.Lock()
        self._reset()


counts = Counts()
os.register_at_fork(after_in_child=counts.forget_parent)
atexit.register(counts.write)


def as_json(totals: Totals) -> dict[str, Any]:
    """The figures as a slot's file holds them."""
    return {
        "answers": dict(totals.answers),
        "refusals": dict(totals.refusals),
        "submissions": dict(totals.submissions),
        "requests": dict(totals.requests),
        "took": list(totals.took),
        "took_s": totals.took_s,
    }


def read_slot(path: Path) -> Totals:
    """What a slot's file says; one that is missing, or of another program's version, says nothing."""
    totals = Totals()
    try:
        found = json.loads(path.read_text())
        read = Totals(took=[int(value) for value in found["took"]], took_s=float(found["took_s"]))
        for name in COUNTERS:
            getattr(read, name).update({str(key): int(value) for key, value in found[name].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return totals
    if len(read.took) == len(totals.took):
        totals.add(read)
    return totals


def totals_of(folder: Path) -> Totals:
    """The sum of all slots of a folder, this process's up to the present moment."""
    totals = Totals()
    counts.write()
    own = counts._slot
    for path in sorted(folder.glob("*.json")):
        if path != own:
            totals.add(read_slot(path))
    totals.add(counts)
    return totals
