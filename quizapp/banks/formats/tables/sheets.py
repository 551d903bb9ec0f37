"""Questions in tables: workbooks and CSV under the headings of the template, or those that organizers' files have. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from quizapp.banks.content import LETTERS
from quizapp.banks.entries import Entry, Header, Source
from quizapp.banks.findings import ERROR, WARNING, Finding, Where
from quizapp.banks.formats.gathering import USUAL, Gathering
from quizapp.banks.formats.tables.headings import (
    NAMES,
    TEXTS,
    Heading,
    column_letter,
    column_place,
    is_ignored,
    plain,
    read_heading,
    sheet_type,
)
from quizapp.banks.formats.tables.joined_options import Options, take_apart
from quizapp.banks.formats.tables.template import (
    BANK_SHEET,
    ESCAPED,
    NOTES,
    NOTES_SHEET,
    PICTURE_HEADINGS,
    PICTURE_SHEET,
)
from quizapp.banks.pictures import token
from quizapp.banks.spellings import read_type
from quizapp.errors import Invalid
from quizapp.web.tables import Area, CellPicture, Row, Table

HEADING_ROWS = 20  # title rows and empty rows above the headings that are looked through
NEEDED = ("type", "stem", "key")
# What a cell merged over several rows says for each of them. A stem or key that several rows share is no question's.
SHARED = ("type", "topic", "difficulty", "pool", "reference", "valid_from", "valid_to")
# One power company's files, which have all options in one cell, write "\" where there is nothing.
MAY_BE_BLANK = ("options", "explanation", "reference", "topic", "difficulty", "pool", "code", "valid_from", "valid_to")
# What Excel makes of text that is opened as CSV; a workbook says itself which of its cells are dates or truths.
_CONVERTED = re.compile(r"TRUE|FALSE|\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?|\d{2}:\d{2}:\d{2}|-?\d(\.\d+)?E[+-]?\d+")
_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!")
_SHORTENED = re.compile(r"-?\d(\.\d+)?E\+\d+")


@dataclass(frozen=True)
class Layout:
    """What a person said of one sheet: the row, from 1, where its questions begin; the fields of its columns, by their
    letters; and the type of all its questions, if no column says it. Without columns it is not read.
    """

    first_row: int
    columns: dict[str, str]
    type: str = ""


@dataclass(frozen=True)
class Columns:
    """What a person said of a file's columns: the fields of headings, on every sheet, and the layouts of single sheets."""

    headings: dict[str, str] = field(default_factory=dict)
    sheets: dict[str, Layout] = field(default_factory=dict)


def read_tables(name: str, tables: Sequence[Table], columns: Columns | None = None) -> Source:
    """The questions in the sheets that have headings of ours or of known programs, and the bank's header if there is one."""
    reading = _Reading(name, columns or Columns())
    for table in tables:
        reading.add(table)
    return reading.source()


def has_headings(table: Table) -> bool:
    """Whether a table has headings of questions."""
    return find_headings(table) is not None


@dataclass(frozen=True)
class Place:
    """Where a table's questions are: the row where they begin, from 0, and the headings above."""

    first_row: int
    headings: Row


