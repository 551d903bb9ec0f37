"""Who uses a bank, told by features above this one, which it may not import: the factory binds what they know to it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import LazyString

from quizapp.banks.checking.needs import Need


@dataclass(frozen=True)
class Use:
    """A competition that holds to a version. `phase_name` and `badge` (a kind of `ui.badge`) show how far it is.

    `four_eyes`: its rules ask that nobody publishes alone what they uploaded or changed. `is_over`: it is closed or frozen.
    """

    competition_id: int
    title: str
    version_id: int
    opens_at: datetime
    phase_name: LazyString
    badge: str
    is_draft: bool
    is_over: bool
    four_eyes: bool


@dataclass(frozen=True)
class Exposure:
    """How often a bank's questions were drawn, in whatever wording they had: code → competition → times.

    `attempts` says how many attempts each competition had that is counted; what still runs is not.
    """

    drawn: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    attempts: Mapping[int, int] = field(default_factory=dict)

    def of(self, code: str) -> int:
        """How often the question was drawn, in all."""
        return sum(self.drawn.get(code, {}).values())


class Users:
    """What features above know of banks. Made unbound, bound in `create_app`."""

    uses: Callable[[int, datetime], list[Use]]
    """The competitions that hold to a version of the bank with this id, at that moment, the latest first."""

    exposure: Callable[[int], Exposure]
    """How often the questions of the bank with this id were drawn."""

    needs: Callable[[str, Collection[str], datetime], list[Need]]
    """What papers are drawn from the bank of this code, with these topics; it need not be there yet."""

    def bind(
        self,
        *,
        uses: Callable[[int, datetime], list[Use]],
        exposure: Callable[[int], Exposure],
        needs: Callable[[str, Collection[str], datetime], list[Need]],
    ) -> None:
        """Let them be asked."""
        self.uses, self.exposure, self.needs = uses, exposure, needs


users = Users()
