"""Reading and writing spreadsheets that people exchange: XLSX and CSV, as rows of plain strings.

An upload is parsed in a child process (`spreadsheet_reader.py`) with limits of memory, time and unpacked size: a 2.5
MB file can ask its reader for 2 GB. What is written never runs as a formula.
"""

import io
import json
import logging
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from quizapp.errors import Invalid, Unavailable
from quizapp.web import confinement
from quizapp.web.tables import CellPicture, Table

log = logging.getLogger("quizapp")
TIME_LIMIT_S = 30
AT_ONCE = 2  # children of one process; each may take the reader's whole memory limit
KINDS = ("xlsx", "xlsm", "xls", "et", "csv", "tsv", "txt")
LINE_PIXELS, PICTURE_PIXELS = 20, 120
ROW_PIXELS = 545  # the highest row that there is
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

_children = threading.BoundedSemaphore(AT_ONCE)


def read_tables(source: Path | bytes, filename: str, *, first_rows: int | None = None) -> list[Table]:
    """Every sheet of a workbook or text file, told apart by its name and its content: cells, and which are merged.

    With `first_rows` no more than these of each sheet. Raises Invalid with a code `spreadsheet_…` that says what is wrong
    with the file, and Unavailable while other files are being read.
    """
    content = source if isinstance(source, bytes) else source.read_bytes()
    kind = Path(filename.replace("\\", "/")).suffix.lower().lstrip(".")
    if not content.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise Invalid("spreadsheet_empty")
    if kind not in KINDS:
        raise Invalid("spreadsheet_kind_unknown")
    if not _children.acquire(timeout=TIME_LIMIT_S / 3):
        raise Unavailable("spreadsheet_busy", retry_after_s=10)
    try:
        done = subprocess.run(
            confinement.command("quizapp.web.spreadsheet_reader", kind, *([str(first_rows)] if first_rows else [])),
            env=confinement.environment(),
            check=False,
            input=content,
            capture_output=True,
            timeout=TIME_LIMIT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise Invalid("spreadsheet_too_large") from error
    finally:
        _children.release()
    if done.returncode < 0:  # killed by one of its limits
        raise Invalid("spreadsheet_too_large")
    if done.returncode > 0:  # the Excel library met something that its authors did not foresee
        log.warning("spreadsheet_reader_failed %s", done.stderr.decode(errors="replace")[-400:])
        raise Invalid("spreadsheet_damaged")
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise Invalid(answer["error"], **answer["facts"])
    return [
        Table(sheet, rows, hidden, merged=tuple((top, left, bottom, right) for top, left, bottom, right in merged))
        for sheet, rows, hidden, merged in answer["tables"]
    ]


def write_workbook(
    tables: Iterable[tuple[str, Sequence[Sequence[object]]]],
    pictures: Mapping[str, Sequence[CellPicture]] | None = None,
) -> bytes:
    """An XLSX file of (sheet name, rows). The first row is a heading, numbers stay numbers, no cell is a formula.

    `pictures` lie in cells of the sheets by their names, below the cells' words.
    """
    import xlsxwriter  # who only reads needs it not: each child process would load it

    file = io.BytesIO()
    book = xlsxwriter.Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "in_memory": False,
        },
    )
    heading = book.add_format(
        {
            "bold": True,
            "bg_color": "#E8F0FA",
            "border": 1,
            "text_wrap": True,
            "valign": "top",
        }
    )
    text = book.add_format({"num_format": "@"})
    quoted = book.add_format({"num_format": "@", "quote_prefix": True})  # stays text even when somebody edits the cell
    illustrated = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    for name, rows in tables:
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        widths = _column_widths(rows)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width, text)
        in_cells: dict[int, dict[int, list[CellPicture]]] = {}
        for picture in (pictures or {}).get(name, ()):
            in_cells.setdefault(picture.cell[0], {}).setdefault(picture.cell[1], []).append(picture)
        for number, row in enumerate(rows):
            if number in in_cells:
                _place_pictures(sheet, number, row, widths, in_cells[number])
            for column, value in enumerate(row):
                if value is None or (value == "" and number):
                    continue
                if isinstance(value, int | float) and not isinstance(value, bool):
                    sheet.write_number(number, column, value)
                    continue
                cell = str(value)
                style = heading if number == 0 else quoted if cell.startswith(FORMULA_STARTS) else text
                if column in in_cells.get(number, ()):
                    style = illustrated
                sheet.write_string(number, column, cell, style)
    book.close()
    return file.getvalue()


def _column_widths(rows: Sequence[Sequence[object]]) -> list[int]:
    columns = max((len(row) for row in rows), default=0)
    return [
        min(max(max((_width(str(row[column])) for row in rows[:200] if column < len(row)), default=8) + 2, 10), 48)
        for column in range(columns)
    ]


def _width(cell: str) -> int:
    return sum(2 if ord(char) > 0x2E7F else 1 for char in max(cell.split("\n"), key=len))


def _place_pictures(
    sheet: Any, row: int, cells: Sequence[object], widths: Sequence[int], pictures: dict[int, list[CellPicture]]
) -> None:
    """Pictures below the words of their cells, small enough to stay within: the cell's corner says whose they are."""
    from PIL import Image  # likewise

    heights = {}
    for column, inside in pictures.items():
        width = widths[column] if column < len(widths) else 10
        words = str(cells[column]) if column < len(cells) else ""
        lines = sum(1 + _width(line) // width for line in words.split("\n")) if words else 0
        top = min(LINE_PIXELS * lines, ROW_PIXELS - PICTURE_PIXELS * len(inside)) + 4
        for picture in inside:
            with Image.open(io.BytesIO(picture.content)) as image:
                scale = min(1, (PICTURE_PIXELS - 8) / image.height, (7 * width - 8) / image.width)
            options = {
                "image_data": io.BytesIO(picture.content),
                "description": picture.shows,
                "x_offset": 4,
                "y_offset": top,
                "x_scale": scale,
                "y_scale": scale,
                "object_position": 1,
            }
            sheet.insert_image(row, column, f"{row}-{column}.png", options)
            top += PICTURE_PIXELS
        heights[column] = top
    sheet.set_row_pixels(row, min(max(heights.values()), ROW_PIXELS))
