"""What a test can see of a page beyond its text: accessibility, and how many bytes it cost."""

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
    # What passed is not asked for, and only lines travel: axe's whole answer costs as much time as a half of its rules.
    found: list[str] = page.evaluate(
        """async options => (await axe.run(options)).violations.flatMap(
            each => each.nodes.map(node => `${each.id}: ${node.html.slice(0, 200)}`))""",
        {**rules, "reporter": "no-passes", "preload": False},
    )
    return found


def shape(page: Page) -> list[str]:
    """What is wrong with the page's layout at its present size, its headings and its title; asked in one go."""
    found: list[str] = page.evaluate("""() => {
        const root = document.documentElement, headings = document.querySelectorAll('h1').length;
        const found = [];
        if (root.scrollWidth > root.clientWidth) found.push('wider than its window');
        if (headings !== 1) found.push(`${headings} headings h1`);
        if (!document.title.replace(/[ ·]/g, '')) found.push('no title');
        return found;
    }""")
    return found


def fits(page: Page, *sizes: tuple[int, int]) -> None:
    """Fails with what is wrong with its shape and what axe finds, at each of the sizes.

    A click does not wait for the page behind it: before, wait for something that only the page meant has.
    """
    page.wait_for_load_state()
    found = []
    for width, height in sizes:
        page.set_viewport_size({"width": width, "height": height})
        found += [f"at {width}: {each}" for each in (*shape(page), *violations(page))]
    assert not found, "\n".join(found)


class Scales:
    """Weighs what pages cost on the line, headers included, for somebody who has never been here."""

    def __init__(self, page: Page) -> None:
        self._page, self._total = page, 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})  # cheaper than a new browser for each page
        session.on("Network.loadingFinished", self._add)

    def weigh(self, path: str) -> int:
        """The bytes of the page at the address and of all that it loads."""
        self._page.goto("about:blank")  # whatever the last page fetches from time to time ends here
        self._total = 0
        self._page.goto(path)
        self._page.wait_for_load_state("networkidle")
        return self._total

    def _add(self, event: dict[str, Any]) -> None:
        self._total += int(event["encodedDataLength"])
