"""The drand beacon "quicknet": a new number every three seconds that nobody can know before, signed by many together. Pure.

A round's signature is a BLS signature (BLS12-381, on G1, RFC 9380) of the SHA-256 of its number, and its randomness is the SHA-256
of the signature. So whoever has the chain's public key can check a round without asking anybody. The parameters are those
that the chain publishes of itself (https://api.drand.sh/v2/chains/<CHAIN>/info; scheme bls-unchained-g1-rfc9380).
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

CHAIN = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
PUBLIC_KEY = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
GENESIS = datetime(2023, 8, 23, 15, 9, 27, tzinfo=UTC)
PERIOD = timedelta(seconds=3)
SIGNATURE_BYTES = 48
_DOMAIN = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"


@dataclass(frozen=True, slots=True)
class Round:
    """A round as the chain publishes it; `signature` in hexadecimal digits."""

    number: int
    signature: str

    @property
    def randomness(self) -> str:
        """What chance brought, in hexadecimal digits."""
        return hashlib.sha256(bytes.fromhex(self.signature)).hexdigest()


def first_round_from(moment: datetime) -> int:
    """The first round that is published at the moment or after it."""
    passed = moment - GENESIS
    return max(1, -(-passed // PERIOD) + 1)


def time_of(number: int) -> datetime:
    """When a round is published."""
    return GENESIS + (number - 1) * PERIOD


def address_of(number: int) -> str:
    """Where the round can be had; any other server of the network has the same."""
    return f"https://api.drand.sh/{CHAIN}/public/{number}"


def round_from(text: str) -> Round:
    """A round from the JSON that the network's servers give. Raises ValueError if it is none."""
    try:
        value = json.loads(text)
        found = Round(value["round"], value["signature"].lower())
        randomness = value.get("randomness", "")
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("no round of the beacon") from error
    if type(found.number) is not int or len(bytes.fromhex(found.signature)) != SIGNATURE_BYTES:
        raise ValueError("no round of the beacon")
    if randomness and str(randomness).lower() != found.randomness:
        raise ValueError("the randomness is not that of the signature")
    return found


@lru_cache(maxsize=64)
def is_genuine(found: Round) -> bool:
    """Whether the chain has signed the round: e(signature, g₂) = e(H(round), public key). Takes some 10 ms."""
    from py_arkworks_bls12381 import GT, G1Point, G2Point  # a native library, loaded by whoever needs it

    message = hashlib.sha256(found.number.to_bytes(8, "big")).digest()
    try:
        signature = G1Point.from_compressed_bytes(bytes.fromhex(found.signature))
        key = G2Point.from_compressed_bytes(bytes.fromhex(PUBLIC_KEY))
    except ValueError:
        return False
    hashed = G1Point.hash_to_curve(message, _DOMAIN)
    return GT.pairing_check([signature, -hashed], [G2Point(), key])
