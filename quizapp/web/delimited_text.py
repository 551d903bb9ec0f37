"""CSV and its kin: text in whatever encoding and with whatever separator, as records of cells.

In doubt about an encoding it refuses rather than misreads.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable

from quizapp.web.tables import Row, Unreadable, trimmed, without_empty_end

CELL_CHARS = 32_767  # Excel's own limit
CELLS = 1_000_000
DELIMITERS = (",", "\t", ";", "，")
SAMPLE_RECORDS = 50
BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_delimited(content: bytes, kind: str) -> list[Row]:
    """The records of a CSV or, by its `kind`, TSV file; a row's number is the record's, as Excel would count it."""
    text = decode(content).removeprefix("\ufeff")
    if "\0" in text:
        raise Unreadable("spreadsheet_damaged")
    first, _, following = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip(" \r")) == 5:
        delimiter, text = first[4], following
    else:
        delimiter = "\t" if kind == "tsv" else delimiter_of(text)
    csv.field_size_limit(CELL_CHARS * 4)
    rows: list[Row] = []
    cells = 0
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            rows.append(trimmed(record))
            cells += len(rows[-1])
            if cells > CELLS:
                raise Unreadable("spreadsheet_too_large")
    except csv.Error as error:
        raise Unreadable("spreadsheet_bad_quotes", row=len(rows) + 1) from error
    return without_empty_end(rows)


def delimiter_of(text: str) -> str:
    """The separator that makes the most of the text a table: many records with one and the same number of many cells."""

    def evenness(delimiter: str) -> int:
        return max((count * (width - 1) for width, count in Counter(_widths(text, delimiter)).items()), default=0)

    return max(DELIMITERS, key=evenness)


def _widths(text: str, delimiter: str) -> Iterable[int]:
    records = csv.reader(io.StringIO(text[: CELL_CHARS * 4], newline=""), delimiter=delimiter)
    try:
        for record, _ in zip(records, range(SAMPLE_RECORDS), strict=False):
            yield len(record)
    except csv.Error:
        return


def decode(content: bytes) -> str:
    """Text of UTF-8, UTF-16, GBK (GB18030) or Big5. Raises Unreadable where that can't be told for certain."""
    if content.startswith(BYTE_ORDER_MARKS):
        found = _decoded(content, "utf-16")
    elif b"\0" in content:
        found = _decoded_wide(content)
        if found is None:
            raise Unreadable("spreadsheet_damaged")
    else:
        found = _decoded(content, "utf-8")
        found = _decoded_chinese(content) if found is None else found
    if found is None:
        raise Unreadable("spreadsheet_encoding_unknown")
    return found


def _decoded_wide(content: bytes) -> str | None:
    """UTF-16 without its mark: the order of bytes that gives everyday text with separators and line ends."""
    for encoding in ("utf-16-le", "utf-16-be"):
        text = _decoded(content, encoding)
        if (
            text
            and "\0" not in text
            and any(sign in text for sign in "\n\r\t,;")
            and _everyday(text, "gb2312", 0xF7) >= 0.8
        ):
            return text
    return None


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _decoded_chinese(content: bytes) -> str | None:
    """GB18030 or Big5, whichever reads nearly all as everyday characters while the other doesn't.

    Nearly any bytes are some text in both, a mixture with UTF-8 included, but then of rare characters.
    """
    simplified, traditional = _decoded(content, "gb18030"), _decoded(content, "cp950")
    is_simplified = simplified is not None and _everyday(simplified, "gb2312", 0xF7) >= 0.9
    is_traditional = traditional is not None and _everyday(traditional, "big5", 0xC6) >= 0.95
    if is_simplified == is_traditional:
        return None
    return simplified if is_simplified else traditional


def _everyday(text: str, encoding: str, last: int) -> float:
    """The share of characters beyond ASCII that the encoding writes with a first byte up to `last`: rare ones come after."""
    foreign = Counter(char for char in text if ord(char) > 127)
    known = sum(count for char, count in foreign.items() if _lead(char, encoding) <= last)
    return known / max(1, foreign.total())


def _lead(char: str, encoding: str) -> int:
    try:
        return char.encode(encoding)[0]
    except UnicodeEncodeError:
        return 256
