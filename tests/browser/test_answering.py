"""Answering on a phone: nothing is lost, nothing is called saved that is not, and the clock is the server's."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, expect
from sqlalchemy import select

from quizapp.attempts.models import Attempt, Response
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime_if_reachable
from quizapp.extensions import db
from tests.browser.conftest import DESK, PHONE, Site, Visit
from tests.browser.looking import violations
from tests.cast import Cast, OpenCompetition, TinyBank, add_competition

pytestmark = pytest.mark.slow
SAVED = "已保存"
SURE_S = 2  # so exactly the page knows the server's time from a reply that was long on its way, in whole seconds


def begin(page: Page, competition: OpenCompetition) -> None:
    page.goto(f"/competitions/{competition.id}")
    page.get_by_role("button", name="开始答题").click()
    expect(page.locator("#paper")).to_be_visible()


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text(SAVED)


def chosen(page: Page) -> list[list[str]]:
    """For each question the letters chosen."""
    found: list[list[str]] = page.evaluate(
        "[...document.querySelectorAll('.question')].map(q => [...q.querySelectorAll('input')]"
        ".filter(i => i.checked).map(i => i.value))"
    )
    return found


def stems(page: Page) -> list[str]:
    return page.locator(".stem").all_text_contents() + page.locator(".option-text").all_text_contents()


def stop_clock(page: Page) -> None:
    """From now on the page's time stands still unless the test moves it; before, `page.clock.install()`."""
    page.clock.pause_at(page.evaluate("Date.now() / 1000") + 1)


def seconds_left(page: Page) -> int:
    minutes, seconds = page.locator("#clock-digits").inner_text().split(":")[-2:]
    return int(minutes) * 60 + int(seconds)


def recorded(site: Site, competition: OpenCompetition, ordinal: int = 1) -> dict[int, int]:
    """Position → chosen, as SQL has it."""
    with site.app.app_context():
        rows = select(Response.position, Response.chosen).where(
            Response.competition_id == competition.id, Response.ordinal == ordinal
        )
        return {row.position: row.chosen for row in db.session.execute(rows)}


def wait_until_recorded(page: Page, site: Site, competition: OpenCompetition, wanted: dict[int, int]) -> None:
    for _ in range(600):
        if recorded(site, competition) == wanted:
            return
        page.wait_for_timeout(100)
    assert recorded(site, competition) == wanted


def wait_until_ended(page: Page, site: Site, competition: OpenCompetition, cast: Cast) -> None:
    with site.app.app_context():
        for _ in range(600):
            attempt = db.session.get(Attempt, (competition.id, cast.lin.id, 1), populate_existing=True)
            if attempt and attempt.submitted_ms:
                break
            db.session.rollback()
            page.wait_for_timeout(100)
        assert attempt
        assert attempt.submitted_ms


def change(site: Site, competition: OpenCompetition, **columns: Any) -> None:
    with site.app.app_context():
        row = db.session.get_one(Competition, competition.id)
        for name, value in columns.items():
            setattr(row, name, value)
        db.session.commit()
        prime_if_reachable(row)


def test_the_whole_way_with_the_keyboard_alone(
    visit: Visit, site: Site, cast: Cast, competition: OpenCompetition
) -> None:
    page = visit(cast.lin, DESK)
    page.goto(f"/competitions/{competition.id}")
    page.get_by_role("button", name="开始答题").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#paper")).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("2")
    page.keyboard.press("m")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("a")  # the multiple choice: two, then one less
    page.keyboard.press("c")
    page.keyboard.press("a")
    page.keyboard.press("d")
    saved(page)
    assert chosen(page) == [["1"], ["2"], [], ["4", "8"], []]
    expect(page.get_by_role("button", name="第 2 题，已答，已标记", exact=True)).to_be_visible()
    page.locator("#review-button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#review-title")).to_be_focused()
    expect(page.locator("#review-open-text")).to_have_text("还有 2 题未答：")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="回到第 3 题")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("b")
    saved(page)
    wait_until_recorded(page, site, competition, {1: 1, 2: 2, 3: 2, 4: 12})
    page.locator("#review-button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#review-title")).to_be_focused()
    page.locator("#submit").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/result?attempt=1")
    expect(page.get_by_role("heading", name="我的成绩")).to_be_visible()


