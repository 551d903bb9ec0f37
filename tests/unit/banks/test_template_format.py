"""Spreadsheets: headings as people write them, rows with their places, and nothing misread."""

import csv
import io

import pytest

from quizapp.banks.findings import Where
from quizapp.banks.formats.tables.sheets import read_tables
from quizapp.banks.formats.tables.template import escaped, headings, row_of, write_csv
from quizapp.web.tables import Table
from tests.unit.banks.samples import (
    CONTENT,
    HEADINGS,
    JUDGE,
    MULTIPLE,
    ROW,
    SINGLE,
    TOPICS,
    check_rows,
    codes,
    found,
    row,
)


def test_the_template_has_the_columns_that_it_promises() -> None:
    assert headings() == [
        *(
            "题型",
            "题干",
            "选项A",
            "选项B",
            "选项C",
            "选项D",
            "选项E",
            "选项F",
            "选项G",
            "选项H",
            "答案",
            "解析",
            "依据",
        ),
        *("章节/主题", "难度", "题池", "编号", "生效日期", "失效日期"),
        *("英文题干", *(f"英文选项{letter}" for letter in "ABCDEFGH"), "英文解析"),
    ]


def test_rows_become_questions_whatever_the_order_of_columns() -> None:
    for order in (list(range(len(ROW))), list(reversed(range(len(ROW))))):
        report = check_rows([HEADINGS[place] for place in order], [ROW[place] for place in order])
        assert report.verdict == "accept"
        (question,) = report.content.questions
        assert (question.code, question.options, question.right) == ("T01-001", ("策划", "实施", "检查", "处置"), 1)


def test_title_rows_above_the_headings_are_skipped_and_rows_keep_their_numbers() -> None:
    report = check_rows(["2026 年题库"], [], HEADINGS, ROW, [], row(题干="", 编号="T01-002"))
    assert found(report, "stem_missing").where == Where("题库.xlsx", "试题", 6, "B", field="题干")
    assert report.entry_count == 2


def test_an_instruction_sheet_first_and_sheets_without_headings_do_no_harm() -> None:
    tables = [
        Table("填写说明", [["怎样填写"]]),
        Table("封面", [["题库"]]),
        Table("试题", [HEADINGS, ROW]),
        Table("空", []),
    ]
    source = read_tables("a.xlsx", tables)
    assert len(source.entries) == 1
    assert [(finding.code, finding.where.sheet) for finding in source.findings] == [("sheet_without_headings", "封面")]


def test_a_hidden_sheet_is_named_and_not_read() -> None:
    source = read_tables("a.xlsx", [Table("试题", [HEADINGS, ROW]), Table("旧题", [HEADINGS, ROW], hidden=True)])
    assert (len(source.entries), [finding.code for finding in source.findings]) == (1, ["sheet_hidden"])


def test_several_sheets_are_read_together() -> None:
    source = read_tables("a.xlsx", [Table("单选", [HEADINGS, ROW]), Table("多选", [HEADINGS, ROW])])
    assert [entry.where().sheet for entry in source.entries] == ["单选", "多选"]


def test_two_columns_that_mean_the_same_are_refused_with_both_names() -> None:
    report = check_rows([*HEADINGS, "正确答案"], [*ROW, "B"])
    finding = found(report, "column_doubled")
    assert (finding.facts, finding.where.column) == ({"first": "答案", "second": "正确答案"}, "N")
    assert (report.verdict, report.entry_count, report.errors) == ("reject", 0, 1)


def test_a_missing_column_is_named_with_the_headings_that_would_do() -> None:
    without = [place for place, heading in enumerate(HEADINGS) if heading != "答案"]
    report = check_rows([HEADINGS[place] for place in without], [ROW[place] for place in without])
    assert "正确答案" in found(report, "column_missing").facts["names"]
    assert codes(report) == ["column_missing"]


def test_a_usual_column_that_is_absent_is_named_once_and_not_in_each_row() -> None:
    kept = [place for place, heading in enumerate(HEADINGS) if heading not in ("难度", "依据", "解析")]
    rows = [row(题干=f"第{number}问", 编号=f"Q{number}", 答案="ABCD"[number % 4]) for number in range(20)]
    report = check_rows(*([cells[place] for place in kept] for cells in (HEADINGS, *rows)))
    assert (report.verdict, codes(report)) == ("accept_with_warnings", ["column_absent"] * 3)
    assert {question.difficulty for question in report.content.questions} == {"medium"}


def test_a_sheet_without_any_headings_is_refused_in_one_sentence() -> None:
    assert codes(check_rows(["甲", "乙"], ["1", "2"])) == ["sheet_without_headings", "headings_missing"]


def test_columns_that_nobody_reads_are_named_once_and_empty_ones_are_not() -> None:
    report = check_rows([*HEADINGS, "备注", "学科", "分值"], [*ROW, "看看", "", "4"])
    assert found(report, "columns_unused").facts == {"names": "备注"}
    assert report.verdict == "accept_with_warnings"


