"""What the columns of a table might be where its headings don't say: proposals for a person, never taken by themselves. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from quizapp.banks.content import LETTERS
from quizapp.banks.formats.tables.columns import Layout
from quizapp.banks.formats.tables.heading_rows import find_headings
from quizapp.banks.formats.tables.headings import column_letter, is_ignored, read_heading, sheet_type
from quizapp.banks.formats.tables.joined_options import take_apart
from quizapp.banks.spellings import read_choice_key, read_difficulty, read_truth, read_type
from quizapp.web.tables import Row, Table

MOST_COLUMNS = 60  # that a person is asked about
LOOKED_AT = 40  # rows
MOSTLY = 0.8
SHORTEST_STEM = 6  # characters, on the average


@dataclass(frozen=True)
class Proposal:
    """A sheet with the headings above its questions and what its columns might be; "" for a column that says nothing."""

    layout: Layout
    headings: Row
    columns: tuple[str, ...]


def propose(table: Table) -> Proposal:
    """What a person may be shown first: by the headings as far as they are known, then by what stands below."""
    first = _first_row(table)
    place = find_headings(table)
    headings = place.headings if place else table.rows[first - 1] if first else []
    rows = table.rows[first : first + LOOKED_AT]
    width = min(max(map(len, [headings, *rows]), default=0), MOST_COLUMNS)
    fields: dict[int, str] = {}
    for column, text in enumerate(headings[:width]):
        heading = read_heading(text)
        if heading and heading.field != "points" and (heading.field == "key" or heading.field not in fields.values()):
            fields[column] = heading.field
    kind = sheet_type(table.sheet)
    fields |= dict(_guesses(rows, headings, width, fields))
    if "type" in fields.values():
        kind = ""
    layout = Layout(first + 1, {column_letter(column): field for column, field in fields.items()}, kind)
    return Proposal(layout, headings, tuple(fields.get(column, "") for column in range(width)))


def _first_row(table: Table) -> int:
    """Where the questions seem to begin, from 0: below what has a known heading, or below the first row of several cells."""
    place = find_headings(table)
    if place:
        return place.first_row
    known = [sum(1 for text in row if read_heading(text)) for row in table.rows[:20]]
    if any(count > 1 for count in known):
        return known.index(max(known)) + 1
    wide = [row for row, cells in enumerate(table.rows[:20]) if sum(1 for cell in cells if cell.strip()) > 2]
    first = wide[0] if wide else 0
    # A row like those below is no heading.
    return first if any(read_type(cell) for cell in table.rows[first]) else min(first + 1, len(table.rows))


def _guesses(rows: Sequence[Row], headings: Row, width: int, fields: dict[int, str]) -> Iterator[tuple[int, str]]:
    samples = {
        column: [row[column].strip() for row in rows if column < len(row) and row[column].strip()]
        for column in range(width)
        if column not in fields and not (column < len(headings) and is_ignored(headings[column]))
    }
    known = set(fields.values())
    for field, fits in _TELLING:
        found = next((column for column, cells in samples.items() if _mostly(cells, fits)), None)
        if found is not None and field not in known:
            del samples[found]
            known.add(field)
            yield found, field
    lengths = {
        column: sum(map(len, cells)) / len(cells)
        for column, cells in samples.items()
        if len(set(cells)) > len(cells) / 2
    }
    stem = max(lengths, key=lambda column: lengths[column], default=None)
    if "stem" not in known and stem is not None and lengths[stem] >= SHORTEST_STEM:
        yield stem, "stem"
        if not known & {"A", "options"}:
            following = (column for column in range(stem + 1, width) if samples.get(column))
            for letter, column in zip(LETTERS[:4], following, strict=False):
                if column != stem + 1 + LETTERS.index(letter):
                    break
                yield column, letter


def _mostly(cells: Sequence[str], fits: Callable[[str], object]) -> bool:
    return bool(cells) and sum(1 for cell in cells if fits(cell)) >= MOSTLY * len(cells)


def _is_key(text: str) -> bool:
    return read_truth(text) is not None or (len(text) <= 15 and bool(read_choice_key(text).right))


_TELLING: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("type", read_type),
    ("key", _is_key),
    ("difficulty", read_difficulty),
    ("options", lambda text: take_apart(text).options),
)
