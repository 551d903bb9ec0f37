"""What a test can see of a page beyond its text: accessibility, and how many bytes it cost."""

import json
from typing import Any

from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page

STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ALL: dict[str, Any] = {"runOnly": {"type": "tag", "values": STANDARD}}
# Colours are two thirds of axe's time, and the same at every size of a window.
ALL_BUT_COLOURS = {**ALL, "rules": {"color-contrast": {"enabled": False}}}
COLOURS: dict[str, Any] = {"runOnly": ["color-contrast"]}


def violations(page: Page, rules: dict[str, Any] = ALL) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA, one line each; a page as it should be gives none."""
    if page.evaluate("typeof axe") == "undefined":  # its script is large: once a page is enough
        page.evaluate(Axe().axe_script)
    found: dict[str, Any] = page.evaluate(
        f"axe.run({json.dumps({**rules, 'resultTypes': ['violations'], 'preload': False})})"
    )
    return [f"{each['id']}: {node['html'][:200]}" for each in found["violations"] for node in each["nodes"]]


def fits(page: Page, *sizes: tuple[int, int]) -> None:
    """Fails with what is wider than its window and what axe finds, at each of the sizes.

    A click does not wait for the page behind it: before, wait for something that only the page meant has.
    """
    page.wait_for_load_state()
    found = []
    for width, height in sizes:
        page.set_viewport_size({"width": width, "height": height})
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(f"wider than {width}")
        found += violations(page)
    assert not found, "\n".join(found)


class Scales:
    """Counts the bytes that a page costs on the line, headers included."""

    def __init__(self, page: Page) -> None:
        self.total = 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._add)

    def _add(self, event: dict[str, Any]) -> None:
        self.total += int(event["encodedDataLength"])
