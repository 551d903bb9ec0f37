"""What keeps an installation from being ready, from one look at it. Pure."""

from dataclasses import dataclass, field

SILENT_MS = 10_000
"""A recorder that has said nothing for so long counts as gone: it tells each second."""
BEHIND_MS = 60_000
APART_MS = 1000
"""Clocks that differ by more are told; deadlines follow the store's alone."""
LOW_MEMORY = 0.1


@dataclass(frozen=True)
class Memory:
    """The store's, in bytes. `limit` is `maxmemory`, or the machine's memory where the store has no limit."""

    used: int
    limit: int

    @property
    def headroom(self) -> int:
        """How many bytes may still come."""
        return max(0, self.limit - self.used)

    @property
    def is_low(self) -> bool:
        """Whether less than a tenth is left."""
        return self.headroom < LOW_MEMORY * self.limit


@dataclass(frozen=True)
class Waiting:
    """What SQL does not have yet: entries, those of them in a recorder's hands, the oldest one's age."""

    entries: int
    pending: int
    oldest_ms: int


@dataclass(frozen=True)
class Recording:
    """The recorder that spoke last: how long ago, and which of its steps fail. `totals`: answers by recorder since its start."""

    silent_ms: int
    failing: tuple[str, ...]
    totals: dict[str, int]


@dataclass(frozen=True)
class Past:
    """Ten seconds of the last minutes (see `attempts.heartbeat.Slot`)."""

    begins_ms: int
    recorded: int
    entries: int | None
    oldest_ms: int | None


@dataclass(frozen=True)
class Observed:
    """One look. None is what could not be asked, because the store that would know is away."""

    needed_revision: str
    sql: bool = False
    revision: str | None = None
    store: bool = False
    unprimed: int = 0
    uncompared: int = 0
    memory: Memory | None = None
    waiting: Waiting | None = None
    unrecordable: int | None = None
    recording: Recording | None = None
    past: tuple[Past, ...] = ()
    clocks: dict[str, int] = field(default_factory=dict)
    """By host, and "SQL" for a database of its own: by how many milliseconds its clock is ahead of the store's."""
    ahead_ms: int = 0
    """By how much the store's clock was set back while attempts were running, which still go by the one before."""

    @property
    def recorded_a_second(self) -> float | None:
        """Answers recorded a second, over the last ten seconds that are complete; None: nobody knows."""
        return self.past[-2].recorded / 10 if len(self.past) > 1 else None


@dataclass(frozen=True)
class Missing:
    """A code that has its sentence, and the facts for it."""

    code: str
    facts: dict[str, object] = field(default_factory=dict)


def missing(observed: Observed | None) -> list[Missing]:
    """What is missing, the cause before what follows from it; empty: ready. None: the look itself does not come back."""
    if observed is None:
        return [Missing("checks_hang")]
    found = []
    if not observed.sql:
        found.append(Missing("sql_away"))
    elif observed.revision is None or observed.revision < observed.needed_revision:
        facts: dict[str, object] = {"found": observed.revision or "—", "needed": observed.needed_revision}
        found.append(Missing("sql_not_migrated", facts))
    if not observed.store:
        return [*found, Missing("store_away")]
    if observed.unprimed:
        found.append(Missing("store_unprimed", {"count": observed.unprimed}))
    if observed.uncompared:
        found.append(Missing("store_uncompared", {"count": observed.uncompared}))
    if observed.recording is None:
        found.append(Missing("recorder_unseen"))
    elif observed.recording.silent_ms > SILENT_MS:
        found.append(Missing("recorder_silent", {"seconds": observed.recording.silent_ms // 1000}))
    elif observed.recording.failing:
        found.append(Missing("recorder_failing", {"steps": ", ".join(observed.recording.failing)}))
    if observed.waiting and observed.waiting.oldest_ms > BEHIND_MS:
        found.append(
            Missing(
                "recorder_behind",
                {"entries": observed.waiting.entries, "seconds": observed.waiting.oldest_ms // 1000},
            )
        )
    return found


def warnings(observed: Observed | None) -> list[Missing]:
    """What somebody should see to, although answers are taken as they should be."""
    found = []
    if observed and observed.ahead_ms > APART_MS:
        found.append(Missing("store_clock_set_back", {"seconds": observed.ahead_ms // 1000}))
    for name, ahead_ms in sorted(observed.clocks.items()) if observed else ():
        if abs(ahead_ms) > APART_MS:
            found.append(Missing("clocks_apart", {"name": name, "seconds": f"{ahead_ms / 1000:+.1f}"}))
    return found
