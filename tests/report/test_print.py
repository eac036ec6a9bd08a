"""The report on paper, as Chromium prints it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from detector.report.analysis import page_of
from tests.report.screenshots import CHROMIUM
from tests.report.test_page import a_report, a_story

#: A4 without the margins, at 96 dots per inch.
PAPER = {"width": 688, "height": 1017}


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The report as somebody prints it who reads in the dark."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    many = a_report(*(a_story() for _ in range(8)))
    file: Path = tmp_path_factory.mktemp("print") / "report.html"
    file.write_text(page_of(many, "en"), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(color_scheme="dark", viewport=PAPER)  # type: ignore[arg-type]
        page.goto(file.as_uri())
        page.emulate_media(media="print", color_scheme="dark")
        yield page
        browser.close()


def style(page: Page, selector: str, name: str) -> set[str]:
    """Return the values that the elements have; there must be some."""
    found = page.eval_on_selector_all(
        selector, f"all => all.map(one => getComputedStyle(one)['{name}'])"
    )
    assert found, selector
    return set(found)


def test_paper_is_white_and_ink_black_also_for_who_reads_in_the_dark(paper: Page) -> None:
    assert style(paper, "body", "backgroundColor") == {"rgb(255, 255, 255)"}
    assert style(paper, "body", "color") == {"rgb(0, 0, 0)"}
    assert style(paper, ".od-chart text.od-strong", "fill") == {"rgb(0, 0, 0)"}


def test_nothing_is_wider_than_the_paper(paper: Page) -> None:
    wide = paper.evaluate("document.documentElement.scrollWidth")
    assert wide <= PAPER["width"]
    assert style(paper, ".scroll", "overflowX") == {"visible"}


@pytest.mark.parametrize("whole", ["figure", "tr", ".facts", ".cards", ".legend", "blockquote"])
def test_a_page_ends_between_and_not_inside(paper: Page, whole: str) -> None:
    assert style(paper, whole, "breakInside") == {"avoid"}


@pytest.mark.parametrize("first", ["h2", "h3", "h4", "figcaption", ".legend"])
def test_what_announces_something_stands_with_it(paper: Page, first: str) -> None:
    assert style(paper, first, "breakAfter") == {"avoid"}


def test_facts_stand_with_their_chart_and_the_foot_is_never_alone(paper: Page) -> None:
    assert style(paper, ".facts", "breakBefore") == {"avoid"}
    assert style(paper, "footer", "breakBefore") == {"avoid"}


def test_it_prints(paper: Page) -> None:
    printed = paper.pdf(format="A4")
    assert printed.startswith(b"%PDF-")
    assert printed.count(b"/Type /Page\n") > 1
