"""The binary workbooks of old Excel and WPS."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.web import spreadsheet_reader
from quizapp.web.tables import Unreadable
from tests.unit.web.old_excel import old_workbook
from tests.unit.web.workbooks import picture


def code_of(content: bytes, kind: str = "xls") -> str:
    with pytest.raises(Unreadable) as caught:
        spreadsheet_reader.read(content, kind)
    return caught.value.code


@pytest.mark.parametrize("kind", ["xls", "et", "xlsx"])
def test_an_old_workbook_is_read_whatever_its_ending(kind: str) -> None:
    content = old_workbook([("试题", [["题干", "答案"], [None, None], ["何为质量？", "A"]]), ("二", [["乙"]])])
    first, second = spreadsheet_reader.read(content, kind)
    assert (first.sheet, first.rows) == ("试题", [["题干", "答案"], [], ["何为质量？", "A"]])
    assert (second.sheet, second.rows) == ("二", [["乙"]])


def test_empty_columns_and_rows_at_the_edges_keep_the_places_of_the_others() -> None:
    (table,) = spreadsheet_reader.read(old_workbook([("试题", [[], [], [None, None, "甲"]])]), "xls")
    assert table.rows == [[], [], ["", "", "甲"]]


def test_what_people_may_see_otherwise_is_noted() -> None:
    (table,) = spreadsheet_reader.read(
        old_workbook([("试题", [["5%", 0.05, 7.0, True, 12345678901234567890.0]])]), "xls"
    )
    assert table.rows == [["5%", "0.05", "7", "TRUE", "1.23456789012346E+19"]]
    assert sorted(table.notes) == [(0, 1), (0, 3), (0, 4)]


def test_pictures_would_be_lost_and_are_refused() -> None:
    content = old_workbook([("试题", [["题干"]])], extra=picture())
    assert code_of(content) == "spreadsheet_old_pictures"


def test_a_password_is_said_to_be_one() -> None:
    content = old_workbook([("试题", [["题干"]])])
    begin = content.index(b"\x09\x08\x10\x00")
    locked = content[: begin + 20] + b"\x2f\x00\x06\x00" + bytes(6) + content[begin + 20 :]
    assert code_of(locked) == "spreadsheet_encrypted"


def test_a_truncated_workbook_is_damaged() -> None:
    content = old_workbook([("试题", [["题干"]])])
    assert {code_of(content[: len(content) * share // 8]) for share in (1, 3, 5)} == {"spreadsheet_damaged"}


def test_a_sheet_that_reaches_too_far_is_refused() -> None:
    rows: list[list[str | None]] = [[]] * 65_535
    assert code_of(old_workbook([("试题", [["甲"], *rows[:20_000], [None] * 255 + ["远"]])])) == "spreadsheet_too_large"


@settings(max_examples=40)
@given(st.data())
def test_no_damaged_workbook_makes_the_reader_raise_anything_else(data: st.DataObject) -> None:
    content = bytearray(old_workbook([("试题", [["题干", 1.5], ["何为质量？", True]])]))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Unreadable):
        spreadsheet_reader.read(bytes(content), "xls")
