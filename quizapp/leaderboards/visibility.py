"""Who may see a competition's boards, and what of small units is shown: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from quizapp.leaderboards.figures import Figures

OWNERS = frozenset({"administrator", "organizer", "auditor"})


class Sight(StrEnum):
    """Whether the boards may be seen; if not, whether signing in could help."""

    YES = "yes"
    SIGN_IN = "sign_in"
    MEMBERS_ONLY = "members_only"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks. `takes_part`: belongs to a unit that may enter, or has a result in the competition."""

    signed_in: bool
    roles: frozenset[str] = frozenset()
    takes_part: bool = False


def sight(boards: str, viewer: Viewer) -> Sight:
    """What the competition's `boards` ("public", "members" or "off") says to the viewer.

    Organizers, auditors and administrators always see them; "members" are those who may take part, and whoever has any
    role in the competition's house.
    """
    if viewer.roles & OWNERS or boards == "public":
        return Sight.YES
    if boards == "off":
        return Sight.OFF
    if not viewer.signed_in:
        return Sight.SIGN_IN
    return Sight.YES if viewer.roles or viewer.takes_part else Sight.MEMBERS_ONLY


def unit_shown(line: tuple[int, ...], figures: Mapping[str, Figures], minimum: int) -> int | None:
    """The unit named beside a person: the nearest one with enough participants, from the person's own upwards; or None.

    In a smaller one a surname and a score would tell colleagues who it is.
    """
    for unit in reversed(line):
        found = figures.get(str(unit))
        if found and found.participants >= minimum:
            return unit
    return None
