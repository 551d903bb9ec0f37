"""A table whose headings nobody knows: the page that shows its first rows, hears what the columns are, and checks again."""

import io
import re

import pytest
import xlsxwriter
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from quizapp.banks import queries
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.models import BankUpload
from quizapp.extensions import db
from quizapp.web.spreadsheets import write_workbook
from tests.cast import Cast, tiny_content
from tests.conftest import SignIn
from tests.uploads import send, wait_for_check

pytestmark = [pytest.mark.once, pytest.mark.slow]

ROWS = [
    ["某某公司题库"],
    ["类", "题面", "甲项", "乙项", "丙项", "丁项", "标答", "讲解", "归口"],
    ["单选题", "PDCA 循环的第一个阶段是什么？", "策划", "实施", "检查", "处置", "A", "四步依次进行。", "T01 基础"],
    [
        "多选题",
        "下列哪些属于老七种工具？",
        "排列图",
        "因果图",
        "亲和图",
        "控制图",
        "ABD",
        "亲和图属于新七种。",
        "T02 工具",
    ],
    ["判断题", "抽检合格的批里没有不合格品。", "", "", "", "", "错误", "只是推断。", "T02 工具"],
]


@pytest.fixture
def qin(client: FlaskClient, cast: Cast, sign_in: SignIn) -> FlaskClient:
    return sign_in(client, cast.qin)


def uploaded(qin: FlaskClient, data: bytes, name: str = "题库.xlsx") -> str:
    return str(send(qin, name, data, code="new", title="新题库").location)


