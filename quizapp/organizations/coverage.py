"""Coverage of a unit's declared headcount. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Coverage:
    """`share` is 0 to 1, or None without a headcount; `excess` people are more than were declared."""

    people: int
    headcount: int | None
    share: float | None
    excess: int


def coverage(people: int, headcount: int | None) -> Coverage:
    """How far `people` cover the headcount: never over 100 %, what is over is told apart."""
    if not headcount:
        return Coverage(people, None, None, 0)
    return Coverage(people, headcount, min(people, headcount) / headcount, max(0, people - headcount))
