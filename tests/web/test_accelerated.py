"""On an accelerated clock the data is of another year; silences are of now, as muting is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from detector.model.alert import AlertKind
from detector.notify.mute import acting_silence, holds
from tests.web.browser import seal_of
from tests.web.house import NOW, House, an_alert_about, house

TODAY = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LABELS = {"service": ("WeChat",), "severity": ("critical",)}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    made = house(tmp_path)
    yield House(made.path, replace(made.backend, wall=lambda: TODAY))
    made.close()


def post(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    return client.post(path, data={"csrf": seal_of(client), "author": "wang", **fields})


def silence(made: House, client: httpx.Client, how: str) -> None:
    if how == "by the page":
        post(client, "/silences", matchers="service=WeChat", hours="2", comment="planned")
    else:
        told = {"x-csrf-token": seal_of(client)}
        asked = {"matchers": ["service=WeChat"], "duration": "2h"}
        assert client.post("/v1/silences", json=asked, headers=told).status_code == 201


@pytest.mark.parametrize("how", ["by the page", "by the API"])
def test_a_silence_that_somebody_adds_mutes_at_once(made: House, how: str) -> None:
    client = made.client()
    silence(made, client, how)
    (kept,) = made.backend.controls.silences(ending_after=TODAY)
    assert (kept.starts_at, kept.ends_at) == (TODAY, TODAY + timedelta(hours=2))
    assert acting_silence([kept], LABELS, at=TODAY) is not None
    assert client.get("/v1/services/WeChat").json()["silenced_until"] == "2026-11-22T10:00:00Z"
    assert client.get("/v1/silences").json()["items"][0]["id"] == kept.id
    (one,) = (i["id"] for i in client.get("/v1/incidents?state=open").json()["items"])
    assert "Silenced" in client.get(f"/incidents/{one}", headers={"accept": "text/html"}).text


@pytest.mark.parametrize("how", ["by the page", "by the API"])
def test_and_stops_when_somebody_ends_it(made: House, how: str) -> None:
    client = made.client()
    silence(made, client, how)
    (kept,) = made.backend.controls.silences()
    made = House(made.path, replace(made.backend, wall=lambda: TODAY + timedelta(minutes=5)))
    client = made.client()
    if how == "by the page":
        assert post(client, f"/silences/{kept.id}/expire").status_code == 303
    else:
        told = {"x-csrf-token": seal_of(client)}
        assert client.delete(f"/v1/silences/{kept.id}", headers=told).status_code == 204
    (kept,) = made.backend.controls.silences()
    assert kept.ends_at == TODAY + timedelta(minutes=5)
    page = client.get("/silences", headers={"accept": "text/html"}).text
    assert re.search(r"<td>expired</td>", page)


def test_taking_in_hand_holds_until_the_incident_ends(made: House) -> None:
    client = made.client()
    one = client.get("/v1/incidents?state=open").json()["items"][0]["id"]
    assert post(client, f"/incidents/{one}/acknowledge").status_code == 303
    (said,) = made.backend.controls.acknowledgements()
    assert said.at == NOW
    incident = made.backend.store.incident(one)
    assert incident is not None
    opened = an_alert_about(incident)
    assert holds(said, [opened], incident.severity)
    over = replace(opened, kind=AlertKind.RESOLVED, at=NOW + timedelta(minutes=9), sequence=2)
    again = replace(opened, kind=AlertKind.REOPENED, at=NOW + timedelta(minutes=19), sequence=3)
    assert not holds(said, [opened, over, again], incident.severity)