class _Reading:
    """The reading of one file."""

    def __init__(self, name: str, said: Columns) -> None:
        self.name = name
        self.said = said
        self.names_said = {plain(heading): each for heading, each in said.headings.items()}
        self.gathering = Gathering(name)
        self.header = Header()
        self.entries: list[Entry] = []
        self.findings = self.gathering.findings
        self.columns: dict[str, tuple[str, ...]] = {}

    def source(self) -> Source:
        if not self.columns:
            self.findings.append(Finding(ERROR, "headings_missing", Where(file=self.name)))
        there = {plain(heading) for headings in self.columns.values() for heading in headings}
        if nowhere := [heading for heading in self.said.headings if plain(heading) not in there]:
            self.warn("headings_said_absent", Where(file=self.name), names="、".join(nowhere))
        return Source(
            self.name,
            self.header,
            tuple(self.entries),
            tuple(self.findings),
            self.columns,
            self.gathering.pictures,
        )

    def warn(self, code: str, where: Where, severity: str = WARNING, **facts: object) -> None:
        self.findings.append(Finding(severity, code, where, facts))

    def picture(self, picture: CellPicture) -> str:
        """The picture's place in a text. Raises Invalid."""
        return token(self.gathering.picture(picture.content), picture.shows)

    def add(self, table: Table) -> None:
        """Read one sheet."""
        if table.sheet == BANK_SHEET:
            self.header = _read_header(table)
        elif table.sheet == PICTURE_SHEET and table.rows[:1] == [PICTURE_HEADINGS]:
            self._add_pictures(table)
        elif any(table.rows) and not (table.sheet == NOTES_SHEET and table.rows[:1] == NOTES[:1]):
            self._add_questions(table)

    def _add_pictures(self, table: Table) -> None:
        """The sheet where our own files keep pictures that stand in the midst of texts."""
        for picture in table.pictures:
            try:
                self.picture(picture)
            except Invalid as error:
                row, column = picture.cell
                where = Where(self.name, table.sheet, row + 1, column_letter(column))
                self.warn(error.code, where, ERROR, **error.facts)

    def _add_questions(self, table: Table) -> None:
        where = Where(file=self.name, sheet=table.sheet)
        layout = self.said.sheets.get(table.sheet)
        if layout and not layout.columns:
            return
        if layout:
            place: Place | None = _said_place(table, layout)
        elif table.hidden:
            place = None
        else:
            place = find_headings(table, self.names_said)
        if place is None:
            if table.hidden or "说明" not in table.sheet:
                code = "sheet_hidden" if table.hidden else "sheet_without_headings"
                self.warn(code, where, sheet=table.sheet or self.name)
            return
        if "说明" in table.sheet and not layout:  # examples stand there under headings
            self.warn("sheet_taken_for_notes", where, sheet=table.sheet)
            return
        self.columns[table.sheet] = tuple(place.headings)
        sheet = _Sheet(self, table, place, layout)
        if not sheet.has_faults:
            sheet.read()


