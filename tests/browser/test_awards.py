"""An award from its rules to the page that takes a place apart, by keyboard."""

from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from quizapp.clock import utc_now
from tests.browser.conftest import DESK, PHONE, Visit
from tests.cast import Cast, OpenCompetition, add_unit
from tests.conftest import SignIn
from tests.integration.awards.contests import add_contest

pytestmark = [pytest.mark.slow, pytest.mark.once]


def fill(page: Page, label: str, text: str) -> None:
    """Go to a field as whoever has no mouse does, and type over what is there."""
    page.get_by_label(label, exact=True).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def test_from_the_rules_to_why_a_unit_stands_where_it_does(
    app: Flask, cast: Cast, competition: OpenCompetition, visit: Visit, sign_in: SignIn
) -> None:
    contest = add_contest(app, cast, competition)
    for number, scores in enumerate(((9000, 8000), (7000, 8000)), start=1):
        contest.answer(
            add_unit(app, f"R{number}", f"第{number}制造公司", region="110000", headcount=9 * number), *scores * 4
        )
    opened = competition.competition.opens_at
    contest.begins_at(utc_now() + timedelta(hours=1))

    page = visit(cast.qin, DESK)
    page.goto(contest.admin("new"))
    expect(page.locator("#weights-total")).to_have_text("合计 100%")
    fill(page, "平均分", "25")
    expect(page.locator("#example")).to_contain_text("现在合计 105%")  # the example follows what is typed
    fill(page, "覆盖率", "25")
    fill(page, "最低参赛人数", "5")
    fill(page, "人数基准", "20")
    expect(page.locator("#example")).to_contain_text("参赛人数每翻一番，综合得分加 15.00 分")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("优秀组织奖")
    expect(page.get_by_text("只有主办方能看到")).to_be_visible()

    contest.begins_at(opened)
    contest.freeze(sign_in(app.test_client(), cast.qin))
    page.reload()
    page.get_by_label("我已核对").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_text("第 1 次公布的结果")).to_be_visible()

    visitor = visit(None, PHONE)
    visitor.goto(contest.public("1"))
    visitor.get_by_role("link", name="第2制造公司").focus()
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_role("heading", level=1)).to_have_text("第2制造公司")
    expect(visitor.get_by_text("与前一名的差距")).to_be_visible()
    total = visitor.locator(".stat-value").nth(1).text_content()
    expect(visitor.get_by_text("各项相加")).to_contain_text(str(total))
