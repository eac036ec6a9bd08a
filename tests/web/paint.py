"""``python -m tests.web.paint``: how soon 200 services with 90 days of minutes are seen."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from detector.config import parse_settings
from detector.store.controls import open_controls
from detector.store.inbox import open_inbox
from detector.store.queries import open_viewer
from detector.store.sql_store import open_store
from detector.web.backend import Backend
from tests.web.screenshots import CHROMIUM, served

SERVICES, DAYS = 200, 90
END = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
PATHS = {
    "overview, first": "/",
    "overview": "/",
    "service, 24 hours": "/service?name=Service%20005",
    "service, 90 days": "/service?name=Service%20005&span=90d",
}
_PAINT = """() => new Promise(done => {
  const read = () => {
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    if (!paint) return setTimeout(read, 20);
    const page = performance.getEntriesByType("navigation")[0];
    const all = [page, ...performance.getEntriesByType("resource")];
    done([paint.startTime, page.responseStart, all.reduce((sum, e) => sum + e.transferSize, 0)]);
  };
  read();
})"""


def fill(path: Path, services: int = SERVICES, days: int = DAYS) -> None:
    """Write minutes of every service straight into the store's table: the pipeline takes hours."""
    open_store(path).close()
    bins = days * 1440
    first = int((END - timedelta(days=days)).timestamp()) * 1_000_000
    times = (first + np.arange(bins, dtype=np.int64) * 60_000_000).tolist()
    rng = np.random.default_rng(1)
    day = 1 + 0.6 * np.sin(np.arange(bins) / 1440 * 2 * np.pi)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for number in range(services):
            rate = np.exp(rng.normal()) * day
            columns = (rng.poisson(rate).astype(float), rate, rng.exponential(1, bins))
            names = ([f"Service {number:03d}"] * bins, times, ["weibo"] * bins)
            rows = zip(*names, *(column.round(4).tolist() for column in columns), strict=True)
            connection.executemany("INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?)", rows)


def measured(browser: Browser, address: str) -> tuple[float, float, float]:
    """Return seconds to the first contentful paint and to the first byte, and kB transferred."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, timezone_id="UTC")
    page = context.new_page()
    page.goto(address)
    painted, answered, transferred = page.evaluate(_PAINT)
    context.close()
    return painted / 1000, answered / 1000, transferred / 1000


def main(store: str = "") -> None:
    """Measure the pages over ``store``, which is made where none is named."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(store) if store else Path(folder) / "store.sqlite"
        if not path.exists():
            started = time.perf_counter()
            fill(path)
            print(f"filled in {time.perf_counter() - started:.0f} s")
        backend = Backend(
            store=open_viewer(path),
            controls=open_controls(path),
            inbox=open_inbox(path),
            settings=parse_settings("", path="config.toml"),
            now=lambda: END,
            wall=lambda: END,
            session_key=b"the key of a measurement",
        )
        with served(backend) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            for name, path_shown in PATHS.items():
                painted, answered, size = measured(browser, address + path_shown)
                print(f"{name:20} paint {painted:.2f} s, answer {answered:.2f} s, {size:.0f} kB")
            browser.close()
        backend.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
