"""What is particular to Alertmanager: identity, ends, and being told again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from detector.model.alert import AlertKind
from detector.model.incident import Severity
from detector.model.times import iso
from detector.receivers.alertmanager import AlertmanagerReceiver
from tests.fakes.clock import FakeClock
from tests.fakes.outages import NOON, an_alert, an_incident
from tests.fakes.words import a_writer
from tests.receivers.loopback import Loopback

MINUTE = timedelta(minutes=1)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback.started() as started:
        yield started


def sink_to(server: Loopback, **options: Any) -> AlertmanagerReceiver:
    url = f"{server.url}/prefix/"
    return AlertmanagerReceiver("ops", url, writer=a_writer(), clock=FakeClock(NOON), **options)


def posted(server: Loopback) -> list[dict[str, Any]]:
    (request,) = server.accepted
    assert request.path == "/prefix/api/v2/alerts"
    alerts: list[dict[str, Any]] = json.loads(request.body)
    return alerts


def test_an_open_incident_starts_when_it_began_and_holds_for_a_while(server: Loopback) -> None:
    alert = an_alert()
    sink_to(server, hold=7 * MINUTE).send(alert)
    (fired,) = posted(server)
    assert fired["startsAt"] == iso(alert.incident.onset.at) != iso(alert.incident.noticed_at)
    assert fired["endsAt"] == iso(NOON + 7 * MINUTE)


def test_labels_say_who_it_is_and_annotations_what(server: Loopback) -> None:
    sink_to(server, labels={"team": "im", "severity": "mine"}).send(an_alert())
    (fired,) = posted(server)
    assert fired["labels"] == {
        "alertname": "ServiceOutage",
        "service": "WeChat",
        "severity": "major",
        "incident": an_incident().id,
        "team": "im",
    }
    assert fired["annotations"]["summary"] == "[OPENED] WeChat: major outage since 11:57 UTC"
    assert "412 posts in one bin" in fired["annotations"]["description"]
    assert "runbook_url" not in fired["annotations"]


def test_an_end_is_when_it_ended_not_when_that_was_noticed(server: Loopback) -> None:
    over = an_incident(lasted=30 * MINUTE)
    sink_to(server).send(an_alert(over, kind=AlertKind.RESOLVED))
    (ended,) = posted(server)
    assert over.ended_at is not None
    assert ended["endsAt"] == iso(over.ended_at)


def test_an_end_that_is_not_behind_the_start_is_moved_there(server: Loopback) -> None:
    over = an_incident(lasted=timedelta(0))
    sink_to(server).send(an_alert(over, kind=AlertKind.RESOLVED))
    (ended,) = posted(server)
    assert ended["endsAt"] > ended["startsAt"]


def test_what_became_worse_ends_under_its_lesser_severities(server: Loopback) -> None:
    worse = replace(an_incident(), severity=Severity.CRITICAL)
    sink_to(server).send(an_alert(worse, kind=AlertKind.ESCALATED, sequence=2))
    ends = {alert["labels"]["severity"]: alert["endsAt"] for alert in posted(server)}
    assert ends == {
        "critical": iso(NOON + 5 * MINUTE),
        "minor": iso(NOON),
        "major": iso(NOON),
    }


def test_all_that_stands_is_told_again_in_one_request_with_a_later_end(server: Loopback) -> None:
    standing = [an_alert(), an_alert(an_incident("QQ"))]
    sink_to(server).refresh(standing, now=NOON + 3 * MINUTE)
    told = posted(server)
    assert [alert["labels"]["service"] for alert in told] == ["WeChat", "QQ"]
    assert {alert["endsAt"] for alert in told} == {iso(NOON + 8 * MINUTE)}


def test_where_nothing_stands_nothing_is_asked(server: Loopback) -> None:
    sink_to(server).refresh([], now=NOON)
    assert server.requests == []
