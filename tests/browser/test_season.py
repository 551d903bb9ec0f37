"""A season of 20,000 people in 300 units in the running program (`quizapp up`), from the freeze to the draw by its pages.

The people begin, answer and submit by the code of `quizapp demo season`. What is published is downloaded in a browser and
checked by the scripts that are published with it, on the standard library alone, and by `quizapp … verify`; and every one of
the files is tampered with.
"""

import gzip
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from quizapp.accounts.actions import set_password
from quizapp.accounts.models import Account
from quizapp.accounts.passwords import hash_password
from quizapp.clock import utc_now
from quizapp.demo import season
from quizapp.extensions import db
from quizapp.receipts.jobs import close_days, enter_receipts
from quizapp.signing import canonical
from tests.browser.looking import fits
from tests.browser.test_the_whole_journey import DESK, PASSWORD, PHONE, device, quizapp, sign_in
from tests.load.installation import ROOT, Installation

pytestmark = [pytest.mark.slow, pytest.mark.once, pytest.mark.timeout(3600)]
PEOPLE, UNITS = 20_000, 300
FREEZE, NOTICE = "/admin/competitions/1/freeze", "/admin/competitions/1/notice"
AWARD, DRAW = "/admin/competitions/1/awards/1", "/admin/competitions/1/draws/1"


def quietly(_chinese: str, _english: str) -> None: ...


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Installation]:
    """The program with a season that everybody has answered, is over and recorded."""
    program = Installation(tmp_path)
    quizapp(program, "db", "upgrade")
    try:
        with program.app.app_context():
            program.competition = season.prepare(PASSWORD, quietly, people=PEOPLE, units=UNITS)
            account = db.session.scalars(select(Account).where(Account.login == "season-000001")).one()
            set_password(account, hash_password(PASSWORD))
            db.session.commit()
        program.start()
        with program.app.app_context():
            season.take_part(program.competition, quietly)
            season.close(program.competition)
            season.wait_until_recorded(program.competition, quietly)
        yield program
    finally:
        program.stop()


def pass_days(program: Installation, table: str, days: int, *columns: str) -> None:
    """Move what has happened back in time, past the triggers that keep it as it is."""
    with closing(sqlite3.connect(program.settings.data_dir / "quiz.sqlite3", timeout=60)) as connection, connection:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", [table]
        )
        triggers = rows.fetchall()
        for name, _sql in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        for column in columns:
            earlier = f"strftime('%Y-%m-%d %H:%M:%f', {column}, '-{days} days') || '000'"
            connection.execute(f"UPDATE {table} SET {column} = {earlier}")
        for _name, sql in triggers:
            connection.execute(sql)


def freeze(browser: Browser, running: Installation, qin: Page) -> None:
    """Both with and without JavaScript the page tells how far it is, and what came of it."""
    context = browser.new_context(
        base_url=f"http://127.0.0.1:{running.port}",
        locale="zh-CN",
        java_script_enabled=False,
        storage_state=qin.context.storage_state(),
    )
    plain = context.new_page()
    how_far = re.compile(f"(已算完 [0-9,]+ 人的名次，共 {PEOPLE:,} 人|人的名次都已算完)")
    qin.goto(FREEZE)
    qin.get_by_role("checkbox").check()
    qin.get_by_role("button", name="冻结成绩").click()
    expect(qin.get_by_role("heading", name="正在冻结")).to_be_visible()
    plain.goto(FREEZE)
    expect(plain.get_by_role("heading", name="正在冻结")).to_be_visible()
    expect(qin.locator("#freezing-text")).to_contain_text(how_far)
    # The job's length is the machine's: on one that is busy with the rest of the tests it takes minutes.
    expect(qin.get_by_role("heading", name="已冻结 名次已生成")).to_be_visible(timeout=900_000)
    expect(plain.get_by_role("heading", name="已冻结 名次已生成")).to_be_visible()
    expect(qin.get_by_text(f"{PEOPLE:,}").first).to_be_visible()
    context.close()


def sure(page: Page, address: str, button: str) -> None:
    page.goto(address)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name=button, exact=True).click()


