"""``python -m tests.web.screenshots``: the pictures in docs/images, from a store that is shown."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from detector.config.web_settings import WebSettings
from detector.web.app import create_app
from detector.web.backend import Backend
from detector.web.server import WebServer, listening_socket
from tests.web import showcase

IMAGES = Path(__file__).parents[2] / "docs" / "images"
CHROMIUM = Path("/usr/bin/chromium")
SIZES = {"desktop": (1440, 900), "phone": (390, 844), "wall": (2560, 1440)}
COLOURS = 64
#: Height of a picture that shows more than a screen.
TALL = 2150


@dataclass(frozen=True)
class Shot:
    """One picture; its name says what it shows."""

    page: str
    language: str
    theme: str
    size: str
    tall: bool = False

    @property
    def name(self) -> str:
        return f"{self.page}-{self.language}-{self.theme}-{self.size}.png"


SHOTS = (
    Shot("overview", "en", "light", "desktop"),
    Shot("overview", "zh", "dark", "desktop"),
    Shot("overview", "en", "dark", "phone"),
    Shot("overview", "zh", "light", "phone"),
    Shot("service", "en", "light", "desktop"),
    Shot("service", "zh", "dark", "phone"),
    Shot("incident", "en", "light", "desktop", tall=True),
    Shot("incident", "zh", "dark", "desktop", tall=True),
    Shot("incident", "en", "dark", "phone"),
    Shot("incident", "zh", "light", "phone", tall=True),
)


@contextmanager
def served(backend: Backend) -> Iterator[str]:
    """Serve ``backend`` on a free port; the address."""
    listening = listening_socket(WebSettings(listen="127.0.0.1:0"))
    with WebServer(create_app(backend), listening) as server:
        yield f"http://127.0.0.1:{server.port}"


def addresses(backend: Backend) -> dict[str, str]:
    """Return the path of every page that is shown."""
    worst = backend.store.incidents(service="WeChat")[0]
    return {
        "overview": "/?",
        "service": "/service?name=WeChat&",
        "incident": f"/incidents/{worst.id}?",
        "feeds": "/sources?",
        "silences": "/silences?",
        "settings": "/settings?",
    }


def take(browser: Browser, address: str, shot: Shot, target: Path) -> None:
    """Take one picture."""
    width, height = SIZES[shot.size]
    height = TALL if shot.tall else height
    context = browser.new_context(
        viewport={"width": width, "height": height},
        timezone_id=showcase.ZONE,
        device_scale_factor=1,
    )
    page = context.new_page()
    look(page, f"{address}lang={shot.language}&theme={shot.theme}")
    picture = page.screenshot()
    context.close()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    small = image.quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(target, optimize=True)


def look(page: Page, address: str) -> None:
    """Open a page and wait until it has told the server its time zone and settled."""
    page.goto(address)
    page.wait_for_load_state("load")
    page.wait_for_timeout(600)


def main(only: str = "") -> None:
    """Fill a store, serve it, take every picture whose name has ``only`` in it."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        backend = showcase.fill(Path(folder), showcase.DURING)
        with served(backend) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--font-render-hinting=none"]
            )
            paths = addresses(backend)
            for shot in SHOTS:
                if only in shot.name:
                    take(browser, address + paths[shot.page], shot, IMAGES / shot.name)
                    size = (IMAGES / shot.name).stat().st_size // 1000
                    print(f"{shot.name}: {size} kB")
            browser.close()
        backend.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
