"""The recorder's side of the shard streams: a consumer group on each, so that what is not acknowledged comes again.

Every step may be repeated, by this process or by another that has taken over, without harm: an entry is given away until
it is acknowledged, an acknowledgement twice is one, and a stream is cut only below its oldest unacknowledged entry.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self, cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.retry import Retry

from quizapp.grader.cluster import ClusterClient, connect, is_cluster, server_of
from quizapp.grader.keys import ShardKeys, mark_beside
from quizapp.grader.stream import GROUP


class Entry(NamedTuple):
    """An entry as the store gives it. One that was trimmed before it was acknowledged has no fields."""

    id: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Backlog:
    """What of a stream is not recorded yet: entries in all, those of them handed to a recorder, and the oldest's age."""

    entries: int
    pending: int
    oldest_ms: int


def place_of(entry_id: str) -> tuple[int, int]:
    """The order of ids: "1700000000000-10" stands after "1700000000000-9"."""
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number or 0)


def run_id_of(server: Redis) -> str:
    """The name of a server's present run."""
    return str(cast(Any, server.info("server"))["run_id"])


class StreamConsumer:
    """One recorder's connection. `name` tells recorders apart; one that starts under an old name takes up its entries."""

    def __init__(self, url: str, name: str = "reader", replicas: int = 0) -> None:
        # redis-py would repeat a command whose reply was lost, and the entries of the first reply would be seen by
        # nobody. Without repeats the error surfaces, and the recorder reads again what it holds unacknowledged.
        self._redis: Redis = connect(
            url,
            decode_responses=True,
            encoding_errors="backslashreplace",  # a poison entry of strange bytes must not block the rest
            socket_timeout=10,
            socket_connect_timeout=5,
            retry=Retry(NoBackoff(), 0),
        )
        self.clustered = is_cluster(url)
        self.name, self._replicas = name, replicas

    def close(self) -> None:
        """Give the connection back."""
        self._redis.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def join(self, streams: Iterable[str]) -> None:
        """Make sure that the group is there on each stream, from its first entry on; a missing stream is made."""
        for stream in streams:
            try:
                self._redis.xgroup_create(stream, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    def read(self, streams: Sequence[str], count: int, block_ms: int) -> dict[str, list[Entry]]:
        """New entries by stream, up to `count` of each; waits up to `block_ms` for the first of any (0: not at all).

        On a cluster the streams must share a slot.
        """
        return self._read(dict.fromkeys(streams, ">"), count, block_ms or None)

    def unfinished(self, stream: str, count: int) -> list[Entry]:
        """The oldest entries that were given to this recorder and not acknowledged."""
        return self._read({stream: "0"}, count, None).get(stream, [])

    def _read(self, streams: dict[str, str], count: int, block_ms: int | None) -> dict[str, list[Entry]]:
        if not streams:
            return {}
        reply = self._redis.xreadgroup(GROUP, self.name, cast(Any, streams), count=count, block=block_ms)
        pairs = reply.items() if isinstance(reply, dict) else cast(Any, reply) or []
        return {stream: [Entry(entry_id, fields) for entry_id, fields in entries] for stream, entries in pairs}

    def claim(self, stream: str, idle_ms: int, count: int) -> tuple[int, list[str]]:
        """Take over what any recorder has held unacknowledged for `idle_ms`; `unfinished` then gives it.

        Returns how many were taken, and the ids of entries that are gone from the stream although nobody recorded them.
        """
        start, taken, gone = "0-0", 0, list[str]()
        while True:
            reply = cast(
                Any,
                self._redis.xautoclaim(stream, GROUP, self.name, min_idle_time=idle_ms, start_id=start, count=count),
            )
            start, taken = reply[0], taken + len(reply[1])
            gone += reply[2] if len(reply) > 2 else []
            if start == "0-0":
                return taken, gone

    def wait_for_replicas(self, stream: str) -> None:
        """Return when what has been read of the stream would survive its master, where that is asked for.

        SQL is then never ahead of a replica that takes its master's place: it would have to give back what nobody was told, and
        the pages of those people would have to be opened again.
        """
        if isinstance(self._redis, ClusterClient) and self._replicas:
            self._redis.execute_replicated(self._replicas, mark_beside(stream), "EXISTS", stream)

    def settle(self, stream: str, ids: Sequence[str]) -> None:
        """Acknowledge what is committed in SQL, then cut the stream below the oldest entry that is not acknowledged.

        By id and never by length: entries cut away by length while they wait would come back empty.
        """
        if ids:
            self._redis.xack(stream, GROUP, *ids)
        # What is asked may be old when it is used; it can only be too low.
        delivered, oldest = self._delivered_and_oldest_pending(stream)
        self._redis.xtrim(stream, minid=oldest or delivered, approximate=True)

    def settled(self, stream: str, ids: Iterable[str]) -> set[str]:
        """Those of this recorder's unacknowledged `ids` before which nothing waits in anybody else's hands."""
        mine = set(ids)
        found: set[str] = set()
        rows = cast(Any, self._redis.xpending_range(stream, GROUP, min="-", max="+", count=len(mine) + 1))
        for row in rows:
            if row["message_id"] not in mine:
                break
            found.add(row["message_id"])
        return found

    def backlog(self, stream: str) -> Backlog:
        """What of the stream is not recorded yet."""
        if not self._redis.exists(stream):
            return Backlog(0, 0, 0)
        groups = cast(Any, self._redis.xinfo_groups(stream))
        group = next((group for group in groups if group["name"] == GROUP), None)
        after = f"({group['last-delivered-id']}" if group else "-"
        first = cast(Any, self._redis.xrange(stream, min=after, count=1))
        waiting: int = 0
        if first:  # the server's own figure is kept by counting, and missing after a deletion: it never decides alone
            waiting = (group or {}).get("lag") or len(cast(Any, self._redis.xrange(stream, min=after)))
        pending: int = group["pending"] if group else 0
        if pending and (oldest_pending := cast(Any, self._redis.xpending(stream, GROUP))["min"]):
            first = [(oldest_pending, {})]
        if not waiting and not pending:
            return Backlog(0, 0, 0)
        seconds, microseconds = cast(Any, server_of(self._redis, stream).time())
        now_ms = seconds * 1000 + microseconds // 1000
        oldest = place_of(first[0][0])[0] if first else now_ms
        return Backlog(waiting + pending, pending, max(0, now_ms - oldest))

    def newest(self, stream: str) -> str:
        """The id of the entry that was written last, be it still there or not; "0-0" if there was none."""
        if not self._redis.exists(stream):
            return "0-0"
        return str(cast(Any, self._redis.xinfo_stream(stream))["last-generated-id"])

    def has_settled(self, stream: str, upto: str) -> bool:
        """Whether every entry up to the id has been acknowledged: what it told is committed in SQL, or noted there."""
        if place_of(upto) == (0, 0):
            return True
        try:
            delivered, oldest = self._delivered_and_oldest_pending(stream)
        except ResponseError:  # no recorder has joined the stream yet
            return False
        return place_of(delivered) >= place_of(upto) and (not oldest or place_of(oldest) > place_of(upto))

    def _delivered_and_oldest_pending(self, stream: str) -> tuple[str, str | None]:
        # Both figures from one moment: between two commands another recorder could take new entries, and a cut would then
        # stand above them.
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.xpending(stream, GROUP)
            pipe.xinfo_groups(stream)
            pending, groups = pipe.execute()
        delivered = next(group["last-delivered-id"] for group in groups if group["name"] == GROUP)
        return delivered, pending["min"]

    def run_id(self, keys: ShardKeys) -> str:
        """The name of the present run of the shard's server: another one means that it was restarted, or that a replica has
        taken its place."""
        return run_id_of(server_of(self._redis, keys.stream))

    def compared_run(self, keys: ShardKeys) -> str | None:
        """The run of the server in which this shard was last compared with SQL; None: never, or forgotten."""
        return cast("str | None", self._redis.get(keys.compared))

    def mark_compared(self, keys: ShardKeys, run_id: str) -> None:
        """Note that the shard holds all that SQL has, in this run of the server."""
        self._redis.set(keys.compared, run_id)

    def publish(self, stream: str, fields: Mapping[str, str]) -> None:
        """Put an entry (that could not be recorded before) into the stream again."""
        self._redis.xadd(stream, cast(Any, dict(fields)))
