"""A Redis Cluster, named by `redis+cluster://host:port,host:port` (`rediss+…` with TLS): each key is asked of its slot's master.

redis-py's own cluster client connects when it is made, sends no EVALSHA in a pipeline and raises errors that are no
RedisError; so here is a client that is an ordinary `Redis` in all of this and only chooses the server for each command. Which
master holds what, the cluster says itself: when asked, and whenever something has moved.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import redis
from redis.client import Pipeline
from redis.connection import ConnectionPool
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,  # noqa: A004 (redis-py's own, no relation of the built-in)
    MovedError,
    RedisError,
    TimeoutError,  # noqa: A004
    TryAgainError,
)

Address = tuple[str, int]
T = TypeVar("T")

MOST_HOPS = 5
"""How often a command is sent on before its caller is told to come again."""
TRY_AGAIN_S = 0.05
REPLICAS_MS = 1000
"""How long replicas may take to have a write before its caller is told to come again."""
HOME = "quiz"
"""Commands without a key go to the master of this one: so "the store's time" is one clock and not any of several."""
_KEYLESS = {"TIME", "PING", "INFO", "CONFIG GET", "DBSIZE", "CLUSTER INFO", "CLUSTER SLOTS", "COMMAND"}
_REDIRECTIONS = (AskError, TryAgainError, ClusterDownError)  # MovedError is an AskError


def is_cluster(url: str) -> bool:
    """Whether the address names a cluster."""
    return url.startswith(("redis+cluster://", "rediss+cluster://"))


def seeds_of(url: str) -> list[Address]:
    """The nodes that the address names. Raises ValueError if it names none."""
    hosts = urlsplit(url).netloc.rpartition("@")[2]
    parts = [urlsplit(f"//{host}") for host in hosts.split(",") if host]
    if not parts or not all(part.hostname for part in parts):
        raise ValueError("no node is named")
    return [(str(part.hostname), part.port or 6379) for part in parts]


def node_url(url: str, address: Address) -> str:
    """The redis-py URL of one node of the cluster."""
    split = urlsplit(url)
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    query = f"?{split.query}" if split.query else ""
    before, at, _ = split.netloc.rpartition("@")
    return f"{split.scheme.removesuffix('+cluster')}://{before}{at}{host}:{address[1]}{query}"


def slot_of(key: str) -> int:
    """The slot of a key: of what stands in its braces, if anything does."""
    return int(key_slot(key.encode()))


def read_slots(reply: Any, asked: Address) -> tuple[dict[int, Address], list[Address]]:
    """From the reply to CLUSTER SLOTS that a node gave: the master of each slot, and every node that there is."""
    masters: dict[int, Address] = {}
    nodes: dict[Address, None] = {}
    for first, last, *found in reply:
        places = [_place(node[0], node[1], asked) for node in found]
        nodes |= dict.fromkeys(places)
        masters |= dict.fromkeys(range(first, last + 1), places[0])
    return masters, list(nodes)


def _place(host: str | bytes | None, port: int, asked: Address) -> Address:
    name = host.decode() if isinstance(host, bytes) else host
    return (asked[0] if name in (None, "", "?") else str(name)), int(port)


def connect(url: str, **options: Any) -> redis.Redis:
    """A client of the store at `url`, be it one server or a cluster; `options` are redis-py's. Connects at its first command.

    Raises ValueError for an address that can't be read.
    """
    return ClusterClient(url, **options) if is_cluster(url) else redis.Redis.from_url(url, **options)


def masters_of(store: redis.Redis) -> list[redis.Redis]:
    """A client for each server that holds a part of the store: one, or the masters of a cluster. Raises redis-py's errors."""
    return store.masters() if isinstance(store, ClusterClient) else [store]


def server_of(store: redis.Redis, key: str) -> redis.Redis:
    """A client of the server that holds the key. Raises redis-py's errors."""
    return store.master_of(key) if isinstance(store, ClusterClient) else store


