"""The answer door's connections to a Redis Cluster: one to each master, and what they send away is asked where they say.

Where a shard lives is learned from the cluster: a node that does not hold it names the one that does (MOVED, ASK). While nobody
holds it, or a part of it only (CLUSTERDOWN, TRYAGAIN), people are told to come again.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from quizapp.errors import Unavailable
from quizapp.grader.cluster import MOST_HOPS, REPLICAS_MS, TRY_AGAIN_S, Address, node_url, read_slots, seeds_of, slot_of
from quizapp.grader.engine import AnswerCall, AnswerReply, SubmitReply
from quizapp.grader.keys import ShardKeys, mark_beside
from quizapp.grader.pipeline import StorePipeline, _Answers, _Command, _Greeting, _pack, _Submission

log = logging.getLogger("quizapp.grader")


class ClusterPipeline:
    """Answers and submits for one event loop, as `StorePipeline` takes them; connects at the first call.

    With `replicas` nothing is told as done before so many replicas of its master have it: what was acknowledged then survives
    the master. Raises ValueError for an address that can't be read.
    """

    def __init__(self, url: str, replicas: int = 0) -> None:
        self._url, self.replicas = url, replicas
        self.loop = asyncio.get_running_loop()
        self._addresses = seeds_of(url)
        self._owners: dict[int, Address] = {}
        self._slots: dict[ShardKeys, int] = {}
        self._nodes: dict[Address, _Node] = {}

    def answer(self, keys: ShardKeys, call: AnswerCall) -> "asyncio.Future[AnswerReply]":
        """Save an attempt's answers. Raises Unavailable, at once or as the future's exception."""
        return self._node_of(keys).answer(keys, call)

    def submit(self, keys: ShardKeys, account: int, ordinal: int, epoch: int) -> "asyncio.Future[SubmitReply]":
        """End and grade an attempt. Raises Unavailable, at once or as the future's exception."""
        return self._node_of(keys).submit(keys, account, ordinal, epoch)

    def close(self) -> None:
        """Give the connections back; who still waits gets Unavailable."""
        for node in list(self._nodes.values()):
            node.close()

    def _node_of(self, keys: ShardKeys) -> "_Node":
        slot = self._slots.get(keys)
        if slot is None:
            slot = self._slots[keys] = slot_of(keys.tag)
        return self._node(self._owners.get(slot) or self._addresses[0])

    def _node(self, address: Address) -> "_Node":
        if address not in self._nodes:
            self._nodes[address] = _Node(node_url(self._url, address), address, self)
        return self._nodes[address]

    # what nodes tell

    def learn(self, slots: Any, node: Address) -> None:
        """Take up a node's reply to CLUSTER SLOTS."""
        self._owners, found = read_slots(slots, node)
        self._addresses = list(dict.fromkeys([*found, *seeds_of(self._url)]))

    def gone(self, address: Address) -> None:
        """A node is away: the others say who has taken its place."""
        self._owners = {slot: owner for slot, owner in self._owners.items() if owner != address}
        self._addresses = sorted(self._addresses, key=lambda known: known == address)

    def sent_away(self, command: _Command, text: str, node: "_Node") -> bool:
        """Ask elsewhere, or later, what a node sent away with this error; False if that makes no sense (any more)."""
        hops, command = (command.hops, command.command) if isinstance(command, _Redirected) else (0, command)
        word, _, rest = text.partition(" ")
        if hops >= MOST_HOPS or word not in ("MOVED", "ASK", "TRYAGAIN"):
            return False
        again = _Redirected(command, hops + 1)
        if word == "TRYAGAIN":
            self.loop.call_later(TRY_AGAIN_S, node.take, again)
            return True
        slot, _, place = rest.partition(" ")
        host, _, port = place.rpartition(":")
        address = host or node.address[0], int(port)
        if word == "MOVED":
            self._owners[int(slot)] = address
        self._node(address).take(again, asking=word == "ASK")
        return True


class _Redirected:
    """A command that was sent away `hops` times."""

    def __init__(self, command: _Command, hops: int) -> None:
        self.command, self.hops = command, hops
        self.pack, self.settle, self.fail = command.pack, command.settle, command.fail

    def __len__(self) -> int:
        return len(self.command)


