"""The dashboard in a browser: live, by hand, by keyboard, without JavaScript, on any screen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.fakes.outages import an_incident
from tests.web.house import MINUTE, NOW, House
from tests.web.pages.conftest import watched

Shown = tuple[House, str]
PAGES = ("/", "/service?name=WeChat", "/incidents", "/sources", "/silences", "/settings", "/login")


def incident_path(home: House, service: str = "WeChat") -> str:
    return f"/incidents/{home.backend.store.incidents(service=service)[0].id}"


def test_an_incident_that_opens_appears_without_a_reload(shown: Shown, browser: Browser) -> None:
    home, address = shown
    with watched(browser, address) as page:
        page.goto("/")
        expect(page.locator(".card")).to_have_count(1)
        page.evaluate("window.same = true")
        # The stream begins with the revision as it is.
        page.wait_for_timeout(1_500)
        home.commit(incidents=[an_incident("QQ", noticed_at=NOW - MINUTE)])
        expect(page.locator(".card")).to_have_count(2)
        expect(page.get_by_role("heading", name="2 outages now")).to_be_visible()
        expect(page.get_by_role("status")).to_contain_text("2 outages now")
        assert page.evaluate("window.same")


def test_acknowledge_and_give_back_by_button(shown: Shown, browser: Browser) -> None:
    home, address = shown
    with watched(browser, address) as page:
        page.goto(incident_path(home))
        page.locator("summary", has_text="Acknowledge").click()
        page.get_by_label("Your name").first.fill("Li Na")
        page.get_by_label("Comment").fill("on it")
        page.get_by_role("button", name="Acknowledge").click()
        expect(page.get_by_text("Acknowledged: you are handling it.")).to_be_visible()
        expect(page.get_by_text("Acknowledged: Li Na")).to_be_visible()
        (said,) = home.backend.controls.acknowledgements()
        assert (said.author, said.comment, said.at) == ("Li Na", "on it", NOW)
        page.get_by_role("button", name="Give it back").click()
        expect(page.get_by_text("Given back: people are notified of it again.")).to_be_visible()
        assert home.backend.controls.acknowledgements() == ()


def test_silence_by_button_and_end_it(shown: Shown, browser: Browser) -> None:
    home, address = shown
    with watched(browser, address) as page:
        page.goto(incident_path(home))
        page.locator("summary", has_text="Silence").click()
        form = page.locator('form[action="/silences"]')
        form.get_by_label("For how long").select_option("4")
        form.get_by_label("Your name").fill("Li Na")
        form.get_by_label("Why").fill("announced works")
        form.get_by_role("button", name="Silence").click()
        expect(page.get_by_text("Silenced now")).to_be_visible()
        (silence,) = home.backend.controls.silences()
        assert [str(m) for m in silence.matchers] == ['service="WeChat"']
        assert silence.ends_at - silence.starts_at == 4 * 60 * MINUTE
        page.goto("/silences")
        page.get_by_role("button", name="End now").click()
        expect(page.get_by_text("The silence has ended.")).to_be_visible()
        assert home.backend.controls.silences(ending_after=NOW) == ()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [360, 2560], ids=["a narrow phone", "a wall"])
def test_no_page_is_wider_than_the_screen(
    standing: Shown, browser: Browser, path: str, width: int
) -> None:
    _, address = standing
    with watched(browser, address, viewport={"width": width, "height": 800}) as page:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_incident_fits_a_phone_and_says_it_all_above_the_fold(
    standing: Shown, browser: Browser
) -> None:
    home, address = standing
    with watched(browser, address, viewport={"width": 360, "height": 640}) as page:
        page.goto(incident_path(home))
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        for said in (page.locator("h1"), page.locator(".lead"), page.locator(".badge").first):
            box = said.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] < 640


def test_the_essentials_work_without_javascript(shown: Shown, browser: Browser) -> None:
    _, address = shown
    with watched(browser, address, java_script_enabled=False) as page:
        page.goto("/")
        expect(page.locator('meta[http-equiv="refresh"]')).to_have_attribute("content", "60")
        page.get_by_role("link", name="WeChat").first.click()
        expect(page.locator("h1")).to_contain_text("WeChat")
        page.locator("summary", has_text="Acknowledge").click()
        page.get_by_label("Your name").first.fill("Li Na")
        page.get_by_role("button", name="Acknowledge").click()
        expect(page.get_by_text("Acknowledged: Li Na")).to_be_visible()
        page.goto("/service?name=WeChat")
        expect(page.locator(".figure .wide svg")).to_be_visible()
        page.get_by_role("link", name="7 days").click()
        expect(page.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")


def test_times_are_those_of_the_reader(standing: Shown, browser: Browser) -> None:
    home, address = standing
    with watched(browser, address, known_zone="", timezone_id="America/New_York") as page:
        page.goto(incident_path(home))
        # 13:37 UTC, 9:37 in New York in July.
        began = page.locator(".lead time").first
        expect(began).to_have_text("Fri 2022-07-22 09:37")
        expect(began).to_have_attribute("title", "2022-07-22 13:37:00 UTC")
        expect(page.locator("body > footer")).to_contain_text("America/New_York")


def zoomed(page: Page) -> Locator:
    """Open the chart that zooms; what it says of the span or of the bin under the pointer."""
    page.goto("/service?name=WeChat")
    page.get_by_role("button", name="Zoom", exact=True).click()
    expect(page.locator(".plot canvas")).to_be_visible()
    said = page.locator(".readout")
    expect(said).to_have_text("Thu 2022-07-21 22:00 – Fri 2022-07-22 22:00")
    return said


def test_the_chart_zooms_by_drag_and_back_by_a_double_click(
    standing: Shown, browser: Browser
) -> None:
    _, address = standing
    # A first visit: the page is fetched anew in the reader's zone while the chart is loaded.
    with watched(browser, address, known_zone="") as page:
        said = zoomed(page)
        box = page.locator(".u-over").bounding_box()
        assert box is not None
        with page.expect_response(lambda answer: "curve.json" in answer.url) as closer:
            page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 50)
            page.mouse.down()
            page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 60, steps=4)
            page.mouse.up()
        assert closer.value.ok
        assert re.search(r"start=2022-07-22T0[12]", closer.value.url)
        page.mouse.move(0, 0)
        expect(said).to_contain_text(re.compile(r"^Fri 2022-07-22 (09|10):\d\d – Fri .* 1[56]:"))
        page.locator(".u-over").dblclick()
        page.mouse.move(0, 0)
        expect(said).to_have_text("Thu 2022-07-21 22:00 – Fri 2022-07-22 22:00")


def test_the_chart_zooms_by_keyboard_and_by_button(standing: Shown, browser: Browser) -> None:
    _, address = standing
    with watched(browser, address) as page:
        said = zoomed(page)
        expect(page.locator(".plot")).to_be_focused()
        for key, span in (
            ("+", "Fri 2022-07-22 04:00 – Fri 2022-07-22 16:00"),
            ("ArrowRight", "Fri 2022-07-22 07:00 – Fri 2022-07-22 19:00"),
            ("-", "Fri 2022-07-22 01:00 – Fri 2022-07-22 22:00"),
            ("0", "Thu 2022-07-21 22:00 – Fri 2022-07-22 22:00"),
        ):
            page.keyboard.press(key)
            expect(said).to_have_text(span)
        page.get_by_role("button", name="Zoom in").click()
        expect(said).to_have_text("Fri 2022-07-22 04:00 – Fri 2022-07-22 16:00")
        page.get_by_role("button", name="Earlier").click()
        expect(said).to_have_text("Thu 2022-07-21 22:00 – Fri 2022-07-22 10:00")
        page.get_by_role("button", name="Whole span").click()
        expect(said).to_have_text("Thu 2022-07-21 22:00 – Fri 2022-07-22 22:00")


def test_the_chart_says_what_is_under_the_pointer(standing: Shown, browser: Browser) -> None:
    _, address = standing
    with watched(browser, address) as page:
        said = zoomed(page)
        box = page.locator(".u-over").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 60)
        expect(said).to_contain_text("posts per bin 40 · expected 2")


def test_a_finger_chooses_a_span_on_a_phone(standing: Shown, browser: Browser) -> None:
    _, address = standing
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with watched(browser, address, **phone) as page:
        said = zoomed(page)
        over = page.locator(".u-over")
        over.scroll_into_view_if_needed()
        box = over.bounding_box()
        assert box is not None
        for kind, share in (("down", 0.5), ("move", 0.6), ("move", 0.75), ("up", 0.75)):
            at = {"clientX": box["x"] + share * box["width"], "clientY": box["y"] + 40}
            over.dispatch_event(f"pointer{kind}", {"pointerType": "touch", **at})
        expect(said).to_contain_text(re.compile(r"^Fri 2022-07-22 (09|10):\d\d – Fri .* 1[56]:"))
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_reasons_are_chosen_without_javascript(standing: Shown, browser: Browser) -> None:
    home, address = standing
    with watched(browser, address, java_script_enabled=False) as page:
        page.goto(incident_path(home))
        before = page.locator('section[aria-labelledby="notifications"] li').count()
        page.get_by_label("Reason").select_option("acknowledged")
        page.get_by_role("button", name="Show").click()
        shown = page.locator('section[aria-labelledby="notifications"] li')
        expect(shown).to_have_count(1)
        assert before > 1
        expect(shown).to_contain_text("acknowledged by bo: on it")
        expect(page.get_by_label("Reason")).to_have_value("acknowledged")


def test_the_keyboard_skips_to_the_content_and_sees_where_it_is(
    standing: Shown, browser: Browser
) -> None:
    _, address = standing
    with watched(browser, address) as page:
        page.goto("/")
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to content")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.locator(".card h2 a")).to_be_focused()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_language_and_theme_are_kept(standing: Shown, browser: Browser) -> None:
    _, address = standing
    with watched(browser, address) as page:
        page.goto("/")
        page.get_by_role("link", name="中文").click()
        page.get_by_role("link", name="深色").click()
        page.goto("/sources")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page.locator("h1")).to_have_text("数据源")
