"""Make the README's picture from a running demo: `make run` in one terminal, then `python tests/browser/pictures.py` in another.

Arguments: the address (http://127.0.0.1:8000), the folder with the demo's data (var), the picture's path.
"""

import base64
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from quizapp.demo.filling import demo_password
from tests.tools import find_chromium

PHONE = {"width": 390, "height": 844}
WIDTH = 1010
FRAME = "border-radius:12px;box-shadow:0 1px 8px #0003;height:640px"


def phone(browser: Browser, base: str) -> Page:
    return browser.new_context(viewport=PHONE, locale="zh-CN", base_url=base).new_page()  # type: ignore[arg-type]


def shots(browser: Browser, base: str, password: str) -> list[bytes]:
    """The competition, a question, the boards of units, and the hall."""
    page = phone(browser, base)
    page.goto("/sign-in")
    page.get_by_label("手机号或登录名").fill("employee")
    page.get_by_label("密码", exact=True).fill(password)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="退出").wait_for()
    page.goto("/competitions/1", wait_until="networkidle")
    pictures = [page.screenshot()]
    page.get_by_role("button", name="开始答题").or_(page.get_by_role("button", name="再答一次")).or_(
        page.get_by_role("link", name="继续答题")
    ).first.click()
    page.locator(".question:visible").first.wait_for()
    page.keyboard.press("b")
    page.locator("#saved", has_text="已保存").wait_for()
    pictures.append(page.screenshot())
    page.goto("/competitions/1/boards/units", wait_until="networkidle")
    pictures.append(page.screenshot())
    return pictures


def main(
    base: str = "http://127.0.0.1:8000", folder: str = "var", target: str = "quizapp/demo/pictures/journey.png"
) -> None:
    """Write the picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        images = "".join(
            f'<img style="{FRAME}" src="data:image/png;base64,{base64.b64encode(shot).decode()}">'
            for shot in shots(browser, base, demo_password(Path(folder)))
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": 690}, device_scale_factor=1)
        page.set_content(
            f'<body style="margin:24px;display:flex;justify-content:space-around;background:#dfe5ec">{images}'
        )
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
