"""From an empty installation to the frozen board, in the running program (`quizapp up`), with nothing but its pages.

An administrator makes the organizer's account; the organizer uploads a bank, makes a unit and opens a competition; an employee
registers over the unit's link and answers; everybody sees the board; after the close the standings are frozen and exported.
"""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from quizapp.banks.checking.checks import check_source
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.reading import read_path
from quizapp.web.spreadsheets import read_tables
from tests.load.installation import ROOT, Installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
PASSWORD = "Zhiliang-2026"
PHONE, DESK = (390, 844), (1280, 900)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Installation]:
    """The program with one administrator and no demo, which comes only where nobody has an account."""
    program = Installation(tmp_path)
    quizapp(program, "db", "upgrade")
    quizapp(program, "accounts", "create-admin", "--login", "ada", "--name", "安管理", "--password", PASSWORD)
    try:
        program.start()
        yield program
    finally:
        program.stop()


def quizapp(program: Installation, *arguments: str) -> None:
    call = "import sys; from quizapp.cli import main; sys.exit(main())"
    subprocess.run([sys.executable, "-c", call, *arguments], env=program.environ, check=True, capture_output=True)


def device(browser: Browser, program: Installation, size: tuple[int, int]) -> Page:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        base_url=f"http://127.0.0.1:{program.port}",
        locale="zh-CN",
        accept_downloads=True,
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    return page


def sign_in(page: Page, login: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("手机号或登录名").fill(login)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("button", name="退出")).to_be_visible()


def choose_password(page: Page) -> None:
    page.get_by_label("新密码", exact=True).fill(PASSWORD)
    page.get_by_label("再输一遍新密码").fill(PASSWORD)


def make_organizer(ada: Page) -> str:
    """Returns the one-time code with which the organizer claims the account."""
    ada.goto("/admin/accounts/new")
    ada.get_by_label("姓名").fill("秦主办")
    ada.get_by_label("手机号或登录名").fill("qin")
    ada.get_by_role("button", name="新建账号").click()
    ada.wait_for_url(re.compile(r"/admin/accounts/\d+"))
    account = re.search(r"/admin/accounts/\d+", ada.url)
    assert account
    ada.goto(account.group())  # the code may be shown at once, on a page of its own
    ada.get_by_label("角色").select_option("organizer")
    ada.get_by_role("button", name="授予角色").click()
    ada.on("dialog", lambda dialog: dialog.accept())
    ada.get_by_role("button", name=re.compile("验证码")).click()
    return ada.locator(".one-time-code").inner_text()


def claim(page: Page, login: str, code: str) -> None:
    page.goto("/claim")
    page.get_by_label("工号或手机号").fill(login)
    page.get_by_label("一次性验证码").fill(code)
    choose_password(page)
    page.locator("input[name=consent]").check()
    page.get_by_role("button", name="认领并登录").click()
    expect(page.get_by_role("button", name="退出")).to_be_visible()


def publish_bank(qin: Page, file: Path) -> None:
    qin.goto("/admin/banks/upload")
    qin.locator("input[type=file]").set_input_files(file)
    qin.get_by_role("button", name="检查文件").click()
    expect(qin.locator("#verdict")).to_be_visible()
    qin.get_by_role("button", name="保存为草稿").click()
    qin.get_by_role("link", name=re.compile("^发布")).first.click()
    qin.get_by_role("button", name="确认发布 800 题").click()
    expect(qin.get_by_text("第 1 版").first).to_be_visible()


def make_unit(qin: Page) -> str:
    """Returns the link by which people join."""
    qin.goto("/admin/organizations/new")
    qin.get_by_label("单位名称").fill("前进机械厂")
    qin.get_by_label("单位代码").fill("QJ")
    qin.get_by_label("应参赛人数").fill("2")
    qin.get_by_role("button", name="保存").click()
    return qin.locator(".join-link").inner_text()