def preset(page: TestResponse) -> dict[str, str]:
    """What a browser would send of the form as it comes."""
    fields: dict[str, str] = {}
    for name, options in re.findall(r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', page.text, re.S):
        chosen = re.search(r'<option selected value="([^"]*)"', options)
        first = re.search(r'<option[^>]*value="([^"]*)"', options)
        found = chosen or first
        assert found
        fields[name] = found.group(1)
    for tag in re.findall(r'<input[^>]*type="checkbox"[^>]*>', page.text):
        if " checked" in tag:
            fields[re.search(r'name="([^"]+)"', tag).group(1)] = "y"  # type: ignore[union-attr]
    return fields


def say(qin: FlaskClient, location: str, fields: dict[str, str]) -> TestResponse:
    answer = qin.post(f"{location}/columns", data=fields)
    if answer.status_code == 303:
        wait_for_check(qin, answer.location)
    return answer


def test_headings_that_nobody_knows_lead_to_the_page_and_to_questions(app: Flask, qin: FlaskClient) -> None:
    location = uploaded(qin, write_workbook([("题库", ROWS)]))
    report = qin.get(location)
    assert "没有认出表头" in report.text
    assert f'href="{location}/columns"' in report.text
    page = qin.get(f"{location}/columns")
    assert "PDCA 循环的第一个阶段是什么？" in page.text
    fields = preset(page)
    # What can be told from the cells is proposed; the rest is for the person to say.
    assert [fields[f"sheet0_column{place}"] for place in range(9)] == [
        "type",
        "stem",
        "A",
        "B",
        "C",
        "D",
        "key",
        "",
        "",
    ]
    assert fields["sheet0_first"] == "3"
    done = say(qin, location, {**fields, "sheet0_column7": "explanation", "sheet0_column8": "topic"})
    assert done.status_code == 303
    checked = qin.get(done.location)
    assert "保存为草稿" in checked.text
    with app.app_context():
        kept = db.session.get(BankUpload, int(done.location.rpartition("/")[2]))
        assert kept
        content = queries.upload_content(kept)
    assert [(each.type, each.key_letters, each.topic) for each in content.questions] == [
        ("single", "A", "T01"),
        ("multiple", "ABD", "T02"),
        ("judge", "B", "T02"),
    ]
    assert content.questions[0].explanation == "四步依次进行。"


def test_nothing_is_remembered_for_the_next_file(qin: FlaskClient) -> None:
    data = write_workbook([("题库", ROWS)])
    location = uploaded(qin, data)
    say(qin, location, preset(qin.get(f"{location}/columns")))
    assert "没有认出表头" in qin.get(uploaded(qin, data)).text


def test_a_missing_column_leads_there_too_and_the_known_ones_are_preset(qin: FlaskClient) -> None:
    rows = [
        ["题目", "A", "B", "标答"],
        ["第一阶段是什么？", "策划", "实施", "A"],
        ["第二阶段是什么？", "策划", "实施", "B"],
    ]
    location = uploaded(qin, write_workbook([("Sheet1", rows)]))
    assert "指明各列的含义" in qin.get(location).text
    fields = preset(qin.get(f"{location}/columns"))
    assert [fields[f"sheet0_column{place}"] for place in range(4)] == ["stem", "A", "B", "key"]
    refused = say(qin, location, fields)
    assert (refused.status_code, "请选择题型，或选一列作为题型。" in refused.text) == (422, True)
    done = say(qin, location, {**fields, "sheet0_type": "single"})
    assert "需要修改" not in qin.get(done.location).text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sheet0_column2": "stem"}, "另一列也选了这一项"),
        ({"sheet0_column6": ""}, "还缺少：答案"),
        ({"sheet0_reads": None}, "请至少读取一张工作表"),
        ({"sheet0_column1": "nonsense"}, "form-select is-invalid"),
        ({"sheet0_first": "9999"}, "form-select is-invalid"),
        ({"sheet7_first": "1"}, "表单里有不认识的内容"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_checked(
    qin: FlaskClient, changes: dict[str, str | None], sentence: str
) -> None:
    location = uploaded(qin, write_workbook([("题库", ROWS)]))
    fields = {**preset(qin.get(f"{location}/columns")), **changes}
    refused = say(qin, location, {name: value for name, value in fields.items() if value is not None})
    assert refused.status_code == 422
    assert sentence in refused.text
    assert "没有认出表头" in qin.get(location).text


def test_text_files_and_several_sheets_have_the_page_too(qin: FlaskClient) -> None:
    text = "\n".join("\t".join(row) for row in ROWS[1:])
    location = uploaded(qin, text.encode("gbk"), "题库.tsv")
    assert "PDCA" in qin.get(f"{location}/columns").text
    sheets = [("说明", [["怎样填写"], ["…"]]), ("甲", ROWS), ("乙", [ROWS[1], *ROWS[2:4]])]
    location = uploaded(qin, write_workbook(sheets))
    fields = preset(qin.get(f"{location}/columns"))
    assert [name for name in fields if name.endswith("_reads")] == ["sheet1_reads", "sheet2_reads"]


def test_two_rows_of_headings_are_one_choice_a_column(qin: FlaskClient) -> None:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet("题库")
    for column, name in ((0, "题目"), (5, "标答")):
        sheet.merge_range(0, column, 1, column, name)
    sheet.merge_range(0, 1, 0, 4, "选项")
    sheet.write_row(1, 1, ["A", "B", "C", "D"])
    sheet.write_row(2, 0, ["PDCA 循环的第一个阶段是什么？", "策划", "实施", "检查", "处置", "A"])
    book.close()
    location = uploaded(qin, file.getvalue())
    fields = preset(qin.get(f"{location}/columns"))
    assert (fields["sheet0_first"], fields["sheet0_column1"], fields["sheet0_column4"]) == ("3", "A", "D")


def test_other_formats_have_no_such_page(qin: FlaskClient) -> None:
    location = uploaded(qin, write_yaml(tiny_content()).encode(), "题库.yaml")
    assert qin.get(f"{location}/columns").status_code == 404
    assert f"{location}/columns" not in qin.get(location).text


def test_a_file_that_has_become_a_draft_is_gone(qin: FlaskClient) -> None:
    rows = [["题型", *ROWS[1][1:]], *ROWS[2:]]
    known = [["题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案", "解析", "章节"], *rows[1:]]
    location = uploaded(qin, write_workbook([("题库", known)]))
    assert qin.post(f"{location}/save").status_code == 303
    assert qin.get(f"{location}/columns").status_code == 409
