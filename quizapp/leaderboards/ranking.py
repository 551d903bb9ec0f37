"""How people are ordered and ranked: pure.

People are ordered by the competition's tie keys: score downwards, then time used upwards, then the moment of submission
upwards. Who is equal in all the keys that the competition uses shares a rank, and the ranks after them are left out
(1, 1, 3). Within a shared rank the earlier submission stands first, so that every row keeps its place.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

TIME = "time"
EARLIER = "earlier"

# A sorted set's score is a double, exact below 2^53. Time used fills a 32-bit column, so it is below 2^31 ms, and 22
# bits are left for the score: papers of up to 41,943 points.
TIME_SPAN = 2**31
SCORE_SPAN = 2**22

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counted:
    """A person's counted result. `score` in hundredths of a point, times in milliseconds; `organization` may be None."""

    account: int
    organization: int | None
    score: int
    used_ms: int
    submitted_ms: int


def rank_key(result: Counted, tie_keys: str) -> tuple[int, ...]:
    """What decides the rank: the smaller, the better; equal keys share a rank."""
    keys = [-result.score]
    if TIME in tie_keys:
        keys.append(result.used_ms)
    if EARLIER in tie_keys:
        keys.append(result.submitted_ms)
    return tuple(keys)


def place_key(result: Counted, tie_keys: str) -> tuple[int, ...]:
    """What decides the place of a row: the rank, then the earlier submission, then the older account."""
    return (*rank_key(result, tie_keys), result.submitted_ms, result.account)


def pack(score: int, used_ms: int, tie_keys: str) -> int:
    """Score and time used as one number below 2^53, smaller for the better.

    Raises ValueError where the number would not be exact any more.
    """
    if not (0 <= score < SCORE_SPAN and 0 <= used_ms < TIME_SPAN):
        raise ValueError(f"outside of what a board can order exactly: score {score}, used_ms {used_ms}")
    return (SCORE_SPAN - 1 - score) * TIME_SPAN + (used_ms if TIME in tie_keys else 0)


def member(submitted_ms: int, account: int) -> str:
    """A person's member of a sorted set. Members of one packed score stand in the order of their text: the earlier first."""
    return f"{submitted_ms:011x}{account:012x}"


def unpack_member(text: str) -> tuple[int, int]:
    """(submitted_ms, account) of a member."""
    return int(text[:11], 16), int(text[11:], 16)


def submission_of(text: str) -> str:
    """The part of a member that is equal for who submitted in the same millisecond."""
    return text[:11]


def with_ranks(rows: Iterable[tuple[Key, T]]) -> Iterator[tuple[int, int, T]]:
    """(place, rank, row) of rows that are in order already, each given with the key that ties share."""
    rank = 0
    before: Key | None = None
    for place, (key, row) in enumerate(rows, start=1):
        if place == 1 or key != before:
            rank, before = place, key
        yield place, rank, row
