"""How people name themselves at sign-in: a phone number, a chosen name, or "unit code/staff number". Pure."""

import re
import unicodedata

_PHONE = re.compile(r"1[3-9]\d{9}|\+\d{8,15}")
_CHOSEN = re.compile(r"[a-z][a-z0-9._-]{2,39}")
_STAFF_NUMBER = re.compile(r"[0-9A-Za-z\u4e00-\u9fff][0-9A-Za-z\u4e00-\u9fff._-]{0,39}")


def tidy(text: str) -> str:
    """Full-width forms narrowed, white space and invisible characters gone."""
    narrow = unicodedata.normalize("NFKC", text)
    return "".join(char for char in narrow if not char.isspace() and unicodedata.category(char) not in ("Cf", "Cc"))


def read_phone(text: str) -> str | None:
    """A phone number in its one spelling (13812345678, or +85212345678 from elsewhere), or None if it is none."""
    digits = re.sub(r"[-()]", "", tidy(text))
    digits = re.sub(r"^(\+86|0086)(?=1)", "", digits)
    return digits if _PHONE.fullmatch(digits) else None


def read_login(text: str) -> str:
    """What was typed at sign-in in the spelling that is kept."""
    return read_phone(text) or tidy(text).lower()


def is_chosen_name(login: str) -> bool:
    """Whether a login can be a chosen name: it can't look like a phone number or a staff number."""
    return bool(_CHOSEN.fullmatch(login))


def read_staff_number(text: str) -> str | None:
    """A staff number in its one spelling, or None if it can't be one."""
    number = tidy(text)
    return number if _STAFF_NUMBER.fullmatch(number) else None


def staff_login(unit_code: str, staff_number: str) -> str:
    """The login of somebody known by a unit's staff number."""
    return f"{unit_code}/{staff_number}".lower()


def tidy_name(text: str) -> str:
    """A person's name without invisible characters and needless spaces."""
    narrow = unicodedata.normalize("NFKC", text)
    visible = "".join(char for char in narrow if unicodedata.category(char) not in ("Cf", "Cc") or char.isspace())
    return re.sub(r"\s+", " ", visible).strip()
