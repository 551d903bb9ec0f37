"""What a table says beside its cells' words: merged, hidden and converted cells, pictures, and what a person said of it."""

import io
from collections.abc import Sequence
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.banks.checking.checks import Report, check_source
from quizapp.banks.findings import ERROR
from quizapp.banks.formats.tables.columns import Columns, Layout
from quizapp.banks.formats.tables.sheets import read_tables
from quizapp.banks.pictures import read_picture, token
from quizapp.banks.reading import read_upload
from quizapp.web.tables import Area, CellNote, CellPicture, Table
from tests.unit.banks.samples import HEADER, HEADINGS, ROW, codes, found, row
from tests.unit.web.workbooks import picture, workbook


def check_table(*rows: Sequence[str], said: Columns | None = None, sheet: str = "试题", **looks: Any) -> Report:
    table = Table(sheet, [list(each) for each in rows], **looks)
    return check_source(read_tables("题库.xlsx", [table], said), bank=HEADER)


def errors(report: Report) -> list[str]:
    return [each.code for each in report.findings if each.severity == ERROR]


TWO = [row(题干=f"第{number}问是什么？", 编号=f"Q{number}") for number in (1, 2)]


# --- merged cells


def test_a_type_or_topic_merged_over_rows_is_that_of_each() -> None:
    rows = [HEADINGS, TWO[0], ["", *TWO[1][1:9], "", *TWO[1][10:]]]
    report = check_table(*rows, merged=((1, 0, 2, 0), (1, 9, 2, 9)))
    assert codes(report) == []
    assert [(each.type, each.topic) for each in report.content.questions] == [("single", "T01")] * 2


@pytest.mark.parametrize(
    ("area", "name"),
    [
        ((1, 1, 2, 1), "B2:B3"),  # a stem over two questions
        ((1, 6, 2, 6), "G2:G3"),  # a key over two questions
        ((1, 2, 1, 3), "C2:D2"),  # an option over two options
        ((1, 1, 2, 2), "B2:C3"),
    ],
)
def test_merged_cells_that_belong_to_no_one_are_refused(area: Area, name: str) -> None:
    report = check_table(HEADINGS, *TWO, merged=(area,))
    assert found(report, "cells_merged").facts == {"area": name}
    assert report.verdict == "reject"


def test_merged_cells_outside_the_questions_do_no_harm() -> None:
    rows = [["2026 年题库"], HEADINGS, [*ROW, "", "注"], []]
    assert errors(check_table(*rows, merged=((0, 0, 0, 9), (2, 14, 3, 15), (3, 0, 1_048_575, 5)))) == []


def test_headings_may_be_two_rows_high() -> None:
    first = ["题型", "题干", "选项", "", "", "", "答案"]
    second = ["", "", "A", "B", "C", "D", ""]
    merged = [(0, column, 1, column) for column in (0, 1, 6)]
    report = check_table(first, second, ROW[:7], merged=((0, 2, 0, 5), *merged))
    assert report.content.questions[0].options == ("策划", "实施", "检查", "处置")
    assert errors(report) == ["topic_missing"]
    (question,) = report.source.entries
    assert (question.where("B").column, question.where("B").row, question.where("B").field) == ("D", 3, "选项B")


# --- hidden rows and columns


def test_hidden_rows_are_named_and_not_read() -> None:
    rows = [row(题干=f"第{number}问是什么？", 编号=f"Q{number}") for number in range(7)]
    report = check_table(HEADINGS, *rows, hidden_rows=frozenset({2, 3, 4, 6}))
    assert [each.code for each in report.content.questions] == ["Q0", "Q4", "Q6"]
    assert (found(report, "rows_hidden").facts, report.errors) == ({"rows": "3–5、7"}, 0)


def test_hidden_columns_are_read_and_named() -> None:
    report = check_table(HEADINGS, ROW, hidden_columns=frozenset({6, 20}))
    assert report.content.questions[0].key_letters == "A"
    assert found(report, "columns_hidden").facts == {"names": "G 答案"}


def test_headings_that_are_repeated_for_printing_are_no_question() -> None:
    assert [each.code for each in check_table(HEADINGS, TWO[0], HEADINGS, TWO[1]).content.questions] == ["Q1", "Q2"]


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([row(), HEADINGS, row()], 1),
        ([["质量知识题库"], row(题型="", 答案="B"), HEADINGS, row()], 2),
        ([[*HEADINGS, *ROW], row()], 1),  # the end of a line was lost
    ],
)
def test_a_question_above_the_headings_or_in_them_is_not_passed_over(rows: list[list[str]], place: int) -> None:
    assert found(check_table(*rows), "row_above_headings").where.row == place


def test_titles_above_the_headings_are_passed_over() -> None:
    titles = [["单选题", "", "共 80 题"], ["", "说明：答案填字母"]]
    assert errors(check_table(*titles, HEADINGS, row())) == []


