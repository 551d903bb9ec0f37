"""The ticket (答题凭证): the answer path's only authentication, a signed pass of one page to one attempt.

It names attempt, shard and epoch, and the key that signed it; it has no deadline, because time can be given back. Bytes:
key id 4, competition 4, shard 2, account 8, ordinal 2, epoch 4, signature 18 (BLAKE2b with a key, 144 bits): 42, so that
base64 gives 56 characters without padding or spare bits, and a ticket can be written in one way only.
"""

import hashlib
import hmac
import struct
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from functools import lru_cache
from typing import NamedTuple

_FIELDS = struct.Struct(">IHQHI")
_KEY_ID_BYTES = 4
_SIGNATURE_BYTES = 18
_SIGNED_BYTES = _KEY_ID_BYTES + _FIELDS.size
LENGTH = (_SIGNED_BYTES + _SIGNATURE_BYTES) * 4 // 3
_TO_URL = bytes.maketrans(b"+/", b"-_")
# The other alphabet's two letters become one that base64 lacks, so that they are refused.
_FROM_URL = bytes.maketrans(b"-_+/", b"+/!!")


class Ticket(NamedTuple):
    """What a ticket says."""

    competition: int
    shard: int
    account: int
    ordinal: int
    epoch: int


class Tickets:
    """Signs with the first secret, and accepts what any of them has signed: so a secret can be changed while attempts run."""

    def __init__(self, *secrets: str) -> None:
        keys = [hashlib.blake2b(secret.encode(), digest_size=32, person=b"quiz ticket").digest() for secret in secrets]
        self._keys = {
            hashlib.blake2b(key, digest_size=_KEY_ID_BYTES, person=b"quiz key id").digest(): key for key in keys
        }
        self._own_id = next(iter(self._keys))

    def issue(self, ticket: Ticket) -> str:
        """The ticket as text for a header."""
        signed = self._own_id + _FIELDS.pack(*ticket)
        whole = signed + _signature(self._keys[self._own_id], signed)
        return b2a_base64(whole, newline=False).translate(_TO_URL).decode()

    def read(self, text: bytes) -> Ticket | None:
        """What a ticket says, or None if none of our keys has signed exactly this."""
        if len(text) != LENGTH:
            return None
        try:
            whole = a2b_base64(text.translate(_FROM_URL), strict_mode=True)
        except Base64Error:
            return None
        key = self._keys.get(whole[:_KEY_ID_BYTES])
        signed = whole[:_SIGNED_BYTES]
        if key is None or not hmac.compare_digest(_signature(key, signed), whole[_SIGNED_BYTES:]):
            return None
        return Ticket(*_FIELDS.unpack_from(whole, _KEY_ID_BYTES))


def _signature(key: bytes, signed: bytes) -> bytes:
    return hashlib.blake2b(signed, digest_size=_SIGNATURE_BYTES, key=key).digest()


@lru_cache(maxsize=8)
def tickets_of(secret: str) -> Tickets:
    """The tickets of an installation's secret."""
    return Tickets(secret)
