"""Workbooks as people see them."""

import datetime
import io
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.web import spreadsheet_reader
from quizapp.web.archives import open_archive
from quizapp.web.tables import CellNote, Table, Unreadable
from quizapp.web.xlsx_reader import read_workbook
from tests.unit.web.workbooks import MAIN, archive, handmade, members, picture, workbook


def read_one(content: bytes) -> Table:
    """The first sheet."""
    return spreadsheet_reader.read(content, "xlsx")[0]


def sheet_of(fill: Callable[[xlsxwriter.Workbook, xlsxwriter.worksheet.Worksheet], None]) -> Table:
    return read_one(workbook(lambda book: fill(book, book.add_worksheet("试题"))))


def code_of(content: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        spreadsheet_reader.read(content, "xlsx")
    return caught.value.code


def test_numbers_come_in_the_formats_that_people_see() -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        for column, (value, code) in enumerate([(0.05, "0%"), (1234.5, "#,##0.00"), (7, "000"), (42, "General")]):
            sheet.write_number(0, column, value, book.add_format({"num_format": code}))
        sheet.write_number(0, 4, 0.5, book.add_format({"num_format": "# ?/?"}))

    table = sheet_of(fill)
    assert table.rows == [["5%", "1,234.50", "007", "42", "0.5"]]
    assert table.notes == {(0, 4): CellNote("cell_converted")}  # people see 1/2


def test_what_excel_makes_of_typed_text_is_noted() -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        date = book.add_format({"num_format": "m月d日"})
        sheet.write_datetime(0, 0, datetime.datetime(2026, 5, 1), date)  # noqa: DTZ001
        sheet.write_boolean(0, 1, True)
        sheet.write_number(0, 2, 12345678901234567890)
        sheet.write_string(0, 3, "12345678901234567890")
        sheet.write_string(0, 4, "2026-05-01")

    table = sheet_of(fill)
    assert table.rows == [["2026-05-01", "TRUE", "1.23456789012346E+19", "12345678901234567890", "2026-05-01"]]
    assert sorted(table.notes) == [(0, 0), (0, 1), (0, 2)]


def test_a_formula_is_its_value_and_one_without_a_value_is_noted() -> None:
    content = handmade(
        '<sheetData><row r="1"><c r="A1" t="str"><f>B1</f><v>算出的值</v></c><c r="B1"><f>1+1</f><v>2</v></c>'
        '<c r="C1"><f>1+2</f></c><c r="D1"><f>1+2</f><v></v></c><c r="E1" t="str"><f>""</f><v></v></c>'
        '<c r="F1" t="e"><f>1/0</f><v>#DIV/0!</v></c></row></sheetData>'
    )
    table = read_one(content)
    assert table.rows == [["算出的值", "2", "", "", "", "#DIV/0!"]]
    codes = {cell: note.code for cell, note in table.notes.items()}
    assert codes == {(0, 2): "cell_formula", (0, 3): "cell_formula", (0, 5): "cell_error"}


def test_hidden_rows_columns_and_sheets_are_known() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet("试题")
        sheet.write_column(0, 0, ["一", "二", "三", "四"])
        sheet.write_column(0, 2, ["甲", "乙", "丙", "丁"])
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.set_row(9, None, None, {"hidden": True})  # holds nothing
        sheet.set_column(2, 2, None, None, {"hidden": True})
        sheet.set_column(20, 16_383, None, None, {"hidden": True})  # nothing there
        book.add_worksheet("藏").hide()

    first, second = spreadsheet_reader.read(workbook(fill), "xlsx")
    assert (sorted(first.hidden_rows), sorted(first.hidden_columns), first.hidden) == ([1], [2], False)
    assert second.hidden


def test_merged_cells_are_known() -> None:
    def fill(_book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.merge_range("B2:C4", "一")

    assert sheet_of(fill).merged == ((1, 1, 3, 2),)


def test_raised_lowered_and_struck_text_keeps_its_meaning_or_is_noted() -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        up, down = book.add_format({"font_script": 1}), book.add_format({"font_script": 2})
        struck = book.add_format({"font_strikeout": True})
        sheet.write_rich_string(0, 0, "10", up, "6", " 次")
        sheet.write_rich_string(0, 1, "C", down, "pk", " ≥ 1.33")
        sheet.write_rich_string(0, 2, "x", up, "乙", "y")
        sheet.write_rich_string(0, 3, "留", struck, "删", "留")
        sheet.write_string(0, 4, "全删", struck)

    table = sheet_of(fill)
    assert table.rows == [["10⁶ 次", "Cₚₖ ≥ 1.33", "x乙y", "留删留", "全删"]]
    assert {cell: note.code for cell, note in table.notes.items()} == dict.fromkeys(
        [(0, 2), (0, 3), (0, 4)], "cell_marked"
    )


def test_readings_beside_characters_are_left_out() -> None:
    shared = f'<sst {MAIN}><si><t>品質</t><rPh sb="0" eb="2"><t>ヒンシツ</t></rPh></si><si><t xml:space="preserve"> 甲 </t></si></sst>'
    content = handmade(
        '<sheetData><row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="inlineStr"><is><r><t>乙</t></r>'
        "<r><t>丙</t></r></is></c></row></sheetData>",
        {"xl/sharedStrings.xml": shared},
    )
    assert read_one(content).rows == [["品質", " 甲 ", "乙丙"]]


def test_escaped_characters_are_read_as_what_they_are() -> None:
    texts = ["a_x000D_b", "_x005F_x0041_", "_xD83D__xDE00_", "_xD83D_", "_x41_"]
    cells = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    assert read_one(handmade(f"<sheetData><row>{cells}</row></sheetData>")).rows == [
        ["a\rb", "_x0041_", "😀", "_xD83D_", "_x41_"]
    ]


def test_rows_and_cells_without_places_follow_each_other() -> None:
    content = handmade("<sheetData><row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row></sheetData>")
    assert read_one(content).rows == [["1", "2"], ["3"]]


def test_any_prefix_of_the_format_will_do() -> None:
    content = handmade('<x:sheetData><x:row r="2"><x:c r="B2"><x:v>5</x:v></x:c></x:row></x:sheetData>', prefix="x")
    assert read_one(content).rows == [[], ["", "5"]]


def test_names_of_parts_may_be_written_in_windows_fashion() -> None:
    parts = {
        name.replace("/", "\\"): part
        for name, part in members(handmade("<sheetData><row><c><v>1</v></c></row></sheetData>")).items()
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        for name, part in parts.items():
            opened.writestr(zipfile.ZipInfo(name), part)
    assert read_one(file.getvalue()).rows == [["1"]]


def test_more_formatted_rows_than_may_be_filled_hold_nothing() -> None:
    rows = "".join(f'<row r="{row}" s="1"/>' for row in range(2, 120_000))
    content = handmade(f'<sheetData><row r="1"><c r="A1"><v>1</v></c></row>{rows}</sheetData>')
    assert read_one(content).rows == [["1"]]


@pytest.mark.parametrize(
    "sheet",
    [
        '<sheetData><row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row></sheetData>',  # which is it?
        '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1"><c r="A1"><v>2</v></c></row></sheetData>',
        '<sheetData><row r="0"><c r="A0"><v>1</v></c></row></sheetData>',
        '<sheetData><row r="1048577"><c><v>1</v></c></row></sheetData>',
        '<sheetData><row r="1"><c r="XFE1"><v>1</v></c></row></sheetData>',
        '<sheetData><row r="1"><c r="?1"><v>1</v></c></row></sheetData>',
        '<sheetData><row r="1"><c r="A1" t="s"><v>7</v></c></row></sheetData>',
        '<sheetData><row r="x"/></sheetData>',
        "<sheetData><row>",
        '<mergeCells><mergeCell ref="nowhere"/></mergeCells>',
    ],
)
def test_a_sheet_that_makes_no_sense_is_damaged(sheet: str) -> None:
    assert code_of(handmade(sheet)) == "spreadsheet_damaged"


def test_a_string_before_the_first_is_not_taken_from_the_end() -> None:
    strings = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>A</t></si></sst>'
    cell = '<sheetData><row r="1"><c r="A1" t="s"><v>{}</v></c></row></sheetData>'
    assert read_one(handmade(cell.format(0), {"xl/sharedStrings.xml": strings})).rows == [["A"]]
    assert code_of(handmade(cell.format(-1), {"xl/sharedStrings.xml": strings})) == "spreadsheet_damaged"


@pytest.mark.parametrize("missing", ["xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"])
def test_a_missing_part_is_damage(missing: str) -> None:
    parts = members(handmade("<sheetData/>"))
    del parts[missing]
    assert code_of(archive(parts)) == "spreadsheet_damaged"


@pytest.mark.parametrize(("most_rows", "most_cells"), [(9, 1000), (10, 99)])
def test_too_many_rows_or_cells_are_refused_before_they_take_memory(most_rows: int, most_cells: int) -> None:
    row = "<row>" + "<c><v>1</v></c>" * 10 + "</row>"
    checked = open_archive(handmade(f"<sheetData>{row * 10}</sheetData>"))
    assert len(read_workbook(checked, most_rows=10, most_cells=100)[0].rows) == 10
    with pytest.raises(Unreadable) as caught:
        read_workbook(checked, most_rows=most_rows, most_cells=most_cells)
    assert caught.value.code == "spreadsheet_too_large"


# --- pictures


def pictures_of(table: Table) -> list[tuple[tuple[int, int], str, bool]]:
    return [(each.cell, each.shows, each.spans) for each in table.pictures]


def test_pictures_lie_in_the_cell_of_their_corner() -> None:
    def fill(_book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write(0, 0, "题干")
        sheet.set_row_pixels(1, 60)
        small, large = io.BytesIO(picture()), io.BytesIO(picture("blue", (300, 200)))
        sheet.insert_image(1, 1, "a.png", {"image_data": small, "description": "红色"})
        sheet.insert_image(3, 2, "b.png", {"image_data": large, "description": "蓝色"})

    table = sheet_of(fill)
    assert pictures_of(table) == [((1, 1), "红色", False), ((3, 2), "蓝色", True)]
    assert table.pictures[0].content == picture()


def test_pictures_that_excel_keeps_in_cells_are_read() -> None:
    def fill(_book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write(0, 0, "题干")
        sheet.embed_image(1, 0, "a.png", {"image_data": io.BytesIO(picture()), "description": "红色"})
        sheet.embed_image(2, 1, "b.png", {"image_data": io.BytesIO(picture("blue")), "description": "蓝色"})

    table = sheet_of(fill)
    assert pictures_of(table) == [((1, 0), "红色", False), ((2, 1), "蓝色", False)]
    assert (table.pictures[1].content, table.rows) == (picture("blue"), [["题干"]])


def wps_workbook(formula: str) -> bytes:
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
    return handmade(
        f'<sheetData><row r="1"><c r="A1" t="str"><f>{formula}</f><v>={formula}</v></c></row></sheetData>',
        {
            "xl/cellimages.xml": '<etc:cellImages xmlns:etc="http://www.wps.cn/officeDocument/2017/etCustomData" '
            'xmlns:xdr="x" xmlns:a="a" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
            '<etc:cellImage><xdr:pic><xdr:nvPicPr><xdr:cNvPr id="2" name="ID_0A1B" descr="流程图"/></xdr:nvPicPr>'
            '<xdr:blipFill><a:blip r:embed="rId1"/></xdr:blipFill></xdr:pic></etc:cellImage></etc:cellImages>',
            "xl/_rels/cellimages.xml.rels": f'<Relationships><Relationship Id="rId1" Type="{relation}" '
            'Target="media/image1.png"/></Relationships>',
            "xl/media/image1.png": picture(),
        },
    )


def test_pictures_that_wps_keeps_in_cells_are_read() -> None:
    (table,) = spreadsheet_reader.read_new_workbook(wps_workbook("_xlfn.DISPIMG(&quot;ID_0A1B&quot;,1)"))
    assert pictures_of(table) == [((0, 0), "流程图", False)]
    assert (table.pictures[0].content, table.rows) == (picture(), [])


@pytest.mark.parametrize(
    ("formula", "name"),
    [
        ("DISPIMG(&quot;ID_FFFF&quot;,1)", "ID_FFFF"),
        ("_xlfn.IMAGE(&quot;https://example.org/a.png&quot;)", "https://example.org/a.png"),
    ],
)
def test_a_picture_that_is_not_in_the_file_is_named(formula: str, name: str) -> None:
    (table,) = spreadsheet_reader.read_new_workbook(wps_workbook(formula))
    assert (table.notes, table.pictures) == ({(0, 0): CellNote("picture_missing", name)}, ())


def test_text_boxes_and_charts_are_noted() -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write_column(0, 0, [1, 2, 3])
        sheet.insert_textbox(1, 1, "答案在这里")
        sheet.insert_textbox(2, 2, "")
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=试题!$A$1:$A$3"})
        sheet.insert_chart(5, 3, chart)

    assert sheet_of(fill).notes == {(1, 1): CellNote("object_unread"), (5, 3): CellNote("object_unread")}


# --- compared with another reader, and with nonsense

CELLS = (
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool)
    | st.integers(-(10**14), 10**14)
    | st.floats(-1e6, 1e6, width=32)
    | st.booleans()
)


@settings(max_examples=20)
@given(st.dictionaries(st.tuples(st.integers(0, 30), st.integers(0, 12)), CELLS, min_size=1, max_size=25))
def test_cells_are_the_same_to_an_independent_reader(cells: dict[tuple[int, int], object]) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet("数据")
        for (row, column), value in cells.items():
            if isinstance(value, str):
                sheet.write_string(row, column, value)
            else:
                sheet.write(row, column, value)

    content = workbook(fill)
    (mine,), (other,) = spreadsheet_reader.read(content, "xlsx"), spreadsheet_reader.read_old_workbook(content)
    assert mine.rows == other.rows


TAGS = [
    "<c>",
    '<c r="A1">',
    '<c r="B9" t="s">',
    '<c t="inlineStr">',
    "</c>",
    "<v>",
    "</v>",
    "<is>",
    "</is>",
    "<t>",
    "</t>",
]
TAGS += ['<row r="1">', "<row>", '<row r="99" hidden="1">', "</row>", "<f>", "</f>", "<r>", "</r>", "<rPh>", "</rPh>"]
TAGS += ["<sheetData>", "</sheetData>", '<mergeCell ref="A1:ZZ9999999"/>', '<col min="0" max="99999999" hidden="1"/>']
TAGS += [
    '<c vm="1" t="e">',
    '<c s="-1">',
    '<c s="99999999999999999999">',
    "1e999",
    "nan",
    "0",
    "5",
    "甲",
    "&#10;",
    "&amp;",
]


@settings(max_examples=50)
@given(st.lists(st.sampled_from(TAGS), max_size=25))
def test_no_sheet_makes_the_reader_raise_anything_else(pieces: list[str]) -> None:
    with suppress(Unreadable):
        spreadsheet_reader.read(handmade("".join(pieces)), "xlsx")
    with suppress(Unreadable):  # whole elements, so that more of them gets to the cells
        body = "".join(piece for piece in pieces if not piece.startswith("<"))
        spreadsheet_reader.read(
            handmade(f'<sheetData><row r="1"><c r="A1"><v>{body}</v></c></row></sheetData>'), "xlsx"
        )


@settings(max_examples=50)
@given(st.data())
def test_no_damaged_workbook_makes_the_reader_raise_anything_else(data: st.DataObject) -> None:
    parts = members(wps_workbook("DISPIMG(&quot;ID_0A1B&quot;,1)"))
    name = data.draw(st.sampled_from(sorted(parts)))
    part = bytearray(parts[name])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(part)))
        part[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=6))
    with suppress(Unreadable):
        spreadsheet_reader.read(archive({**parts, name: bytes(part)}), "xlsx")
