"""A snapshot's file that somebody kept, for checks of what was made from its standings: draws and awards."""

import gzip
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from quizapp.leaderboards.verification import LINE_BYTES, faults_of
from quizapp.signing import parsed

GZIP = b"\x1f\x8b"


def opened(path: Path) -> BinaryIO | gzip.GzipFile:
    """A snapshot's file for reading, packed as it is published or unpacked. Raises OSError."""
    with path.open("rb") as raw:
        is_packed = raw.read(len(GZIP)) == GZIP
    return gzip.open(path) if is_packed else path.open("rb")


@dataclass
class NotedStandings:
    """What a snapshot that holds says. `scores`: score → people; `units`: a unit's published figures by its id."""

    statement: dict[str, Any] = field(default_factory=dict)
    scores: Counter[int] = field(default_factory=Counter)
    units: dict[int, Mapping[str, int]] = field(default_factory=dict)


def read_standings(path: Path, keys: Mapping[str, str]) -> NotedStandings | None:
    """The public or the auditors' snapshot, checked by `keys` (id → public key); None if it does not hold."""
    found = NotedStandings()

    def seen(lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            if not found.statement:
                found.statement.update(parsed(line)["statement"])
            elif line.startswith(b'{"row"'):
                found.scores[parsed(line)["row"]["score"]] += 1
            elif line.startswith(b'{"group"') and (group := parsed(line)["group"])["board"] == "units":
                found.units[int(group["subject"])] = group["figures"]
            yield line

    try:
        with opened(path) as content:
            lines = iter(lambda: content.readline(LINE_BYTES), b"")
            return None if any(faults_of(seen(lines), keys)) else found
    except (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError):
        return None
