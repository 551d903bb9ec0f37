"""An upload in a real browser: the page waits for the check, with scripts and without."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from quizapp.banks import sandbox
from quizapp.banks.formats.own.project import write_yaml
from tests.browser.conftest import DESK, Site, Visit
from tests.cast import Cast, tiny_content

pytestmark = pytest.mark.slow


def upload(page: Page, name: str = "a.yaml", text: str = "") -> None:
    page.goto("/admin/banks/upload")
    content = (text or write_yaml(tiny_content())).encode()
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/plain", "buffer": content})
    page.get_by_role("button", name="检查文件").click()


@pytest.fixture
def busy() -> Iterator[ExitStack]:
    """Every place for a check is taken until the stack is closed."""
    with ExitStack() as stack:
        for _ in range(sandbox.AT_ONCE):
            stack.enter_context(sandbox.turn())
        yield stack


def test_the_page_waits_in_line_and_then_shows_the_report_by_itself(cast: Cast, visit: Visit, busy: ExitStack) -> None:
    page = visit(cast.qin, DESK)
    upload(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("正在检查")
    expect(page.locator("#checking-text")).to_have_text("正在排队，前面的文件检查完就轮到它。")
    with page.expect_response(lambda response: response.url.endswith("/state.json")):
        pass  # it asks again and again
    busy.close()
    expect(page.get_by_role("heading", level=1)).to_have_text("检查结果")
    expect(page.get_by_role("heading", name="可以导入")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_by_keyboard_one_sees_where_one_is(cast: Cast, visit: Visit, dark: bool) -> None:
    page = visit(cast.qin, DESK, dark=dark)
    page.goto("/admin/banks/upload")
    seen: list[str] = []
    while "检查文件" not in seen and len(seen) < 40:
        page.keyboard.press("Tab")
        name, style, width = page.locator(":focus").evaluate(
            "e => [e.name || e.innerText.trim(), getComputedStyle(e).outlineStyle, getComputedStyle(e).outlineWidth]"
        )
        assert (style, width) == ("solid", "3px"), f"nobody sees that {name} is focused"
        seen.append(name)
    assert {"file", "bank", "检查文件"} <= set(seen)


def test_without_scripts_the_page_comes_to_the_report_too(
    cast: Cast, visit: Visit, browser: Browser, site: Site, busy: ExitStack
) -> None:
    cookies = visit(cast.qin, DESK).context.cookies()
    context = browser.new_context(java_script_enabled=False, base_url=site.url, locale="zh-CN")
    try:
        context.add_cookies([{"name": each["name"], "value": each["value"], "url": site.url} for each in cookies])
        page = context.new_page()
        upload(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("正在检查")
        busy.close()
        expect(page.get_by_role("heading", level=1)).to_have_text("检查结果")
    finally:
        context.close()


def test_what_is_left_out_saved_and_taken_back_is_a_few_clicks(cast: Cast, visit: Visit) -> None:
    page = visit(cast.qin, DESK)
    table = "题型,题干,选项A,选项B,答案,章节\n单选题,哪个？,甲,乙,A,T01 基础\n简答题,为什么？,,,因为,T01 基础\n"
    page.goto("/admin/banks/upload")
    page.get_by_text("新题库，而文件里没有写明编号和名称").click()
    page.get_by_label("新题库的编号").fill("new")
    page.get_by_label("新题库的名称").fill("新题库")
    page.locator("input[type=file]").set_input_files(
        {"name": "题库.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )
    page.get_by_role("button", name="检查文件").click()
    expect(page.get_by_role("heading", name="需要修改")).to_be_visible()
    expect(page.locator("main p").get_by_text("第 2 题是“简答题”")).to_be_visible()
    page.get_by_role("link", name="略去它们再检查").click()
    expect(page.get_by_label("略去本系统没有的题型")).to_be_checked()
    page.get_by_role("button", name="再检查一次").click()
    expect(page.get_by_role("heading", name="可以导入，有提醒")).to_be_visible()
    page.get_by_role("button", name="保存为草稿").click()
    expect(page.get_by_text("已保存为草稿")).to_be_visible()
    page.go_back()
    page.reload()
    page.get_by_role("link", name="撤销保存…").click()
    page.get_by_role("button", name="撤销 1 题的保存").click()
    expect(page.get_by_text("已撤销，草稿已移除")).to_be_visible()
    expect(page.get_by_role("button", name="保存为草稿")).to_be_visible()
