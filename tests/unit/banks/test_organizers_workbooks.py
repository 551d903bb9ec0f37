"""Workbooks as organizers hold them, made for other programs: each is read without a mapping, and nothing of it misread."""

from collections.abc import Mapping, Sequence

import pytest
import xlsxwriter

from quizapp.banks.checking.checks import Report, check_source
from quizapp.banks.content import Question
from quizapp.banks.entries import Header
from quizapp.banks.reading import read_upload
from tests.unit.web.old_excel import old_workbook
from tests.unit.web.workbooks import workbook

BANK = Header("new", "新题库")
# What a check may say of any of these files: what they lack is no fault of the reading.
USUAL = {
    "column_absent",
    "explanation_missing",
    "reference_missing",
    "topic_unsorted",
    "difficulty_missing",
    "fields_absent",
}


def report_of(content: bytes, name: str = "题库.xlsx") -> Report:
    return check_source(read_upload(name, content), bank=BANK)


def book(sheets: Mapping[str, Sequence[object]]) -> bytes:
    """A workbook as the other program's template would be filled in."""

    def fill(made: xlsxwriter.Workbook) -> None:
        heading = made.add_format({"bold": True, "text_wrap": True})
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for number, row in enumerate(rows):
                assert isinstance(row, list)
                for column, value in enumerate(row):
                    sheet.write(number, column, value, heading if number == 0 else None)

    return workbook(fill)


def unusual(report: Report) -> list[tuple[str, dict[str, object]]]:
    return [(each.code, each.facts) for each in report.findings if each.code not in USUAL]


def read(report: Report) -> list[tuple[str, tuple[str, ...], str]]:
    """Type, options and key of each question."""
    return [(each.type, each.options, each.key_letters) for each in report.content.questions]


def only(report: Report) -> Question:
    (question,) = report.content.questions
    return question


FOUR = ("要求", "期望", "价格", "标准")
THREE_TYPES = [
    ("single", FOUR, "A"),
    ("multiple", FOUR, "ABD"),
    ("judge", ("正确", "错误"), "B"),
]
KAOSHIBAO = [
    *("题干（必填）", "题型 （必填）", "选项 A", "选项 B", "选项 C", "选项 D"),
    *("选项E\n(勿删)", "选项F\n(勿删)", "选项G\n(勿删)", "选项H\n(勿删)", "正确答案\n（必填）", "解析\n（勿删）"),
]


def test_kaoshibao() -> None:
    rows = [
        [*KAOSHIBAO, "章节\n（勿删）", "难度"],
        ["质量满足什么？", "单选题", *FOUR, "", "", "", "", "A", "见定义。", "第一章", "易"],
        ["质量与什么有关？", "多选题", *FOUR, "", "", "", "", "ABD", "见定义。", "第一章", "中"],
        ["质量只是合格。", "判断题", "正确", "错误", "", "", "", "", "", "", "B", "见定义。", "第二章", "难"],
    ]
    report = report_of(book({"Sheet1": rows}))
    assert (read(report), unusual(report)) == (THREE_TYPES, [])
    assert [(each.topic, each.difficulty) for each in report.content.questions] == [
        ("第一章", "easy"),
        ("第一章", "medium"),
        ("第二章", "hard"),
    ]


def test_kaoshibao_of_today_has_a_subject_before_the_chapter() -> None:
    headings = [*KAOSHIBAO, "学科", "章节\n（勿删）", "难度"]
    row = ["质量满足什么？", "单选题", *FOUR, "", "", "", "", "A", "见定义。", "质量", "第一章", "易"]
    report = report_of(book({"Sheet1": [headings, row]}))
    assert (only(report).topic, unusual(report)) == ("第一章", [("columns_unused", {"names": "学科"})])
    without_chapter = report_of(book({"Sheet1": [headings, [*row[:13], "", "易"]]}))
    assert (only(without_chapter).topic, unusual(without_chapter)) == ("质量", [])


MOTIBANG = [
    *("题干", "题型", "选择项1", "选择项2", "选择项3", "选择项4", "选择项5"),
    *("解析", "答案1", "答案2", "得分1", "得分2"),
]


def motibang(*rows: Sequence[object]) -> bytes:
    def fill(made: xlsxwriter.Workbook) -> None:
        sheet = made.add_worksheet("Sheet1")
        for number, name in enumerate(["标题", "描述"]):
            sheet.write(number, 0, name)
            sheet.merge_range(number, 1, number, 8, "质量题库")
        sheet.write_row(2, 0, ["用时", "1000"])
        for number, row in enumerate([MOTIBANG, *rows], 3):
            sheet.write_row(number, 0, row)

    return workbook(fill)


