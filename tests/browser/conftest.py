"""The running site and real browsers at it."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from quizapp.attempts.recorder import run_recorder
from tests.cast import Person
from tests.tools import find_chromium

PHONE, DESK = (390, 844), (1280, 900)
# What Playwright leaves out of Chromium, as the last list of it counts, and the pages behind the address bar, which nobody sees:
# they took a second of each window's time.
NEVER_SEEN = [
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
]
expect.set_options(timeout=60_000)  # how long a busy machine takes says nothing about the program


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let those that take minutes begin first, the longest before all: the last to begin would be waited for alone.

    xdist gives each process two at a time at first, so a short one comes after each.
    """

    def minutes(item: pytest.Item) -> int:
        marker = item.get_closest_marker("minutes")
        return int(marker.args[0]) if marker else 0

    long = sorted(filter(minutes, items), key=minutes, reverse=True)
    short = [item for item in items if not minutes(item)]
    first = [item for pair in zip(long, short, strict=False) for item in pair]
    items[:] = [*first, *(item for item in long + short if item not in first)]


class Quiet(WSGIRequestHandler):
    """A request handler that logs nothing, keeps connections, and sends every reply at once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: Any) -> None: ...  # noqa: A002  # werkzeug's own name


@dataclass
class Site:
    """The site over HTTP, with its recorder."""

    app: Flask
    url: str
    messages: list[str] = field(default_factory=list)


@pytest.fixture
def site(app: Flask) -> Iterator[Site]:
    """The site on a free port. Whatever a page writes to the console lands in `messages`, which must stay empty."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]  # a browser's idle connection must not hold up the end
    stop = threading.Event()
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}),
        threading.Thread(target=lambda: _record(app, stop)),
    ]
    for thread in threads:
        thread.start()
    running = Site(app, f"http://127.0.0.1:{server.server_port}")
    yield running
    stop.set()
    server.shutdown()
    for thread in threads:
        thread.join(20)
    server.server_close()
    assert running.messages == []


def _record(app: Flask, stop: threading.Event) -> None:
    with app.app_context():
        run_recorder(app, stop)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium of the system's."""
    path = find_chromium()
    assert path, "the browser tests need Chromium: make tools"
    with sync_playwright() as playwright:
        # No page is open for long enough for optimized machine code: making it took a third of a page's time.
        scripts = "--js-flags=--no-opt --no-maglev"
        left_out = f"--disable-features={','.join(NEVER_SEEN)}"
        chromium = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", scripts, left_out],
        )
        yield chromium
        chromium.close()


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, site: Site, sign_in: Any) -> Iterator[Visit]:
    """`visit(who)`: a page of a fresh browser in which that person is signed in (None: nobody)."""
    contexts: list[BrowserContext] = []

    def open_page(
        who: Person | None, size: tuple[int, int] = PHONE, *, dark: bool = False, locale: str = "zh-CN"
    ) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            locale=locale,
            base_url=site.url,
        )
        contexts.append(context)
        if who:
            client = sign_in(site.app.test_client(), who)
            cookie = client.get_cookie("quiz_session")
            context.add_cookies([{"name": "quiz_session", "value": cookie.value, "url": site.url}])
        page = context.new_page()
        page.set_default_timeout(60_000)

        def note(message: ConsoleMessage) -> None:
            if "ERR_INTERNET_DISCONNECTED" not in message.text and "ERR_FAILED" not in message.text:
                site.messages.append(f"{message.type}: {message.text}")

        page.on("console", note)
        page.on("pageerror", lambda error: site.messages.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
