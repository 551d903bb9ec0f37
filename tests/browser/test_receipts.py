"""The receipt on a phone: from the result to a file that a stranger's script calls true."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from quizapp.clock import utc_now
from quizapp.extensions import db
from quizapp.receipts.ledger import drawn_up, enter, missing_receipts
from quizapp.receipts.routes import SCRIPT
from tests.browser.conftest import DESK, PHONE, Site, Visit
from tests.browser.looking import fits
from tests.cast import Cast, OpenCompetition
from tests.integration.receipts.conftest import Desk

pytestmark = pytest.mark.slow


def keep(page: Page, text: str, path: Path) -> None:
    """Click a download and keep it."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name=text).click()
    waiting.value.save_as(path)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_from_the_result_to_a_file_that_a_stranger_finds_true(
    visit: Visit, site: Site, cast: Cast, competition: OpenCompetition, tmp_path: Path, size: tuple[int, int]
) -> None:
    desk = Desk(site.app, competition, lambda _moment: None)
    desk.answer(cast.lin)
    page = visit(cast.lin)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"/competitions/{competition.id}/result")
    page.get_by_role("link", name="答卷收据").click()
    expect(page.get_by_text("当日总账在一天结束后公布")).to_be_visible()
    keep(page, "下载收据", tmp_path / "early.json")
    desk.record()
    with site.app.app_context():
        enter(drawn_up(missing_receipts((0, 0, 0), 10)), now=utc_now() - timedelta(days=1))
        db.session.commit()
    assert desk.close() == 1
    page.reload()
    expect(page.get_by_text("第 1 份，共 1 份")).to_be_visible()
    page.get_by_text("签名与摘要").click()
    fits(page, size)
    keep(page, "下载收据", tmp_path / "receipt.json")
    page.get_by_role("link", name="怎样查验").click()
    expect(page.get_by_role("link", name="查验程序")).to_be_visible()
    fits(page, size)
    keep(page, "查验程序", tmp_path / "check_receipt.py")
    keep(page, "公钥", tmp_path / "keys.json")
    keep(page, "每日根值", tmp_path / "days.json")
    root = json.loads((tmp_path / "days.json").read_text())["days"][0]["statement"]["root"]
    expect(page.get_by_text(root)).to_be_visible()
    assert (tmp_path / "check_receipt.py").read_bytes() == SCRIPT.read_bytes()
    for name, says in (("early.json", "TRUE, but"), ("receipt.json", "TRUE")):
        command = [sys.executable, "-I", "-S", "check_receipt.py", name, "keys.json", "days.json"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert run.stdout.splitlines()[-1].startswith(says), run.stderr
