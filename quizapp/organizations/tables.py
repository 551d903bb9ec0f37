"""Reading a sheet whose first filled row names the columns. Pure, shared by rosters and trees of units."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """One thing to correct: where (sheet, row and column as the person sees them), what (a code), and facts for its sentence."""

    sheet: str
    row: int
    column: str
    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A row as field → text; fields without a column, and empty cells, are "" ."""

    row: int
    cells: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")


@dataclass
class Sheet:
    """The lines of one sheet, the heading of each field's column, and what is wrong with the headings."""

    name: str
    lines: list[Line]
    headings: dict[str, str]
    findings: list[Finding]

    def finding(self, line: Line, name: str, code: str, **facts: object) -> Finding:
        """A finding in a field of a line."""
        return Finding(self.name, line.row, self.headings.get(name, ""), code, facts)


def plain(text: str) -> str:
    """A cell without invisible characters and surrounding space, full-width letters narrowed."""
    narrow = unicodedata.normalize("NFKC", text)
    return "".join(char for char in narrow if unicodedata.category(char) not in ("Cf", "Cc") or char in "\n\t").strip()


def heading_key(text: str) -> str:
    """A heading without what people decorate it with: white space, stars, brackets and their content."""
    return re.sub(r"[\s*＊:：]+|[(（\[【].*?[)）\]】]", "", plain(text)).lower()


def read_sheet(
    name: str, rows: Sequence[Sequence[str]], aliases: Mapping[str, Sequence[str]], required: Sequence[str]
) -> Sheet | None:
    """The sheet's lines below its heading row, or None if no row among the first ten holds the required headings' field."""
    fields = {heading_key(alias): key for key, spellings in aliases.items() for alias in spellings}
    for number, row in enumerate(rows[:10], 1):
        columns = {index: fields[heading_key(cell)] for index, cell in enumerate(row) if heading_key(cell) in fields}
        if not set(required) <= set(columns.values()):
            continue
        findings = []
        seen: dict[str, int] = {}
        for index, key in columns.items():
            if key in seen:
                findings.append(
                    Finding(name, number, plain(row[index]), "column_twice", {"other": plain(row[seen[key]])})
                )
            seen.setdefault(key, index)
        unknown = [plain(cell) for index, cell in enumerate(row) if plain(cell) and index not in columns]
        findings += [Finding(name, number, heading, "column_unknown", {}) for heading in unknown]
        headings = {key: plain(row[index]) for key, index in seen.items()}
        return Sheet(name, list(_lines(rows, number, seen)), headings, findings)
    return None


def _lines(rows: Sequence[Sequence[str]], heading_row: int, columns: Mapping[str, int]) -> Iterator[Line]:
    for number, row in enumerate(rows[heading_row:], heading_row + 1):
        cells = {key: plain(row[index]) for key, index in columns.items() if index < len(row) and plain(row[index])}
        if cells:
            yield Line(number, cells)
