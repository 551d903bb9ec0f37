"""One row of a sheet as an entry. Pure."""

import re
from collections.abc import Iterable, Mapping

from quizapp.banks.content import LETTERS
from quizapp.banks.entries import Entry
from quizapp.banks.findings import ERROR, WARNING, Finding, Where
from quizapp.banks.formats.tables.columns import SheetColumns
from quizapp.banks.formats.tables.headings import TEXTS
from quizapp.banks.formats.tables.joined_options import Options, take_apart
from quizapp.banks.formats.tables.template import ESCAPED
from quizapp.banks.pictures import token
from quizapp.banks.spellings import read_type
from quizapp.errors import Invalid
from quizapp.web.tables import CellPicture, Row

# One power company's files, which have all options in one cell, write "\" where there is nothing.
MAY_BE_BLANK = ("options", "explanation", "reference", "topic", "difficulty", "pool", "code", "valid_from", "valid_to")
# What Excel makes of text that is opened as CSV; a workbook says itself which of its cells are dates or truths.
_CONVERTED = re.compile(r"TRUE|FALSE|\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?|\d{2}:\d{2}:\d{2}|-?\d(\.\d+)?E[+-]?\d+")
_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!")
_SHORTENED = re.compile(r"-?\d(\.\d+)?E\+\d+")


