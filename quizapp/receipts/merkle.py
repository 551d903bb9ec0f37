"""The Merkle tree of RFC 6962, section 2.1: one digest, the root, that stands for a list; and proofs that it holds an entry.

Leaves and nodes are told apart by their first byte, so that no node can be passed off as an entry. All digests are SHA-256.
Pure.
"""

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The digest of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The digest over two digests."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over leaves, or over the roots of blocks of 2ⁿ leaves each, the last of which may be smaller.

    That both give the same root is what lets a day of millions be counted block by block.
    """
    if not hashes:
        return EMPTY
    level = list(hashes)
    while len(level) > 1:  # an odd one out moves up as it is, which cuts the list where the RFC does
        paired = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def path_of(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """The proof for the leaf at `index`, from 0: its neighbours' digests from the bottom up."""
    path: list[bytes] = []
    level = list(hashes)
    while len(level) > 1:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        paired = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
        index //= 2
    return path


def root_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a proof leads to, or None if its length can't be that of a tree of `size` leaves."""
    if not 0 <= index < size:
        return None
    left = list(path)
    found, last = leaf, size - 1
    while last:
        if index % 2 or index < last:
            if not left:
                return None
            other = left.pop(0)
            found = node_hash(other, found) if index % 2 else node_hash(found, other)
        index, last = index // 2, last // 2
    return None if left else found