def test_answers_given_without_a_line_are_kept_and_sent_when_it_is_back(
    visit: Visit, site: Site, cast: Cast, competition: OpenCompetition
) -> None:
    page = visit(cast.lin)
    begin(page, competition)
    page.locator(".option:visible").nth(0).click()
    saved(page)
    page.context.set_offline(True)
    page.locator("#next").click()
    page.locator(".option:visible").nth(1).click()
    page.locator("#next").click()
    page.locator(".option:visible").nth(2).click()
    expect(page.locator("#trouble")).to_contain_text("网络中断，答案已存在本机，恢复后自动提交")
    expect(page.locator("#saved")).to_have_text("未保存")
    expect(page.locator("#say")).to_contain_text("网络中断")
    assert recorded(site, competition).keys() <= {1}
    page.context.set_offline(False)
    saved(page)
    expect(page.locator("#trouble")).to_be_hidden()
    wait_until_recorded(page, site, competition, {1: 1, 2: 2, 3: 4})


def test_a_submit_without_a_line_goes_out_when_the_line_is_back_and_not_when_its_wait_is_over(
    visit: Visit, cast: Cast, competition: OpenCompetition
) -> None:
    page = visit(cast.lin)
    page.clock.install()
    begin(page, competition)
    page.locator(".option:visible").nth(0).click()
    saved(page)
    page.locator("#sheet-button").click()
    page.locator("#review-button").click()
    stop_clock(page)  # no wait of the page ends any more
    page.context.set_offline(True)
    page.locator("#submit").click()
    expect(page.locator("#review-trouble-text")).to_contain_text("还没有交卷")
    page.context.set_offline(False)
    page.wait_for_url("**/result?attempt=1")


def test_nothing_is_called_saved_while_the_server_is_overloaded(
    visit: Visit, cast: Cast, competition: OpenCompetition, site: Site
) -> None:
    page = visit(cast.lin)
    page.clock.install()
    begin(page, competition)
    stop_clock(page)
    asked: list[str] = []

    def overloaded(route: Any) -> None:
        asked.append(route.request.url)
        if len(asked) < 2:
            route.fulfill(
                status=503, headers={"Retry-After": "2"}, json={"error": {"code": "overloaded", "message": "x"}}
            )
        else:
            route.continue_()

    page.route("**/answer", overloaded)
    page.locator(".option:visible").nth(0).click()
    expect(page.locator("#saved")).to_have_text("未保存")
    expect(page.locator("#trouble")).to_contain_text("系统暂时繁忙")
    page.clock.run_for(1900)
    page.evaluate("fetch('/healthz').then(reply => reply.text())")  # what was asked before it has been counted by now
    assert len(asked) == 1  # not before Retry-After
    page.clock.run_for(1000)
    saved(page)
    site.messages.clear()  # the 503 itself is the browser's own line


def test_a_reload_brings_the_same_paper_answers_marks_and_time(
    visit: Visit, cast: Cast, competition: OpenCompetition, site: Site
) -> None:
    page = visit(cast.lin)
    begin(page, competition)
    page.locator(".option:visible").nth(2).click()
    page.locator("#mark").click()
    saved(page)
    page.route("**/answer", lambda route: route.abort())
    page.locator("#next").click()
    page.locator(".option:visible").nth(1).click()
    expect(page.locator("#saved")).to_have_text("未保存")
    before, texts, left = chosen(page), stems(page), seconds_left(page)
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.reload()
    assert asked == ["beforeunload"]  # something was unsaved, so leaving asked
    expect(page.locator("#paper")).to_be_visible()
    assert (chosen(page), stems(page)) == (before, texts)
    assert 0 < seconds_left(page) <= left + SURE_S
    page.unroute("**/answer")
    saved(page)
    expect(page.locator("#count-marked")).to_have_text("1")
    wait_until_recorded(page, site, competition, {1: 4, 2: 2})
    page.reload()
    assert asked == ["beforeunload"]  # nothing unsaved, nothing asked


