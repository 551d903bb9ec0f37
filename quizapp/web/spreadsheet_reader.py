"""Reads spreadsheets from strangers: XLSX, the formats of old Excel and WPS, CSV and TSV.

Run as the child process of `spreadsheets.read_tables`: bytes on standard input, JSON on standard output. The reader of
question banks calls `read` too, in a child process of its own; the site itself never does.
"""

import datetime
import io
import json
import re
import struct
import sys
from typing import TYPE_CHECKING

from quizapp.errors import Invalid
from quizapp.web import archives, number_formats
from quizapp.web.confinement import confine
from quizapp.web.delimited_text import CELL_CHARS, CELLS, read_delimited
from quizapp.web.tables import Cell, CellNote, Row, Table, Unreadable, trimmed, without_empty_end
from quizapp.web.xlsx_reader import read_workbook

if TYPE_CHECKING:
    import python_calamine as calamine

MEMORY_BYTES = 768 * 1024 * 1024
CPU_S = 20
ROWS = 100_000  # that hold something
DENSE_CELLS = 4_000_000  # up to the last row and column of a sheet in an old format
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLD_BEGIN = b"\x09\x08\x10\x00\x00\x06\x05\x00"  # the first record of a workbook of Excel 97 to 2003, and its kind
OLD_PASSWORD = 0x2F
OLD_FIRST_RECORDS = (0x0809, 0x0086, 0x0161, OLD_PASSWORD)  # what may stand before a password
TEXT_KINDS = ("csv", "tsv", "txt")
ARCHIVE_CODES = {
    "archive_damaged": "spreadsheet_damaged",
    "archive_encrypted": "spreadsheet_encrypted",
    "archive_too_large": "spreadsheet_too_large",
    "archive_has_dtd": "spreadsheet_damaged",
}
_PICTURE_FILES = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff[\xe0\xe1].{2}(?:JFIF|Exif)", re.S)


def read(content: bytes, kind: str) -> list[Table]:
    """The sheets of a file; `kind` is the ending of its name. Raises Unreadable."""
    if content.startswith(OLD_OFFICE):
        if has_password(content):
            raise Unreadable("spreadsheet_encrypted")
        tables = read_old_workbook(content)
    elif content.startswith(b"PK"):
        if kind in TEXT_KINDS:
            raise Unreadable("spreadsheet_wrong_ending")
        tables = read_new_workbook(content)
    elif content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise Unreadable("spreadsheet_is_web_page")
    elif kind not in TEXT_KINDS:
        raise Unreadable("spreadsheet_wrong_ending" if looks_like_text(content) else "spreadsheet_damaged")
    else:
        tables = [Table("", read_delimited(content, kind))]
    if not any(table.rows for table in tables):
        raise Unreadable("spreadsheet_empty")
    for table in tables:
        check_rows(table.rows)
    return tables


def has_password(content: bytes) -> bool:
    """Whether a container of the old format holds an encrypted workbook: a new one as a whole, or an old one's records."""
    if "EncryptedPackage".encode("utf-16-le") in content:
        return True
    place = content.find(OLD_BEGIN)
    while 0 < place < len(content) - 4:
        kind, length = struct.unpack_from("<HH", content, place)
        if kind not in OLD_FIRST_RECORDS:
            return False
        if kind == OLD_PASSWORD:
            return True
        place += 4 + length
    return False


def looks_like_text(content: bytes) -> bool:
    """Whether no byte is one that text doesn't have."""
    return not any(byte < 9 or 13 < byte < 32 for byte in content[:4096])


def read_new_workbook(content: bytes) -> list[Table]:
    """The sheets of a workbook in an archive."""
    try:
        archive = archives.open_archive(content)
    except Invalid as error:
        raise Unreadable(ARCHIVE_CODES[error.code]) from error
    names = [name.lower().replace("\\", "/") for name in archive.namelist()]
    if "xl/workbook.bin" in names:
        return read_old_workbook(content)
    if "[content_types].xml" not in names or not any(name.endswith("workbook.xml") for name in names):
        raise Unreadable("spreadsheet_not_excel")
    return read_workbook(archive, most_rows=ROWS, most_cells=CELLS)


def read_old_workbook(content: bytes) -> list[Table]:
    """The sheets of a workbook in a binary format (.xls, .et, .xlsb): bare values, without their formats.

    Pictures can't be read from these; a file that holds some is refused, or questions would lose them.
    """
    import python_calamine as calamine

    if _PICTURE_FILES.search(content):
        raise Unreadable("spreadsheet_old_pictures")
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        return [
            _old_sheet(book.get_sheet_by_name(meta.name), meta.visible != calamine.SheetVisibleEnum.Visible)
            for meta in book.sheets_metadata
            if meta.typ == calamine.SheetTypeEnum.WorkSheet
        ]
    except (Unreadable, MemoryError):
        raise
    except calamine.PasswordError as error:
        raise Unreadable("spreadsheet_encrypted") from error
    except Exception as error:
        raise Unreadable("spreadsheet_damaged") from error
    except BaseException as error:  # what the library did not foresee comes as no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise Unreadable("spreadsheet_damaged") from error


def _old_sheet(sheet: "calamine.CalamineSheet", hidden: bool) -> Table:
    left = sheet.start[1] if sheet.start else 0  # the library leaves out what is empty to the left
    if sheet.total_height * sheet.total_width > DENSE_CELLS:
        raise Unreadable("spreadsheet_too_large")
    rows: list[Row] = []
    notes: dict[Cell, CellNote] = {}
    cells = 0
    for values in sheet.iter_rows():
        row = [""] * left
        for value in values:
            text, sure = show(value)
            if not sure:
                notes[len(rows), len(row)] = CellNote("cell_converted")
            row.append(text)
        rows.append(trimmed(row))
        cells += len(rows[-1])
        if cells > CELLS:
            raise Unreadable("spreadsheet_too_large")
    merged = tuple((*first, *last) for first, last in sheet.merged_cell_ranges or ())
    return Table(sheet.name, without_empty_end(rows), hidden, merged=merged, notes=notes)


def show(value: object) -> tuple[str, bool]:
    """A bare value as people read it, and whether it is surely what they see: 0.05 may be shown as 5%."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n"), True
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), False
    if isinstance(value, int | float):
        text = number_formats.general(float(value))
        return text, text.lstrip("-").isdecimal()
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ", "seconds").removesuffix(" 00:00:00"), False
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}", False
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat(), False
    return str(value), False


def check_rows(rows: list[Row]) -> None:
    """Refuse too many rows and cells that are too long."""
    if sum(1 for row in rows if row) > ROWS:
        raise Unreadable("spreadsheet_too_large")
    for number, row in enumerate(rows, 1):
        if any(len(cell) > CELL_CHARS for cell in row):
            raise Unreadable("spreadsheet_cell_too_long", row=number)


def main() -> None:
    """Read standard input under limits; answer with the tables or with the code of what is wrong."""
    confine(memory_bytes=MEMORY_BYTES, seconds=CPU_S)
    content = sys.stdin.buffer.read()
    try:
        kind, *most = sys.argv[1:]
        tables = read(content, kind)
        rows = int(most[0]) if most else None
        answer: dict[str, object] = {
            "tables": [(table.sheet, table.rows[:rows], table.hidden, table.merged) for table in tables]
        }
    except Unreadable as error:
        answer = {"error": error.code, "facts": error.facts}
    except MemoryError:
        answer = {"error": "spreadsheet_too_large", "facts": {}}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