def notice_and_award(running: Installation, qin: Page) -> None:
    qin.goto(NOTICE)
    if qin.get_by_label("公示最后一天").count():  # of a year whose holidays nobody knows yet
        qin.get_by_label("公示最后一天").fill(str((utc_now() + timedelta(days=14)).date()))
    qin.get_by_role("checkbox").check()
    qin.get_by_role("button", name="开始公示").click()
    expect(qin.get_by_text("24:00。期满、异议全部答复之后")).to_be_visible()
    sure(qin, AWARD, "公布结果")
    expect(qin.get_by_text("第 1 次公布的结果")).to_be_visible()
    pass_days(running, "notice", 30, "begun_at", "ends_at")
    sure(qin, NOTICE, "确定最终名次")
    expect(qin.get_by_text("最终名次已确定，不再更正。")).to_be_visible()


def draw(running: Installation, qin: Page, hall: Page) -> None:
    """The roll, the commitment, its opening, and the hall by its keys alone."""
    sure(qin, f"{DRAW}/freeze", "冻结名册")
    qin.goto(f"{DRAW}/chance")
    now = datetime.now(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None)
    for label, hours in (("公共数字产生的时间", 1), ("最迟公开密语的时间", 40 * 24)):
        qin.get_by_label(label).fill(f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}")
    qin.get_by_label("公共数字及其来源").fill("双色球第 2026100 期红球，连写")
    secret = qin.get_by_label("密语", exact=True).input_value()
    qin.get_by_label("我已记下密语").check()
    qin.get_by_role("button", name="公布承诺").click()
    expect(qin.get_by_text("随机源已公布，不能再改。")).to_be_visible()
    hall.goto("/competitions/1/draws/1/hall")
    expect(hall.get_by_role("heading", name="等待随机源")).to_be_visible()
    pass_days(running, "draw", 1, "frozen_at", "named_at", "happens_at")
    qin.goto(f"{DRAW}/draw")
    qin.get_by_label("密语", exact=True).fill(secret)
    qin.get_by_label("公共数字", exact=True).fill("020817192633")
    qin.get_by_role("button", name="公开并开奖").click()
    expect(qin.get_by_text("已开奖，结果已签名公布。")).to_be_visible()

    expect(hall.get_by_role("heading", name="准备开始")).to_be_visible()  # the hall has noticed by itself
    hall.keyboard.press("Space")
    expect(hall.locator("#stage-rolling")).to_contain_text("*")
    hall.keyboard.press("Space")
    expect(hall.locator("#stage-winners li")).not_to_have_count(0)
    fits(hall, PHONE, DESK)
    for _press in range(100):  # a screenful of winners at a time
        if hall.get_by_role("heading", name="抽奖结束").count():
            break
        hall.keyboard.press("Space")
    expect(hall.get_by_role("heading", name="抽奖结束")).to_be_visible()


def download(page: Page, address: str, link: str, to: Path) -> Path:
    page.goto(address)
    with page.expect_download() as found:
        page.get_by_role("link", name=link).first.click()
    path = to / found.value.suggested_filename
    found.value.save_as(path)
    return path


def says_true(folder: Path, *command: str) -> bool:
    """Whether a published script finds the files to be true, with Python's standard library alone."""
    run = subprocess.run(
        [sys.executable, "-I", *command], cwd=folder, env={}, capture_output=True, text=True, timeout=300, check=False
    )
    found = "TRUE" in run.stdout.splitlines()[-1] if run.returncode == 0 else False
    assert found or "FALSE" in run.stderr, run.stderr
    return found


def verifies(folder: Path, feature: str, file: str, keys: str = "receipt-keys.json") -> bool:
    """Whether the program finds it to be true, elsewhere: without this installation's database and store."""
    call = "import sys; from quizapp.cli import main; sys.exit(main())"
    run = subprocess.run(
        [sys.executable, "-c", call, feature, "verify", file, "--keys", keys],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "QUIZ_DATA_DIR": str(folder / "elsewhere")},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert ("TRUE" in run.stdout) == (run.returncode == 0), run.stderr
    assert run.returncode == 0 or "FALSE" in run.stdout + run.stderr, run.stderr
    return run.returncode == 0


def tampered(path: Path, change: Any) -> str:
    """A copy with one value changed, written as files are published; returns its name."""
    value = json.loads(path.read_text())
    change(value)
    copy = path.with_name(f"tampered-{path.name}")
    copy.write_bytes(canonical(value) + b"\n")
    return copy.name


def tampered_row(path: Path, part: str, replacement: str) -> str:
    """A copy of a snapshot in which the first row that matches says something else."""
    lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if number and re.search(part, line))
    lines[at] = re.sub(part, replacement, lines[at], count=1)
    copy = path.with_name(f"tampered-{path.name}")
    copy.write_bytes(gzip.compress("".join(lines).encode(), 1))
    return copy.name


