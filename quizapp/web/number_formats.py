"""How a spreadsheet program shows a number: 0.05 in the format "0%" is 5%.

Numbers are IEEE doubles, of which Excel shows 15 digits; dates are days since the end of 1899, or since 1904.
"""

import datetime
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

GENERAL = "General"
# The formats that files name by number only (ECMA-376, 18.8.30); those from 27 on are dates in Chinese editions.
_DATES = (14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58)
_TIMES = (18, 19, 20, 21, 32, 33, 34, 35, 55, 56)
BUILT_IN = {
    0: GENERAL,
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    22: "yyyy-mm-dd h:mm",
    37: "#,##0;-#,##0",
    38: "#,##0;-#,##0",
    39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;-#,##0.00",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
    **dict.fromkeys(_DATES, "yyyy-mm-dd"),
    **dict.fromkeys(_TIMES, "h:mm:ss"),
}
MOST_DIGITS = 15

_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.I)
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_SECTION = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[\$(?P<money>[^\]-]*)[^\]]*\]'
    r"|\[(?:black|blue|cyan|green|magenta|red|white|yellow|color\d+)\]"
    r"|(?P<number>[0#?][0#?,.]*|\.[0#?]+|general)|(?P<plain>[%¥￥$€£()（）+\- :]|[^\x00-\x7f])",
    re.I,
)


class Shown(NamedTuple):
    """`exact`: the text says all that the number does."""

    text: str
    exact: bool


def is_date(code: str) -> bool:
    """Whether a format shows days or times."""
    bare = _LITERAL.sub("", _ELAPSED.sub("hh", code)).lower().replace("general", "")
    return any(letter in bare for letter in "ymdhsa")  # "a" is the day of the week in Chinese


def general(value: float) -> str:
    """A number as it is shown without a format. Beyond 15 digits Excel itself has lost some: 1.23E+19 lets that be seen."""
    text = f"{value:.{MOST_DIGITS}G}"
    return f"{Decimal(text):f}" if "E" in text and 1e-9 <= abs(value) < 10**MOST_DIGITS else text


def shown(value: float, code: str) -> Shown | None:
    """A number in a format that is none of a date; None for a format that is not understood."""
    sections = _SECTION.split(code)
    if len(sections) > 4 or re.search(r"\[[<>=]", code):  # at most: positive; negative; zero; text
        return None
    section = sections[0]
    if value < 0 and len(sections) > 1:
        section = sections[1]
    elif value == 0 and len(sections) > 2:
        section = sections[2]
    parts = _parts(section)
    if parts is None:
        return None
    before, pattern, after = parts
    hundreds = (before + after).count("%")
    digits = _digits(abs(value) * 100**hundreds, pattern)
    if digits is None:
        return None
    sign = "-" if value < 0 and len(sections) == 1 else ""
    return Shown(f"{sign}{before}{digits.text}{after}".strip(), digits.exact)


def _parts(section: str) -> tuple[str, str, str] | None:
    """What a format writes before the number, the number's pattern, and what it writes after it."""
    before, pattern, after = "", "", ""
    place = 0
    while place < len(section):
        found = _TOKEN.match(section, place)
        if found is None or (found["number"] and pattern):
            return None
        place = found.end()
        if found["number"]:
            pattern = found["number"]
            continue
        literal = found["quoted"] or found["escaped"] or found["money"] or found["plain"] or ""
        before, after = (before, after + literal) if pattern else (before + literal, after)
    return (before, pattern, after) if pattern else None


def _digits(number: float, pattern: str) -> Shown | None:
    if pattern.lower() == "general":
        return Shown(general(number), exact=True)
    whole, point, fraction = pattern.partition(".")
    if whole.endswith(",") or "," in fraction or "." in fraction:  # a comma at the end divides by a thousand
        return None
    true = Decimal(f"{number:.{MOST_DIGITS}G}")
    if abs(true.adjusted()) > 2 * MOST_DIGITS:
        return None
    rounded = true.quantize(Decimal(1).scaleb(-len(fraction)), ROUND_HALF_UP)
    digits, _, decimals = f"{rounded:f}".partition(".")
    needed = fraction.rstrip("#?").count("0")
    while len(decimals) > needed and decimals.endswith("0"):
        decimals = decimals[:-1]
    digits = digits.lstrip("0").rjust(whole.count("0"), "0")
    if "," in whole:
        digits = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", digits)
    exact = rounded == true and number < 10**MOST_DIGITS
    return Shown(digits + (point + decimals if decimals or needed else ""), exact)


def moment(value: float, code: str, *, from_1904: bool) -> str | None:
    """A date or time: 2026-08-25, 2026-08-25 09:30:00, 09:30:00, or for a span 26:30:00; None where there is none."""
    milliseconds = round(value * 86_400_000)
    if _ELAPSED.search(code):
        if milliseconds < 0:
            return None
        minutes, seconds = divmod(round(milliseconds / 1000), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    if not 0 <= value < 2_958_466:
        return None
    if from_1904:
        start = datetime.datetime(1904, 1, 1)  # noqa: DTZ001  a cell knows no zone
    else:
        # Excel has a 29 February 1900: up to it days count from 31 December 1899, after it from the day before.
        start = datetime.datetime(1899, 12, 31 if value < 60 else 30)  # noqa: DTZ001
    try:
        when = start + datetime.timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
    if milliseconds < 86_400_000 and not from_1904:
        return when.time().isoformat("seconds")
    return when.isoformat(" ", "seconds").removesuffix(" 00:00:00")
