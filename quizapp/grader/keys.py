"""The names of the grader's keys: the one place where they are built.

Every key of a competition's shard carries the same hash tag `{q<competition>.<shard>}`, so that one script touches one
slot of a Redis Cluster.
"""

from dataclasses import dataclass


def shard_of(account: int, shards: int) -> int:
    """The shard that holds everything of an account."""
    return account % shards


def mark_beside(key: str) -> str:
    """A key without sense in the shard of another: what is written before a WAIT for replicas (see `cluster`)."""
    return f"{key.partition('}')[0]}}}:mark"


@dataclass(frozen=True, slots=True)
class ShardKeys:
    """The keys of one shard of a competition."""

    competition: int
    shard: int

    @property
    def tag(self) -> str:
        """The hash tag that all keys of the shard begin with."""
        return f"{{q{self.competition}.{self.shard}}}"

    @property
    def rules(self) -> str:
        """Hash: the competition's rules."""
        return f"{self.tag}:rules"

    @property
    def key(self) -> str:
        """Hash: question ordinal → "right mask|type", the answer key."""
        return f"{self.tag}:key"

    @property
    def open(self) -> str:
        """Sorted set of "account:ordinal" of open attempts, by started_ms + extra_ms − shift_ms at the start."""
        return f"{self.tag}:open"

    @property
    def stream(self) -> str:
        """Stream: what the recorder writes to SQL."""
        return f"{self.tag}:stream"

    @property
    def compared(self) -> str:
        """String: the run of the server in which this shard was last compared with what SQL has recorded."""
        return f"{self.tag}:compared"

    def person(self, account: int) -> str:
        """Hash: how many attempts a person has started, when, and which one is open."""
        return f"{self.tag}:person:{account}"

    def attempts(self, account: int) -> str:
        """What the keys of a person's attempts begin with; the attempt's ordinal follows."""
        return f"{self.tag}:attempt:{account}:"

    def attempt(self, account: int, ordinal: int) -> str:
        """Hash: one attempt with its paper, its answers and, once it has ended, its score."""
        return f"{self.tag}:attempt:{account}:{ordinal}"


def keys_for(competition: int, shards: int, account: int) -> ShardKeys:
    """The keys of the shard that holds the account."""
    return ShardKeys(competition, shard_of(account, shards))
