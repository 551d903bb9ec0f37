"""Who answers over HTTP. Small: the processes that play people import it, and need nothing of the site."""

from dataclasses import dataclass

PATIENCE_S = 300.0  # how long a busy machine takes says nothing about the program


@dataclass(frozen=True)
class Participant:
    """Somebody with an open attempt. `letters`: of each position, how many are shown."""

    account: int
    ticket: str
    letters: tuple[int, ...]
