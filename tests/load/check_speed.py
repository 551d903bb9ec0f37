"""How long an organizer waits for a bank of 10,000 questions in XLSX.

    .venv/bin/python tests/load/check_speed.py [FILE.xlsx]

An installation of its own takes the workbook through the upload page: from the click on "check the file" until the report
is shown. Then `quizapp banks check` reads the same workbook, start of the program included. One workbook has no faults, one
has them in nearly every row, unless a file is named. It prints figures and asserts nothing of time.
"""

import argparse
import io
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import xlsxwriter
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from quizapp.accounts.actions import create_account, grant_role
from quizapp.accounts.passwords import hash_password
from quizapp.clock import utc_now
from quizapp.extensions import db
from tests.load.installation import Installation, installation

QUESTIONS = 10_000
HEADINGS = ["题型", "题干", "选项A", "选项B", "选项C", "选项D", "选项E", "答案", "解析", "依据", "章节", "难度", "编号"]
WORDS = re.findall(
    "..",
    (
        "质量管理体系过程方法顾客满意持续改进统计控制检验抽样审核标准风险证据决策领导作用全员参与关系"
        "产品服务设计开发采购供方生产现场目视精益波动特性要求识别评价措施原因分析验证纠正预防目标策划"
    ),
)
LOGIN, PASSWORD = "speed", "Zhiliang-2026"


def workbook(*, faulty: bool) -> bytes:
    """A workbook as Excel writes it (shared strings), the same at each call."""
    chance = random.Random(1)

    def words(least: int, most: int) -> str:
        return "".join(chance.choices(WORDS, k=chance.randint(least, most)))

    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet("试题")
    sheet.write_row(0, 0, HEADINGS)
    for number in range(1, QUESTIONS + 1):
        kind = chance.choices(["单选题", "多选题", "判断题"], [65, 25, 10])[0]
        count = {"单选题": 4, "多选题": 5, "判断题": 0}[kind]
        options = [words(3, 7) for _ in range(count)] + [""] * (5 - count)
        letters = "".join(sorted(chance.sample("ABCDE", chance.randint(2, 4))))
        key = {"单选题": chance.choice("ABCD"), "多选题": letters, "判断题": chance.choice(["正确", "错误"])}[kind]
        if faulty and number % 10:
            key = chance.choice(["1", "V", "K", "", "AA"])
        row = [kind, f"{words(8, 20)}，第 {number} 题？", *options, key, words(10, 25), "GB/T 19001-2016 8.4.1"]
        sheet.write_row(number, 0, [*row, f"T{chance.randint(1, 17):02}", chance.choice("易中难"), f"Q{number:05}"])
    book.close()
    return file.getvalue()


class Organizer:
    """Somebody who is signed in to a running installation."""

    def __init__(self, running: Installation) -> None:
        self._address = f"http://127.0.0.1:{running.port}"
        self._browser = build_opener(ProxyHandler({}), HTTPCookieProcessor())
        with running.app.app_context():
            now = utc_now()
            account = create_account(LOGIN, "秦主办", password_hash=hash_password(PASSWORD), now=now)
            grant_role(account, "organizer", actor=None, now=now)
            db.session.commit()
        self._send("/sign-in", login=LOGIN, password=PASSWORD)

    def check(self, content: bytes) -> tuple[float, str]:
        """Upload a workbook; returns the seconds from the click until the report is there, and its page."""
        begun = time.perf_counter()
        said = ""
        address, page = self._send(
            "/admin/banks/upload",
            file=FileStorage(io.BytesIO(content), "大题库.xlsx"),
            bank="",
            code="big",
            title="大题库",
        )
        while 'id="verdict"' not in page:
            found = re.search(r'id="checking-text"[^>]*>([^<]*).*?value="(\d+)"', page, re.DOTALL)
            assert found, page
            if found[1] != said:
                said = found[1]
                print(f"  {time.perf_counter() - begun:5.1f} s  {found[2]} %: {said}")
            time.sleep(0.4)  # as often as the page asks
            _address, page = self._open(address)
        return time.perf_counter() - begun, page

    def _send(self, path: str, **fields: Any) -> tuple[str, str]:
        """Open the page with a form, fill it in and send it; returns the address that it led to, and the page there."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self._open(self._address + path)[1])
        assert found, path
        boundary, body = encode_multipart({"csrf_token": found[1], **fields})
        kind = f'multipart/form-data; boundary="{boundary}"'
        return self._open(Request(self._address + path, body, {"Content-Type": kind}))

    def _open(self, wanted: str | Request) -> tuple[str, str]:
        with self._browser.open(wanted, timeout=60) as reply:
            return reply.url, reply.read().decode()


def on_the_command_line(running: Installation, file: Path) -> tuple[float, float]:
    """Seconds of `quizapp banks check`, and CPU seconds of it and its child: what a quiet machine would take."""
    command = [sys.executable, "-c", "import sys; from quizapp.cli import main; sys.exit(main())", "banks", "check"]
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, str(file)], env=running.environ, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - begun, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description="How long an organizer waits for the check of a large workbook.")
    parser.add_argument("xlsx", type=Path, nargs="?", help="this workbook instead of made ones")
    chosen = parser.parse_args()
    if chosen.xlsx:
        files = [(chosen.xlsx.name, chosen.xlsx.read_bytes())]
    else:
        files = [("without faults", workbook(faulty=False)), ("nearly every row faulty", workbook(faulty=True))]
    with installation(1) as running, tempfile.TemporaryDirectory() as folder:
        organizer = Organizer(running)
        for name, content in files:
            print(f"{QUESTIONS if not chosen.xlsx else ''} {name}, {len(content) // 1024} KB".strip())
            seconds, page = organizer.check(content)
            verdict = re.sub(r"<[^>]+>|\s+", " ", page.partition('id="verdict"')[2].partition("</p>")[0]).strip(" >")
            print(f"  {seconds:5.1f} s  the report is shown: {verdict}")
            file = Path(folder) / "big.xlsx"
            file.write_bytes(content)
            seconds, cpu = on_the_command_line(running, file)
            print(f"  {seconds:5.1f} s  quizapp banks check ({cpu:.1f} s of CPU)")


if __name__ == "__main__":
    main()
