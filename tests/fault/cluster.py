"""A cluster of one's own: masters, each with a replica, from the same program as the embedded store."""

import secrets
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from quizapp.grader.cluster import slot_of
from quizapp.installation.store import find_server
from tests.load.installation import free_port
from tests.load.participants import PATIENCE_S

MASTERS = 3
SLOTS = 16384
NODE_TIMEOUT_MS = 3000
UNREPLICATED_BYTES = 20_000  # a hundred answers or so


class Node:
    """One server of the cluster, on a port and with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.bus = folder, free_port(), free_port()
        self.id = secrets.token_hex(20)
        self.folder.mkdir()
        self.client: Any = Redis(port=self.port, decode_responses=True, socket_timeout=30, retry=Retry(NoBackoff(), 0))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = {
            "port": self.port,
            "cluster-port": self.bus,
            "dir": self.folder,
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "cluster-enabled": "yes",
            "cluster-node-timeout": NODE_TIMEOUT_MS,
            "cluster-replica-validity-factor": 0,  # a replica that heard nothing for long takes the place all the same
            "cluster-require-full-coverage": "no",
            "repl-diskless-sync-delay": 0,
        }
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([str(find_server()), *words], stdout=log, stderr=log)

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False

    def is_master(self) -> bool:
        return str(self.client.execute_command("ROLE")[0]) == "master"

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        self.client.close()
        if self._process is not None:
            self.kill()

    def told(self, name: str) -> str:
        """What the node says of its cluster."""
        return str(self.client.cluster("INFO")[name])


class Cluster:
    """Three masters with the slots in three parts, and a replica of each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.nodes: list[Node] = []

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            node.end()

    def _begin(self) -> None:
        # Each node is given what it would otherwise learn from the others in some ten seconds.
        self.nodes = [Node(self._folder / str(number)) for number in range(2 * MASTERS)]
        for me in self.nodes:
            lines = [self._line(number, me) for number in range(len(self.nodes))]
            (me.folder / "nodes.conf").write_text(
                "\n".join([*lines, f"vars currentEpoch {MASTERS} lastVoteEpoch 0", ""])
            )
        for node in self.nodes:
            node.start()
        wait_for(lambda: all(node.answers() for node in self.nodes))
        wait_for(lambda: all(node.told("cluster_state") == "ok" for node in self.nodes))
        self.wait_for_replicas()

    def _line(self, number: int, me: Node) -> str:
        node, part = self.nodes[number], number % MASTERS
        flags = "myself," if node is me else ""
        begin = f"{node.id} 127.0.0.1:{node.port}@{node.bus} {flags}"
        if number >= MASTERS:
            return f"{begin}slave {self.nodes[part].id} 0 0 {part + 1} connected"
        slots = f"{SLOTS * part // MASTERS}-{SLOTS * (part + 1) // MASTERS - 1}"
        return f"{begin}master - 0 0 {part + 1} connected {slots}"

    @property
    def url(self) -> str:
        """As REDIS_URL names it: by two of its nodes."""
        return f"redis+cluster://127.0.0.1:{self.nodes[0].port},127.0.0.1:{self.nodes[1].port}"

    def master_of(self, key: str) -> Node:
        """The node that holds the key now."""
        slot = slot_of(key)
        for node in self.nodes:
            if node.answers() and node.is_master():
                for first, last, (_, port, *_), *_ in node.client.execute_command("CLUSTER SLOTS"):
                    if first <= slot <= last and port == node.port:
                        return node
        raise LookupError("nobody holds it")

    def pair_of(self, key: str) -> tuple[Node, Node]:
        """The node that holds the key now, and its replica."""
        self.wait_for_replicas()
        master = self.master_of(key)
        return master, next(
            node for node in self.nodes if node.client.info("replication").get("master_port") == master.port
        )

    def wait_for_replicas(self) -> None:
        """Until each replica is in step with its master."""

        def in_step() -> bool:
            try:
                infos = [node.client.info("replication") for node in self.nodes]
            except RedisError:
                return False
            return all(
                info["master_link_status"] == "up" if info["role"] == "slave" else info["connected_slaves"]
                for info in infos
            )

        wait_for(in_step)

    def promote(self, key: str) -> None:
        """Kill the master of the key after it has written what its replica has not got; when that one has taken its place, start
        it again as a replica."""
        killed, replica = self.pair_of(key)
        replica.send(signal.SIGSTOP)
        killed.client.client_kill_filter(_type="slave")  # or the kernel would still deliver what was sent
        begun: int = killed.client.info("replication")["master_repl_offset"]
        wait_for(lambda: killed.client.info("replication")["master_repl_offset"] > begun + UNREPLICATED_BYTES)
        killed.kill()
        replica.send(signal.SIGCONT)

        def promoted() -> bool:
            try:
                return self.master_of(key) is replica
            except (LookupError, RedisError):
                return False

        wait_for(promoted)
        killed.start()
        wait_for(killed.answers)
        self.wait_for_replicas()

    def move(self, key: str) -> None:
        """Move the key's slot to another master, key by key, as all versions can."""
        slot, source = slot_of(key), self.master_of(key)
        target = next(node for node in self.nodes if node.is_master() and node is not source)
        target.client.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", source.id)
        source.client.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", target.id)
        while keys := source.client.execute_command("CLUSTER GETKEYSINSLOT", slot, 10):
            source.client.execute_command("MIGRATE", "127.0.0.1", target.port, "", 0, 60_000, "KEYS", *keys)
        for node in (target, source):
            node.client.execute_command("CLUSTER SETSLOT", slot, "NODE", target.id)

    def move_at_once(self, key: str) -> None:
        """Move the key's slot to another master in one step, as Valkey 9 can."""
        slot, source = slot_of(key), self.master_of(key)
        target = next(node for node in self.nodes if node.is_master() and node is not source)
        source.client.execute_command("CLUSTER MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", target.id)
        wait_for(lambda: self.master_of(key) is target)


def wait_for(fact: Any) -> None:
    """Until it is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not fact():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.02)
