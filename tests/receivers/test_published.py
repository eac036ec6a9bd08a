"""What Alertmanager, PagerDuty and CloudEvents brokers are sent fits what they publish."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from detector.model.alert import Alert, AlertKind
from detector.notify.receiver import Receiver
from detector.notify.render import Links
from detector.receivers.alertmanager import AlertmanagerReceiver
from detector.receivers.pagerduty import PagerDutyReceiver
from detector.receivers.webhook import WebhookReceiver, cloud_events
from tests.fakes.clock import FakeClock
from tests.fakes.outages import NOON
from tests.fakes.words import a_writer
from tests.notify.test_message import CASES
from tests.receivers.loopback import Loopback
from tests.receivers.published import mistakes

LINKS = Links("https://outages.example.org", "https://wiki.example.org/outage")


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback.started() as started:
        yield started


def sink_of(kind: str, server: Loopback, links: Links) -> Receiver:
    words, clock = a_writer("zh", links=links), FakeClock(NOON)
    if kind == "alertmanager":
        return AlertmanagerReceiver("ops", server.url, writer=words, clock=clock)
    if kind == "pagerduty":
        return PagerDutyReceiver("ops", "R" * 32, writer=words, clock=clock, url=server.url)
    return WebhookReceiver(
        "ops", server.url, clock=clock, form=cloud_events(links.public_url or "/o")
    )


def alerts() -> list[Alert]:
    made = [make() for make in CASES]
    surrogate = replace(made[0].incident, service="微信\ud800", id="微信\ud800-1")
    return [*made, replace(made[0], incident=surrogate)]


@pytest.mark.parametrize("links", [LINKS, Links()], ids=["with links", "without links"])
@pytest.mark.parametrize("kind", ["alertmanager", "pagerduty", "cloudevents"])
def test_every_captured_request_fits_the_published_schema(
    kind: str, links: Links, server: Loopback
) -> None:
    sink, sent = sink_of(kind, server, links), alerts()
    for alert in sent:
        sink.send(alert)
    documents = [json.loads(request.body) for request in server.accepted]
    assert len(documents) == len(sent)
    assert [found for document in documents for found in mistakes(kind, document)] == []


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        pytest.param("alertmanager", (0, "startsAt"), "yesterday", id="a start that is no time"),
        pytest.param("alertmanager", (0, "labels", "service"), 3, id="a label that is no text"),
        pytest.param("alertmanager", (0, "generatorURL"), "/page", id="a page without a host"),
        pytest.param("pagerduty", ("payload", "summary"), "x" * 1025, id="a long summary"),
        pytest.param("pagerduty", ("payload", "severity"), "major", id="a severity of ours"),
        pytest.param("pagerduty", ("dedup_key",), "x" * 256, id="a long key"),
        pytest.param("pagerduty", ("links", 0, "href"), "no address", id="a link to nowhere"),
        pytest.param("cloudevents", ("specversion",), "0.3", id="another version"),
        pytest.param("cloudevents", ("time",), "2022-07-22 12:00", id="a time without a zone"),
        pytest.param("cloudevents", ("source",), "", id="no source"),
        pytest.param("cloudevents", ("Data",), {}, id="an attribute in capitals"),
    ],
)
def test_the_schemas_refuse(
    kind: str, path: tuple[int | str, ...], value: object, server: Loopback
) -> None:
    sink_of(kind, server, LINKS).send(CASES[0]())
    document: Any = json.loads(server.accepted[0].body)
    assert mistakes(kind, document) == []
    broken = copy.deepcopy(document)
    part = broken
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    assert mistakes(kind, broken) != []


def test_cloud_events_are_posted_in_structured_mode(server: Loopback) -> None:
    sink_of("cloudevents", server, LINKS).send(CASES[0]())
    (request,) = server.accepted
    event, alert = json.loads(request.body), CASES[0]()
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert event["id"] == alert.key == event["data"]["key"]
    assert event["source"] == "https://outages.example.org"
    assert event["subject"] == alert.incident.id
    assert event["type"] == f"outage-detector.incident.{AlertKind.OPENED.value}"
