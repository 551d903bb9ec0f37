"""Which column of a sheet is which field: by its headings, or as a person said. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from quizapp.banks.content import LETTERS
from quizapp.banks.findings import ERROR, WARNING, Finding, Where
from quizapp.banks.formats.gathering import USUAL, Gathering
from quizapp.banks.formats.tables.heading_rows import Place
from quizapp.banks.formats.tables.headings import (
    NAMES,
    Heading,
    column_letter,
    column_place,
    is_ignored,
    read_heading,
    sheet_type,
)
from quizapp.banks.spellings import read_choice_key, read_truth, read_type
from quizapp.web.tables import Table

NEEDED = ("type", "stem", "key")


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


class SheetColumns:
    """The columns of one sheet. `fields` says what each holds; `has_faults`, that its rows can't be read."""

    def __init__(
        self, gathering: Gathering, table: Table, place: Place, layout: Layout | None, names_said: Mapping[str, str]
    ) -> None:
        self.gathering = gathering
        self.table = table
        self.names_said = names_said
        self.rows = table.rows[place.first_row :]
        self.first_row = place.first_row
        self.headings = place.headings
        self.has_faults = False
        self.fields: dict[int, str] = {}
        self.keys: list[int] = []
        self.points: list[int] = []
        self.type = layout.type if layout else sheet_type(table.sheet or gathering.name)
        if layout:
            self._take_layout(layout)
        else:
            self._take_headings()
            self._look_above()
        self._check_columns()
        self.names = {column: (column_letter(column), self.heading(column)) for column in self.fields}
        self.width = max([len(self.headings), *(column + 1 for column in self.fields)])
        self.absent = frozenset(USUAL) - set(self.fields.values())

    def where(self, row: int | None = None, column: int | None = None) -> Where:
        """A place in the sheet; rows and columns count from 0."""
        number = self.first_row if row is None else row + 1
        if column is None:
            return Where(self.gathering.name, self.table.sheet, number)
        return Where(self.gathering.name, self.table.sheet, number, column_letter(column), field=self.heading(column))

    def heading(self, column: int) -> str:
        return self.headings[column].strip() if column < len(self.headings) else ""

    def fault(self, code: str, where: Where, severity: str = ERROR, **facts: object) -> None:
        """A finding about the sheet as a whole; an error keeps its rows from being read."""
        self.gathering.findings.append(Finding(severity, code, where, facts, where.field))
        self.has_faults |= severity == ERROR

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
            heading = read_heading(text, self.names_said)
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
            else:
                if len(filled) > 1:
                    self._doubled(filled[0][1], filled[1][1])
                self.fields[filled[0][1]] = name
                self.keys += [filled[0][1]] if name == "key" else []
        if unused:
            names = "、".join(self.heading(column) or column_letter(column) for column in sorted(unused))
            self.fault("columns_unused", self.where(), WARNING, names=names)

    def _look_above(self) -> None:
        """A question above the headings, or in one line with them, would be passed over like a title."""
        places = {name: column for column, name in self.fields.items()}
        for row, cells in enumerate(self.table.rows[: self.first_row]):
            kind, stem, key = (
                cells[places[name]].strip() if name in places and places[name] < len(cells) else "" for name in NEEDED
            )
            sure = read_type(kind) or read_truth(key) is not None or read_choice_key(key).right
            joined = row == self.first_row - 1 and any(map(read_type, cells))
            if joined or (stem and sure):
                self.fault("row_above_headings", self.where(row))

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