def test_a_browser_whose_clock_is_a_day_off_and_jumps_has_the_servers_time(
    visit: Visit, cast: Cast, competition: OpenCompetition
) -> None:
    page = visit(cast.lin)
    page.add_init_script("""
        window.off_ms = 86400000;
        const now = Date.now.bind(Date);
        Date.now = () => now() + window.off_ms;
    """)
    begin(page, competition)
    left = seconds_left(page)
    assert left <= competition.competition.minutes * 60
    page.locator(".option:visible").nth(2).click()
    saved(page)
    page.evaluate("window.off_ms = -86400000")
    page.locator("#next").click()
    page.locator(".option:visible").nth(1).click()
    saved(page)
    assert left - 600 < seconds_left(page) <= left + SURE_S


@pytest.mark.parametrize("beyond_the_deadline", [False, True])
def test_a_tab_that_slept_shows_how_it_stands_as_soon_as_it_wakes(
    visit: Visit, site: Site, cast: Cast, competition: OpenCompetition, beyond_the_deadline: bool
) -> None:
    """The lid is shut: nothing runs, the monotonic clock stands still for an hour, and no event tells the waking page."""
    page = visit(cast.lin)
    page.add_init_script("""
        window.slept_ms = 0;
        const now = performance.now.bind(performance);
        performance.now = () => now() - window.slept_ms;
    """)
    begin(page, competition)
    page.locator(".option:visible").nth(0).click()
    saved(page)
    if beyond_the_deadline:
        page.context.set_offline(True)
        page.locator("#next").click()
        page.locator(".option:visible").nth(1).click()
        expect(page.locator("#saved")).to_have_text("未保存")
    lid = page.context.new_cdp_session(page)
    lid.send("Page.setWebLifecycleState", {"state": "frozen"})
    ends_in = timedelta(seconds=-60) if beyond_the_deadline else timedelta(minutes=10)
    change(site, competition, closes_at=utc_now() + ends_in)
    if beyond_the_deadline:
        wait_until_ended(page, site, competition, cast)
    lid.send("Page.setWebLifecycleState", {"state": "active"})
    page.evaluate("window.slept_ms = 3600000")
    if beyond_the_deadline:
        page.context.set_offline(False)
        page.wait_for_url("**/result?attempt=1")
        assert recorded(site, competition) == {1: 1}, "what came too late does not count, and what was saved is kept"
    else:
        expect(page.locator("#clock-digits")).to_have_text(re.compile("^0[0-9]:|^10:00"))


def test_the_ticket_is_nowhere_in_the_browsers_store(visit: Visit, cast: Cast, competition: OpenCompetition) -> None:
    page = visit(cast.lin)
    tickets: list[str] = []
    page.on("request", lambda request: tickets.append(request.headers.get("x-ticket", "")))
    begin(page, competition)
    page.context.set_offline(True)
    page.locator(".option:visible").nth(0).click()
    expect(page.locator("#trouble")).to_contain_text("网络中断")  # so the ticket has been on its way
    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    ticket = next(each for each in tickets if each)
    assert "unsaved" in kept
    assert ticket not in kept
    page.context.set_offline(False)
    saved(page)