def test_motibang_has_title_rows_and_several_key_columns() -> None:
    report = report_of(
        motibang(
            ["质量满足什么？", "单选题", *FOUR, "", "见定义。", "A", "", 1],
            ["质量与什么有关？", "多选题", *FOUR, "", "见定义。", "AB", "D", 1, 1],
            ["质量只是合格。", "判断题", "正确", "错误", "", "", "", "见定义。", "错误", "", 1],
        )
    )
    assert (read(report), unusual(report)) == (THREE_TYPES, [])
    assert report.findings[0].where.row == 4


def test_motibang_with_letters_that_count_differently_is_refused() -> None:
    report = report_of(motibang(["质量与什么有关？", "多选题", *FOUR, "", "", "A", "B", 1, 2]))
    assert unusual(report) == [("scoring_unsupported", {"number": 1, "scoring": "1、2"})]
    assert report.verdict == "reject"


def test_motibang_as_old_excel() -> None:
    rows = [["标题", "质量题库"], ["描述", "质量题库"], ["用时", "1000"], MOTIBANG]
    content = old_workbook([("Sheet1", [*rows, ["质量满足什么？", "单选题", *FOUR, None, "见定义。", "A", None, 1.0]])])
    report = report_of(content, "题库.xls")
    assert (read(report), unusual(report)) == (THREE_TYPES[:1], [])


def test_chaoxing() -> None:
    headings = ["目录", "题目类型", "大题题干", "正确答案", "答案解析", "难易度", "知识点", "标签", "选项数"]
    headings += [f"选项{letter}" for letter in "ABCDE"]
    rows = [
        headings,
        ["/质量/第一章", "单选题", "质量满足什么？", "A", "见定义。", "易", "", "", 4, *FOUR],
        ["/质量/第一章", "多选题", "质量与什么有关？", "ABD", "见定义。", "中", "", "", 4, *FOUR],
        ["/质量/第二章", "判断题", "质量只是合格。", "错误", "见定义。", "难", "", "", 2],
        ["/质量/第二章", "填空题", "质量是____。", "满足要求的程度", "见定义。", "难"],
    ]
    report = report_of(book({"课程题库": rows}))
    assert read(report) == THREE_TYPES
    assert unusual(report) == [("kind_unsupported", {"number": 4, "kind": "填空题"})]
    assert [each.topic for each in report.content.questions] == ["/质量/第一章", "/质量/第一章", "/质量/第二章"]


def test_vocational_skills() -> None:
    headings = ["试题GUID", "题型(必填）", "题干（必填）", "答案", *(f"选项{letter}" for letter in "ABCDE")]
    headings += [f"知识点{level}级" for level in "一二三四五六"]
    headings += ["难度", "一致性", "分数", "解析", "出处"]
    code = "6f1c2a30-9d1e-4a53-8d59-0e5a7a4b9c11"
    levels = ["基础知识", "质量术语", "", "", "", ""]
    rows = [
        headings,
        [code, "单选题", "质量满足什么？", "A", *FOUR, "", *levels, "易", 5, 1, "见定义。", "GB/T 19000-2016 3.6.2"],
        ["", "多选题", "质量与什么有关？", "ABD", *FOUR, "", *levels, "中", 5, 1, "见定义。", "GB/T 19000-2016 3.6.2"],
        ["", "判断题", "质量只是合格。", "×", "", "", "", "", "", *levels, "难", 5, 1, "见定义。", "GB/T 19000-2016"],
    ]
    report = report_of(book({"初级": rows}))
    assert (read(report), unusual(report)) == (THREE_TYPES, [("columns_unused", {"names": "知识点二级"})])
    first = report.content.questions[0]
    assert (first.code, first.topic, first.reference) == (code, "基础知识", "GB/T 19000-2016 3.6.2")


POWER = [
    *("序号", "一级纲要", "二级纲要", "题目分类", "题型", "题干", "选项", "答案"),
    *("题目依据", "试题分数", "试题编码", "备注"),
]


def test_power_company_has_options_in_one_cell_and_a_backslash_for_nothing() -> None:
    joined = "A-要求|B-期望|C-价格|D-标准"
    rows = [
        POWER,
        [1, "安全规程", "通用", "\\", "单选题", "质量满足什么？", joined, "A", "规程 2.1", 1, "\\", "\\"],
        [2, "安全规程", "通用", "\\", "多选题", "质量与什么有关？", joined, "A,B,D", "\\", 1, "ZB-002", "\\"],
        [3, "技术", "\\", "\\", "判断题", "质量只是合格。", "\\", "错误", "\\", 1, "\\", "\\"],
    ]
    report = report_of(book({"题库格式": rows}))
    assert read(report) == THREE_TYPES
    assert [each.topic for each in report.content.questions] == ["安全规程", "安全规程", "技术"]
    assert [(each.code, each.reference) for each in report.content.questions][1] == ("ZB-002", "")
    assert [code for code, _ in unusual(report)] == ["columns_unused"]