class RowReading:
    """The reading of one row."""

    def __init__(self, sheet: SheetColumns, row: int, cells: Row, shared: Mapping[int, str]) -> None:
        self.sheet = sheet
        self.row = row
        self.cells = cells
        self.shared = shared  # by column, what cells say that are merged with one above
        self.number = len(sheet.gathering.entries)
        self.values: dict[str, str] = {}
        self.columns: dict[str, int] = {}
        self.unread: set[str] = set(sheet.absent)

    def fault(self, code: str, column: int, severity: str = ERROR, **facts: object) -> None:
        """A finding at a cell; what has an error is not complained of again."""
        self.add(code, column, severity, facts)

    def add(self, code: str, column: int, severity: str, facts: dict[str, object]) -> None:
        text = self.cells[column] if column < len(self.cells) else ""
        where = self.sheet.where(self.row, column)
        self.sheet.gathering.findings.append(Finding(severity, code, where, facts, text[:200], self.number))
        name = self.sheet.fields.get(column, "")
        if severity == ERROR and name:
            self.unread.add("options" if name in LETTERS else name)

    def entry(self, notes: Iterable[int], pictures: Iterable[CellPicture]) -> Entry:
        """The row as an entry, with the columns of its cells that have a note, and its pictures."""
        sheet = self.sheet
        backslash_is_blank = "options" in sheet.fields.values()
        is_text_file = not sheet.table.sheet
        for column, name in sheet.fields.items():
            text = self.cells[column] if column < len(self.cells) else ""
            if not text:
                text = self.shared.get(column, "")
            elif is_text_file and ESCAPED.match(text):
                text = text[1:]  # the apostrophe that our CSV files put before what Excel would take for a formula
            elif text.strip() == "\\" and backslash_is_blank and name in MAY_BE_BLANK:
                text = ""
            if name not in self.columns:
                self.values[name] = text
                self.columns[name] = column
            if "E" in text or is_text_file:
                self._look_for_conversion(name, column, text)
        if not self.values.get("type", "").strip() and sheet.type:
            self.values["type"] = sheet.type
        if len(sheet.keys) > 1:
            self._join_keys()
        for column in notes:
            self._take_note(column)
        if "options" in self.values:
            self._take_options_apart()
        self._check_points()
        for picture in pictures:
            self._add_picture(picture)
        self._check_width()
        return Entry(self.values, self._places(), tuple(self.cells), frozenset(self.unread))

    def _places(self) -> dict[str, Where]:
        name, sheet, row = self.sheet.gathering.name, self.sheet.table.sheet, self.row + 1
        names = self.sheet.names
        places = {
            each: Where(name, sheet, row, names[column][0], 0, names[column][1])
            for each, column in self.columns.items()
        }
        places[""] = Where(name, sheet, row)
        return places

    def _look_for_conversion(self, name: str, column: int, text: str) -> None:
        pattern = _SHORTENED if self.sheet.table.sheet else _CONVERTED
        if text in _ERRORS and not self.sheet.table.sheet:
            self.fault("cell_error", column)
        if (name in TEXTS or name in ("code", "topic", "reference")) and pattern.fullmatch(text.strip()):
            self.fault("cell_converted", column, WARNING)

    def _take_note(self, column: int) -> None:
        """What the reader of the workbook says of a cell, if the cell is read."""
        note = self.sheet.table.notes[self.row, column]
        name = self.sheet.fields.get(column)
        if name is None or note.code == "object_unread":
            return
        if note.code == "cell_converted":
            truth = self.cells[column] in ("TRUE", "FALSE") and read_type(self.values.get("type", "")) == "judge"
            if not truth and (name in TEXTS or name in ("code", "topic", "reference", "options")):
                self.fault(note.code, column, WARNING)
        elif note.code == "cell_marked":
            self.fault(note.code, column, WARNING)
        else:
            self.add(note.code, column, ERROR, {"name": note.name} if note.name else {})

    def _join_keys(self) -> None:
        """One key of the several columns that hold its letters (答案1, 答案2)."""
        parts = [self.cells[column].strip() for column in self.sheet.keys if column < len(self.cells)]
        self.values["key"] = "、".join(part for part in parts if part)

    def _check_points(self) -> None:
        """Points belong to the competition; but letters that count differently can't be reproduced there."""
        points = [self.cells[column].strip() for column in self.sheet.points if column < len(self.cells)]
        if len({each for each in points if each}) > 1:
            scoring = "、".join(each for each in points if each)
            self.fault("scoring_unsupported", self.sheet.points[0], number=self.number + 1, scoring=scoring)

    def _take_options_apart(self) -> None:
        """Options that stand together in one cell become columns of their own."""
        text, column = self.values.pop("options"), self.columns.pop("options")
        if not text.strip():
            return
        joined = take_apart(text, judge=read_type(self.values.get("type", "")) == "judge")
        for letter, option in zip(LETTERS, joined.options, strict=False):
            self.values[letter] = option
            self.columns[letter] = column
        if len(joined.options) > len(LETTERS):
            self.fault("options_too_many", column, most=len(LETTERS))
        if not joined.options:
            if len(joined.readings) > 1:
                first, second = map(_shown, joined.readings[:2])
                self.fault("options_ambiguous", column, first=first, second=second)
            else:
                self.fault("options_unsplit", column)

    def _add_picture(self, picture: CellPicture) -> None:
        column = picture.cell[1]
        name = self.sheet.fields.get(column, "")
        if name not in TEXTS:
            self.fault("picture_unplaced", column)
            return
        try:
            shown = token(self.sheet.gathering.picture(picture.content), picture.shows)
        except Invalid as error:
            self.add(error.code, column, ERROR, error.facts)
            return
        self.values[name] = "\n".join(part for part in (self.values[name].strip(), shown) if part)
        if picture.spans:
            self.fault("picture_spans", column, WARNING)

    def _check_width(self) -> None:
        """Cells to the right of all headings. In CSV that is a comma without quotes, which has shifted the whole row."""
        beyond = [cell for cell in self.cells[self.sheet.width :] if cell.strip()]
        if not beyond:
            return
        is_text_file = not self.sheet.table.sheet
        code, severity = ("row_shifted", ERROR) if is_text_file else ("cells_beyond_headings", WARNING)
        quoted = " | ".join(self.cells if is_text_file else beyond)[:200]
        where = self.sheet.where(self.row)
        self.sheet.gathering.findings.append(Finding(severity, code, where, {}, quoted, self.number))


def _shown(options: Options) -> str:
    return " / ".join(f"{letter} {option}" for letter, option in zip(LETTERS, options, strict=False))[:120]