def test_a_second_device_takes_over_and_the_first_can_take_it_back(
    visit: Visit, site: Site, cast: Cast, competition: OpenCompetition
) -> None:
    first, second = visit(cast.lin), visit(cast.lin, DESK)
    begin(first, competition)
    first.locator(".option:visible").nth(0).click()
    saved(first)
    second.goto(f"/competitions/{competition.id}/answering")
    expect(second.locator("#paper")).to_be_visible()
    assert chosen(second)[0] == ["1"]
    second.locator("#sheet-grid .cell").nth(0).click()
    second.locator(".option:visible").nth(3).click()
    saved(second)
    first.locator(".option:visible").nth(1).click()
    expect(first.locator("#notice")).to_contain_text("已在另一个页面或设备上打开")
    expect(first.locator("#saved")).not_to_have_text(SAVED)
    first.get_by_role("button", name="在此继续").click()
    expect(first.locator("#notice")).to_be_hidden()
    assert chosen(first)[0] == ["8"]  # what the other device saved is newer than what this one never could
    first.locator(".option:visible").nth(2).click()
    saved(first)
    wait_until_recorded(first, site, competition, {1: 4})


def test_at_the_deadline_it_is_submitted_by_itself(
    visit: Visit, site: Site, cast: Cast, competition: OpenCompetition
) -> None:
    page = visit(cast.lin)
    page.clock.install()
    begin(page, competition)
    page.locator(".option:visible").nth(0).click()
    saved(page)
    change(site, competition, closes_at=utc_now() + timedelta(minutes=4))
    page.reload()
    expect(page.locator("#clock")).to_have_class("clock clock-late")
    change(site, competition, closes_at=utc_now())
    page.clock.fast_forward(4 * 60_000)
    page.wait_for_url("**/result?attempt=1")
    expect(page.get_by_role("heading", name="我的成绩")).to_be_visible()
    wait_until_ended(page, site, competition, cast)


def test_time_that_is_given_on_top_reaches_the_page_before_it_submits(
    visit: Visit, site: Site, cast: Cast, competition: OpenCompetition
) -> None:
    page = visit(cast.lin)
    page.clock.install()
    begin(page, competition)
    change(site, competition, closes_at=utc_now() + timedelta(minutes=4))
    page.reload()
    expect(page.locator("#clock")).to_have_class("clock clock-late")
    change(site, competition, closes_at=utc_now() + timedelta(minutes=20))
    page.clock.fast_forward(4 * 60_000)
    expect(page.locator("#clock")).to_have_class("clock")
    assert seconds_left(page) > 600
    expect(page.locator("#notice")).to_be_hidden()
    page.locator(".option:visible").nth(0).click()
    saved(page)


def test_a_pause_is_told_and_ends_by_itself(visit: Visit, site: Site, cast: Cast, competition: OpenCompetition) -> None:
    page = visit(cast.lin)
    page.clock.install()
    begin(page, competition)
    change(site, competition, paused_at=utc_now())
    page.locator(".option:visible").nth(1).click()
    expect(page.locator("#notice")).to_contain_text("竞赛暂停中")
    expect(page.locator("#saved")).not_to_have_text(SAVED)
    change(site, competition, paused_at=None)
    page.clock.fast_forward(20_000)
    expect(page.locator("#notice")).to_be_hidden()
    saved(page)
    wait_until_recorded(page, site, competition, {1: 2})


def test_five_minutes_and_one_minute_are_announced_once(visit: Visit, cast: Cast, competition: OpenCompetition) -> None:
    page = visit(cast.lin)
    page.clock.install()
    begin(page, competition)
    stop_clock(page)
    page.clock.run_for(1000)
    expect(page.locator("#clock")).not_to_have_class("clock clock-late")
    expect(page.locator("#say")).to_have_text("")
    page.clock.fast_forward((seconds_left(page) - 299) * 1000)
    page.clock.run_for(1000)
    expect(page.locator("#say")).to_have_text("还剩 5 分钟")
    expect(page.locator("#clock")).to_have_class("clock clock-late")
    page.clock.fast_forward(4 * 60_000)
    page.clock.run_for(1000)
    expect(page.locator("#say")).to_have_text("还剩 1 分钟")


