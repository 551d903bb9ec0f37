"""The operators' page stays fresh by itself: what is missing appears in words, and goes when it is mended."""

from typing import Any

from playwright.sync_api import expect

from quizapp.attempts.heartbeat import Beat, tell
from quizapp.extensions import grader
from quizapp.grader.consumer import Backlog
from tests.browser.conftest import DESK, Site, Visit
from tests.cast import Cast


def test_a_recorder_that_falls_silent_is_said_on_the_open_page(site: Site, visit: Visit, cast: Cast) -> None:
    page: Any = visit(cast.jun, DESK)
    now_ms = grader.now_ms()
    tell(grader.store, Beat("another host's", now_ms + 3_600_000, 7, ()), 7, [Backlog(3, 1, 2500)])
    page.goto("/admin/operations")
    expect(page.get_by_text("一切就绪")).to_be_visible()
    page.get_by_text("按分钟列出").click()
    expect(page.locator("[data-rows=minutes] tr")).to_have_count(10)
    tell(grader.store, Beat("another host's", now_ms + 3_600_000, 7, ("take",)), 0, None)
    expect(page.get_by_text("步骤 take 没有成功")).to_be_visible()
    expect(page.get_by_text("一切就绪")).to_be_hidden()
    assert page.locator("details").evaluate("node => node.open")
