"""Password hashing: argon2id as OWASP's minimum asks (19 MiB, two passes), so many at a time and no more.

Hashing is the dearest thing the site does (40 ms of a core). So only some of a process's threads may be hashing or waiting
for it; whoever comes on top is asked to come again in a moment, and the pages of everybody else stay quick.
"""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from quizapp.errors import Unavailable
from quizapp.extensions import settings

SHORTEST = 8
LONGEST = 128
AT_ONCE = 2
WAIT_S = 3.0

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Checked in place of a hash that isn't there, so that an unknown account takes as long to refuse as a known one.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$052vDaYWAfsMmbCZFuG0QA$TfrEXJ6B8MPDcEDHq/pNnyQ5eNaVb0CGtN++unm+of0"
_COMMON = """
12345678 123456789 1234567890 87654321 11111111 88888888 66666666 00000000 12341234 11223344 password password1 qwertyui
qwer1234 1q2w3e4r 1qaz2wsx abcd1234 abc12345 a1234567 a12345678 aa123456 iloveyou woaini1314 admin123 admin888 12345678a
123456abc asdf1234 zxcvbnm1 qq123456 5201314a 147258369 123123123 147852369 987654321
"""
COMMON = frozenset(_COMMON.split())


class Room:
    """Places for hashing: `at_once` run, `places` in all are taken by those and by who waits, at most `wait_s` seconds."""

    def __init__(self, places: int, at_once: int, wait_s: float) -> None:
        self._places = threading.BoundedSemaphore(places)
        self._running = threading.BoundedSemaphore(at_once)
        self._wait_s = wait_s

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Hold a place and a turn; raises Unavailable when there is none."""
        if not self._places.acquire(blocking=False):
            raise Unavailable("sign_in_busy", retry_after_s=3)
        try:
            if not self._running.acquire(timeout=self._wait_s):
                raise Unavailable("sign_in_busy", retry_after_s=5)
            try:
                yield
            finally:
                self._running.release()
        finally:
            self._places.release()


@lru_cache(maxsize=1)
def _room_for(threads: int) -> Room:
    # Half of the threads stay free for pages that hash nothing.
    return Room(max(1, threads // 2), AT_ONCE, WAIT_S)


def room() -> Room:
    """The one room of this process."""
    return _room_for(settings().web_threads)


def hash_password(password: str) -> str:
    """The hash to keep. Raises Unavailable if too many are hashing."""
    with room().entered():
        return str(_hasher.hash(_plain(password)))


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one that was hashed; without a hash it takes as long and is False."""
    with room().entered():
        try:
            _hasher.verify(stored or _NOBODY, _plain(password))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other costs than today's."""
    return bool(_hasher.check_needs_rehash(stored))


def weakness(password: str, *personal: str | None) -> str | None:
    """Why a new password is refused, as an error code, or None. `personal`: what others know of the person."""
    plain = _plain(password)
    if len(plain) < SHORTEST:
        return "password_short"
    if len(plain) > LONGEST:
        return "password_long"
    if plain.lower() in COMMON or len(set(plain)) < 3:
        return "password_common"
    if any(word and plain.lower() == word.lower() for word in personal):
        return "password_personal"
    return None


def _plain(password: str) -> str:
    # The same characters typed on another system may come composed differently.
    return unicodedata.normalize("NFC", password)