class _Sheet:
    """The reading of one sheet whose headings are known."""

    def __init__(self, reading: _Reading, table: Table, place: Place, layout: Layout | None) -> None:
        self.reading = reading
        self.table = table
        self.rows = table.rows[place.first_row :]
        self.first_row = place.first_row
        self.headings = place.headings
        self.has_faults = False
        self.fields: dict[int, str] = {}
        self.keys: list[int] = []
        self.points: list[int] = []
        self.type = layout.type if layout else sheet_type(table.sheet or reading.name)
        if layout:
            self._take_layout(layout)
        else:
            self._take_headings()
        self._check_columns()
        self.backslash_is_blank = "options" in self.fields.values()
        self.column_names = {column: (column_letter(column), self.heading(column)) for column in self.fields}
        self.width = max([len(self.headings), *(column + 1 for column in self.fields)])
        self.absent = frozenset(USUAL) - set(self.fields.values())
        self.pictures: dict[int, list[CellPicture]] = {}
        for picture in table.pictures:
            self.pictures.setdefault(picture.cell[0], []).append(picture)
        self.notes: dict[int, list[int]] = {}
        for row, column in table.notes:
            self.notes.setdefault(row, []).append(column)

    def where(self, row: int | None = None, column: int | None = None) -> Where:
        """A place in the sheet; rows and columns count from 0."""
        number = self.first_row if row is None else row + 1
        if column is None:
            return Where(self.reading.name, self.table.sheet, number)
        return Where(self.reading.name, self.table.sheet, number, column_letter(column), field=self.heading(column))

    def heading(self, column: int) -> str:
        return self.headings[column].strip() if column < len(self.headings) else ""

    def fault(self, code: str, where: Where, severity: str = ERROR, **facts: object) -> None:
        """A finding about the sheet as a whole; an error keeps its rows from being read."""
        self.reading.findings.append(Finding(severity, code, where, facts, where.field))
        self.has_faults |= severity == ERROR

    # --- columns

    def is_filled(self, column: int) -> bool:
        return any(len(row) > column and row[column].strip() for row in self.rows) or any(
            picture.cell[1] == column and picture.cell[0] >= self.first_row for picture in self.table.pictures
        )

    def _take_layout(self, layout: Layout) -> None:
        for column, each in sorted((column_place(letters), each) for letters, each in layout.columns.items()):
            if each == "key":
                self.keys.append(column)
            elif each in self.fields.values():
                self._doubled(next(first for first, known in self.fields.items() if known == each), column)
            self.fields[column] = each

    def _take_headings(self) -> None:
        """Which column is which, where several could be it and where none is used."""
        found: dict[str, list[tuple[Heading, int]]] = {}
        unused = []
        for column, text in enumerate(self.headings):
            heading = read_heading(text, self.reading.names_said)
            if heading:
                found.setdefault(heading.field, []).append((heading, column))
            elif not is_ignored(text) and self.is_filled(column):
                unused.append(column)
        for name, candidates in found.items():
            candidates.sort()
            filled = [each for each in candidates if self.is_filled(each[1])] or candidates[:1]
            if name == "points":
                self.points = [column for _, column in filled]
            elif (
                name == "key" and len({heading.rank for heading, _ in filled}) == len(filled) and filled[-1][0].rank > 1
            ):
                self.keys = [column for _, column in filled]
                self.fields.update(dict.fromkeys(self.keys, "key"))
            elif name == "topic":
                self.fields[filled[0][1]] = name
                unused += [column for _, column in filled[1:]]
            elif len(filled) > 1:
                self._doubled(filled[0][1], filled[1][1])
            else:
                self.fields[filled[0][1]] = name
                self.keys += [filled[0][1]] if name == "key" else []
        if unused:
            names = "、".join(self.heading(column) or column_letter(column) for column in sorted(unused))
            self.fault("columns_unused", self.where(), WARNING, names=names)

    def _doubled(self, first: int, second: int) -> None:
        facts = {"first": self.heading(first), "second": self.heading(second)}
        self.fault("column_doubled", self.where(self.first_row - 1, second), **facts)

    def _check_columns(self) -> None:
        fields = set(self.fields.values())
        joined = [column for column, each in self.fields.items() if each == "options"]
        lettered = [column for column, each in self.fields.items() if each in LETTERS and self.is_filled(column)]
        if joined and lettered and self.is_filled(joined[0]):
            self._doubled(joined[0], lettered[0])
        elif joined and lettered:
            del self.fields[joined[0]]
        needed = [each for each in NEEDED if each not in fields and not (each == "type" and self.type)]
        for each in needed:
            self.fault("column_missing", self.where(), names="、".join(NAMES[each]))
        if not (joined or fields & set(LETTERS) or needed) and self._has_choices():
            self.fault("column_missing", self.where(), names="选项A、选项B、选项")
        for each in USUAL:
            if each not in fields:
                self.fault("column_absent", self.where(), WARNING, names="、".join(NAMES[each]))
        hidden = sorted(self.table.hidden_columns & set(self.fields))
        if hidden:
            names = "、".join(f"{column_letter(column)} {self.heading(column)}".strip() for column in hidden)
            self.fault("columns_hidden", self.where(), WARNING, names=names)

    def _has_choices(self) -> bool:
        """Whether any question needs options of its own."""
        column = next((column for column, each in self.fields.items() if each == "type"), None)
        if column is None:
            return self.type in ("single", "multiple")
        return any(len(row) > column and read_type(row[column]) in ("single", "multiple") for row in self.rows)

    # --- rows

    def read(self) -> None:
        """Every row as an entry."""
        shared = self._read_merged()
        skipped: list[int] = []
        placed: set[int] = set()
        entries = self.reading.entries
        for row, cells in enumerate(self.rows, self.first_row):
            filled = any(cell.strip() for cell in cells)
            if row in self.table.hidden_rows and filled:
                skipped.append(row + 1)
                placed.add(row)
            elif filled and cells != self.headings:  # repeated for printing
                entries.append(_RowReading(self, row, cells, shared.get(row, {}), len(entries)).entry())
                placed.add(row)
        if skipped:
            self.reading.warn("rows_hidden", Where(self.reading.name, self.table.sheet), rows=_as_ranges(skipped))
        for row in sorted(set(self.pictures) - placed):
            if row >= self.first_row:
                self.reading.warn("picture_unplaced", self.where(row, self.pictures[row][0].cell[1]), ERROR)
        for (row, column), note in self.table.notes.items():
            if note.code == "object_unread" and row >= self.first_row - 1:
                self.reading.warn(note.code, self.where(row, column))

    def _read_merged(self) -> dict[int, dict[int, str]]:
        """What cells merged over several rows say for the rows below their first. Those that belong to no one are faults."""
        shared: dict[int, dict[int, str]] = {}
        for area in self.table.merged:
            top, left, bottom, right = area
            bottom = min(bottom, len(self.table.rows) - 1)
            inside = [column for column in self.fields if left <= column <= right]
            if top < self.first_row or bottom < top or not inside:
                continue
            cells = self.table.rows[top]
            text = cells[left] if left < len(cells) else ""
            if not text.strip():
                continue
            if len(inside) > 1 or (bottom > top and (left != right or self.fields[left] not in SHARED)):
                facts = {"area": _area_name(area)}
                self.reading.findings.append(Finding(ERROR, "cells_merged", self.where(top, left), facts, text[:200]))
            for row in range(top + 1, bottom + 1) if self.fields.get(left) in SHARED else ():
                shared.setdefault(row, {})[left] = text
        return shared


