"""A served store and a watched browser; skips where there is no Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from detector.config.web_settings import WebSettings
from detector.web.app import create_app
from detector.web.backend import Backend
from detector.web.server import WebServer, listening_socket
from tests.web.house import House, house

CHROMIUM = Path("/usr/bin/chromium")
#: Milliseconds: for busy machines.
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, for one file of tests.

    Not for the whole session, as pytest-playwright would have it: while Playwright runs, its
    event loop does too, and whoever calls `asyncio.run` in the same thread would be refused.
    """
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@contextmanager
def served(backend: Backend) -> Iterator[str]:
    """Serve ``backend`` on a free port; its address."""
    listening = listening_socket(WebSettings(listen="127.0.0.1:0"))
    with WebServer(create_app(backend), listening) as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[tuple[House, str]]:
    """A house with an outage in it, and where it is served."""
    home = house(tmp_path)
    with served(home.backend) as address:
        yield home, address
    home.close()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, str]]:
    """The same for tests that change nothing."""
    home = house(tmp_path_factory.mktemp("house"))
    with served(home.backend) as address:
        yield home, address
    home.close()


@dataclass
class Watch:
    """What a page did that it must not do."""

    host: str
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def over(self, page: Page) -> Page:
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", self._asked)
        page.on("request", lambda request: self._requested(request.url))
        return page

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _asked(self, dialog: Any) -> None:
        self.errors.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _requested(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != self.host:
            self.outside.append(url)


@contextmanager
def watched(
    browser: Browser, address: str, *, known_zone: str = "Asia/Shanghai", **options: Any
) -> Iterator[Page]:
    """A new page on ``address`` of which nothing is tolerated: no error, nothing from elsewhere."""
    watch = Watch(urlsplit(address).netloc)
    context: BrowserContext = browser.new_context(
        **{"base_url": address, "timezone_id": "Asia/Shanghai", "locale": "en-GB"} | options
    )
    context.set_default_timeout(PATIENCE)
    # Who was here before has told the zone: the page is not rendered a second time.
    context.add_cookies([{"name": "tz", "value": known_zone, "url": address}] if known_zone else [])
    yield watch.over(context.new_page())
    context.close()
    assert [said for said in watch.errors if "404" not in said] == []
    assert watch.outside == []
