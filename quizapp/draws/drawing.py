"""The rules of a draw: bands, the canonical roll, the seed, and who wins. Pure, and simple enough to be done again by hand.

**Bands.** A prize names its band by the lowest and the highest score (hundredths of a point). Prizes are given in their order,
each entry wins once at most, and a winner is in no later pool. Where fewer entries are left in a band than the prize has
places, the next band below joins, down to the next lower floor of any prize, then the one after: who is in the prize's own
band comes first, so that a higher score never makes a prize less likely, and only what is left over goes to the joining band.

**The roll** is a line of JSON that says what is drawn, then one line an entry, sorted by their ids; its digest is the SHA-256 of
the lines. So neither prizes nor entries can change once the digest is known.

**The seed** is the SHA-256 of the roll's digest and of what chance brought. **Winners** of the prize with number n (from 1) are the
first of its pool in the order of HMAC-SHA256(seed, "n:" + entry id). The number is part of it because one order for all prizes
would not be fair where bands overlap: who failed in a small pool would stand low in the large one too. Each winner can be
checked alone, and in each band a longer list begins with the shorter.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from quizapp.signing import canonical

ROLL = {"type": "quiz-draw-roll", "version": 1}
ENTRY_BYTES = 10
MOST_PRIZES = 8
MOST_PLACES = 100_000

REASONS = ("staff", "voided", "earlier_winner", "other")


@dataclass(frozen=True, slots=True)
class Prize:
    """A tier: its name, how many win it, and its band from `low` to `high`, both included, in hundredths of a point."""

    name: str
    quota: int
    low: int
    high: int

    def to_json(self) -> dict[str, Any]:
        """As it stands in the roll."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Entry:
    """One place in a draw."""

    id: str
    score: int


@dataclass(frozen=True, slots=True)
class Band:
    """Scores from `low` to `high`, both included."""

    low: int
    high: int

    def holds(self, score: int) -> bool:
        """Whether a score is in it."""
        return self.low <= score <= self.high


def fault_of_prizes(prizes: Sequence[Prize]) -> str:
    """What is wrong with prizes, by a code, or ""."""
    if not prizes:
        return "no_prizes"
    if len(prizes) > MOST_PRIZES or any(not 1 <= prize.quota <= MOST_PLACES for prize in prizes):
        return "too_many_places"
    if any(not 0 <= prize.low <= prize.high for prize in prizes):
        return "band_upside_down"
    if len({prize.name for prize in prizes}) < len(prizes):
        return "prize_named_twice"
    return ""


def bands_of(prize: Prize, prizes: Iterable[Prize]) -> list[Band]:
    """The prize's own band, then those that join it if it is too small, in that order."""
    bands = [Band(prize.low, prize.high)]
    for floor in sorted({other.low for other in prizes if other.low < prize.low}, reverse=True):
        bands.append(Band(floor, bands[-1].low - 1))
    return bands


def score_takes_part(score: int, prizes: Sequence[Prize]) -> bool:
    """Whether an entry with this score could win anything, in a prize's own band or in one that may join."""
    return bool(prizes) and min(prize.low for prize in prizes) <= score <= max(prize.high for prize in prizes)


@dataclass(frozen=True, slots=True)
class Reach:
    """How many stand where a prize's borders are. `below` is the next score under the border that anybody has, None if none.

    `surely` is how many of the band are left for this prize, whoever wins the earlier ones; `joined` how many stand in the
    bands that join because that is fewer than the prize's places, and `floor` the lowest score that then takes part.
    """

    inside: int
    at_low: int
    below: int | None
    at_below: int
    surely: int
    joined: int
    floor: int


