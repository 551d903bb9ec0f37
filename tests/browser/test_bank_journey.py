"""A bank's way in the browser: upload, findings, fix, publish, edit, publish again, and what has changed since.

The organizer has an Excel file of her own with two mistakes; next year she rewrites a question, adds one and takes one out.
"""

import re
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from quizapp.accounts.models import AuditEntry
from quizapp.banks import queries
from quizapp.extensions import db
from quizapp.web.spreadsheets import read_tables, write_workbook
from tests.browser.conftest import DESK, PHONE, Site, Visit
from tests.browser.looking import violations
from tests.cast import Cast

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

HEADINGS = ["题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案", "解析", "依据", "章节", "难度", "编号"]
SOURCE = ["T01 质量基础", "易"]
ROWS = [
    ["单选题", "PDCA 循环从哪一步开始？", "策划", "实施", "检查", "处置", "A", "先策划。", "戴明，1950", *SOURCE, "Q1"],
    [
        "多选题",
        "以下哪些是老七种工具？",
        "排列图",
        "因果图",
        "亲和图",
        "控制图",
        "A",
        "三种。",
        "石川馨，1968",
        *SOURCE,
        "Q2",
    ],
    ["判断题", "抽检合格的批里没有不合格品。", "", "", "", "", "X", "可能有。", "道奇，1959", *SOURCE, "Q3"],
    [
        "单选题",
        "朱兰三部曲不含哪一项？",
        "质量策划",
        "质量控制",
        "质量改进",
        "质量认证",
        "D",
        "三部。",
        "朱兰，1986",
        *SOURCE,
        "Q4",
    ],
]


def workbook(folder: Path, name: str, **keys: str) -> Path:
    """The organizer's file, with other answers for some of its questions."""
    rows = [[*row[:6], keys.get(row[-1], row[6]), *row[7:]] for row in ROWS]
    file = folder / name
    file.write_bytes(write_workbook([("试题", [HEADINGS, *rows])]))
    return file


def check(page: Page, file: Path) -> None:
    page.goto("/admin/banks/upload")
    page.get_by_text("新题库，而文件里没有写明编号和名称").click()
    page.get_by_label("新题库的编号").fill("factory")
    page.get_by_label("新题库的名称").fill("车间题库")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="检查文件").click()
    expect(page.locator("#verdict")).to_be_visible()


def publish(page: Page, count: int) -> None:
    page.get_by_role("link", name=re.compile("^发布")).first.click()
    page.get_by_role("button", name=f"确认发布 {count} 题").click()