class _RowReading:
    """The reading of one row."""

    def __init__(self, sheet: _Sheet, row: int, cells: Row, shared: Mapping[int, str], number: int) -> None:
        self.sheet = sheet
        self.row = row
        self.cells = cells
        self.shared = shared
        self.number = number
        self.values: dict[str, str] = {}
        self.columns: dict[str, int] = {}
        self.unread: set[str] = set(sheet.absent)

    def fault(self, code: str, column: int, severity: str = ERROR, **facts: object) -> None:
        """A finding at a cell; what has an error is not complained of again."""
        self.add(code, column, severity, facts)

    def add(self, code: str, column: int, severity: str, facts: dict[str, object]) -> None:
        text = self.cells[column] if column < len(self.cells) else ""
        where = self.sheet.where(self.row, column)
        self.sheet.reading.findings.append(Finding(severity, code, where, facts, text[:200], self.number))
        name = self.sheet.fields.get(column, "")
        if severity == ERROR and name:
            self.unread.add("options" if name in LETTERS else name)

    def entry(self) -> Entry:
        """The row as an entry."""
        sheet = self.sheet
        is_text_file = not sheet.table.sheet
        for column, name in sheet.fields.items():
            text = self.cells[column] if column < len(self.cells) else ""
            if not text:
                text = self.shared.get(column, "")
            elif is_text_file and ESCAPED.match(text):
                text = text[1:]  # the apostrophe that our CSV files put before what Excel would take for a formula
            elif text.strip() == "\\" and sheet.backslash_is_blank and name in MAY_BE_BLANK:
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
        for column in sheet.notes.get(self.row, ()):
            self._take_note(column)
        if "options" in self.values:
            self._take_options_apart()
        self._check_points()
        for picture in sheet.pictures.get(self.row, ()):
            self._add_picture(picture)
        self._check_width()
        return Entry(self.values, self._places(), tuple(self.cells), frozenset(self.unread))

    def _places(self) -> dict[str, Where]:
        name, sheet, row = self.sheet.reading.name, self.sheet.table.sheet, self.row + 1
        names = self.sheet.column_names
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
            shown = self.sheet.reading.picture(picture)
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
        self.sheet.reading.findings.append(Finding(severity, code, where, {}, quoted, self.number))


# --- finding the headings


def _said_place(table: Table, layout: Layout) -> Place:
    first = min(max(layout.first_row - 1, 0), len(table.rows))
    return Place(first, table.rows[first - 1] if first else [])


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


def _read_header(table: Table) -> Header:
    code = title = ""
    topics: dict[str, str] = {}
    in_topics = False
    for row in table.rows:
        first, second = [cell.strip() for cell in [*row, "", ""][:2]]
        if first == "题库编号":
            code = second
        elif first == "题库名称":
            title = second
        elif first == "主题编号":
            in_topics = True
        elif in_topics and first:
            topics[first] = second
    return Header(code, title, topics)


# --- words


def _area_name(area: Area) -> str:
    top, left, bottom, right = area
    return f"{column_letter(left)}{top + 1}:{column_letter(right)}{bottom + 1}"


def _as_ranges(numbers: Sequence[int]) -> str:
    """3, 4, 5, 9 → 3–5、9."""
    return "、".join(f"{first}–{last}" if last > first else str(first) for first, last in _runs(numbers))


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield first, last
            first = number
        last = number
    yield first, last


def _shown(options: Options) -> str:
    return " / ".join(f"{letter} {option}" for letter, option in zip(LETTERS, options, strict=False))[:120]
