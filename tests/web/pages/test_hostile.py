"""Hostile names, posts and comments through every page: text stays text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from detector.model.alert import Alert, AlertKind
from detector.model.decision import Decision, Reason
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.details import Details, FacetVerdict, SampleComplaint
from detector.model.health import SourceHealth, SourceReason, SourceState
from detector.model.incident import Incident, Severity
from detector.model.matcher import Matcher
from detector.model.silence import Acknowledgement, Silence
from tests.fakes.outages import an_incident
from tests.web.hostile import HOSTILE
from tests.web.house import MINUTE, NOW, House, counts, house, some_details
from tests.web.pages.conftest import served, watched

#: What the store can hold: a lone surrogate is no text to a database.
TEXTS = {
    name: text for name, text in HOSTILE.items() if text.encode("utf-8", "ignore").decode() == text
}


class Inert(HTMLParser):
    """Collects what a page does beyond its own: scripts, handlers, links elsewhere, frames."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "script" and not named.get("src", "").startswith("/static/"):
            self.found.append(f"a script: {named}")
        if tag in ("iframe", "object", "embed", "base", "x", "x:script"):
            self.found.append(tag)
        for name, value in named.items():
            if name.startswith("on") or name == "style":
                self.found.append(f"{tag} {name}={value}")
            if name in ("href", "src", "action") and not value.startswith(("/", "#", "?")):
                self.found.append(f"{tag} {name}={value}")


def dangers(html: str) -> list[str]:
    parser = Inert()
    parser.feed(html)
    return parser.found


@pytest.fixture(scope="module")
def beset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in which every hostile text stands wherever strangers can write."""
    home = house(Path(tmp_path_factory.mktemp("beset")), **hostile_record())
    for number, (name, text) in enumerate(TEXTS.items()):
        matcher = Matcher("service", text)
        home.backend.controls.silence(
            Silence(f"s{number}", (matcher,), NOW - MINUTE, NOW + MINUTE, text, f"{name} {text}")
        )
    incident = home.backend.store.incidents()[0]
    worst = "".join(TEXTS.values())
    home.backend.controls.acknowledge(
        Acknowledgement(incident.id, NOW, Severity.MINOR, worst, worst)
    )
    yield home
    home.close()


@pytest.fixture(scope="module")
def asking(beset: House) -> Iterator[httpx.Client]:
    with beset.client(headers={"accept": "text/html"}) as client:
        yield client


def hostile_record() -> dict[str, Any]:
    incidents = [
        an_incident(text, noticed_at=NOW - (2 + i) * MINUTE, sources=(text,))
        for i, text in enumerate(TEXTS.values())
    ]
    alerts = [Alert(AlertKind.OPENED, NOW, one, 1, hostile_details()) for one in incidents]
    return {
        "counts": counts(next(iter(TEXTS.values())), surge=20, source=TEXTS["a script"]),
        "incidents": incidents,
        "alerts": alerts,
        "deliveries": [
            Delivery(text, alert, DeliveryStatus.DEAD, 3, NOW, error=text)
            for alert, text in zip(alerts, TEXTS.values(), strict=True)
        ],
        "decisions": [
            Decision(
                one.id, NOW, Reason.ACKNOWLEDGED, {"author": text, "comment": text}, None, text
            )
            for one in incidents
            for text in list(TEXTS.values())[:5]
        ],
        "source_health": [
            SourceHealth(
                text, SourceState.DOWN, NOW, SourceReason.NEVER_OBSERVED, {"error": text}, NOW, NOW
            )
            for text in TEXTS.values()
        ],
    }


def hostile_details() -> Details:
    facets = tuple(
        FacetVerdict(facet, text, "affected", 0.3, 2.0, 1.5, 3.0)
        for facet in ("component", "region", "platform")
        for text in TEXTS.values()
    )
    samples = tuple(SampleComplaint(NOW, text) for text in TEXTS.values())
    words = tuple(TEXTS.values())
    return replace(some_details(), facets=facets, samples=samples, words=words)


def all_paths(home: House) -> list[str]:
    incidents: tuple[Incident, ...] = home.backend.store.incidents()
    return [
        *("/", "/incidents", "/sources", "/silences", "/settings"),
        *(f"/incidents/{one.id}" for one in incidents[:8]),
    ]


def test_no_page_does_anything_that_strangers_wrote(beset: House) -> None:
    with beset.client(headers={"accept": "text/html"}) as client:
        found = []
        for path in all_paths(beset):
            answer = client.get(path)
            assert answer.status_code == 200, path
            found += [f"{path}: {danger}" for danger in dangers(answer.text)]
    assert found == []


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_service_has_a_page_whatever_it_is_called(asking: httpx.Client, text: str) -> None:
    for path in ("/service", "/silences"):
        answer = asking.get(path, params={"name": text, "service": text})
        # No address has a zero byte in it, whoever wrote it there.
        assert answer.status_code == (400 if "\x00" in text else 200)
        assert dangers(answer.text) == []


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_is_asked_for_is_inert_too(asking: httpx.Client, text: str) -> None:
    for path in ("/", "/silences", "/login", "/service"):
        asked = {"q": text, "service": text, "next": text, "name": f"{text}?", "done": text}
        answer = asking.get(path, params={**asked, "lang": text, "theme": text, "span": text})
        assert answer.status_code in (200, 400, 404)
        assert dangers(answer.text) == []


def test_a_browser_runs_nothing_of_it(beset: House, browser: Browser) -> None:
    with served(beset.backend) as address, watched(browser, address) as page:
        for path in all_paths(beset)[:6]:
            page.goto(path)
            page.wait_for_load_state()
            assert page.locator("main script, main iframe, main img").count() == 0
            assert page.evaluate("document.querySelectorAll('main h1').length") == 1
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