def test_options_in_one_cell_that_can_be_read_two_ways_are_refused_with_both() -> None:
    row = [1, "安规", "", "", "单选题", "哪种？", "A.维生素 B.族 B.其他", "A", "", 1, "", ""]
    report = report_of(book({"题库": [POWER, row]}))
    ((code, facts),) = unusual(report)
    assert (code, facts) == (
        "options_ambiguous",
        {"first": "A 维生素 / B 族 B.其他", "second": "A 维生素 B.族 / B 其他"},
    )
    (finding,) = [each for each in report.findings if each.code == code]
    assert (finding.where.row, finding.where.column, finding.quoted) == (2, "G", "A.维生素 B.族 B.其他")
    assert report.verdict == "reject"


def test_five_columns() -> None:
    headings = ["专业", "题型", "题目", "选项", "正确答案"]
    joined = ",".join(f"{letter}. {option}" for letter, option in zip("ABCD", FOUR, strict=True))
    rows = [
        headings,
        ["质量管理", "单选", "质量满足什么？", joined, "A"],
        ["质量管理", "多选", "质量与什么有关？", joined, "ABD"],
        ["质量管理", "判断", "质量只是合格。", "A. 正确,B. 错误", "B"],
    ]
    report = report_of(book({"Sheet1": rows}))
    assert (read(report), unusual(report)) == (THREE_TYPES, [])
    assert {each.topic for each in report.content.questions} == {"质量管理"}


def test_a_sheet_a_type() -> None:
    choice = ["题目（必填）", "选项A（必填）", "选项B（必填）", "选项C", "选项D", "正确选项（必填）", "解析"]
    sheets = {
        "单选题": [choice, ["质量满足什么？", *FOUR, "A", "见定义。"]],
        "多选题": [choice, ["质量与什么有关？", *FOUR, "ABD", "见定义。"]],
        "判断题": [["题目（必填）", "正确选项（必填）", "解析"], ["质量只是合格。", "错误", "见定义。"]],
    }
    report = report_of(book(sheets))
    assert (read(report), unusual(report)) == (THREE_TYPES, [])
    assert [each.where.sheet for each in report.findings if each.code == "column_absent"] == [
        *("单选题", "单选题", "多选题", "多选题", "判断题", "判断题")
    ]


def test_a_sheet_that_is_named_for_a_kind_that_we_do_not_have_is_named_question_by_question() -> None:
    rows = [["题目", "正确答案"], ["质量是____。", "满足要求的程度"], ["____是基础。", "标准化"]]
    report = report_of(book({"单选题": [["题目", *"ABCD", "答案"], ["质量满足什么？", *FOUR, "A"]], "填空题": rows}))
    assert [facts["number"] for code, facts in unusual(report) if code == "kind_unsupported"] == [2, 3]


def test_a_sheet_without_a_type_and_without_a_telling_name_is_refused_and_named() -> None:
    report = report_of(book({"Sheet1": [["题目", *"ABCD", "答案"], ["质量满足什么？", *FOUR, "A"]]}))
    assert [(code, facts["names"][:2]) for code, facts in unusual(report)] == [("column_missing", "题型")]  # type: ignore[index]


def test_traditional_chinese() -> None:
    text = (
        "題型,題目,選項A,選項B,選項C,答案,解析\n單選題,全面品質管理強調什麼？,全員參與,單獨檢驗,只看價格,A,依定義。\n"
    )
    for name, content in (("題庫.csv", text.encode("big5")), ("題庫.csv", text.encode())):
        question = only(report_of(content, name))
        assert (question.type, question.options[0], question.key_letters) == ("single", "全員參與", "A")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize(("ending", "delimiter"), [("csv", ","), ("csv", ";"), ("tsv", "\t"), ("txt", "\t")])
def test_the_same_table_as_text(encoding: str, ending: str, delimiter: str) -> None:
    rows = [
        ["2026 年题库"],
        [cell.replace("\n", "") for cell in [*KAOSHIBAO, "章节（勿删）", "难度"]],
        ["质量满足什么？", "单选题", *FOUR, "", "", "", "", "A", "见定义。", "第一章", "易"],
        ["质量与什么有关？", "多选题", *FOUR, "", "", "", "", "ABD", "见定义。", "第一章", "中"],
        ["质量只是合格。", "判断题", "正确", "错误", "", "", "", "", "", "", "B", "见定义。", "第二章", "难"],
    ]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    report = report_of(text.encode(encoding), f"题库.{ending}")
    assert (read(report), unusual(report)) == (THREE_TYPES, [])
    assert report.findings[0].where.row == 2
