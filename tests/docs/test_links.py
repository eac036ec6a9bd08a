"""Every page is in the navigation, and every link leads to a page and a heading that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md"), *(ROOT / "examples").rglob("*.md")])
HOME = ["Home", "Quickstart (on-call)", "Quickstart (analyst)", "How it works", "Configure"]
REST = ["Operate", "Reference", "Contribute", "Glossary"]


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield what a page links to inside the repository: the file, and the heading or ``""``."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
        where, _, heading = (target[0] or target[1]).partition("#")
        if not re.match(r"\w+:", where):
            yield (page.parent / where).resolve() if where else page, heading


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as Markdown's table of contents names them."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    found = (
        re.sub(r"[^\w\s-]", "", h).strip().lower()
        for h in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    )
    return {re.sub(r"[\s]+", "-", heading) for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    lost = [
        f"{target.relative_to(ROOT)}#{heading}"
        for target, heading in links(page)
        if not target.exists() or (heading and heading not in headings(target))
    ]
    assert lost == []


def test_pages_of_the_site_link_to_the_site_only() -> None:
    outside = [
        f"{page.name}: {target}"
        for page in DOCS.glob("*.md")
        for target, _ in links(page)
        if not target.is_relative_to(DOCS)
    ]
    assert outside == []


def test_the_navigation_has_every_page_once_in_the_agreed_order() -> None:
    nav = (ROOT / "mkdocs.yml").read_text("utf-8").partition("nav:\n")[2]
    assert re.findall(r"^  - ([^:]+):", nav, re.MULTILINE) == HOME + REST
    listed = re.findall(r"(\S+\.md)$", nav, re.MULTILINE)
    assert sorted(listed) == sorted(page.name for page in DOCS.glob("*.md"))
