"""The child process that parses an uploaded spreadsheet: bytes on standard input, JSON on standard output.

Run by `spreadsheets.read_tables`. The reader of question banks calls `read` too, in a child process of its own; the site
itself never does.
"""

import csv
import datetime
import io
import json
import sys

from quizapp.errors import Invalid
from quizapp.web import archives
from quizapp.web.confinement import confine

MEMORY_BYTES = 768 * 1024 * 1024
CPU_S = 20
ROWS = 100_000
CELLS = 1_000_000
CELL_CHARS = 32_767  # Excel's own limit
DELIMITERS = (",", "\t", ";", "，")
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ARCHIVE_CODES = {
    "archive_damaged": "spreadsheet_damaged",
    "archive_encrypted": "spreadsheet_encrypted",
    "archive_too_large": "spreadsheet_too_large",
    "archive_has_dtd": "spreadsheet_damaged",
}


class Unreadable(Exception):
    """The file can't be read; `code` finds the sentence, `facts` fill it."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


Row = list[str]


def read(content: bytes, kind: str) -> list[tuple[str, list[Row], bool]]:
    """(sheet, rows, hidden) of each sheet; `kind` is the ending of the file's name."""
    if content.startswith(OLD_OFFICE):
        # Excel keeps a password-protected XLSX inside the container of the old format.
        encrypted = "EncryptedPackage".encode("utf-16-le") in content
        raise Unreadable("spreadsheet_encrypted" if encrypted else "spreadsheet_old_format")
    if content.startswith(b"PK"):
        if kind == "csv":
            raise Unreadable("spreadsheet_wrong_ending")
        check_workbook(content)
        return read_xlsx(content)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise Unreadable("spreadsheet_is_web_page")
    if kind != "csv":
        raise Unreadable("spreadsheet_wrong_ending" if looks_like_text(content) else "spreadsheet_damaged")
    rows = read_csv(content)
    if not rows:
        raise Unreadable("spreadsheet_empty")
    return [("", rows, False)]


def looks_like_text(content: bytes) -> bool:
    """Whether no byte is one that text doesn't have."""
    return not any(byte < 9 or 13 < byte < 32 for byte in content[:4096])


def check_workbook(content: bytes) -> None:
    """Refuse an archive that is no spreadsheet or that would unpack to more than its share."""
    try:
        names = archives.open_archive(content).namelist()
    except Invalid as error:
        raise Unreadable(ARCHIVE_CODES[error.code]) from error
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/workbook.") for name in names):
        raise Unreadable("spreadsheet_not_excel")


def read_xlsx(content: bytes) -> list[tuple[str, list[Row], bool]]:
    """The sheets of a workbook whose archive has been checked."""
    import python_calamine as calamine

    tables: list[tuple[str, list[Row], bool]] = []
    cells = 0
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        for meta in book.sheets_metadata:
            if meta.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(meta.name)
            indent = [""] * (sheet.start[1] if sheet.start else 0)  # the library leaves out empty columns at the left
            rows: list[Row] = []
            for values in sheet.iter_rows():
                row = trimmed(indent + [show(value) for value in values])
                cells += len(row)
                rows.append(row)
                if cells > CELLS or len(rows) > 1_048_576:
                    raise Unreadable("spreadsheet_too_large")
            tables.append(
                (
                    meta.name,
                    check_rows(without_empty_end(rows)),
                    meta.visible != calamine.SheetVisibleEnum.Visible,
                )
            )
    except calamine.PasswordError as error:
        raise Unreadable("spreadsheet_encrypted") from error
    except (
        calamine.CalamineError,
        calamine.XmlError,
        calamine.ZipError,
        OSError,
        ValueError,
    ) as error:
        raise Unreadable("spreadsheet_damaged") from error
    if not any(rows for _, rows, _ in tables):
        raise Unreadable("spreadsheet_empty")
    return tables


def show(value: object) -> str:
    """A cell's value as people read it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        # Beyond 15 digits Excel itself has already lost some: shown as 1.23E+19, so that a check can see it.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15G}"
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value).replace("\r\n", "\n")


def read_csv(content: bytes) -> list[Row]:
    """The records of a text file; the row number is the record's, as Excel would count it."""
    text = decode(content).removeprefix("\ufeff")
    if "\0" in text:
        raise Unreadable("spreadsheet_damaged")
    first, _, following = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter, text = first.strip()[4], following
    else:
        heading = next((line for line in text.splitlines() if line.strip()), "")
        delimiter = max(DELIMITERS, key=heading.count)
    csv.field_size_limit(CELL_CHARS * 4)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    cells = 0
    try:
        for record in reader:
            rows.append(trimmed(record))
            cells += len(rows[-1])
            if cells > CELLS:
                raise Unreadable("spreadsheet_too_large")
    except csv.Error as error:
        raise Unreadable("spreadsheet_bad_quotes", row=len(rows) + 1) from error
    return check_rows(without_empty_end(rows))


def decode(content: bytes) -> str:
    """Text of UTF-8, of UTF-16 with its mark, or of GBK/GB18030; in doubt it refuses rather than misreads."""
    encodings = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "gb18030":
            # Nearly any bytes are some GB18030, Big5 and a mixture included, but those give rare characters.
            foreign = [char for char in text if ord(char) > 127]
            common = sum(1 for char in foreign if encodes(char, "gb2312"))
            if common < 0.8 * len(foreign):
                break
        return text
    raise Unreadable("spreadsheet_encoding_unknown")


def encodes(char: str, encoding: str) -> bool:
    """Whether the encoding has the character."""
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def trimmed(row: Row) -> Row:
    """The row up to its last filled cell."""
    end = len(row)
    while end and not row[end - 1].strip():
        end -= 1
    return row[:end]


def without_empty_end(rows: list[Row]) -> list[Row]:
    """The rows up to the last that holds something."""
    end = len(rows)
    while end and not rows[end - 1]:
        end -= 1
    return rows[:end]


def check_rows(rows: list[Row]) -> list[Row]:
    """Refuse too many rows and cells that are too long."""
    if len(rows) > ROWS:
        raise Unreadable("spreadsheet_too_large")
    for number, row in enumerate(rows, 1):
        if any(len(cell) > CELL_CHARS for cell in row):
            raise Unreadable("spreadsheet_cell_too_long", row=number)
    return rows


def main() -> None:
    """Read standard input under limits; answer with the tables or with the code of what is wrong."""
    confine(memory_bytes=MEMORY_BYTES, seconds=CPU_S)
    content = sys.stdin.buffer.read()
    try:
        answer: dict[str, object] = {"tables": read(content, sys.argv[1])}
    except Unreadable as error:
        answer = {"error": error.code, "facts": error.facts}
    except MemoryError:
        answer = {"error": "spreadsheet_too_large", "facts": {}}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
