"""Sheets as plain values: what every reader of spreadsheets gives, and how it says that it can't."""

from dataclasses import dataclass, field
from typing import TypeAlias

Row: TypeAlias = list[str]
Cell: TypeAlias = tuple[int, int]  # row and column, both from 0
Area: TypeAlias = tuple[int, int, int, int]  # first row, first column, last row, last column, from 0


class Unreadable(Exception):
    """The file can't be read; `code` finds the sentence, `facts` fill it."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@dataclass(frozen=True)
class CellNote:
    """What a cell's text does not say; `name` is a name or an address that belongs to it.

    `cell_converted`: people may see, or have typed, something else. `cell_error`: an error such as #N/A.
    `cell_formula`: a formula whose value the file lacks. `cell_marked`: struck out, or raised in a way that plain text
    can't be. `picture_missing`: shows a picture that the file does not hold. `object_unread`: a text box, chart or
    formula object lies here.
    """

    code: str
    name: str = ""


@dataclass(frozen=True)
class CellPicture:
    """A picture's file, in the cell where its upper left corner is. `spans`: it reaches into other cells."""

    cell: Cell
    content: bytes
    shows: str = ""
    spans: bool = False


@dataclass(frozen=True)
class Table:
    """One sheet. `rows[0]` is row 1 of the sheet; cells are strings, rows end at their last filled cell.

    Cells hold what people see: 5%, 1,200, a whole number without ".0"; a date as 2026-08-25, a truth value as TRUE or
    FALSE, a formula as its value. A text file is one table whose `sheet` is "". What only some formats tell is empty for
    the others; rows and columns count from 0.
    """

    sheet: str
    rows: list[Row]
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    merged: tuple[Area, ...] = ()
    notes: dict[Cell, CellNote] = field(default_factory=dict)
    pictures: tuple[CellPicture, ...] = ()


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
