"""Where in a table its headings are: below titles, and perhaps over several rows. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from quizapp.banks.formats.tables.headings import read_heading
from quizapp.web.tables import Row, Table

HEADING_ROWS = 20  # title rows and empty rows above the headings that are looked through


@dataclass(frozen=True)
class Place:
    """Where a table's questions are: the row where they begin, from 0, and the headings above."""

    first_row: int
    headings: Row


def find_headings(table: Table, said: Mapping[str, str] | None = None) -> Place | None:
    """The first rows that can be headings: a stem, and something else of a question. Merged cells make them higher."""
    for row in range(min(HEADING_ROWS, len(table.rows))):
        height = _height(table, row)
        headings = _headings(table, row, height)
        found = {heading.field for text in headings if (heading := read_heading(text, said))}
        if "stem" in found and found & {"key", "type", "options", "A"}:
            return Place(row + height, headings)
    return None


def _height(table: Table, row: int) -> int:
    """How many rows the headings have that begin here: cells merged downwards, or a 选项 above several columns."""
    last = row
    for top, left, bottom, right in table.merged:
        if top == row:
            over = right > left and _field(table.rows[row], left) == "options"
            last = max(last, bottom, row + 1 if over else row)
    return min(last - row + 1, 3, len(table.rows) - row)


def _field(cells: Row, column: int) -> str:
    heading = read_heading(cells[column]) if column < len(cells) else None
    return heading.field if heading else ""


def _headings(table: Table, row: int, height: int) -> Row:
    """The headings in some rows, each with what stands above it: 选项 over A, B, C gives 选项A, 选项B, 选项C."""
    rows = table.rows[row : row + height]
    width = max(map(len, rows), default=0)
    joined = [""] * width
    for number, cells in enumerate(rows, row):
        for column in range(width):
            text = cells[column] if column < len(cells) else ""
            if not text and height > 1:
                text = _merged_text(table, number, column) if number < row + height - 1 else ""
            if text.strip() and text != joined[column]:
                joined[column] += text
    return joined


def _merged_text(table: Table, row: int, column: int) -> str:
    """The text of a cell merged over several columns, for those that it covers."""
    for top, left, _bottom, right in table.merged:
        if top == row and left <= column <= right:
            return table.rows[top][left] if left < len(table.rows[top]) else ""
    return ""