def test_a_sheet_of_instructions_with_examples_is_named_and_not_read() -> None:
    tables = [
        Table("填写说明（必读）", [HEADINGS, ROW]),
        Table("试题", [HEADINGS, *TWO]),
        Table("说明", [["怎样填写"]]),
    ]
    source = read_tables("a.xlsx", tables)
    assert ([each.code for each in source.findings], len(source.entries)) == (["sheet_taken_for_notes"], 2)


# --- what a cell's text does not say


def test_converted_cells_are_pointed_at_where_it_matters() -> None:
    notes = {(1, column): CellNote("cell_converted") for column in range(len(HEADINGS))}
    report = check_table(HEADINGS, row(题型="多选题", 答案="AB"), notes=notes)
    assert {each.where.field for each in report.findings} == {
        *("题干", "选项A", "选项B", "选项C", "选项D", "解析", "依据", "章节", "编号")
    }
    assert set(codes(report)) == {"cell_converted"}


def test_truth_values_are_what_a_judgement_has() -> None:
    cells = row(题型="判断题", 选项A="TRUE", 选项B="FALSE", 选项C="", 选项D="", 答案="TRUE")
    notes = {(1, column): CellNote("cell_converted") for column in (2, 3, 6)}
    report = check_table(HEADINGS, cells, notes=notes)
    assert (codes(report), report.content.questions[0].right) == ([], 1)


def test_a_formula_without_a_value_is_one_error_at_its_cell() -> None:
    report = check_table(HEADINGS, row(选项B=""), notes={(1, 3): CellNote("cell_formula")})
    assert errors(report) == ["cell_formula"]
    assert found(report, "cell_formula").where.column == "D"


def test_an_error_value_is_one_error_and_the_same_as_text_is_none() -> None:
    assert errors(check_table(HEADINGS, row(选项B="#N/A"), notes={(1, 3): CellNote("cell_error")})) == ["cell_error"]
    assert errors(check_table(HEADINGS, row(选项B="#N/A"))) == []


def test_struck_out_text_and_text_boxes_are_pointed_at() -> None:
    notes = {(1, 1): CellNote("cell_marked"), (1, 20): CellNote("object_unread"), (0, 0): CellNote("cell_marked")}
    report = check_table(HEADINGS, ROW, notes=notes)
    assert sorted(codes(report)) == ["cell_marked", "object_unread"]
    assert report.errors == 0


# --- pictures

RED = read_picture(picture())
BLUE = read_picture(picture("blue"))


def in_cell(column: int, color: str = "red", row: int = 1, **more: Any) -> CellPicture:
    return CellPicture((row, column), picture(color), **more)


def test_pictures_follow_the_words_of_their_cell() -> None:
    pictures = (in_cell(1, shows="图一"), in_cell(1, "blue"), in_cell(3), in_cell(7))
    report = check_table(HEADINGS, row(选项B=""), pictures=pictures)
    (question,) = report.content.questions
    assert question.stem == f"第一阶段是什么？\n{token(RED, '图一')}\n{token(BLUE)}"
    assert question.options[1] == token(RED)
    assert question.explanation == f"依次四步。\n{token(RED)}"
    assert (set(report.source.pictures), codes(report)) == ({RED.digest, BLUE.digest}, [])


@pytest.mark.parametrize("column", [0, 6, 12, 15])
def test_a_picture_that_belongs_to_nothing_is_refused(column: int) -> None:
    assert errors(check_table(HEADINGS, ROW, pictures=(in_cell(column),))) == ["picture_unplaced"]


def test_a_picture_in_a_row_without_a_question_is_refused_and_one_in_the_title_is_not() -> None:
    report = check_table(
        ["题库"], HEADINGS, ROW, [], TWO[0], pictures=tuple(in_cell(1, row=each) for each in (0, 3, 9))
    )
    assert [(each.code, each.where.row) for each in report.findings] == [
        ("picture_unplaced", 4),
        ("picture_unplaced", 10),
    ]


def test_a_picture_over_several_cells_is_pointed_at() -> None:
    report = check_table(HEADINGS, ROW, pictures=(in_cell(1, spans=True),))
    assert (codes(report), report.errors) == (["picture_spans"], 0)


@pytest.mark.parametrize(
    ("content", "code"), [(b"GIF89a", "picture_kind_unknown"), (picture()[:60], "picture_damaged")]
)
def test_a_picture_that_cannot_be_read_is_named_at_its_cell(content: bytes, code: str) -> None:
    report = check_table(HEADINGS, ROW, pictures=(CellPicture((1, 2), content),))
    assert (errors(report), found(report, code).where.column) == ([code], "C")


def test_a_picture_from_elsewhere_is_named() -> None:
    report = check_table(HEADINGS, ROW, notes={(1, 1): CellNote("picture_missing", "https://example.org/a.png")})
    assert found(report, "picture_missing").facts == {"name": "https://example.org/a.png"}


# --- what a person said


