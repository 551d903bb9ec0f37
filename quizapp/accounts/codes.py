"""Codes that people read from paper and type: no letter that looks like another. Pure, but for the randomness."""

import hashlib
import hmac
import re
import secrets
import unicodedata

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0 O, no 1 I L
LENGTH = 8  # 31⁸ ≈ 8.5 × 10¹¹: with limited tries nobody guesses one


def new_code(length: int = LENGTH) -> str:
    """A fresh code, as it is kept and compared."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def show_code(code: str) -> str:
    """A code in groups of four, as it is shown: ABCD-EFGH."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def read_code(text: str) -> str:
    """What somebody typed (spaces, hyphens, small or full-width letters) as a code."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).upper()


def code_digest(code: str, secret: str) -> str:
    """What is kept in place of a one-time code; without the site's secret it can't be searched for."""
    return hmac.new(secret.encode(), b"one-time code:" + code.encode(), hashlib.sha256).hexdigest()