def test_a_bank_from_the_first_file_to_what_changed_in_the_next_version(
    app: Flask, cast: Cast, site: Site, visit: Visit, tmp_path: Path
) -> None:
    qin = visit(cast.qin, DESK)

    # Upload and findings: nothing is imported, and each mistake has its sheet, row and column.
    check(qin, workbook(tmp_path, "题库.xlsx"))
    expect(qin.get_by_role("heading", name="需要修改")).to_be_visible()
    expect(qin.get_by_text("工作表“试题” 第 3 行 G 列 答案")).to_be_visible()
    expect(qin.locator("main")).to_contain_text("多选题至少要有两个答案")
    expect(qin.get_by_text("工作表“试题” 第 4 行 G 列 答案")).to_be_visible()
    expect(qin.locator("main")).to_contain_text("答案“X”有两种读法")
    assert qin.get_by_role("button", name="保存为草稿").count() == 0
    with qin.expect_download() as download:
        qin.get_by_role("link", name="下载有错误的行").click()
    download.value.save_as(tmp_path / "faulty.xlsx")
    (faulty,) = read_tables((tmp_path / "faulty.xlsx").read_bytes(), "faulty.xlsx")
    assert [row[1] for row in faulty.rows[1:]] == [ROWS[1][1], ROWS[2][1]]

    # Fix and publish.
    check(qin, workbook(tmp_path, "题库（改好）.xlsx", Q2="ABD", Q3="错误"))
    expect(qin.get_by_role("heading", name=re.compile("^可以导入"))).to_be_visible()
    qin.get_by_role("button", name="保存为草稿").click()
    expect(qin.get_by_text("已保存为草稿")).to_be_visible()
    publish(qin, 4)
    expect(qin.get_by_text("第 1 版已发布")).to_be_visible()

    # Edit in the browser, by keyboard: find the question, break it, be told where, mend it.
    qin.get_by_role("button", name="从第 1 版开始编辑").click()
    expect(qin.get_by_text("草稿里是最新版本的全部试题")).to_be_visible()
    qin.get_by_role("searchbox", name="搜索").fill("朱兰")
    qin.keyboard.press("Enter")
    expect(qin.get_by_text("符合条件的有 1 题")).to_be_visible()
    qin.get_by_role("link", name="编辑 Q4").press("Enter")
    expect(qin.locator("[data-preview=zh] .option-text").first).to_be_visible()  # the editor's script is there
    right = qin.locator("#options-3-right")
    right.focus()
    qin.keyboard.press("Space")
    qin.keyboard.press("Control+Enter")
    expect(qin.locator("#options-error")).to_contain_text("没有答案")
    expect(qin.locator("#options-0-right")).to_be_focused()
    for _ in range(3):  # 质量认证 becomes A, and is right
        qin.locator("[id$='-up']:focus, #options-3-up").first.press("Enter")
    qin.locator("#options-0-right").focus()
    qin.keyboard.press("Space")
    qin.locator("#explanation").fill("三部曲是策划、控制、改进。")
    expect(qin.locator("[data-preview=zh] .option-text").first).to_have_text("质量认证")
    qin.keyboard.press("Control+Enter")
    expect(qin.get_by_text("试题 Q4 已保存到草稿")).to_be_visible()

    # On the phone: another key for one, a new question, and one less.
    phone = visit(cast.qin, PHONE)
    phone.goto(qin.url)
    phone.get_by_role("link", name="返回试题列表").click()
    phone.get_by_role("link", name="清除").click()
    phone.get_by_role("link", name="编辑 Q3").click()
    phone.get_by_label("正确", exact=True).check()
    phone.get_by_role("button", name="保存到草稿").click()
    expect(phone.get_by_text("试题 Q3 已保存到草稿")).to_be_visible()
    phone.get_by_role("link", name="返回试题列表").click()
    phone.get_by_role("link", name="新建试题").click()
    phone.get_by_label("题干", exact=True).fill("5S 的最后一项是什么？")
    for place, text in enumerate(("整理", "整顿", "清扫", "素养")):
        phone.locator(f"#options-{place}-text").fill(text)
    phone.locator("#options-3-right").check()
    phone.get_by_label("编号").fill("Q5")
    assert violations(phone) == []
    phone.get_by_role("button", name="保存到草稿").click()
    expect(phone.get_by_text("试题 Q5 已保存到草稿。 有 2 处提醒")).to_be_visible()
    expect(phone.locator("#explanation-warning")).to_contain_text("没有解析")
    phone.get_by_role("link", name="返回试题列表").click()
    phone.get_by_role("link", name="删除 Q1").click()
    expect(phone.get_by_text("草稿里现在有 5 题，删除后剩 4 题")).to_be_visible()
    phone.get_by_role("button", name="删除这道题").click()
    expect(phone.get_by_text("试题 Q1 已从草稿里删除")).to_be_visible()

    # Publish, and see what has changed: keys first.
    publish(phone, 4)
    expect(phone.get_by_text("第 2 版已发布")).to_be_visible()
    phone.get_by_role("link", name="与第 1 版比较").click()
    expect(phone.get_by_role("heading", name="比较版本")).to_be_visible()
    expect(phone.locator("main h3")).to_have_text(["Q3", "Q4", "Q5", "Q1"])
    headings = phone.locator("main h2").all_inner_texts()
    assert [text for text in headings if "（" in text] == [
        "答案有变的试题（1）",
        "其他修改的试题（1）",
        "新增的试题（1）",
        "删除的试题（1）",
    ]
    assert violations(phone) == []

    with app.app_context():
        bank = queries.bank_by_code("factory")
        assert bank
        assert queries.draft_of(bank) is None
        second, first = (queries.version_content(version.id) for version in queries.versions_of(bank))
        assert [question.code for question in first.questions] == ["Q1", "Q2", "Q3", "Q4"]
        assert sorted(question.code for question in second.questions) == ["Q2", "Q3", "Q4", "Q5"]
        deeds = db.session.scalars(
            select(AuditEntry.action).where(AuditEntry.subject_type == "bank").order_by(AuditEntry.id)
        ).all()
        assert deeds == [
            "save_bank_draft",
            "publish_bank_version",
            "begin_bank_draft",
            "change_bank_question",
            "change_bank_question",
            "add_bank_question",
            "remove_bank_question",
            "publish_bank_version",
        ]
    site.messages[:] = [
        message for message in site.messages if "status of 422" not in message
    ]  # the one that was meant
