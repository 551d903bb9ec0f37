"""Signatures that a stranger can check with the published key alone: Ed25519 (RFC 8032) over canonical JSON.

Canonical means: UTF-8, keys sorted, no blanks, and in it only texts, whole numbers, lists and objects, so that equal values
give equal bytes in any language. Ed25519 draws no random numbers: the same bytes and key always give the same signature.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SEED_BYTES = 32
ID_BYTES = 8
_encoder = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical(value: Any) -> bytes:
    """The bytes that are signed and digested."""
    return _encoder.encode(value).encode()


def parsed(text: str | bytes) -> Any:
    """The value of a published file. Raises ValueError for what is no JSON, or has no canonical form.

    That is a name which stands twice in an object, of which people might read the one and a check the other; and a number
    that is not whole.
    """
    try:
        return json.loads(text, object_pairs_hook=_each_once, parse_float=_not_whole, parse_constant=_not_whole)
    except RecursionError:
        raise ValueError("too deep") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _not_whole(number: str) -> NoReturn:
    raise ValueError(f"{number} is no whole number")


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical bytes, in hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


class SigningKey:
    """A private key, made from its 32 secret bytes. `public` is its public half in hexadecimal digits, `id` that one's name."""

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw().hex()
        self.id = key_id(self.public)

    def sign(self, value: Any) -> dict[str, str]:
        """What stands beside a signed value: the key's id and the signature, 64 bytes in hexadecimal digits."""
        return {"key": self.id, "signature": self._private.sign(canonical(value)).hex()}


def key_id(public: str) -> str:
    """The name of a public key: the first 8 bytes of its SHA-256. So nobody can give a key another's name."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[: 2 * ID_BYTES]


def is_signed(value: Any, key: str, signature: str, keys: Mapping[str, str]) -> bool:
    """Whether the key of that id, one of `keys` (id → public key), has signed exactly this value."""
    public = keys.get(key, "")
    try:
        if key_id(public) != key:
            return False
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), canonical(value))
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=8)
def signing_key_from(seed: bytes) -> SigningKey:
    """The key of a seed, made once."""
    return SigningKey(seed)
