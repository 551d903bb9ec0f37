"""Fetches a round of the beacon, where the server reaches the network. What comes is checked like what is pasted."""

from urllib.error import URLError
from urllib.request import Request, urlopen

from quizapp.draws.beacon import Round, address_of, round_from
from quizapp.errors import Unavailable

SECONDS = 6
MOST_BYTES = 4000


def fetch_round(number: int) -> Round:
    """The round as the network gives it, unchecked but for its form. Raises Unavailable."""
    request = Request(address_of(number), headers={"Accept": "application/json", "User-Agent": "quizapp"})  # noqa: S310
    try:
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 (the address is ours, and https)
            return round_from(answer.read(MOST_BYTES).decode())
    except (URLError, TimeoutError, OSError, ValueError) as error:
        raise Unavailable("round_not_fetched") from error
