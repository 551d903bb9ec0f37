"""The entries of a shard's stream: what the scripts tell the recorder.

An entry has one field a kind of record; records within a value are joined by `;`, their values by `|`:

    s  account|ordinal|organization (0: none)|seed|started_ms|extra_ms|shift_ms
    a  account|ordinal|position|chosen|epoch|sequence|answered_ms
    f  account|ordinal|submitted_ms|used_ms|ended_by (person, deadline)|score|right_count|points (joined by ",")
    x  account|ordinal|extra_ms
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

GROUP = "recorder"


class Malformed(ValueError):
    """A stream entry that no script writes; the message says what is wrong with it, without its values."""


@dataclass(frozen=True, slots=True)
class Started:
    """An attempt began. `organization` is None for a person without a unit."""

    account: int
    ordinal: int
    organization: int | None
    seed: str
    started_ms: int
    extra_ms: int
    shift_ms: int


class Answered(NamedTuple):
    """An answer was saved; `chosen` is a bit mask of letters as shown, 0 for none.

    A tuple, because there are so many: it costs a fifth of a frozen dataclass to make.
    """

    account: int
    ordinal: int
    position: int
    chosen: int
    epoch: int
    sequence: int
    answered_ms: int


@dataclass(frozen=True, slots=True)
class Finished:
    """An attempt ended and was graded; `points` are hundredths, one value a position."""

    account: int
    ordinal: int
    submitted_ms: int
    used_ms: int
    ended_by: str
    score: int
    right_count: int
    points: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ExtraTimeSet:
    """A running attempt's extra time was set."""

    account: int
    ordinal: int
    extra_ms: int


Record = Started | Answered | Finished | ExtraTimeSet


def _started(values: Sequence[str]) -> Started:
    account, ordinal, organization, seed, started_ms, extra_ms, shift_ms = values
    if not seed or len(seed) > 32:
        raise ValueError("seed")
    return Started(
        int(account), int(ordinal), int(organization) or None, seed, int(started_ms), int(extra_ms), int(shift_ms)
    )


def _answered(values: Sequence[str]) -> Answered:
    account, ordinal, position, chosen, epoch, sequence, answered_ms = values
    return Answered(int(account), int(ordinal), int(position), int(chosen), int(epoch), int(sequence), int(answered_ms))


def _finished(values: Sequence[str]) -> Finished:
    account, ordinal, submitted_ms, used_ms, ended_by, score, right_count, points = values
    if ended_by not in ("person", "deadline"):
        raise ValueError("ended_by")
    return Finished(
        int(account),
        int(ordinal),
        int(submitted_ms),
        int(used_ms),
        ended_by,
        int(score),
        int(right_count),
        tuple(int(value) for value in points.split(",")) if points else (),
    )


def _extra_time_set(values: Sequence[str]) -> ExtraTimeSet:
    account, ordinal, extra_ms = values
    return ExtraTimeSet(int(account), int(ordinal), int(extra_ms))


_READERS: dict[str, Callable[[Sequence[str]], Record]] = {
    "s": _started,
    "a": _answered,
    "f": _finished,
    "x": _extra_time_set,
}


def parse(fields: Mapping[str, str] | None) -> list[Record]:
    """The records of one entry, in the order in which they were written. Raises Malformed.

    A trimmed entry that is still pending comes back without fields: that is Malformed too, not nothing.
    """
    if not fields:
        raise Malformed("no fields")
    records: list[Record] = []
    for kind, value in fields.items():
        reader = _READERS.get(kind)
        if reader is None:
            raise Malformed("unknown kind of record")
        for text in value.split(";"):
            try:
                records.append(reader(text.split("|")))
            except ValueError as error:
                raise Malformed(f"bad record of kind {kind}") from error
    return records


def encode(records: Sequence[Record]) -> dict[str, str]:
    """The fields that the scripts would write for `records`, which are of one kind or stand by kind: `parse`'s way back."""
    fields: dict[str, list[str]] = {}
    for record in records:
        match record:
            case Started():
                kind, values = "s", [record.account, record.ordinal, record.organization or 0, record.seed]
                values += [record.started_ms, record.extra_ms, record.shift_ms]
            case Answered():
                kind, values = "a", [record.account, record.ordinal, record.position, record.chosen]
                values += [record.epoch, record.sequence, record.answered_ms]
            case Finished():
                kind, values = "f", [record.account, record.ordinal, record.submitted_ms, record.used_ms]
                points = ",".join(str(value) for value in record.points)
                values += [record.ended_by, record.score, record.right_count, points]
            case ExtraTimeSet():
                kind, values = "x", [record.account, record.ordinal, record.extra_ms]
        fields.setdefault(kind, []).append("|".join(str(value) for value in values))
    return {kind: ";".join(texts) for kind, texts in fields.items()}
