"""Pictures in questions, seen by a real browser: there, no wider than the phone, with words for who can't see them."""

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from quizapp.clock import utc_now
from tests.browser.conftest import PHONE, Visit
from tests.browser.looking import violations
from tests.cast import Cast, OpenCompetition, add_competition
from tests.pictured import add_pictured_bank

pytestmark = pytest.mark.slow
LOADED = "images => images.length && images.every(image => image.complete && image.naturalWidth > 0)"


@pytest.fixture
def competition(app: Flask) -> OpenCompetition:
    """An open competition with pictures in its questions, that shows answers after submitting."""
    return add_competition(app, add_pictured_bank(app).version_id, now=utc_now(), show_answers="submitted")


def looks_right(page: Page) -> None:
    """Every picture of the page is there, has words, and is no wider than its place."""
    pictures = page.locator("img.picture")
    pictures.evaluate_all("images => images.forEach(image => { image.loading = 'eager'; })")
    expect(pictures.first).to_be_visible()
    page.wait_for_function(f"() => ({LOADED})([...document.querySelectorAll('img.picture')])")
    assert all(pictures.evaluate_all("images => images.map(image => image.alt)"))
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert not violations(page)


def test_pictures_show_while_answering_and_in_the_result(
    cast: Cast, competition: OpenCompetition, visit: Visit
) -> None:
    page = visit(cast.lin, PHONE)
    page.goto(f"/competitions/{competition.id}")
    page.get_by_role("button", name="开始答题").click()
    expect(page.locator("#paper")).to_be_visible()
    looks_right(page)
    assert page.locator(".stem img.picture").first.get_attribute("alt") == "控制图 <一>"
    page.locator(".option img.picture").first.click(force=True)  # the row lies above it, and takes it
    expect(page.locator("#saved")).to_have_text("已保存")
    page.locator("#sheet-button").click()
    page.locator("#review-button").click()
    page.locator("#submit").click()
    page.wait_for_url("**/result?attempt=1")
    expect(page.locator("#review-title")).to_be_visible()
    looks_right(page)


def test_pictures_show_in_practice_with_the_explanation(cast: Cast, competition: OpenCompetition, visit: Visit) -> None:
    page = visit(cast.lin, PHONE)
    page.goto(f"/competitions/{competition.id}/practice/mixed")
    looks_right(page)
    page.locator(".option").first.click()
    page.locator("#deed").click()
    expect(page.locator("#verdict img.picture")).to_be_visible()
    looks_right(page)


def test_a_picture_that_did_not_come_comes_when_the_line_is_back(
    cast: Cast, competition: OpenCompetition, visit: Visit
) -> None:
    page = visit(cast.lin, PHONE)
    fail: Callable[[Route], None] = lambda route: route.abort()  # noqa: E731
    page.route("**/pictures/*", fail)
    page.goto(f"/competitions/{competition.id}/practice/mixed")
    page.wait_for_function("() => [...document.querySelectorAll('img.picture')].every(image => image.complete)")
    assert page.evaluate("[...document.querySelectorAll('img.picture')].every(image => image.naturalWidth === 0)")
    page.unroute("**/pictures/*", fail)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.wait_for_function(f"() => ({LOADED})([...document.querySelectorAll('img.picture')])")


def test_the_next_questions_pictures_are_there_before_they_are_asked_for(
    cast: Cast, competition: OpenCompetition, visit: Visit
) -> None:
    """The line may break between two questions."""
    page = visit(cast.lin, PHONE)
    page.goto(f"/competitions/{competition.id}")
    page.get_by_role("button", name="开始答题").click()
    expect(page.locator("#paper")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.locator("#next").click()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.question:not([hidden]) img.picture')].every(image => image.naturalWidth > 0)"
    )
    page.context.set_offline(False)