def open_competition(qin: Page, minutes_open: int) -> None:
    now = datetime.now(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None)
    qin.goto("/admin/competitions/new")
    qin.get_by_label("竞赛名称").fill("2026年质量月知识竞赛")
    qin.get_by_label("主办单位").fill("前进质量协会")
    qin.get_by_label("开始时间").fill((now - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M"))
    closes = (now + timedelta(minutes=minutes_open + 1)).replace(second=0)
    qin.get_by_label("截止时间").fill(closes.strftime("%Y-%m-%dT%H:%M"))
    qin.get_by_label("单位上个人榜的最少人数").fill("1")
    expect(qin.locator("#paper-total")).to_contain_text("共 25 题，满分 100 分")
    qin.get_by_role("button", name="保存草稿").click()
    qin.get_by_role("link", name="抽一份样卷").click()
    expect(qin.get_by_text("多选题").first).to_be_visible()
    qin.go_back()
    qin.get_by_role("link", name="发布竞赛").click()
    qin.get_by_role("button", name="发布竞赛").click()
    expect(qin.get_by_text("进行中").first).to_be_visible()


def register(lin: Page, join_link: str, name: str, phone: str) -> None:
    lin.goto(re.sub(r"^https?://[^/]+", "", join_link))
    lin.get_by_role("textbox", name="姓名").fill(name)
    lin.get_by_role("textbox", name="手机号").fill(phone)
    choose_password(lin)
    lin.locator("input[name=consent]").check()
    lin.get_by_role("button", name="注册并加入").click()
    expect(lin.get_by_role("status")).to_contain_text("注册成功")


def answer_and_submit(lin: Page) -> str:
    """Answer all 25 questions with the keyboard, submit, and return the score shown."""
    lin.goto("/competitions/1")
    lin.get_by_role("button", name="开始答题").click()
    expect(lin.locator("#paper")).to_be_visible()
    for position in range(1, 26):
        lin.keyboard.press("a")
        if position > 20:
            lin.keyboard.press("b")
        if position < 25:
            lin.keyboard.press("ArrowRight")
            expect(lin.locator("#place")).to_contain_text(str(position + 1))
    expect(lin.locator("#saved")).to_have_text("已保存")
    lin.locator("#sheet-button").click()
    lin.locator("#review-button").click()
    lin.locator("#submit").click()
    lin.wait_for_url("**/result?attempt=1")
    expect(lin.get_by_role("heading", name="我的成绩")).to_be_visible()
    return lin.locator(".result-ring .ring-value").inner_text().strip()


def close_now(program: Installation) -> None:
    """Bring the close forward, which no page can: waiting for it would take an hour."""
    with closing(sqlite3.connect(program.settings.data_dir / "quiz.sqlite3", timeout=60)) as connection, connection:
        connection.execute("UPDATE competition SET closes_at = ?", [f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.000000}"])


@pytest.mark.minutes(1)
def test_from_an_empty_installation_to_the_frozen_board(
    browser: Browser, running: Installation, tmp_path: Path
) -> None:
    bank = tmp_path / "tqm.yaml"
    bank.write_text(write_yaml(check_source(read_path(ROOT / "question_banks" / "tqm")).content))
    ada = device(browser, running, DESK)
    sign_in(ada, "ada")
    code = make_organizer(ada)

    qin = device(browser, running, DESK)
    claim(qin, "qin", code)
    publish_bank(qin, bank)
    join_link = make_unit(qin)
    open_competition(qin, minutes_open=60)

    lin, onlooker = device(browser, running, PHONE), device(browser, running, DESK)
    register(lin, join_link, "林晓雨", "13800001111")
    score = answer_and_submit(lin)
    onlooker.goto("/competitions/1/boards/people")
    expect(onlooker.locator("body")).to_contain_text("林*")
    assert "林晓雨" not in onlooker.content()

    close_now(running)
    qin.goto("/admin/competitions/1/freeze")
    expect(qin.get_by_role("heading", name="冻结之前")).to_be_visible()
    while qin.get_by_role("button", name="冻结成绩").count() == 0:  # until the recorder has recorded everything
        qin.reload()
    qin.get_by_role("checkbox").check()
    qin.get_by_role("button", name="冻结成绩").click()
    expect(qin.get_by_role("heading", name="已冻结 名次已生成")).to_be_visible()
    with qin.expect_download() as download:
        qin.get_by_role("link", name="导出最终名次").click()
    export = tmp_path / "standings.xlsx"
    download.value.save_as(export)
    people = next(table for table in read_tables(export.read_bytes(), "standings.xlsx") if table.sheet == "个人")
    assert any("林晓雨" in row and score in row for row in people.rows)

    onlooker.goto("/competitions/1/boards/people")
    expect(onlooker.locator("body")).to_contain_text("林*")
    expect(onlooker.locator("body")).to_contain_text("名次已冻结")