@pytest.mark.minutes(5)
def test_a_season_from_the_freeze_to_the_draw_and_every_file_checked_by_strangers(
    browser: Browser, running: Installation, tmp_path: Path
) -> None:
    qin, hall = device(browser, running, DESK), device(browser, running, DESK)
    sign_in(qin, "organizer")
    freeze(browser, running, qin)
    notice_and_award(running, qin)
    draw(running, qin, hall)
    with running.app.app_context():
        enter_receipts()
        assert close_days(now=utc_now() + timedelta(days=1)) == 1

    to = tmp_path / "published"
    to.mkdir()
    stranger, somebody = device(browser, running, PHONE), device(browser, running, PHONE)
    sign_in(somebody, "season-000001")
    snapshot = download(stranger, "/competitions/1/notice/", "下载快照", to)
    download(stranger, "/competitions/1/notice/", "查验程序", to)
    award = download(stranger, "/competitions/1/awards/1", "下载结果文件", to)
    drawn = download(stranger, "/competitions/1/draws/1", "抽奖文件", to)
    download(stranger, "/competitions/1/draws/1", "查验程序", to)
    days = download(stranger, "/receipts/", "每日根值", to)
    download(stranger, "/receipts/", "查验程序", to)
    keys = download(stranger, "/receipts/", "公钥", to)
    receipt = download(somebody, "/competitions/1/receipt", "下载收据", to)
    audit = download(qin, NOTICE, "监督员文件", to)

    # By the scripts: as they are, then each with one thing changed.
    assert says_true(to, "check_standings.py", snapshot.name, keys.name)
    assert says_true(to, "check_draw.py", drawn.name)
    assert says_true(to, "check_receipt.py", receipt.name, keys.name, days.name)
    other_row = tampered_row(snapshot, r'"used_ms":\d+', '"used_ms":1')
    assert not says_true(to, "check_standings.py", other_row, keys.name)

    def promote(file: Any) -> None:
        winners = file["draw"]["winners"]
        winners[0][0], winners[1][0] = winners[1][0], winners[0][0]

    def answer_otherwise(file: Any) -> None:
        file["answers"][0][2] = "A" if file["answers"][0][2] != "A" else "B"

    def another_root(file: Any) -> None:
        file["days"][0]["statement"]["root"] = "00" * 32

    def another_key(file: Any) -> None:
        file["keys"][0]["public"] = "11" * 32

    other_draw, other_receipt = tampered(drawn, promote), tampered(receipt, answer_otherwise)
    other_keys = tampered(keys, another_key)
    assert not says_true(to, "check_draw.py", other_draw)
    assert not says_true(to, "check_receipt.py", other_receipt, keys.name, days.name)
    assert not says_true(to, "check_receipt.py", receipt.name, keys.name, tampered(days, another_root))
    assert not says_true(to, "check_standings.py", snapshot.name, other_keys)
    assert not says_true(to, "check_receipt.py", receipt.name, other_keys, days.name)

    # By the program: the auditors' file down to the responses, and the award, which no script checks.
    def one_more(file: Any) -> None:
        file["award"]["units"][0]["participants"] += 1

    assert verifies(to, "leaderboards", audit.name)
    assert verifies(to, "awards", award.name)
    assert verifies(to, "draws", drawn.name)
    assert not verifies(to, "awards", tampered(award, one_more))
    assert not verifies(to, "draws", other_draw)


@pytest.mark.minutes(1)
def test_one_command_goes_through_a_season_and_says_how_to_check_its_files(tmp_path: Path) -> None:
    program = Installation(tmp_path)
    call = "import sys; from quizapp.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", call, "demo", "season", "--people", "200", "--units", "10"]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=program.environ, capture_output=True, text=True, timeout=900, check=False, cwd=tmp_path
        )

    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    published = tmp_path / "data" / "published"
    checks = re.findall(r"python3 -I (.+)", done.stdout)
    assert len(checks) == 3
    for check in checks:
        assert says_true(published, *check.split())
        assert check in (published / "HOW_TO_CHECK.txt").read_text()
    # Here, because a file of 200 people is worked out in a moment; the other files are tampered with above.
    (audit,) = published.glob("*-audit.*")
    other_row = tampered_row(audit, r'"chosen":\[[1-9]\d*', '"chosen":[0')
    assert verifies(published, "leaderboards", audit.name, "keys.json")
    assert not verifies(published, "leaderboards", other_row, "keys.json")
    again = run()
    assert again.returncode != 0
    assert "里已有数据，没有改动" in again.stderr