class ClusterClient(redis.Redis):
    """A client that sends each command to the master of its key's slot.

    What several keys share a command with must share a slot, as the cluster demands. A pipeline may go to several masters, a
    transaction to one. A lost connection surfaces after the repeats that `retry` allows; the next command asks anew who holds
    what.
    """

    def __init__(self, url: str, **options: Any) -> None:
        self._url, self._options = url, options
        self._nodes = seeds_of(url)
        self._masters: dict[int, Address] = {}
        self._clients: dict[Address, redis.Redis] = {}
        super().__init__(connection_pool=ConnectionPool.from_url(node_url(url, self._nodes[0]), **options))

    def close(self) -> None:
        """Give all connections back."""
        for client in self._clients.values():
            client.close()
        super().close()

    def masters(self) -> list[redis.Redis]:
        """A client of each master that holds slots."""
        return [self._client(address) for address in sorted(set(self._slots().values()))]

    def nodes(self) -> dict[Address, redis.Redis]:
        """A client of each node, replicas too."""
        self._masters = {}
        self._slots()
        return {address: self._client(address) for address in self._nodes}

    def master_of(self, key: str) -> redis.Redis:
        """The client of the master that holds the key."""
        return self._client(self._address(key))

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] == "SCRIPT LOAD":  # what is named by its digest must be known wherever it is called
            return [cast(Any, client).execute_command(*args, **options) for client in self.masters()][-1]

        def ask(client: Any, asking: bool) -> Any:
            if not asking:
                return client.execute_command(*args, **options)
            # Both words on one connection.
            reply = _send(client, [(("ASKING",), {}), (args, options)], False)[1]
            if isinstance(reply, Exception):
                raise reply
            return reply

        return self._redirected(_key_of(args), ask)

    def execute_replicated(self, replicas: int, mark: str, *args: Any) -> Any:
        """The reply to a command once so many replicas have what it did. `mark` is a key of the same slot, written for that.

        Raises redis-py's errors, and RedisError if the replicas don't have it in time: then it may be lost with its master. The
        mark is needed because WAIT waits for writes of its own connection only, and a repeat of a step writes nothing.
        """

        def ask(client: redis.Redis, asking: bool) -> Any:
            stack: list[tuple[Any, Any]] = [(args, {}), (("SET", mark, 1), {}), (("WAIT", replicas, REPLICAS_MS), {})]
            reply, marked, found = _send(client, [(("ASKING",), {}), *stack] if asking else stack, False)[-3:]
            for each in (reply, marked, found):
                if isinstance(each, Exception):
                    raise each
            if found < replicas:
                raise RedisError(f"{found} replicas have it")
            return reply

        return self._redirected(_key_of(args), ask)

    def pipeline(self, transaction: Any = True, shard_hint: Any = None) -> Pipeline:
        return _ClusterPipeline(self, transaction)

    def scan_iter(self, *args: Any, **options: Any) -> Iterator[Any]:
        """The matching keys of every master."""
        for client in self.masters():
            yield from client.scan_iter(*args, **options)

    def run(self, stack: Sequence[tuple[Any, Any]], transaction: bool) -> list[Any]:
        """The replies to what a pipeline holds, in its order; raises the first error."""
        if not stack:
            return []
        if transaction:
            return self._redirected(_key_of(stack[0][0]), lambda client, _asking: _send(client, stack, True))
        by_master: dict[Address, list[int]] = {}
        for number, (args, _) in enumerate(stack):
            by_master.setdefault(self._address(_key_of(args)), []).append(number)
        replies: list[Any] = [None] * len(stack)
        for address, numbers in by_master.items():
            try:
                found = _send(self._client(address), [stack[number] for number in numbers], False)
            except (ConnectionError, TimeoutError):
                self._forget(address)
                raise
            for number, reply in zip(numbers, found, strict=True):
                replies[number] = reply
        for number, (args, options) in enumerate(stack):
            if isinstance(replies[number], _REDIRECTIONS):
                replies[number] = self.execute_command(*args, **options)
            elif isinstance(replies[number], Exception):
                raise replies[number]
        return replies

    def _redirected(self, key: str, ask: Callable[[redis.Redis, bool], T]) -> T:
        """Ask the key's master, and whomever it names instead."""
        address, asking = self._address(key), False
        for hop in range(MOST_HOPS):
            try:
                return ask(self._client(address), asking)
            except AskError as error:
                if hop == MOST_HOPS - 1:
                    raise
                asking = not isinstance(error, MovedError)
                address = _place(error.host, error.port, address)
                if not asking:
                    self._masters = {**self._masters, error.slot_id: address}
            except (TryAgainError, ClusterDownError):
                if hop == MOST_HOPS - 1:
                    raise
                time.sleep(TRY_AGAIN_S)
            except (ConnectionError, TimeoutError):
                self._forget(address)
                raise
        raise AssertionError("unreachable")

    def _address(self, key: str) -> Address:
        slot = slot_of(key)
        masters = self._slots()
        if slot not in masters:
            self._masters = {}
            raise ClusterDownError("Hash slot not served")
        return masters[slot]

    def _slots(self) -> dict[int, Address]:
        if self._masters:
            return self._masters
        failed: RedisError = ConnectionError("no node of the cluster can be reached")
        for address in dict.fromkeys([*self._nodes, *seeds_of(self._url)]):
            try:
                reply = cast(Any, self._client(address)).execute_command("CLUSTER SLOTS")
            except RedisError as error:
                failed = error
                continue
            self._masters, self._nodes = read_slots(reply, address)
            return self._masters
        raise failed

    def _forget(self, address: Address) -> None:
        """Ask anew who holds what, and this one last."""
        self._masters = {}
        self._nodes = sorted(self._nodes, key=lambda node: node == address)

    def _client(self, address: Address) -> redis.Redis:
        if address not in self._clients:
            made = redis.Redis.from_url(node_url(self._url, address), **self._options)
            self._clients.setdefault(address, made)
        return self._clients[address]


class _ClusterPipeline(Pipeline):
    """A pipeline whose commands go to the masters of their keys."""

    def __init__(self, cluster: ClusterClient, transaction: bool) -> None:
        super().__init__(cluster.connection_pool, {}, transaction, None)
        self._cluster, self._is_transaction = cluster, transaction

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        for script in self.scripts:
            self._cluster.script_load(script.script)
        stack = self.command_stack
        self.reset()
        return self._cluster.run(cast(Any, stack), self._is_transaction)


def _send(client: redis.Redis, stack: Sequence[tuple[Any, Any]], transaction: bool) -> list[Any]:
    with client.pipeline(transaction=transaction) as pipe:
        for args, options in stack:
            cast(Any, pipe).execute_command(*args, **options)
        return pipe.execute(raise_on_error=transaction)


def _key_of(args: Sequence[Any]) -> str:
    """The key that decides where a command goes; HOME for one without."""
    name = args[0]
    if name in _KEYLESS:
        return HOME
    if name in ("EVAL", "EVALSHA"):
        key = args[3] if int(args[2]) else HOME
    elif name == "XREADGROUP":
        key = args[list(args).index(b"STREAMS") + 1]
    else:
        key = args[1]
    return key.decode() if isinstance(key, bytes) else str(key)
