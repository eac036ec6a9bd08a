"""Hostile texts through every output that programs read: inert, whatever they hold."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest
from icalendar import Calendar
from prometheus_client.parser import text_string_to_metric_families

from detector.model.incident import Severity
from detector.model.matcher import Matcher
from detector.model.silence import Acknowledgement, Silence
from tests.fakes.outages import an_incident
from tests.web.hostile import HOSTILE
from tests.web.house import MINUTE, NOW, House, an_alert_about, counts, house, some_details

ATOM = "{http://www.w3.org/2005/Atom}"
#: SQLite keeps no half characters; such a name is refused when it is read.
NAMES = {key: text for key, text in HOSTILE.items() if "\ud83d" not in text}


@pytest.fixture(scope="module", params=NAMES.values(), ids=NAMES.keys())
def text(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def made(text: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service of that name, quoted, silenced and in hand."""
    incident = an_incident(text, noticed_at=NOW - 20 * MINUTE, sources=(text,), id="one")
    made = house(
        tmp_path_factory.mktemp("house"),
        counts=counts(text, surge=20, source=text),
        incidents=(incident,),
        alerts=(an_alert_about(incident, details=some_details([text])),),
    )
    controls = made.backend.controls
    matcher = Matcher("service", text)
    controls.silence(Silence("s", (matcher,), NOW, NOW + MINUTE, text, text))
    controls.acknowledge(Acknowledgement("one", NOW, Severity.MAJOR, text, text))
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(made: House) -> httpx.Client:
    return made.client()


def controls(said: str) -> set[str]:
    """Return characters that a terminal or a parser of lines obeys."""
    return {c for c in said if (ord(c) < 32 or 127 <= ord(c) < 160) and c not in "\r\n"} | (
        set("\u2028\u2029\u202e\u2066") & set(said)
    )


@pytest.mark.parametrize(
    "path",
    [
        "/v1/services",
        "/v1/incidents",
        "/v1/incidents/one",
        "/v1/incidents/one/alerts",
        "/v1/alerts",
        "/v1/silences",
        "/v1/sources",
    ],
)
def test_json_is_json_and_is_never_taken_for_a_page(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    json.loads(answer.text)


def test_json_gives_the_text_back_as_it_was(client: httpx.Client, text: str) -> None:
    assert client.get("/v1/incidents/one").json()["service"] == text
    (silence,) = client.get("/v1/silences").json()["items"]
    assert silence["comment"] == text


def test_atom_has_one_entry_with_the_text_as_text(client: httpx.Client) -> None:
    answer = client.get("/incidents.atom")
    feed = ET.fromstring(answer.content)
    assert {child.tag for child in feed.iter()} == {
        f"{ATOM}{name}"
        for name in (
            *("feed", "id", "title", "updated", "link", "author", "name", "entry"),
            *("published", "summary"),
        )
    }
    (entry,) = feed.findall(f"{ATOM}entry")
    assert ": major outage since " in entry.findtext(f"{ATOM}title", "")
    assert not controls(answer.text)


def test_the_calendar_has_one_event(client: httpx.Client) -> None:
    answer = client.get("/incidents.ics")
    calendar = Calendar.from_ical(answer.content)
    (event,) = calendar.walk("VEVENT")
    assert ": major outage since " in str(event["SUMMARY"])
    lines = [line for line in answer.text.split("\r\n") if not line.startswith(" ")]
    begun = [line for line in lines if line.startswith("BEGIN:")]
    assert begun == ["BEGIN:VCALENDAR", "BEGIN:VEVENT"]
    assert not controls(answer.text)
    assert all(len(line.encode()) <= 75 for line in answer.text.split("\r\n"))


def test_the_table_has_one_row_and_no_formula(client: httpx.Client) -> None:
    answer = client.get("/incidents.csv")
    header, row = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert len(row) == len(header)
    for cell in row:
        assert not cell.lstrip().startswith(("=", "+", "@", "\t", "\r"))
        assert not cell.startswith("-") or float(cell) < 0
    assert not controls(answer.text)
    assert answer.headers["content-disposition"].startswith("attachment")


def test_metrics_have_no_metric_that_is_not_ours(client: httpx.Client) -> None:
    answer = client.get("/metrics")
    families = list(text_string_to_metric_families(answer.text))
    assert all(family.name.startswith("outage_detector_") for family in families)
    assert len([f for f in families if f.name == "outage_detector_outage"]) == 1
    assert not controls(answer.text)


def test_a_badge_is_a_picture_of_text(made: House, client: httpx.Client, text: str) -> None:
    if {"\x00", "\n"} & set(text):
        pytest.skip("no address of ours holds a zero byte or the end of a line")
    path = "/badge/" + "".join(f"%{byte:02X}" for byte in text.encode()) + ".svg"
    answer = client.get(path)
    assert answer.status_code == 200
    picture = ET.fromstring(answer.text)
    tags = {child.tag.rpartition("}")[2] for child in picture.iter()}
    assert tags == {"svg", "title", "rect", "g", "text"}
    assert not [name for child in picture.iter() for name in child.attrib if name.startswith("on")]
    assert not controls(answer.text)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_no_answer_gains_a_header(client: httpx.Client) -> None:
    for path in ("/v1/incidents/one", "/incidents.csv", "/badge/WeChat.svg"):
        assert "evil=1" not in str(client.get(path).headers.raw)


def test_a_log_line_of_an_address_is_harmless(tmp_path: Path) -> None:
    made = house(tmp_path, incidents=())
    answer = made.client().get("/v1/%1b%5b2J%0aevil")
    assert answer.status_code == 404
    assert "\x1b" not in answer.text
    made.close()