def reach(prizes: Sequence[Prize], scores: Mapping[int, int]) -> list[Reach]:
    """For each prize how many people (`scores`: score → people) stand in its band and at its border."""
    found: list[Reach] = []
    for prize in prizes:
        own, *below = bands_of(prize, prizes)
        inside = _count(own, scores)
        taken = sum(_most_taken(earlier, each, prize) for earlier, each in zip(prizes, found, strict=False))
        surely = max(0, inside - taken)
        available, joined, floor = surely, 0, prize.low
        for band in below:
            if available >= prize.quota:
                break
            joined, floor = joined + _count(band, scores), band.low
            available = surely + joined
        under = max((score for score in scores if score < prize.low and scores[score]), default=None)
        at_below = 0 if under is None else scores[under]
        found.append(Reach(inside, scores.get(prize.low, 0), under, at_below, surely, joined, floor))
    return found


def _most_taken(earlier: Prize, found: Reach, prize: Prize) -> int:
    """How many of a prize's own band an earlier one may take: all its places if the bands overlap; else, from above, those that
    its own band may leave over."""
    if earlier.high < prize.low:
        return 0
    return earlier.quota if earlier.low <= prize.high else max(0, earlier.quota - found.surely)


def _count(band: Band, scores: Mapping[int, int]) -> int:
    return sum(people for score, people in scores.items() if band.holds(score))


def roll_header(
    *,
    competition: int,
    title: str,
    number: int,
    reason: str,
    standings: str,
    prizes: Sequence[Prize],
    excluded: Mapping[str, int],
) -> dict[str, Any]:
    """The first line of the roll: what is drawn. `standings` is the digest of the frozen standings that entries come from,
    `excluded` how many people were left out for which reason, `reason` why there is another draw (empty at the first)."""
    return {
        **ROLL,
        "competition": competition,
        "title": title,
        "number": number,
        "reason": reason,
        "standings": standings,
        "prizes": [prize.to_json() for prize in prizes],
        "excluded": dict(excluded),
    }


def roll_lines(header: Mapping[str, Any], entries: Iterable[Entry]) -> Iterator[bytes]:
    """The canonical roll. Entries come sorted by their ids."""
    yield canonical(header) + b"\n"
    for entry in entries:
        yield canonical([entry.id, entry.score]) + b"\n"


def roll_digest(header: Mapping[str, Any], entries: Iterable[Entry]) -> str:
    """The SHA-256 of the canonical roll, in hexadecimal digits."""
    digest = hashlib.sha256()
    for line in roll_lines(header, entries):
        digest.update(line)
    return digest.hexdigest()


def commitment_to(digest: str, secret: str) -> str:
    """What the operator publishes of a secret before the public number is known; it holds for this roll alone."""
    return hashlib.sha256(f"quiz-draw-commitment:{digest}:{secret}".encode()).hexdigest()


def seed_from(digest: str, chance: str) -> bytes:
    """The seed of a draw. `chance`: the beacon's randomness in hexadecimal digits, or "secret:number" of a commitment."""
    return hashlib.sha256(f"quiz-draw:{digest}:{chance}".encode()).digest()


def lot(seed: bytes, number: int, entry: str) -> str:
    """The entry's lot for the prize with this number, from 1: the smallest lots win. 64 hexadecimal digits."""
    return hmac.digest(seed, f"{number}:{entry}".encode(), "sha256").hex()


def winners(prizes: Sequence[Prize], entries: Iterable[Entry], seed: bytes) -> list[list[str]]:
    """The ids that win each prize, in the order in which they were drawn; fewer than its quota if nobody is left."""
    remaining = {entry.id: entry.score for entry in entries}
    drawn: list[list[str]] = []
    for number, prize in enumerate(prizes, start=1):
        won: list[str] = []
        for band in bands_of(prize, prizes):
            places = prize.quota - len(won)
            if not places:
                break
            pool = (entry for entry, score in remaining.items() if band.holds(score))
            won += sorted(pool, key=lambda entry: lot(seed, number, entry))[:places]
            for entry in won:
                remaining.pop(entry, None)
        drawn.append(won)
    return drawn
