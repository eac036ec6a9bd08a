"""Every page, in both languages and themes, as axe-core judges it."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.web.house import House
from tests.web.pages.conftest import watched
from tests.web.pages.test_browser import PAGES, incident_path

ALL = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
#: What words and colours can change, for the other half of the combinations.
WORDS = {"runOnly": {"type": "rule", "values": ["color-contrast", "label", "link-name", "list"]}}


@pytest.mark.parametrize(
    ("language", "theme", "rules"),
    [("en", "light", ALL), ("zh", "dark", ALL), ("en", "dark", WORDS), ("zh", "light", WORDS)],
    ids=["English, light", "Chinese, dark", "English, dark", "Chinese, light"],
)
def test_axe_finds_nothing(
    standing: tuple[House, str],
    browser: Browser,
    language: str,
    theme: str,
    rules: dict[str, Any],
) -> None:
    home, address = standing
    paths = (*PAGES, incident_path(home), incident_path(home, "QQ"), "/nowhere")
    if rules is WORDS:
        paths = ("/", "/service?name=WeChat", "/silences", incident_path(home))
    found = []
    # axe writes its own checks into the page, which the policy of the page forbids.
    with watched(browser, address, bypass_csp=True) as page:
        for path in paths:
            page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}&theme={theme}")
            for button in page.locator("button.zoom").all():
                button.click()
                page.locator(".plot canvas").wait_for()
            for details in page.locator("details").all():
                details.evaluate("element => element.open = true")
            result = Axe().run(page, options=rules)
            found += [
                f"{path}: {one['id']} ({one['impact']}): {node['html'][:160]}"
                for one in result.response["violations"]
                for node in one["nodes"]
            ]
    assert found == []
