"""A report with thousands of findings, read by somebody."""

import csv
import io

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, Visit
from tests.browser.looking import violations
from tests.cast import Cast

pytestmark = pytest.mark.slow

HEADINGS = ["题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案", "解析", "依据", "章节", "难度"]


def table() -> str:
    """1,500 questions without explanation and reference, and among them three that are wrong in ways of their own."""
    rows = [HEADINGS]
    for number in range(1500):
        stem = f"第 {number:04} 号：" + "".join(chr(0x4E00 + (number * 37 + place * 911) % 3000) for place in range(12))
        key = "ABCD"[number % 4]
        rows.append(
            ["单选题", stem, f"甲{number}", f"乙{number}", f"丙{number}", f"丁{number}", key, "", "", "T01 基础", "易"]
        )
    rows[700][6] = "1"
    rows[900][1] = "PDCA 循环的第一个阶段是（C）。"
    rows[900][6] = "C"
    rows[1200][5] = "以上都是"
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def test_thousands_of_findings_hide_none_that_is_alone(cast: Cast, visit: Visit) -> None:
    page = visit(cast.qin, DESK)
    page.goto("/admin/banks/upload")
    page.get_by_text("新题库，而文件里没有写明编号和名称").click()
    page.get_by_label("新题库的编号").fill("new")
    page.get_by_label("新题库的名称").fill("新题库")
    page.locator("input[type=file]").set_input_files(
        {"name": "题库.csv", "mimeType": "text/csv", "buffer": table().encode()}
    )
    page.get_by_role("button", name="检查文件").click()
    expect(page.get_by_role("heading", name="需要修改")).to_be_visible()
    groups = page.locator(".finding-group")
    expect(groups).to_have_count(5)
    titles = groups.locator(".finding-title").all_inner_texts()
    assert titles[:2] == ["答案“1”有两种读法", "题干里写着答案“C”"]
    assert set(titles[2:]) == {"没有解析", "没有依据", "选项 D 指向其他选项（如“以上都是”），选项打乱后会读不通"}
    many = groups.filter(has_text="没有解析")
    expect(many.locator("summary")).to_contain_text("1500 处")
    # What there is little of stands open, what there is much of does not.
    expect(groups.filter(has_text="以上都是").get_by_text("第 1201 行")).to_be_visible()
    expect(many.get_by_text("第 2 行", exact=False).first).to_be_hidden()
    assert violations(page) == []
    many.locator("summary").click()
    expect(many.locator("li")).to_have_count(20)
    many.get_by_role("link", name="显示全部 1500 处").click()
    expect(page.locator(".finding-group")).to_have_count(1)
    expect(page.locator(".finding-group li")).to_have_count(1000)
    page.get_by_role("link", name="返回全部说明").click()
    expect(page.locator(".finding-group")).to_have_count(5)