def test_headings_that_a_person_explains_are_taken_so() -> None:
    cells = ["题面" if heading == "题干" else heading for heading in HEADINGS]
    assert errors(check_table(cells, ROW)) == ["headings_missing"]
    report = check_table(cells, ROW, said=Columns({"题面": "stem"}))
    assert (errors(report), report.content.questions[0].stem) == ([], "第一阶段是什么？")


def test_an_explained_heading_that_is_nowhere_is_named() -> None:
    report = check_table(HEADINGS, ROW, said=Columns({"题面": "stem"}))
    assert (codes(report), report.findings[0].facts) == (["headings_said_absent"], {"names": "题面"})


LAYOUT = Layout(3, {"B": "stem", "C": "A", "D": "B", "E": "C", "F": "D", "G": "key", "J": "topic"}, "single")


def test_columns_that_a_person_explains_need_no_headings() -> None:
    said = Columns(sheets={"试题": LAYOUT})
    report = check_table(["某某题库"], ["甲", "乙"], ROW, ["", *TWO[0][1:]], said=said)
    assert errors(report) == []
    assert [each.type for each in report.content.questions] == ["single", "single"]
    assert report.source.entries[0].where("key").column == "G"


def test_two_columns_said_to_be_one_field_are_refused() -> None:
    said = Columns(sheets={"试题": Layout(2, {**LAYOUT.columns, "A": "stem"}, "single")})
    assert errors(check_table(HEADINGS, ROW, said=said)) == ["column_doubled"]


def test_what_is_still_missing_is_named() -> None:
    said = Columns(sheets={"试题": Layout(2, {"B": "stem"})})
    report = check_table(HEADINGS, ROW, said=said)
    assert [each.facts["names"][:2] for each in report.findings if each.code == "column_missing"] == ["题型", "答案"]


# --- a real workbook, and nonsense


def test_a_workbook_with_all_of_it() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet("试题")
        sheet.write_row(0, 0, HEADINGS)
        sheet.write_row(1, 0, row(题型="", 题干="合格率是多少？", 选项A="", 编号="P1"))
        sheet.write_number(1, 2, 0.05, book.add_format({"num_format": "0%"}))
        sheet.write_row(2, 0, row(题干="如图所示的是什么？", 编号="P2"))
        sheet.merge_range("A2:A3", "单选题")
        sheet.embed_image(2, 3, "a.png", {"image_data": io.BytesIO(picture()), "description": "因果图"})
        sheet.set_row_pixels(2, 80)
        sheet.insert_image(2, 1, "b.png", {"image_data": io.BytesIO(picture("blue")), "description": "排列图"})
        sheet.write_row(3, 0, row(编号="P3"))
        sheet.set_row(3, None, None, {"hidden": True})

    report = check_source(read_upload("题库.xlsx", workbook(fill)), bank=HEADER)
    first, second = report.content.questions
    assert (first.options[0], first.type, second.type) == ("5%", "single", "single")
    assert (second.stem, second.options[1]) == (f"如图所示的是什么？\n{token(BLUE, '排列图')}", token(RED, "因果图"))
    assert codes(report) == ["rows_hidden"]


WORDS = st.sampled_from(
    [*HEADINGS, *ROW, "选项", "答案1", "答案2", "得分1", "得分2", "A.甲|B.乙", "\\", "多选题", "判断题", "√", ""]
)
AREAS = st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 9), st.integers(0, 12))
NOTES = st.sampled_from(["cell_converted", "cell_formula", "cell_marked", "picture_missing", "object_unread"])


@settings(max_examples=50)
@given(
    st.lists(st.lists(WORDS | st.text(max_size=5), max_size=9), max_size=6),
    st.lists(AREAS, max_size=3),
    st.dictionaries(st.tuples(st.integers(0, 6), st.integers(0, 9)), NOTES.map(CellNote), max_size=3),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), max_size=2),
    st.dictionaries(st.sampled_from("ABCDEFG"), st.sampled_from(["stem", "key", "type", "A", "options", "topic"])),
    st.sampled_from(["试题", "单选题", "填写说明", "题库信息", "图片", ""]),
)
def test_no_table_makes_the_reader_raise_and_none_is_read_in_part(
    rows: list[list[str]],
    areas: list[Area],
    notes: dict[tuple[int, int], CellNote],
    cells: list[tuple[int, int]],
    columns: dict[str, str],
    sheet: str,
) -> None:
    looks = {
        "merged": tuple(areas),
        "notes": notes,
        "pictures": tuple(CellPicture(cell, picture()) for cell in cells),
        "hidden_rows": frozenset({3}),
    }
    for said in (None, Columns(sheets={sheet: Layout(2, columns)})):
        report = check_table(*rows, sheet=sheet, said=said, **looks)
        filled = sum(1 for each in rows if any(cell.strip() for cell in each))
        assert report.entry_count <= filled
        # Whatever holds something and became no question is named, unless it stands above the questions.
        assert report.errors or report.entry_count
