"""落库进程: brings the shard streams into SQL, ends attempts that are due, and gives a store back what it has lost.

It is made of small steps, each with a period of its own; a step whose store is away is tried again, further and further
apart, while the others go on. Every step may be killed anywhere and done twice: entries are acknowledged after the commit,
and recording the same entry again changes nothing. So two recorders may run, and one that slept past its turn does no harm.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from quizapp.attempts.heartbeat import GAP_MS, Beat, note_gap, tell, tell_clock
from quizapp.attempts.partitions import make_partitions
from quizapp.attempts.recording import Source, record, refuse
from quizapp.attempts.restoring import end_what_has_ended, restore_open_attempts
from quizapp.attempts.tallies import CountingRules
from quizapp.clock import to_ms, utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime
from quizapp.competitions.queries import blueprint_of, competition_or_404, running_competitions
from quizapp.config import Settings
from quizapp.errors import Unavailable
from quizapp.extensions import begin_reading, db, grader
from quizapp.grader.consumer import Entry, StreamConsumer
from quizapp.grader.keys import ShardKeys

log = logging.getLogger("quizapp.recorder")

BATCH = 2000
"""Entries of a stream that one transaction records: a commit, its statements and its replies cost as much as a hundred answers."""
FULL_ENOUGH = 100
"""A smaller batch means that the recorder has caught up: it then waits a little, so that one commit carries more."""
LINGER_S = 0.1
BLOCK_MS = 500
CLAIM_IDLE_MS = 10_000
"""How long an entry lies in a recorder's hands before another takes it over; the first may still finish, without harm."""
EXPIRE_BATCH = 50
LONGEST_PAUSE_S = 5.0
TELL_S = 1.0
MEASURE_S = 5.0
"""How often the streams' lag is measured for what the recorder tells."""
DRAIN_S = 10.0

T = TypeVar("T")
_AWAY = (RedisError, SQLAlchemyError, Unavailable)


@dataclass(slots=True)
class Step:
    """One of the recorder's chores: `period_s` between two, `due` by the monotonic clock, `failures` in a row."""

    name: str
    work: Callable[[], object]
    period_s: float
    due: float = 0.0
    failures: int = 0

    def run(self, now_s: float) -> None:
        """Do it; a store that is away is said once, and the next try waits longer each time."""
        try:
            self.work()
        except _AWAY as error:
            if not self.failures:
                log.error("step_failed step=%s error=%s", self.name, _first_line(error))
            self.failures += 1
            self.due = now_s + min(0.1 * 2**self.failures, LONGEST_PAUSE_S)
            return
        if self.failures:
            log.warning("step_recovered step=%s after_failures=%s", self.name, self.failures)
        self.failures = 0
        self.due = now_s + self.period_s