def test_topics_may_be_written_as_code_title_or_both() -> None:
    rows = [
        row(章节=topic, 题干=f"第{number}问", 编号=f"Q{number}")
        for number, topic in enumerate(["T01", "质量管理基础", "T01 质量管理基础", "t01"])
    ]
    assert [question.topic for question in check_rows(HEADINGS, *rows).content.questions] == ["T01"] * 4


def test_an_unknown_topic_of_a_known_bank_is_refused() -> None:
    finding = found(check_rows(HEADINGS, row(章节="T99")), "topic_unknown")
    assert (finding.quoted, finding.where.column) == ("T99", "J")


def test_a_new_bank_takes_the_topics_that_its_questions_name() -> None:
    from quizapp.banks.entries import Header

    rows = [row(章节="T01 质量基础"), row(章节="现场管理", 题干="另一问", 编号="Q2")]
    report = check_rows(HEADINGS, *rows, bank=Header("new", "新题库"))
    assert report.content.topics == {"T01": "质量基础", "现场管理": "现场管理"}
    assert report.verdict == "accept"


def test_the_bank_sheet_says_which_bank_it_is() -> None:
    bank = Table(
        "题库信息", [["题库编号", "demo"], ["题库名称", "示例题库"], [], ["主题编号", "主题名称"], ["T01", "基础"]]
    )
    header = read_tables("a.xlsx", [bank, Table("试题", [HEADINGS, ROW])]).header
    assert (header.code, header.title, header.topics) == ("demo", "示例题库", {"T01": "基础"})


@pytest.mark.parametrize("key", ["1", "0", "V", "不对", "X"])
def test_an_ambiguous_key_in_a_cell_is_refused_at_its_cell(key: str) -> None:
    report = check_rows(HEADINGS, row(题型="判断题", 选项A="", 选项B="", 选项C="", 选项D="", 答案=key))
    finding = found(report, "key_ambiguous")
    assert (finding.where.row, finding.where.column, finding.quoted) == (2, "G", key)
    assert codes(report) == ["key_ambiguous"]


def test_a_comma_without_quotes_has_shifted_the_row_and_is_refused() -> None:
    report = check_rows(HEADINGS, [*ROW[:6], "A", "B", *ROW[7:]], sheet="")
    assert (codes(report)[0], report.verdict) == ("row_shifted", "reject")


def test_a_note_beside_the_table_is_named_and_not_read() -> None:
    assert codes(check_rows(HEADINGS, [*ROW, "", "旁注"])) == ["cells_beyond_headings"]


@pytest.mark.parametrize("value", ["#N/A", "#REF!", "#DIV/0!"])
def test_an_error_value_in_a_csv_file_is_refused(value: str) -> None:
    assert codes(check_rows(HEADINGS, row(选项B=value), sheet="")) == ["cell_error"]


@pytest.mark.parametrize("value", ["2026-08-25", "TRUE", "1.2E+17", "2026-08-25 09:30:00"])
def test_what_excel_may_have_rewritten_in_a_csv_file_is_pointed_at(value: str) -> None:
    report = check_rows(HEADINGS, row(选项B=value), sheet="")
    assert (codes(report), report.content.questions[0].options[1]) == (["cell_converted"], value)


@pytest.mark.parametrize("value", ["2026-08-25", "TRUE"])
def test_what_is_text_in_a_workbook_was_meant_so(value: str) -> None:
    assert codes(check_rows(HEADINGS, row(选项B=value))) == []


def test_a_number_that_lost_its_digits_is_pointed_at_even_as_text() -> None:
    assert codes(check_rows(HEADINGS, row(编号="1.2E+17"))) == ["cell_converted"]


def test_leading_zeros_and_long_numbers_stay_text() -> None:
    report = check_rows(HEADINGS, row(选项A="007", 选项B="12345678901234567890", 编号="0001"))
    assert report.content.questions[0].options[:2] == ("007", "12345678901234567890")
    assert (report.content.questions[0].code, report.verdict) == ("0001", "accept")


def test_a_question_without_a_code_gets_the_same_one_each_time() -> None:
    first, again = (check_rows(HEADINGS, row(编号="")).content.questions[0].code for _ in range(2))
    assert first == again
    assert first.startswith("Q")


def test_a_written_row_says_what_the_question_says() -> None:
    assert row_of(SINGLE, TOPICS)[:4] == ["单选题", SINGLE.stem, "策划", "实施"]
    assert row_of(MULTIPLE, TOPICS)[10] == "ABD"
    assert (row_of(JUDGE, TOPICS)[2], row_of(JUDGE, TOPICS)[10]) == ("", "错误")


@pytest.mark.parametrize("cell", ["=1+1", "+86", "-5", "@cmd", "＝1", "'=1", "''-x"])
def test_what_leaves_as_csv_is_no_formula(cell: str) -> None:
    assert escaped(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["策划", "'引用'", "a=b", ""])
def test_harmless_cells_leave_as_they_are(cell: str) -> None:
    assert escaped(cell) == cell


def test_a_csv_file_has_its_mark_and_one_record_a_question() -> None:
    data = write_csv(CONTENT)
    assert data.startswith(b"\xef\xbb\xbf")
    assert len(list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))) == 1 + len(CONTENT.questions)