class _Question(_Greeting):
    """A word that is asked for its reply, which the future gets."""

    def settle(self, reply: Any) -> None:
        if not self.future.done():
            self.future.set_result(reply)


class _Held:
    """A command whose reply is held back until the replicas have what it did."""

    def __init__(self, command: _Command) -> None:
        self.command, self.pack, self.fail = command, command.pack, command.fail
        self.reply: Any = None

    def settle(self, reply: Any) -> None:
        self.reply = reply

    def __len__(self) -> int:
        return len(self.command)


class _Replicated:
    """WAIT: the replies of what was sent before it are told when it is over, and only if enough replicas have it."""

    def __init__(self, held: Sequence[_Held], replicas: int) -> None:
        self._held, self._replicas = held, replicas
        self.is_void = False

    def pack(self, *, whole: bool) -> bytes:
        return _pack("WAIT", self._replicas, REPLICAS_MS)

    def settle(self, reply: Any) -> None:
        if self.is_void or reply < self._replicas:
            log.error("store_unavailable step=replicas found=%s", reply)
            self.fail(Unavailable())
            return
        for held in self._held:
            if held.reply is not None:
                held.command.settle(held.reply)

    def fail(self, error: Exception) -> None:
        for held in self._held:
            if held.reply is not None:
                held.fail(error)

    def __len__(self) -> int:
        return 0


class _Mark:
    """A write before each WAIT, which waits for the writes of its own connection only.

    A repeat writes nothing, and what it repeats may have come by another connection: without a write, WAIT would be over at once.
    """

    def __init__(self, key: str, waiting: _Replicated) -> None:
        self._key, self._waiting = key, waiting

    def pack(self, *, whole: bool) -> bytes:
        return _pack("SET", self._key, 1)

    def settle(self, reply: Any) -> None:
        pass

    def fail(self, error: Exception) -> None:
        self._waiting.is_void = True

    def __len__(self) -> int:
        return 0


class _Node(StorePipeline):
    """The connection to one node."""

    def __init__(self, url: str, address: Address, cluster: ClusterPipeline) -> None:
        super().__init__(url)
        self.address, self._cluster = address, cluster

    def take(self, command: _Command, *, asking: bool = False) -> None:
        """Ask what another node sent here; with `asking` while the slot is still on its way."""
        try:
            self._admit()
        except Unavailable as error:
            command.fail(error)
            return
        if asking:
            self._queue.append(_Greeting(("ASKING",), self._loop.create_future()))
        self._queue.append(command)
        self._waiting += len(command)
        self._open_batches.clear()  # a later answer may not slip in before this one's

    async def _dial(self) -> None:
        await super()._dial()
        slots: asyncio.Future[Any] = self._loop.create_future()
        self._send([_Question(("CLUSTER", "SLOTS"), slots)])
        self._cluster.learn(await slots, self.address)

    def _send(self, commands: list[_Command], *, whole: bool = False) -> None:
        if not self._cluster.replicas or not self._ready:
            super()._send(commands, whole=whole)
            return
        plain = [each.command if isinstance(each, _Held) else each for each in commands]
        sent = [each if isinstance(each, _Greeting) else _Held(each) for each in plain]
        waiting = _Replicated([each for each in sent if isinstance(each, _Held)], self._cluster.replicas)
        super()._send([*sent, _Mark(_mark_of(plain[-1]), waiting), waiting], whole=whole)

    def _refused(self, command: _Command, text: str) -> None:
        command = command.command if isinstance(command, _Held) else command
        if isinstance(command, _Mark | _Greeting) or not self._cluster.sent_away(command, text, self):
            super()._refused(command, text)

    def _drop(self, error: Exception) -> None:
        self._cluster.gone(self.address)
        super()._drop(error)


def _mark_of(command: _Command) -> str:
    command = command.command if isinstance(command, _Redirected) else command
    assert isinstance(command, _Answers | _Submission)
    return mark_beside(command.keys.tag)
