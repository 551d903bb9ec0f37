"""What a script can reply, by code. Each code that a person can meet has its sentence in `attempts/sentences.py`."""

from enum import StrEnum


class Outcome(StrEnum):
    """The first value of every script's reply, and of every answer within one."""

    OK = "ok"

    # of an answer
    SAVED = "saved"
    OUTDATED = "outdated"
    """A later answer of the same page is held already."""
    SUPERSEDED = "superseded"
    """The attempt has been opened elsewhere since."""
    ALREADY_FINAL = "already_final"
    """Right or wrong has been shown at this position, so that its answer stays."""
    BAD_POSITION = "bad_position"
    BAD_CHOICE = "bad_choice"
    DEADLINE_PASSED = "deadline_passed"
    ALREADY_SUBMITTED = "already_submitted"

    # of a start
    STARTED = "started"
    ALREADY_OPEN = "already_open"
    NOT_OPEN_YET = "not_open_yet"
    CLOSED = "closed"
    NO_ATTEMPTS_LEFT = "no_attempts_left"
    NO_ATTEMPTS_LEFT_TODAY = "no_attempts_left_today"
    BEHIND = "behind"
    """The store knows fewer attempts of the person than SQL does: it has lost something, and must be given it back."""

    # of a submit
    SUBMITTED = "submitted"

    # of any step
    PAUSED = "paused"
    FENCED = "fenced"
    """The standings are being frozen, or are: nothing is written any more."""
    NO_ATTEMPT = "no_attempt"
    NOT_PRIMED = "not_primed"
    """The store lacks the competition's rules or its answer key. The engine raises Unavailable."""
    STALE = "stale"
    """Rules that were read later are in force already (prime only)."""


BY_CODE = {outcome.value: outcome for outcome in Outcome}
"""The outcome of a script's code: a third of the cost of `Outcome(code)`, which an answer asks for twice."""
