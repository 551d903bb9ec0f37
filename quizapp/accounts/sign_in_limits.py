"""Limits on sign-in and one-time codes that slow a guesser and lock nobody out.

A failed try counts three times: for this account from this address, for this account from all devices that it was never
used on (the wait grows with the failures of the last day), and for the address, as a wide fuse: a company of thousands is
one address. A device on which the account was used before has a count of its own, so that a guesser elsewhere costs the
account's owner nothing.
"""

import hashlib
import logging
import math
from collections.abc import Callable

from limits import RateLimitItem, parse
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from quizapp.errors import Refused
from quizapp.extensions import limiter

log = logging.getLogger("quizapp")

HERE = (parse("8 per 10 minutes"), parse("30 per 1 day"))
ELSEWHERE = (parse("15 per 10 minutes"), parse("30 per 1 hour"), parse("60 per 1 day"))
KNOWN_DEVICE = (parse("15 per 10 minutes"),)
ADDRESS = (parse("3000 per 1 hour"),)
GUESSED_CODES = (parse("10 per 1 hour"),)
REGISTRATIONS = (parse("5000 per 1 hour"),)

Tries = list[tuple[RateLimitItem, str]]


def _keys(items: tuple[RateLimitItem, ...], name: str, *parts: str) -> Tries:
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]  # a phone number is no key's name
    return [(item, f"{name}:{digest}") for item in items]


class SignInTries:
    """The counts that one sign-in touches. `known_device` is the device's id if the account was used on it before."""

    def __init__(self, login: str, address: str, known_device: str | None) -> None:
        if known_device:
            self._tries = _keys(KNOWN_DEVICE, "known", login, known_device)
        else:
            self._tries = _keys(HERE, "here", login, address) + _keys(ELSEWHERE, "elsewhere", login)
        self._address = _keys(ADDRESS, "address", address)

    def take(self, now_s: float) -> None:
        """Count a try before its password is looked at, so that fifty at once are fifty; raises Refused with the wait."""
        _check(self._address, now_s)
        _take(self._tries, now_s)

    def failed(self) -> None:
        """The password was wrong."""
        _quietly(lambda: [_limiter().hit(item, key) for item, key in self._address])

    def succeeded(self) -> None:
        """The password was right: only failures count."""
        _quietly(self._forget)

    def _forget(self) -> None:
        for item, key in self._tries:
            _limiter().clear(item, key)


def take_code_try(login: str, address: str, now_s: float) -> None:
    """Count a try with a one-time code; raises Refused with the wait. A right code needs few."""
    _check(_keys(ADDRESS, "address", address), now_s)
    _take(_keys(GUESSED_CODES, "code", login, address), now_s)


def take_registration(address: str, now_s: float) -> None:
    """Count a registration (or a join code looked up) from an address; raises Refused with the wait."""
    _take(_keys(REGISTRATIONS, "register", address), now_s)


def _limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(limiter.storage)


def _check(tries: Tries, now_s: float) -> None:
    _refuse(_quietly(lambda: _free_at(tries) if not all(_limiter().test(*each) for each in tries) else None), now_s)


def _take(tries: Tries, now_s: float) -> None:
    _refuse(_quietly(lambda: _free_at(tries) if not all(_limiter().hit(*each) for each in tries) else None), now_s)


def _free_at(tries: Tries) -> float:
    """When the last of the full counts has room again, in seconds since 1970."""
    stats = [_limiter().get_window_stats(*each) for each in tries]
    return max((each.reset_time for each in stats if each.remaining == 0), default=0.0)


def _refuse(free_at_s: object, now_s: float) -> None:
    if isinstance(free_at_s, int | float):
        minutes = max(1, math.ceil((free_at_s - now_s - 1) / 60))  # `now` was read a moment before the count
        raise Refused("sign_in_too_often", status=429, minutes=minutes)


def _quietly(step: Callable[[], object]) -> object:
    # Without the store nobody is counted and everybody may sign in: hashing at a bounded pace is then what slows guessers.
    try:
        return step()
    except RedisError:
        log.warning("sign_in_limits_unavailable")
        return None