def test_a_double_click_on_submit_submits_once(
    visit: Visit, site: Site, cast: Cast, competition: OpenCompetition
) -> None:
    page = visit(cast.lin)
    begin(page, competition)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/submit") else None)
    page.locator("#sheet-button").click()
    page.locator("#review-button").click()
    page.locator("#submit").dblclick()
    page.wait_for_url("**/result?attempt=1")
    assert len(sent) == 1


def test_submitting_without_a_line_waits_and_can_be_turned_back_from(
    visit: Visit, site: Site, cast: Cast, competition: OpenCompetition
) -> None:
    page = visit(cast.lin)
    begin(page, competition)
    page.locator("#sheet-button").click()
    page.locator("#review-button").click()
    page.context.set_offline(True)
    page.locator("#submit").click()
    expect(page.locator("#review-trouble")).to_contain_text("还没有交卷")
    page.locator("#back-to-paper").click()
    page.locator(".option:visible").nth(0).click()
    expect(page.locator("#saved")).to_have_text("未保存")
    page.context.set_offline(False)
    saved(page)
    page.wait_for_timeout(1500)
    assert "/answering" in page.url  # turning back holds
    page.locator("#sheet-button").click()
    page.locator("#review-button").click()
    page.locator("#submit").click()
    page.wait_for_url("**/result?attempt=1")


def test_right_or_wrong_at_once_locks_the_answer(visit: Visit, site: Site, cast: Cast, tiny_bank: TinyBank) -> None:
    competition = add_competition(site.app, tiny_bank.version_id, now=utc_now(), show_answers="at_once")
    page = visit(cast.lin)
    begin(page, competition)
    options = page.locator(".option:visible .option-text").all_text_contents()
    right = next(place for place, text in enumerate(options) if text.endswith("甲"))
    page.locator(".option:visible").nth((right + 1) % 4).click()
    page.locator(".option:visible").nth(right).click()  # changing one's mind is free until it is confirmed
    page.get_by_role("button", name="确定").click()
    expect(page.locator(".verdict:visible")).to_have_text("回答正确")
    expect(page.locator(".option-right:visible .option-note")).to_have_text("正确答案")
    for place in range(4):
        expect(page.locator(".option-input:visible").nth(place)).to_be_disabled()
    page.reload()
    expect(page.locator("#paper")).to_be_visible()
    page.locator("#previous").click()
    expect(page.locator(".verdict:visible")).to_have_text("回答正确")


def test_signed_out_elsewhere_the_page_says_so_and_loses_nothing(
    visit: Visit, cast: Cast, competition: OpenCompetition
) -> None:
    page = visit(cast.lin)
    begin(page, competition)
    page.locator(".option:visible").nth(0).click()
    saved(page)
    page.context.clear_cookies()
    page.locator("#next").click()
    page.locator(".option:visible").nth(0).click()
    saved(page)  # the ticket alone counts
    page.reload()
    assert "/sign-in" in page.url


def test_without_an_attempt_the_page_leads_back_to_the_competition(
    visit: Visit, cast: Cast, competition: OpenCompetition, site: Site
) -> None:
    page = visit(cast.lin)
    page.goto(f"/competitions/{competition.id}/answering")
    page.wait_for_url(f"**/competitions/{competition.id}")
    site.messages.clear()  # the browser's own line about the 404


def test_all_on_one_page_is_remembered(visit: Visit, cast: Cast, competition: OpenCompetition) -> None:
    page = visit(cast.lin)
    begin(page, competition)
    expect(page.locator(".question:visible")).to_have_count(1)
    page.get_by_role("button", name="整卷显示").click()
    expect(page.locator(".question:visible")).to_have_count(5)
    page.reload()
    expect(page.locator(".question:visible")).to_have_count(5)
    page.locator(".question").nth(4).locator(".option").nth(0).click()
    saved(page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["390", "1280"])
