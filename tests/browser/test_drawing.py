"""A draw in the browser: planned, frozen, named and drawn by the organizer, shown in the hall by keys alone, read by a winner."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Site, Visit
from tests.browser.looking import fits
from tests.cast import Cast, OpenCompetition
from tests.integration.draws.conftest import ROUND, Urn, make_urn
from tests.integration.draws.test_draw_pages import person_with
from tests.unit.draws.test_the_beacon import SIGNED

pytestmark = [pytest.mark.slow, pytest.mark.once]


@pytest.fixture
def urn(site: Site, competition: OpenCompetition, cast: Cast) -> Urn:
    return make_urn(site.app, competition, cast)


def test_a_draw_from_the_plan_to_the_hall(visit: Visit, urn: Urn, cast: Cast) -> None:
    qin = visit(cast.qin, DESK)
    qin.goto(f"{urn.admin}/")
    fits(qin, PHONE, DESK)
    qin.get_by_role("button", name="新建抽奖").click()
    for row, (name, *numbers) in enumerate([("一等奖", 6, 100, 100), ("二等奖", 3, 95, 99.99)]):
        qin.locator(f"#prizes-{row}-name").fill(name)
        for field, value in zip(("quota", "low", "high"), numbers, strict=True):
            qin.locator(f"#prizes-{row}-{field}").fill(str(value))
    fits(qin, PHONE, DESK)
    qin.get_by_role("button", name="保存").click()
    expect(qin.get_by_text("人数可能不足")).to_be_visible()  # four with full marks for six places
    fits(qin, PHONE, DESK)
    qin.get_by_role("link", name="冻结名册").click()
    expect(qin.get_by_label("我已核对")).to_be_visible()
    fits(qin, PHONE, DESK)
    qin.get_by_label("我已核对").check()
    qin.get_by_role("button", name="冻结名册").click()
    qin.get_by_role("link", name="公布随机源").click()
    expect(qin.get_by_label("开奖时间")).to_be_visible()
    fits(qin, PHONE, DESK)
    qin.get_by_label("开奖时间").fill("2099-01-01T09:00:00")
    qin.get_by_role("button", name="公布这一轮").click()
    expect(qin.get_by_text("到时回到这里开奖")).to_be_visible()
    fits(qin, PHONE, DESK)
    hall = visit(None, DESK)
    hall.goto(f"{urn.path}/1/hall")
    expect(hall.locator("#stage-clock")).not_to_be_empty()
    fits(hall, PHONE, DESK)


def test_the_hall_and_the_winner(visit: Visit, urn: Urn, cast: Cast) -> None:
    urn.bring_to("named")
    hall = visit(None, DESK)
    hall.goto(f"{urn.path}/1/hall")
    expect(hall.get_by_role("heading", name="等待开奖")).to_be_visible()
    qin = visit(cast.qin, DESK)
    qin.goto(f"{urn.admin}/1/draw")
    fits(qin, PHONE, DESK)
    qin.get_by_label("信标返回的内容").fill(json.dumps({"round": ROUND, "signature": SIGNED[ROUND]}))
    qin.get_by_role("button", name="核对并开奖").click()
    expect(qin.get_by_text("已开奖，结果已签名公布。")).to_be_visible()
    fits(qin, PHONE, DESK)
    before = urn.file()

    expect(hall.get_by_role("heading", name="准备开始")).to_be_visible()  # the hall has noticed by itself
    expect(hall.locator("#stage")).to_have_attribute("data-at", "0")  # and hears the keys
    hall.keyboard.press("Space")
    expect(hall.locator("#stage-rolling")).to_contain_text("张*")
    hall.keyboard.press("ArrowRight")
    expect(hall.get_by_role("heading", name="三等奖 · 4 人")).to_be_visible()
    expect(hall.locator("#stage-winners li")).to_have_count(4)
    fits(hall, PHONE, DESK)
    shown = hall.locator("#stage-winners").inner_text()
    for _press in range(4):
        hall.keyboard.press("Enter")
    expect(hall.get_by_role("heading", name="一等奖 · 2 人")).to_be_visible()
    hall.keyboard.press("Space")
    expect(hall.get_by_role("heading", name="抽奖结束")).to_be_visible()
    hall.keyboard.press("r")
    expect(hall.get_by_role("heading", name="准备开始")).to_be_visible()
    hall.keyboard.press("Space")
    hall.keyboard.press("Space")
    assert hall.locator("#stage-winners").inner_text() == shown
    hall.keyboard.press("ArrowLeft")
    expect(hall.locator("#stage-winners li")).to_have_count(0)
    assert urn.file() == before

    winner = visit(person_with(urn, won=True))
    winner.goto(f"{urn.path}/1")
    expect(winner.get_by_role("heading", name="恭喜，您获得")).to_be_visible()
    fits(winner, PHONE, DESK)
    calm = visit(None, DESK)
    calm.emulate_media(reduced_motion="reduce")
    calm.clock.install()
    calm.goto(f"{urn.path}/1/hall")
    calm.keyboard.press("Space")
    assert "张*" in calm.locator("#stage-rolling").inner_text()
    calm.evaluate("document.getElementById('stage-rolling').textContent = 'as it was'")  # masked names are alike
    calm.clock.run_for(100)  # longer than a name stands where they roll
    assert calm.locator("#stage-rolling").inner_text() == "as it was"
