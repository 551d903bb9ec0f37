"""Who may start an attempt, and if not, why: pure. How many attempts are left is the grader's to say."""

from dataclasses import dataclass
from typing import Literal

from quizapp.competitions.phase import Phase


@dataclass(frozen=True)
class EntryFacts:
    """What a competition asks. `invited_paths`: the tree paths of the invited units; empty means every unit."""

    phase: Phase
    paused: bool
    entry: str  # "anyone", "members" or "confirmed"
    invited_paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class PersonFacts:
    """Who asks. `path` is the tree path of the person's unit, empty without one."""

    signed_in: bool
    membership: Literal["none", "pending", "confirmed"] = "none"
    path: str = ""


@dataclass(frozen=True)
class Verdict:
    """Whether it may be done; `code` is empty, or the reason's error code."""

    ok: bool
    code: str = ""


YES = Verdict(True)


def may_start(competition: EntryFacts, person: PersonFacts) -> Verdict:
    """Whether the person may start now.

    What the person can mend (signing in, joining a unit) comes before the opening hour, so that it is told in good time.
    """
    for refused, code in (
        (competition.phase is Phase.DRAFT, "competition_not_open"),
        (competition.phase in (Phase.CLOSED, Phase.FROZEN), "competition_closed"),
        (not person.signed_in, "sign_in_first"),
        (
            _needs_unit(competition) and person.membership == "none",
            "membership_missing",
        ),
        (not _invited(competition, person), "unit_not_invited"),
        (
            competition.entry == "confirmed" and person.membership != "confirmed",
            "membership_pending",
        ),
        (competition.phase is Phase.UPCOMING, "competition_not_open"),
        (competition.paused, "competition_paused"),
    ):
        if refused:
            return Verdict(False, code)
    return YES


def _needs_unit(competition: EntryFacts) -> bool:
    return competition.entry != "anyone" or bool(competition.invited_paths)


def _invited(competition: EntryFacts, person: PersonFacts) -> bool:
    # A path ends with "/", so "/1/" is no prefix of "/12/".
    return not competition.invited_paths or any(person.path.startswith(path) for path in competition.invited_paths)
