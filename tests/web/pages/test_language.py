"""Readers get the language they want; nothing on a page is outside the catalogue.

Exempt is what a page marks as English (``lang="en"``): descriptions of settings, details of
problems, and mistakes in the matchers of a silence (docs/dashboard.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from icalendar import Calendar

import detector.web.pages
from detector.model.decision import Reason
from detector.text.catalogue import LANGUAGES, Catalogue, catalogue
from detector.text.phrasing import Phrasing
from detector.web import badge, subscriptions
from detector.web.pages import presentation
from detector.web.pages.language import wanted_language
from tests.text.pseudo import pseudo, pseudo_format, unlocalised
from tests.web.house import House, house

PAGES = Path(detector.web.pages.__file__).parent
TEMPLATES = PAGES.parent / "templates"
#: Names and texts of strangers, of ours and of the configuration: the same in every language.
KNOWN = (
    *("outage-detector", "English", "WeChat", "QQ", "weibo", "helpdesk", "tickets", "on-call"),
    *("微信登不上了 @***", "is WeChat down?", "bo", "on it", "this machine", "Li Na", "works"),
    "nothing of the kind",
    'service="WeChat"',
)
PATHS = (
    "/",
    "/?q=nothing+of+the+kind",
    "/service?name=WeChat",
    "/service?name=QQ&span=90d",
    "/incidents",
    "/incidents?reason=acknowledged",
    "/sources",
    "/silences",
    "/silences?done=expired",
    "/settings",
    "/login",
    "/login?wrong=true",
    "/nowhere",
)


class Shown(HTMLParser):
    """Collects what a page says, also to those who do not see it; not what it says in English."""

    _SAID = ("alt", "title", "aria-label", "placeholder", "data-label")
    _VOID = frozenset({"meta", "link", "img", "input", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        skips = tag in ("code", "script", "style") or named.get("lang") in (*LANGUAGES, "zh-Hans")
        if tag not in self._VOID and (self._skipped or (skips and tag != "html")):
            self._skipped += 1
        if not self._skipped:
            self.found += [named[name] or "" for name in self._SAID if name in named]
        # Texts that a script shows; patterns of times are no words.
        of_script: dict[str, str] = json.loads(named.get("data-texts") or "{}")
        self.found += [text for name, text in of_script.items() if name not in ("day", "instant")]

    def handle_endtag(self, tag: str) -> None:
        if self._skipped and tag not in self._VOID:
            self._skipped -= 1

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.found.append(data)


def said_by(html: str) -> str:
    parser = Shown()
    parser.feed(html)
    return "\n".join(parser.found)


@pytest.fixture
def texts(tmp_path: Path) -> Catalogue:
    return pseudo(tmp_path)


@pytest.fixture
def home(tmp_path: Path, texts: Catalogue, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house whose every reader reads the pseudo-language."""

    def phrased(_code: str, _zone: object) -> Phrasing:
        return Phrasing(texts, pseudo_format(texts))

    monkeypatch.setattr(presentation, "phrasing", phrased)
    monkeypatch.setattr(subscriptions, "phrasing", phrased)
    monkeypatch.setattr(badge, "catalogue", lambda _code: texts)
    made = house(tmp_path)
    yield made
    made.close()


@pytest.fixture
def client(home: House) -> httpx.Client:
    return home.client(headers={"accept": "text/html"})


def known(home: House) -> list[str]:
    ids = [one.id for one in home.backend.store.incidents()]
    return [*KNOWN, *ids]


def test_every_page_is_in_the_readers_language(home: House, client: httpx.Client) -> None:
    paths = [*PATHS, *(f"/incidents/{one.id}" for one in home.backend.store.incidents())]
    left = {}
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == (404 if path == "/nowhere" else 200)
        if words := unlocalised(said_by(answer.text), known(home)):
            left[path] = words
    assert left == {}


def test_what_a_form_brings_back_is_in_the_readers_language(
    home: House, client: httpx.Client
) -> None:
    csrf = client.get("/silences").text.split('name="csrf" value="')[1].split('"')[0]
    one = home.backend.store.incidents()[0]
    forms: list[tuple[str, dict[str, Any]]] = [
        (f"/incidents/{one.id}/acknowledge", {"author": "Li Na"}),
        (f"/incidents/{one.id}/release", {}),
        (
            "/silences",
            {"matchers": "service=WeChat", "hours": "2", "author": "Li Na", "comment": "works"},
        ),
    ]
    for path, form in forms:
        answer = client.post(path, data={"csrf": csrf, **form}, follow_redirects=True)
        assert answer.status_code == 200
        assert unlocalised(said_by(answer.text), known(home)) == []


def test_what_other_programs_show_is_in_their_language(home: House, client: httpx.Client) -> None:
    atom = ET.fromstring(client.get("/incidents.atom").content)
    said = "\n".join(
        node.text or ""
        for node in atom.iter()
        if node.tag.rpartition("}")[2] in ("title", "summary")
    )
    calendar = Calendar.from_ical(client.get("/incidents.ics").content)
    for event in calendar.walk("VEVENT"):
        said += f"\n{event['SUMMARY']}\n{event['DESCRIPTION']}"
    said += "\n".join(ET.fromstring(client.get("/badge/QQ.svg").text).itertext())
    assert len(said) > 300
    assert unlocalised(said, known(home)) == []


def test_what_is_not_in_the_catalogue_is_found() -> None:
    page = '<p>Þíş <b title="left over">page</b></p><code>key</code><p lang="en">Bad</p>'
    assert unlocalised(said_by(page)) == ["left", "over", "page"]


def test_every_key_that_a_page_names_is_in_the_catalogue() -> None:
    named = re.compile(r'(?:\bt|html|texts|text)\(\s*["\']([a-z_]+(?:\.[a-z_0-9]+)+)["\']')
    files = [*TEMPLATES.glob("*.html"), *PAGES.glob("*.py")]
    keys = {key for file in files for key in named.findall(file.read_text("utf-8"))}
    assert len(keys) > 100
    # Those that end so are the beginnings of keys.
    assert {key for key in keys if key[-1] != "_" and key not in catalogue("en")} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_a_name_to_choose_it_by(language: str) -> None:
    assert all(f"reason_name.{reason.value}" in catalogue(language) for reason in Reason)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_says_which_language_it_is_in_and_leads_to_the_others(
    tmp_path: Path, language: str
) -> None:
    made = house(tmp_path)
    page = made.client(headers={"accept": "text/html"}).get(f"/?lang={language}").text
    tag = str(catalogue(language).locale).replace("_", "-")
    assert f'<html lang="{tag}"' in page
    for code in LANGUAGES:
        assert catalogue(code)("language.name") in page
        assert f"?lang={code}" in page
    made.close()


@pytest.mark.parametrize(
    ("asked", "cookie", "accepted", "language"),
    [
        (None, None, "", "en"),
        ("zh", "en", "en", "zh"),
        (None, "zh", "en", "zh"),
        (None, None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, None, "de,zh;q=0.2,en;q=0.8", "en"),
        (None, None, "fr;q=nonsense, zh", "zh"),
        ("xx", "<script>", "xx", "en"),
    ],
    ids=[
        "nothing is known",
        "the address goes first",
        "then what was chosen before",
        "then what the browser likes most",
        "by its preference, not by order",
        "nonsense is passed over",
        "unknown languages are passed over",
    ],
)
def test_the_language_wanted(
    asked: str | None, cookie: str | None, accepted: str, language: str
) -> None:
    assert wanted_language(asked, cookie, accepted) == language
