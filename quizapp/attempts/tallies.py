"""Which of a person's attempts counts, and what that changes in the sums of units: pure, exact in whole numbers.

Nothing here depends on the order in which attempts become known: the counted one is the greatest under a total order,
and a tally's change is what the new counted attempt adds minus what the old one had added.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Protocol, TypeVar


@dataclass(frozen=True, slots=True)
class CountingRules:
    """What a competition says about counting. `keep` is best, first or last; scores are hundredths of a point."""

    keep: str
    pass_score: int
    full_score: int


@dataclass(frozen=True, slots=True)
class Graded:
    """A submitted attempt of a person. `organization` is the unit it counts for; None: no unit.

    `full_marks` and `passed` are 1 or 0, by the rules in force when it was recorded: what was added then is what is
    taken away later, even if the rules have changed meanwhile.
    """

    ordinal: int
    organization: int | None
    score: int
    right_count: int
    used_ms: int
    submitted_ms: int
    full_marks: int
    passed: int

    def share(self) -> "TallyChange":
        """What it adds to its unit's tally when it counts."""
        return TallyChange(
            participants=1,
            score_sum=self.score,
            used_ms_sum=self.used_ms,
            full_marks=self.full_marks,
            passed=self.passed,
        )


@dataclass(frozen=True, slots=True)
class TallyChange:
    """What is added to a unit's row; negative where something moved away."""

    started: int = 0
    participants: int = 0
    score_sum: int = 0
    used_ms_sum: int = 0
    full_marks: int = 0
    passed: int = 0

    def plus(self, other: "TallyChange", sign: int = 1) -> "TallyChange":
        """The sum, or with `sign` −1 the difference."""
        return TallyChange(
            *(getattr(self, field.name) + sign * getattr(other, field.name) for field in fields(TallyChange))
        )


NOTHING = TallyChange()


class Countable(Protocol):
    """What the choice of the counted attempt looks at."""

    @property
    def ordinal(self) -> int: ...
    @property
    def score(self) -> int: ...
    @property
    def used_ms(self) -> int: ...
    @property
    def submitted_ms(self) -> int: ...


AnyAttempt = TypeVar("AnyAttempt", bound=Countable)


def counted(keep: str, attempts: Iterable[AnyAttempt]) -> AnyAttempt | None:
    """The attempt that counts: the first, the last, or the best (score ↓, time used ↑, submitted ↑). None without any."""
    if keep == "first":
        return min(attempts, key=lambda attempt: attempt.ordinal, default=None)
    if keep == "last":
        return max(attempts, key=lambda attempt: attempt.ordinal, default=None)
    return min(
        attempts,
        key=lambda attempt: (-attempt.score, attempt.used_ms, attempt.submitted_ms, attempt.ordinal),
        default=None,
    )


class TallyChanges:
    """The changes of one transaction, by unit. What concerns nobody's unit is left out."""

    def __init__(self) -> None:
        self._by_organization: dict[int, TallyChange] = {}

    def move_start(self, old: int | None, new: int | None) -> None:
        """A person who had started for unit `old` (None: for none, or not yet) has now started for `new`."""
        self._add(old, TallyChange(started=1), -1)
        self._add(new, TallyChange(started=1), 1)

    def move_result(self, old: Graded | None, new: Graded) -> None:
        """A person's counted attempt was `old` (None: there was none) and is now `new`."""
        if old is not None:
            self._add(old.organization, old.share(), -1)
        self._add(new.organization, new.share(), 1)

    def _add(self, organization: int | None, change: TallyChange, sign: int) -> None:
        if organization is not None:
            before = self._by_organization.get(organization, NOTHING)
            self._by_organization[organization] = before.plus(change, sign)

    def in_order(self) -> dict[int, TallyChange]:
        """The changes that change something, in the order of the units' ids: all writers lock rows in that order."""
        return {
            organization: change for organization, change in sorted(self._by_organization.items()) if change != NOTHING
        }