class Recorder:
    """The recorder of one process. `name` tells recorders apart; a restarted one takes up what the name still holds."""

    def __init__(self, app: Flask, name: str | None = None) -> None:
        settings: Settings = app.config["QUIZ_SETTINGS"]
        self._app = app
        self._consumer = StreamConsumer(settings.store_url, name or socket.gethostname(), settings.store_replicas)
        self._sources: dict[str, Source] = {}
        self._unfinished: set[str] = set()
        self._stop = threading.Event()
        self._steps: list[Step] = []
        self._recorded = self._told = 0
        self._measured_s = self._told_s = float("-inf")
        self._ahead_ms = 0
        self._clocks: dict[str, tuple[int, float]] = {}
        """The latest moment of each shard's clock, and of this process's own."""

    def close(self) -> None:
        """Give the connection back."""
        self._consumer.close()

    # The steps

    def look_around(self) -> None:
        """Learn which competitions there are, and join the streams that are new."""
        with self._app.app_context():
            begin_reading()
            sources = {
                source.stream: source for competition in recorded_competitions() for source in sources_of(competition)
            }
            db.session.rollback()
            known = {source.competition for source in self._sources.values()}
            new = {source.competition for source in sources.values()} - known
            put_off = {competition for competition in sorted(new) if not _make_partitions(competition)}
        # Nothing is recorded before its partitions are there; what is acknowledged waits in the stream.
        sources = {stream: source for stream, source in sources.items() if source.competition not in put_off}
        self._sources = {stream: source for stream, source in sources.items() if stream in self._sources}

        def join(stream: str) -> None:
            self._consumer.join([stream])
            self._unfinished.add(stream)
            self._sources[stream] = sources[stream]

        self._each([stream for stream in sources if stream not in self._sources], join)

    def prime(self) -> None:
        """Bring the rules of running competitions to the store again: heals a crash between a commit and its priming."""
        as_of_ms = grader.now_ms()  # before SQL is read: rules that somebody brings meanwhile are newer, and stay
        with self._app.app_context():
            begin_reading()
            for competition in running_competitions(utc_now()):
                prime(competition, as_of_ms=as_of_ms)

    def restore(self) -> int:
        """Compare a store that was restarted, or has lost its mark, with SQL, and give back what it lacks."""
        restored = 0

        def compare(stream: str) -> None:
            nonlocal restored
            source = self._sources[stream]
            run_id = self._consumer.run_id(source.keys)
            if self._consumer.compared_run(source.keys) == run_id:
                return
            # What has been committed is in SQL; what has not stands in the stream, if anywhere, and this server has it.
            self._consumer.join([source.stream])
            self._unfinished.add(source.stream)
            as_of_ms = grader.now_ms()
            with self._app.app_context():
                begin_reading()
                competition = competition_or_404(source.competition)
                prime(competition, as_of_ms=as_of_ms)
                # Before the rest: who has ended one may have begun another.
                end_what_has_ended(competition, source.shard)
                restored += restore_open_attempts(competition, source.shard)
            self._consumer.mark_compared(source.keys, run_id)

        self._each(self._sources, compare)
        return restored

    def expire(self) -> int:
        """End what is due, in batches, so that nobody waits long behind one of them. Returns how many ended."""
        ended = ahead_ms = 0
        taken: list[tuple[int, int]] = []

        def end(stream: str) -> None:
            nonlocal ended, ahead_ms
            source = self._sources[stream]
            before = ended
            while not self._stop.is_set():
                reply = grader.expire(source.competition, source.shard, EXPIRE_BATCH)
                ended += reply.ended
                if reply.ended + reply.lost < EXPIRE_BATCH:
                    ahead_ms = max(ahead_ms, reply.ahead_ms)
                    if (span := self._jump(stream, reply.now_ms)) and (reply.still_open or ended > before):
                        taken.append(span)
                    break

        self._each(self._sources, end)
        if taken:  # as a silence is: somebody decides whether it is given back
            log.error("clock_set_forward from_ms=%s to_ms=%s", begun_ms := min(taken)[0], over_ms := max(taken)[1])
            note_gap(grader.store, begun_ms, over_ms)
        if ahead_ms > self._ahead_ms:
            log.error("clock_set_back by_ms=%s", ahead_ms - self._ahead_ms)
        self._ahead_ms = ahead_ms
        return ended

    def _jump(self, stream: str, now_ms: int) -> tuple[int, int] | None:
        """From when to when a shard's clock went without the time for it having passed, as this process knows it."""
        now_s = time.monotonic()
        before_ms, before_s = self._clocks.get(stream, (now_ms, now_s))
        self._clocks[stream] = now_ms, now_s
        return (before_ms, now_ms) if now_ms - before_ms - (now_s - before_s) * 1000 > GAP_MS else None

    def claim(self) -> int:
        """Take over what a recorder that is gone has left unacknowledged. Returns how much."""
        claimed = 0

        def claim(stream: str) -> None:
            nonlocal claimed
            taken, gone = self._consumer.claim(stream, CLAIM_IDLE_MS, BATCH)
            claimed += taken
            if taken:
                self._unfinished.add(stream)
            if gone:  # trimmed by somebody: the content is lost, and that must be known
                entries = [Entry(entry_id, {}) for entry_id in gone]
                self._refuse(self._sources[stream], entries, "gone from the stream unrecorded")

        self._each(self._sources, claim)
        return claimed

    def take(self, block_ms: int = 0) -> int:
        """Record what is unfinished and what is new, a batch of each stream. Returns how many entries were settled."""
        settled = 0

        def take_up(stream: str) -> None:
            nonlocal settled
            entries = self._consumer.unfinished(stream, BATCH)
            waiting = self.record(self._sources[stream], entries) if entries else 0
            settled += len(entries) - waiting
            if not waiting and len(entries) < BATCH:
                self._unfinished.discard(stream)

        def take_new(streams: Sequence[str]) -> None:
            nonlocal settled
            for stream, entries in self._consumer.read(streams, BATCH, 0 if settled else block_ms).items():
                waiting = self.record(self._sources[stream], entries)
                settled += len(entries) - waiting
                if waiting:
                    self._unfinished.add(stream)

        def take_all(stream: str) -> None:
            if stream in self._unfinished:
                take_up(stream)
            take_new([stream])

        try:
            if self._consumer.clustered:  # of which no command reads several streams, or waits for any of them
                block_ms = 0
                self._each(self._sources, take_all)
            else:
                for stream in sorted(self._unfinished):
                    take_up(stream)
                take_new(list(self._sources))
        except _AWAY:
            self._unfinished.update(self._sources)  # entries may have been given out and not seen, or seen and not kept
            raise
        return settled

    def _each(self, parts: Iterable[T], work: Callable[[T], None]) -> None:
        """Do it for each. A master of a cluster that is away is told in the end, and keeps nobody else's part waiting."""
        failed: Exception | None = None
        for part in list(parts):
            try:
                work(part)
            except (RedisError, Unavailable) as error:
                if not self._consumer.clustered:
                    raise
                failed = error
        if failed:
            raise failed

    def record(self, source: Source, entries: Sequence[Entry]) -> int:
        """Commit, then acknowledge, then trim. Returns how many entries wait for what another recorder holds."""
        self._consumer.wait_for_replicas(source.stream)
        put_off = self._commit(source, entries, final=False)
        held = {entry.id for entry in put_off}
        self._consumer.settle(source.stream, [entry.id for entry in entries if entry.id not in held])
        if not put_off:
            return 0
        # Their attempts are unknown. If an earlier entry is still in another recorder's hands, it may start them.
        ripe = self._consumer.settled(source.stream, held)
        final = [entry for entry in put_off if entry.id in ripe]
        if final:
            self._commit(source, final, final=True)
            self._consumer.settle(source.stream, [entry.id for entry in final])
        return len(put_off) - len(final)

    def _commit(self, source: Source, entries: Sequence[Entry], *, final: bool) -> list[Entry]:
        """Record the entries in one transaction; if one of them can't be, halve until it stands alone, and keep it apart."""
        now = utc_now()
        try:
            with self._app.app_context():
                outcome = record(db.session.connection(), source, entries, now=now, now_ms=to_ms(now), final=final)
                db.session.commit()
        except (IntegrityError, DataError, OverflowError) as error:
            if len(entries) == 1:
                self._refuse(source, entries, _first_line(error))
                return []
            middle = len(entries) // 2
            return self._commit(source, entries[:middle], final=final) + self._commit(
                source, entries[middle:], final=final
            )
        self._recorded += outcome.answers
        for entry_id, reason in outcome.refused.items():
            _alarm(source, entry_id, reason)
        return outcome.put_off

    def _refuse(self, source: Source, entries: Sequence[Entry], reason: str) -> None:
        with self._app.app_context():
            for entry in entries:
                refuse(db.session.connection(), source, entry, reason, utc_now())
                _alarm(source, entry.id, reason)
            db.session.commit()

    def tell(self) -> None:
        """Leave a sign of life in the store, and now and then how far the streams are ahead."""
        failing = tuple(step.name for step in self._steps if step.failures)
        beat = Beat(self._consumer.name, grader.now_ms(), self._recorded, failing, self._ahead_ms)
        now_s = time.monotonic()
        due = now_s >= self._measured_s + MEASURE_S
        tell(
            grader.store,
            beat,
            beat.recorded - self._told,
            [self._consumer.backlog(stream) for stream in self._sources] if due else None,
            silent_s=now_s - self._told_s,
        )
        tell_clock(grader.store, socket.gethostname(), utc_now, grader.now_ms)
        self._told, self._told_s = beat.recorded, now_s
        self._measured_s = now_s if due else self._measured_s

    # The loop

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then record what is there already, for a bounded time."""
        self._stop = stop
        taking = Step("take", self._take_or_wait, 0)
        steps = self._steps = [
            Step("look_around", self.look_around, 0.8),
            Step("restore", self.restore, 1),
            Step("prime", self.prime, 3),
            Step("claim", self.claim, 2),
            Step("expire", self.expire, 1),
            taking,
            Step("tell", self.tell, TELL_S),
        ]
        log.info("recorder_started name=%s", self._consumer.name)
        while not stop.is_set():
            now_s = time.monotonic()
            for step in steps:
                if step.due <= now_s and not stop.is_set():
                    step.run(time.monotonic())
            stop.wait(max(0.0, min(step.due for step in steps) - time.monotonic()))
        self._drain()
        log.info("recorder_stopped name=%s", self._consumer.name)

    def _take_or_wait(self) -> None:
        if not self._sources or self.take(BLOCK_MS) < FULL_ENOUGH:
            self._stop.wait(LINGER_S)

    def _drain(self) -> None:
        until = time.monotonic() + DRAIN_S
        try:
            while self.take() and time.monotonic() < until:
                pass
        except _AWAY as error:  # what is left stays in the stream, and the next start takes it up
            log.warning("drain_ended_early error=%s", _first_line(error))


def run_recorder(app: Flask, stop: threading.Event) -> None:
    """Be the recorder until `stop` is set."""
    recorder = Recorder(app)
    try:
        recorder.run(stop)
    finally:
        recorder.close()


def recorded_competitions() -> list[Competition]:
    """Every competition whose streams can hold something: published and not frozen."""
    rows = select(Competition).where(Competition.published_at.is_not(None), Competition.frozen_at.is_(None))
    return list(db.session.scalars(rows.order_by(Competition.id)))


def sources_of(competition: Competition) -> list[Source]:
    """The competition's streams, one a shard."""
    rules = CountingRules(competition.keep, competition.pass_score, blueprint_of(competition).full_score)
    return [Source(ShardKeys(competition.id, shard), rules) for shard in range(competition.shards)]


def _make_partitions(competition: int) -> bool:
    begin_reading()  # on SQLite, which has no partitions, it takes the write lock from nobody
    if not make_partitions(db.session.connection(), competition):
        db.session.rollback()
        return False
    db.session.commit()
    return True


def _alarm(source: Source, entry_id: str, reason: str) -> None:
    log.error("unrecordable stream=%s entry=%s reason=%s", source.stream, entry_id, reason)


def _first_line(error: BaseException) -> str:
    """What went wrong, without the statement's values: those are answers."""
    found = getattr(error, "orig", None) or error
    return f"{type(found).__name__}: {str(found).splitlines()[0][:150] if str(found) else ''}"
