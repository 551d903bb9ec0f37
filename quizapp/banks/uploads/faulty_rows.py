"""The questions with errors as rows of a table: as they were uploaded, or where that was no table, in our template. Pure."""

from typing import TypeAlias

from quizapp.banks.checking.checks import Report
from quizapp.banks.entries import Entry
from quizapp.banks.formats.tables import template

Rows: TypeAlias = list[list[int | str]]


def faulty_rows(report: Report) -> dict[str, Rows]:
    """By sheet: the headings, then a row for each question with an error, the entry's number first."""
    sheets: dict[str, Rows] = {}
    for number in report.faulty:
        entry = report.source.entries[number]
        sheet = entry.where().sheet
        if sheet not in sheets:
            sheets[sheet] = [list(report.source.columns.get(sheet, template.headings()))]
        sheets[sheet].append([number, *_cells(entry)])
    return sheets


def _cells(entry: Entry) -> list[str]:
    if entry.cells:
        return list(entry.cells)
    values = {"type": entry.foreign, **entry.values}
    return [values.get(name, "") for name in template.COLUMNS]
