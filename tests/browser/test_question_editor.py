"""What scripts add to the editor of a question: rows move at once, the preview follows the typing, nothing is left unasked."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Dialog, Page, expect

from quizapp.banks import queries
from quizapp.banks.content import BankContent
from quizapp.banks.models import Bank
from quizapp.extensions import db
from tests.browser.conftest import DESK, PHONE, Site, Visit
from tests.browser.looking import violations
from tests.cast import Cast, TinyBank, tiny_content

pytestmark = pytest.mark.slow

Open = Callable[..., Page]


@pytest.fixture
def draft_of_tiny(app: Flask, tiny_bank: TinyBank) -> Callable[[], BankContent]:
    """What the tiny bank's draft says now."""

    def read() -> BankContent:
        with app.app_context():
            draft = queries.draft_of(db.session.get_one(Bank, tiny_bank.bank_id))
            assert draft is not None
            return queries.version_content(draft.id)

    return read


@pytest.fixture
def open_question(visit: Visit, cast: Cast, tiny_bank: TinyBank) -> Open:
    """`open_question("T01")`: Qin begins a draft, finds the question in it and opens it in the editor."""

    def go(code: str, size: tuple[int, int] = DESK, **options: str) -> Page:
        page = visit(cast.qin, size, **options)
        page.goto(f"/admin/banks/{tiny_bank.bank_id}")
        page.locator("form[action$='/draft'] button").click()
        page.locator("#text").fill(f"第 {int(code[1:])} 题的题干")
        page.keyboard.press("Enter")
        expect(page.get_by_text("符合条件的有 1 题")).to_be_visible()
        page.locator(f"a[aria-label$=' {code}']").first.click()
        page.locator("[data-preview=zh] legend").wait_for()
        return page

    return go


def texts(page: Page) -> list[str]:
    return [area.input_value() for area in page.locator("[data-rows] textarea").all()]


def shows(page: Page, language: str, options: list[str]) -> None:
    """The preview follows a moment after the fields."""
    expect(page.locator(f"[data-preview={language}] .option-text")).to_have_text(options)


def test_rows_move_by_keyboard_and_the_focus_goes_with_them(
    open_question: Open, draft_of_tiny: Callable[[], BankContent]
) -> None:
    page = open_question("T01")
    before = texts(page)
    page.locator("#options-0-down").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert texts(page) == [before[1], before[2], before[0], before[3]]
    assert page.evaluate("document.activeElement.id") == "options-2-down"
    expect(page.locator("[data-say]")).to_have_text("已移到选项 C")
    page.keyboard.press("Enter")  # at the end there is no further down: the focus stays at the row
    assert page.evaluate("document.activeElement.id") == "options-3-up"
    assert texts(page) == [before[1], before[2], before[3], before[0]]
    shows(page, "zh", texts(page))
    expect(page.locator("#options-3-right")).to_be_checked()
    expect(page.locator("#options-0-right")).not_to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").first).to_contain_text("已保存到草稿")
    question = draft_of_tiny().questions[0]
    assert (list(question.options), question.key_letters) == ([before[1], before[2], before[3], before[0]], "D")
    english = tiny_content().questions[0].english
    assert english
    assert question.english
    assert question.english.options == (*english.options[1:], english.options[0])


def test_rows_are_added_up_to_eight_and_removed(open_question: Open) -> None:
    page = open_question("T01")
    before = texts(page)
    for place in range(4, 8):
        page.get_by_role("button", name="添加选项").click()
        assert page.evaluate("document.activeElement.id") == f"options-{place}-text"
        page.keyboard.type(f"第 {place} 项")
    expect(page.get_by_role("button", name="添加选项")).to_be_disabled()
    page.get_by_role("button", name="移除 选项 B").click()
    assert texts(page) == [before[0], *before[2:], "第 4 项", "第 5 项", "第 6 项", "第 7 项"]
    shows(page, "zh", texts(page))
    expect(page.get_by_role("button", name="添加选项")).to_be_enabled()
    assert violations(page) == []


def test_a_single_choice_has_one_right_option_at_a_time_and_needs_it(open_question: Open, site: Site) -> None:
    page = open_question("T01")
    page.locator("#options-0-right").uncheck()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#options-error")).to_contain_text("没有答案")
    expect(page.locator("#options-0-right")).to_be_focused()
    site.messages[:] = [message for message in site.messages if "status of 422" not in message]  # it is meant
    page.locator("#options-2-right").check()
    assert [page.locator(f"#options-{place}-right").is_checked() for place in range(4)] == [False, False, True, False]
    page.locator("#type").select_option("multiple")
    page.locator("#options-0-right").check()
    expect(page.locator("#options-2-right")).to_be_checked()


