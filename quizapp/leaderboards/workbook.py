"""The frozen standings as an XLSX file: one sheet a board, written row by row, so that millions need no memory.

No cell is a formula: text stays text, and what could be taken for a formula is marked as text for whoever edits it.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from quizapp.web.spreadsheets import FORMULA_STARTS

ROWS_A_SHEET = 1_000_000  # Excel holds 1,048,576

Sheet = tuple[str, Sequence[str], Iterable[Sequence[object]]]


def write_standings(path: Path, sheets: Iterable[Sheet]) -> None:
    """Write (name, headings, rows) sheets; rows beyond what Excel holds go on in a further sheet."""
    book = xlsxwriter.Workbook(
        path,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    styles = _Styles(book)
    for name, headings, rows in sheets:
        number, sheet = ROWS_A_SHEET, None
        part = 0
        for row in rows:
            if number >= ROWS_A_SHEET:
                part += 1
                sheet = _new_sheet(book, name if part == 1 else f"{name} ({part})", headings, styles)
                number = 0
            number += 1
            _write_row(sheet, number, row, styles)
        if part == 0:
            _new_sheet(book, name, headings, styles)
    book.close()


class _Styles:
    def __init__(self, book: Any) -> None:
        self.heading = book.add_format({"bold": True, "bg_color": "#E8F0FA", "border": 1, "valign": "top"})
        self.text = book.add_format({"num_format": "@"})
        self.quoted = book.add_format({"num_format": "@", "quote_prefix": True})


def _new_sheet(book: Any, name: str, headings: Sequence[str], styles: _Styles) -> Any:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for column, heading in enumerate(headings):
        sheet.set_column(column, column, max(12, 2 * len(heading) + 2))
        sheet.write_string(0, column, heading, styles.heading)
    return sheet


def _write_row(sheet: Any, number: int, row: Sequence[object], styles: _Styles) -> None:
    for column, value in enumerate(row):
        if value is None:
            continue
        if isinstance(value, int | float):
            sheet.write_number(number, column, value)
        else:
            text = str(value)
            sheet.write_string(number, column, text, styles.quoted if text.startswith(FORMULA_STARTS) else styles.text)
