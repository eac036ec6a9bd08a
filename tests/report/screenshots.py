"""``python -m tests.report.screenshots``: the report of 2013-07-22 as pictures in docs/images."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

import detector
from detector import resources

IMAGES = Path(__file__).parents[2] / "docs" / "images"
CHROMIUM = Path("/usr/bin/chromium")
#: So many colours are enough for a page, and half of the bytes.
COLOURS = 256
#: language, theme, width, height of a picture; the page is longer, its first screens are shown.
SHOTS = (("en", "light", 1100, 2350), ("zh", "dark", 1100, 2350), ("en", "light", 390, 2400))


def take(browser: Browser, page: str, language: str, theme: str, width: int, height: int) -> None:
    """Take one picture of the HTML in ``page``."""
    dark = theme == "dark"
    tab = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        path.write_text(page, encoding="utf-8")
        tab.goto(path.as_uri())
    target = IMAGES / f"report-{language}-{theme}-{'desktop' if width > 600 else 'phone'}.png"
    clip = {"x": 0, "y": 0, "width": width, "height": height}
    picture = tab.screenshot(full_page=True, clip=clip)  # type: ignore[arg-type]
    tab.close()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    print(target, f"{target.stat().st_size:,} bytes")


def main() -> None:
    """Analyse the reconstruction and take every picture."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    posts = detector.simulate("wechat-2013-07-22")
    found = detector.analyze(posts, config=resources.ROOT / "config.toml")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for language, theme, width, height in SHOTS:
            page = found.page(zone="Asia/Shanghai", language=language)
            take(browser, page, language, theme, width, height)
        browser.close()


if __name__ == "__main__":
    main()