def test_axe_finds_nothing_from_the_start_to_the_result(
    visit: Visit, site: Site, cast: Cast, tiny_bank: TinyBank, size: tuple[int, int], dark: bool
) -> None:
    competition = add_competition(
        site.app, tiny_bank.version_id, now=utc_now(), show_answers="submitted", attempts_total=2
    )
    page = visit(cast.lin, size, dark=dark)
    begin(page, competition)
    assert violations(page) == []
    page.keyboard.press("a")
    page.keyboard.press("m")
    saved(page)
    assert violations(page) == []
    if size == PHONE:
        page.locator("#sheet-button").click()
        assert violations(page) == []
        page.locator("#sheet-close").click()
    page.get_by_role("button", name="整卷显示").click()
    assert violations(page) == []
    page.context.set_offline(True)
    page.locator(".option").nth(8).click()
    expect(page.locator("#trouble")).to_be_visible()
    assert violations(page) == []
    page.context.set_offline(False)
    saved(page)
    change(site, competition, paused_at=utc_now())
    page.locator(".option").nth(9).click()
    expect(page.locator("#notice")).to_be_visible()
    assert violations(page) == []
    change(site, competition, paused_at=None)
    page.reload()
    page.locator("#to-review").click()
    assert violations(page) == []
    page.locator("#submit").click()
    page.wait_for_url("**/result*")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_practice_round_with_the_keyboard(visit: Visit, cast: Cast, competition: OpenCompetition) -> None:
    page = visit(cast.lin)
    page.goto(f"/competitions/{competition.id}/practice/")
    page.get_by_role("link", name="开始练习").click()
    wrong = 0
    for number in (1, 2):
        expect(page.locator(".question-head")).to_contain_text(f"第 {number} 题，共 2 题")
        options = page.locator(".option-text").all_text_contents()
        page.keyboard.press(
            "2" if len(options) == 2 else "ABCD"[next(n for n, text in enumerate(options) if text.endswith("甲"))]
        )
        wrong += len(options) == 2
        page.keyboard.press("Enter")
        expect(page.locator("#verdict")).to_be_focused()
        expect(page.locator("#verdict")).to_contain_text("题的解析")
        expect(page.locator("#verdict")).to_contain_text("出处：")
        page.keyboard.press("Enter")
    assert wrong == 1
    expect(page.locator("#end-title")).to_have_text("本轮答对 1 题，共 2 题")
    page.get_by_role("link", name="返回练习室").click()
    page.get_by_role("link", name="练错题（1）").click()
    expect(page.locator(".question-head")).to_contain_text("第 1 题，共 1 题")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["390", "1280"])
def test_axe_finds_nothing_in_practice(
    visit: Visit, cast: Cast, competition: OpenCompetition, size: tuple[int, int], dark: bool
) -> None:
    page = visit(cast.lin, size, dark=dark)
    page.goto(f"/competitions/{competition.id}/practice/")
    assert violations(page) == []
    page.goto(f"/competitions/{competition.id}/practice/mixed")
    assert violations(page) == []
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Enter")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#end")).to_be_visible()
    assert violations(page) == []


def test_in_english_no_chinese_is_left_on_the_page_but_the_content(
    visit: Visit, cast: Cast, competition: OpenCompetition
) -> None:
    page = visit(cast.lin, locale="en")
    page.goto(f"/competitions/{competition.id}")
    page.locator("[data-step]").click()
    expect(page.locator("#paper")).to_be_visible()
    words = page.evaluate(
        "(() => { const copy = document.body.cloneNode(true);"
        " copy.querySelectorAll('.stem,.option-text,.exam-title,script,title,a[lang]').forEach(n => n.remove());"
        " return copy.textContent; })()"
    )
    assert not [word for word in words if "\u4e00" <= word <= "\u9fff"], words
