"""Questions in tables: workbooks and CSV under the headings of the template, or those that organizers' files have. Pure."""

from collections.abc import Iterator, Sequence

from quizapp.banks.entries import Header, Source
from quizapp.banks.findings import ERROR, WARNING, Finding, Where
from quizapp.banks.formats.gathering import Gathering
from quizapp.banks.formats.tables.columns import Columns, Layout, SheetColumns
from quizapp.banks.formats.tables.heading_rows import Place, find_headings
from quizapp.banks.formats.tables.headings import column_letter, plain
from quizapp.banks.formats.tables.rows import RowReading
from quizapp.banks.formats.tables.template import BANK_SHEET, NOTES, NOTES_SHEET, PICTURE_HEADINGS, PICTURE_SHEET
from quizapp.errors import Invalid
from quizapp.web.tables import Area, CellPicture, Table

# What a cell merged over several rows says for each of them. A stem or key that several rows share is no question's.
SHARED = ("type", "topic", "difficulty", "pool", "reference", "valid_from", "valid_to")


def read_tables(name: str, tables: Sequence[Table], columns: Columns | None = None) -> Source:
    """The questions in the sheets that have headings of ours or of known programs, and the bank's header if there is one."""
    reading = _Reading(name, columns or Columns())
    for table in tables:
        reading.add(table)
    return reading.source()


class _Reading:
    """The reading of one file."""

    def __init__(self, name: str, said: Columns) -> None:
        self.name = name
        self.said = said
        self.names_said = {plain(heading): each for heading, each in said.headings.items()}
        self.gathering = Gathering(name)
        self.header = Header()
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
            tuple(self.gathering.entries),
            tuple(self.findings),
            self.columns,
            self.gathering.pictures,
        )

    def warn(self, code: str, where: Where, severity: str = WARNING, **facts: object) -> None:
        self.findings.append(Finding(severity, code, where, facts))

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
                self.gathering.picture(picture.content)
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
        sheet = SheetColumns(self.gathering, table, place, layout, self.names_said)
        if not sheet.has_faults:
            self._read_rows(sheet)

    def _read_rows(self, sheet: SheetColumns) -> None:
        """Every row of a sheet as an entry."""
        shared = self._read_merged(sheet)
        skipped: list[int] = []
        placed: set[int] = set()
        entries = self.gathering.entries
        pictures: dict[int, list[CellPicture]] = {}
        for picture in sheet.table.pictures:
            pictures.setdefault(picture.cell[0], []).append(picture)
        notes: dict[int, list[int]] = {}
        for row, column in sheet.table.notes:
            notes.setdefault(row, []).append(column)
        for row, cells in enumerate(sheet.rows, sheet.first_row):
            filled = any(cell.strip() for cell in cells)
            if row in sheet.table.hidden_rows and filled:
                skipped.append(row + 1)
                placed.add(row)
            elif filled and cells != sheet.headings:  # repeated for printing
                reading = RowReading(sheet, row, cells, shared.get(row, {}))
                entries.append(reading.entry(notes.get(row, ()), pictures.get(row, ())))
                placed.add(row)
        if skipped:
            self.warn("rows_hidden", Where(self.name, sheet.table.sheet), rows=_as_ranges(skipped))
        for row in sorted(set(pictures) - placed):
            if row >= sheet.first_row:
                self.warn("picture_unplaced", sheet.where(row, pictures[row][0].cell[1]), ERROR)
        for (row, column), note in sheet.table.notes.items():
            if note.code == "object_unread" and row >= sheet.first_row - 1:
                self.warn(note.code, sheet.where(row, column))

    def _read_merged(self, sheet: SheetColumns) -> dict[int, dict[int, str]]:
        """What cells merged over several rows say for the rows below their first. Those that belong to no one are faults."""
        shared: dict[int, dict[int, str]] = {}
        for area in sheet.table.merged:
            top, left, bottom, right = area
            bottom = min(bottom, len(sheet.table.rows) - 1)
            inside = [column for column in sheet.fields if left <= column <= right]
            if top < sheet.first_row or bottom < top or not inside:
                continue
            cells = sheet.table.rows[top]
            text = cells[left] if left < len(cells) else ""
            if not text.strip():
                continue
            if len(inside) > 1 or (bottom > top and (left != right or sheet.fields[left] not in SHARED)):
                facts = {"area": _area_name(area)}
                self.findings.append(Finding(ERROR, "cells_merged", sheet.where(top, left), facts, text[:200]))
            for row in range(top + 1, bottom + 1) if sheet.fields.get(left) in SHARED else ():
                shared.setdefault(row, {})[left] = text
        return shared


def _said_place(table: Table, layout: Layout) -> Place:
    first = min(max(layout.first_row - 1, 0), len(table.rows))
    return Place(first, table.rows[first - 1] if first else [])


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