def test_the_preview_follows_the_typing_in_both_languages(open_question: Open) -> None:
    page = open_question("T07")
    page.locator("#stem").fill("换了的题干")
    page.locator("#options-1-text").fill("换了的选项")
    chinese, english = page.locator("[data-preview=zh]"), page.locator("[data-preview=en]")
    expect(chinese.locator("legend")).to_have_text("换了的题干")
    expect(chinese.locator(".option-text").nth(1)).to_have_text("换了的选项")
    expect(english.locator(".badge-tint")).to_have_text("Multiple choice")
    page.locator("#english_stem").fill("A new stem")
    for place, word in enumerate(("one", "two", "three", "four")):
        page.locator(f"#options-{place}-english").fill(word)
    expect(english.locator("legend")).to_have_text("A new stem")
    expect(english.locator(".option-text").nth(3)).to_have_text("four")
    expect(chinese.locator("legend")).to_have_text("换了的题干")
    english.locator(".option").nth(1).click()
    expect(english.locator(".option").nth(1)).to_have_class("option option-on")


def test_a_judgement_hides_the_options_and_keeps_their_words_until_it_is_saved(
    open_question: Open, draft_of_tiny: Callable[[], BankContent]
) -> None:
    page = open_question("T01", PHONE)
    before = texts(page)
    page.locator("#type").select_option("judge")
    expect(page.locator("#options")).to_be_hidden()
    page.get_by_label("错误", exact=True).check()
    shows(page, "zh", ["正确", "错误"])
    shows(page, "en", ["True", "False"])
    page.locator("#type").select_option("single")
    expect(page.locator("#options")).to_be_visible()
    assert texts(page) == before
    page.locator("#type").select_option("judge")
    page.get_by_role("button", name="保存到草稿").click()
    expect(page.get_by_role("status").first).to_contain_text("已保存到草稿")
    question = draft_of_tiny().questions[0]
    assert (question.type, question.right) == ("judge", 2)


# What has the focus is above the bar at the bottom, and not above the window.
IN_SIGHT = """name => {
  const box = document.getElementById(name).getBoundingClientRect();
  return box.top >= 0 && box.bottom <= document.querySelector(".save-bar").getBoundingClientRect().top + 1;
}"""


def test_errors_take_the_focus_to_the_first_field_that_has_one(open_question: Open, site: Site) -> None:
    page = open_question("T01", PHONE)
    page.locator("#stem").fill("")
    page.locator("#options-1-text").fill("")
    page.locator("#code").fill("有 空格")
    page.keyboard.press("Enter")  # in a field of one line this saves, and presses none of the other buttons
    expect(page.locator("#stem-error")).to_contain_text("没有题干")
    expect(page.locator("#options-1-text-error")).to_contain_text("选项 B 是空的")
    expect(page.locator("#stem")).to_be_focused()
    for name in ("options-1-text", "code", "stem"):
        page.locator(f"#{name}").focus()
        page.wait_for_function(IN_SIGHT, arg=name)  # the page may still be scrolling there
    assert violations(page) == []
    site.messages[:] = [message for message in site.messages if "status of 422" not in message]  # it is meant


def test_who_leaves_with_unsaved_words_is_asked(open_question: Open) -> None:
    page = open_question("T01")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.locator("#explanation").fill("还没有保存")
    address = page.url
    with page.expect_event("dialog"):
        page.get_by_role("link", name="返回试题列表").click(no_wait_after=True)
    assert asked == ["beforeunload"]
    assert page.url == address
    page.get_by_role("button", name="保存到草稿").click()
    expect(page.get_by_role("status").first).to_contain_text("已保存到草稿")
    page.get_by_role("link", name="返回试题列表").click()
    expect(page.get_by_role("button", name="筛选")).to_be_visible()
    assert len(asked) == 1


def test_a_picture_is_put_where_one_was_writing_and_shows_in_the_preview(
    open_question: Open, draft_of_tiny: Callable[[], BankContent]
) -> None:
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "navy").save(file, "JPEG")
    page = open_question("T01", PHONE)
    page.locator("#options-1-text").focus()
    page.locator("#picture-part summary").click()
    expect(page.locator("#picture_into")).to_have_value("B")
    page.locator("#picture").set_input_files({"name": "图.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()})
    page.locator("#picture_shows").fill("一块蓝色")
    page.get_by_role("button", name="加入图片").click()
    image = page.locator("[data-preview=zh] .option").nth(1).locator("img")
    expect(image).to_have_attribute("alt", "一块蓝色")
    expect(page.locator("#options-1-text")).to_be_focused()
    page.wait_for_function("document.querySelector('[data-preview=zh] img').naturalWidth === 60")
    page.get_by_role("button", name="保存到草稿").click()
    expect(page.get_by_role("status").first).to_contain_text("已保存到草稿")
    assert "![一块蓝色](sha256:" in draft_of_tiny().questions[0].options[1]


def test_a_picture_that_is_too_large_to_arrive_is_not_sent(open_question: Open) -> None:
    page = open_question("T01")
    page.locator("#stem").fill("写了很久的题干")
    page.locator("#picture-part summary").click()
    page.locator("#picture").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": b"0" * (9 * 1024 * 1024)}
    )
    address = page.url
    for button in ("加入图片", "保存到草稿"):
        page.get_by_role("button", name=button).click()
        assert "图片太大" in page.evaluate("document.getElementById('picture').validationMessage")
        assert (page.url, page.locator("#stem").input_value()) == (address, "写了很久的题干")
    page.locator("#picture").set_input_files([])
    page.get_by_role("button", name="保存到草稿").click()
    expect(page.get_by_role("status").first).to_contain_text("已保存到草稿")
