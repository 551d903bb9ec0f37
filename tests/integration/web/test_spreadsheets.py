import csv
import io
import struct
import zipfile
from collections.abc import Callable

import pytest
import xlsxwriter

from quizapp.errors import Invalid
from quizapp.web.spreadsheets import read_tables, write_workbook
from quizapp.web.tables import Table

pytestmark = [pytest.mark.once, pytest.mark.slow]

WORKBOOK = "xl/workbook.xml"


def workbook(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    fill(book)
    book.close()
    return file.getvalue()


def one_sheet(*rows: list[object]) -> bytes:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet("名册")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)

    return workbook(fill)


def archive(members: list[tuple[str, bytes]], *, compress: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compress) as opened:
        for name, content in members:
            opened.writestr(name, content)
    return file.getvalue()


def repacked(
    content: bytes, change: Callable[[str, bytes], bytes], extra: list[tuple[str, bytes]] | None = None
) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        members = [(name, change(name, opened.read(name))) for name in opened.namelist()]
    return archive(members + (extra or []))


def code_of(content: bytes, filename: str = "名册.xlsx") -> str:
    with pytest.raises(Invalid) as caught:
        read_tables(content, filename)
    return caught.value.code


def test_cells_come_out_as_people_read_them() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet("数据")
        sheet.write_row(1, 1, ["007", 13800001234, True, 0.5, 12345678901234567890])
        sheet.write_formula(1, 6, "=A1", None, "算出的值")
        book.add_worksheet("藏").hide()

    assert read_tables(workbook(fill), "a.xlsx")[0] == Table(
        "数据", [[], ["", "007", "13800001234", "TRUE", "0.5", "1.23456789012346E+19", "算出的值"]]
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "，"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_csv_is_read_in_the_encodings_and_shapes_that_people_have(encoding: str, delimiter: str, line_end: str) -> None:
    text = line_end.join([f"姓名{delimiter}工号", f"张三{delimiter}001", f'"李{line_end}四"{delimiter}002', ""])
    rows = read_tables(text.encode(encoding), "名册.csv")[0].rows
    assert [rows[0], rows[1], rows[2][1]] == [["姓名", "工号"], ["张三", "001"], "002"]


def test_a_separator_named_in_the_first_line_is_used() -> None:
    assert read_tables(b"sep=|\nname|no\nLin|1,5\n", "a.csv")[0].rows == [["name", "no"], ["Lin", "1,5"]]


@pytest.mark.parametrize(
    ("content", "filename", "code"),
    [
        (b"", "a.xlsx", "spreadsheet_empty"),
        (b"\xef\xbb\xbf", "a.csv", "spreadsheet_empty"),
        (b"\n\n , \n", "a.csv", "spreadsheet_empty"),
        (b"name", "a.pdf", "spreadsheet_kind_unknown"),
        (b"name", "", "spreadsheet_kind_unknown"),
        (b"name", "../../etc/passwd", "spreadsheet_kind_unknown"),
        (b"name,no", "a.xlsx", "spreadsheet_wrong_ending"),
        (b"\x00\x01\x02", "a.xlsx", "spreadsheet_damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls", "spreadsheet_damaged"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "a.xlsx",
            "spreadsheet_encrypted",
        ),
        (b"<html><table></table></html>", "a.xls", "spreadsheet_is_web_page"),
        (b'name,no\n"Lin,1\n', "a.csv", "spreadsheet_bad_quotes"),
        (b"name,no\nLin\x00,1\n", "a.csv", "spreadsheet_damaged"),
        (("姓名,工号\n张三,1\n".encode() + "李四,2\n".encode("gbk")), "a.csv", "spreadsheet_encoding_unknown"),
        (b"name\n" + b"x" * 40_000, "a.csv", "spreadsheet_cell_too_long"),
        (archive([("mimetype", b"x")]), "a.xlsx", "spreadsheet_not_excel"),
    ],
)
def test_what_cannot_be_read_is_named(content: bytes, filename: str, code: str) -> None:
    assert code_of(content, filename) == code


def test_a_truncated_workbook_is_damaged() -> None:
    content = one_sheet(["姓名"], ["张三"])
    assert {code_of(content[: len(content) * share // 4]) for share in (1, 2, 3)} == {"spreadsheet_damaged"}


def test_a_workbook_under_another_name_is_refused() -> None:
    assert code_of(one_sheet(["姓名"]), "名册.csv") == "spreadsheet_wrong_ending"


def test_an_empty_workbook_is_empty() -> None:
    assert code_of(one_sheet()) == "spreadsheet_empty"


@pytest.mark.parametrize("name", ["xl/worksheets/sheet1.xml", "xl/media/image1.png"])
def test_a_bomb_is_refused_in_needed_and_unneeded_parts(name: str) -> None:
    content = one_sheet(["姓名"])
    bomb = b"0" * (150 * 1024 * 1024)
    if name.endswith("png"):
        content = repacked(content, lambda _name, data: data, [(name, bomb)])
    else:
        content = repacked(content, lambda each, data: bomb if each == name else data)
    assert len(content) < 1024 * 1024
    assert code_of(content) == "spreadsheet_too_large"


def test_a_false_size_is_refused() -> None:
    content = repacked(one_sheet(["姓名"]), lambda _name, data: data, [("xl/media/a.bin", b"0" * 5000)])
    true, false = struct.pack("<L", 5000), struct.pack("<L", 10)
    assert code_of(content.replace(true, false)) == "spreadsheet_damaged"


def test_a_bad_checksum_is_refused() -> None:
    content = bytearray(archive([("[Content_Types].xml", b"x"), (WORKBOOK, b"hello")], compress=zipfile.ZIP_STORED))
    content[content.index(b"hello")] ^= 1
    assert code_of(bytes(content)) == "spreadsheet_damaged"


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "xl/../../evil", "..\\evil"])
def test_members_that_lead_out_of_the_archive_are_refused(name: str) -> None:
    assert code_of(repacked(one_sheet(["姓名"]), lambda _name, data: data, [(name, b"x")])) == "spreadsheet_damaged"


def test_too_many_members_are_refused() -> None:
    extra = [(f"xl/media/{n}", b"") for n in range(2100)]
    assert code_of(repacked(one_sheet(["姓名"]), lambda _name, data: data, extra)) == "spreadsheet_too_large"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_doubled_members_are_refused() -> None:
    content = repacked(one_sheet(["姓名"]), lambda _name, data: data, [(WORKBOOK, b"<x/>")])
    assert code_of(content) == "spreadsheet_damaged"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused(encoding: str) -> None:
    evil = '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'.encode(encoding)
    content = repacked(one_sheet(["姓名"]), lambda name, data: evil if name == WORKBOOK else data)
    assert code_of(content) == "spreadsheet_damaged"


def test_a_cell_at_the_far_corner_is_read_and_takes_no_memory() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "姓名")
        sheet.write(1_048_575, 16_383, "远")

    (table,) = read_tables(workbook(fill), "a.xlsx")
    assert (len(table.rows), table.rows[0], table.rows[1]) == (1_048_576, ["姓名"], [])
    assert (len(table.rows[-1]), table.rows[-1][-1]) == (16_384, "远")


def test_too_many_rows_are_refused() -> None:
    file = io.StringIO()
    csv.writer(file).writerows([["x"]] * 100_001)
    assert code_of(file.getvalue().encode(), "a.csv") == "spreadsheet_too_large"


def test_what_is_written_is_never_a_formula() -> None:
    cells = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "http://example.org", "张三"]
    content = write_workbook([("表", [["列"], *([cell] for cell in cells), [12.5]])])
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        sheet = opened.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert [row[0].strip("\t") for row in read_tables(content, "a.xlsx")[0].rows[1:]] == [
        *(cell.strip("\t") for cell in cells),
        "12.5",
    ]
