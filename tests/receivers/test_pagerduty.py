"""What is particular to PagerDuty: its keys, its words, its limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import ConfigError
from detector.model.alert import AlertKind
from detector.model.incident import Severity
from detector.model.times import iso
from detector.notify.render import Links
from detector.receivers.pagerduty import LARGEST, PagerDutyReceiver, dedup_key, event_of, fitted
from tests.fakes.clock import FakeClock
from tests.fakes.outages import NOON, an_alert, an_incident
from tests.fakes.words import a_writer
from tests.notify.test_message import with_details
from tests.receivers.loopback import Loopback
from tests.receivers.published import mistakes
from tests.receivers.receivers import CANARY


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback.started() as started:
        yield started


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (AlertKind.OPENED, "trigger"),
        (AlertKind.ESCALATED, "trigger"),
        (AlertKind.REOPENED, "trigger"),
        (AlertKind.RESOLVED, "resolve"),
    ],
)
def test_all_but_the_end_trigger(kind: AlertKind, action: str) -> None:
    event = event_of(an_alert(kind=kind), a_writer())
    assert event["event_action"] == action
    assert event["dedup_key"] == an_incident().id


@pytest.mark.parametrize(
    ("severity", "theirs"),
    [
        (Severity.MINOR, "warning"),
        (Severity.MAJOR, "error"),
        (Severity.CRITICAL, "critical"),
    ],
)
def test_severities_are_called_as_there(severity: Severity, theirs: str) -> None:
    event = event_of(an_alert(an_incident(severity=severity)), a_writer())
    assert event["payload"]["severity"] == theirs


def test_the_event_says_what_fails_where_since_when_and_where_to_look() -> None:
    links = Links("https://o.example.org", "https://w.example.org/run")
    alert = with_details()
    event = event_of(alert, a_writer(links=links))
    payload = event["payload"]
    assert payload["source"] == "WeChat"
    assert payload["timestamp"] == iso(alert.incident.onset.at)
    assert payload["component"] == "text, pictures"
    assert payload["group"] == "Shanghai"
    assert payload["class"] == "outage"
    assert payload["custom_details"]["not_affected"] == ["voice"]
    assert event["client_url"] == links.page(alert.incident)
    assert event["links"] == [
        {"href": links.page(alert.incident), "text": "incident"},
        {"href": "https://w.example.org/run", "text": "runbook"},
    ]


def test_the_routing_key_is_in_the_body_only(server: Loopback) -> None:
    sink = PagerDutyReceiver(
        "ops", CANARY, writer=a_writer(), clock=FakeClock(NOON), url=f"{server.url}/v2/enqueue"
    )
    server.answer = 202
    sink.send(an_alert())
    (request,) = server.accepted
    assert json.loads(request.body)["routing_key"] == CANARY
    assert CANARY not in request.path + str(request.headers)


@pytest.mark.parametrize("key", ["two words", f"{CANARY}\n", "schlüssel"])
def test_a_routing_key_that_cannot_be_one_is_explained_without_quoting_it(key: str) -> None:
    with pytest.raises(ConfigError, match="routing key") as caught:
        PagerDutyReceiver("ops", key, writer=a_writer(), clock=FakeClock(NOON))
    assert CANARY not in str(caught.value)


@given(st.text(min_size=1, max_size=600), st.text(min_size=1, max_size=600))
def test_keys_are_short_printable_and_differ_as_ids_do(one: str, other: str) -> None:
    keys = [dedup_key(an_incident(id=name)) for name in (one, other)]
    assert all(0 < len(key) <= 255 and key.isprintable() for key in keys)
    assert (keys[0] == keys[1]) is (one == other)


def test_a_long_id_keeps_its_beginning_and_its_key() -> None:
    long = an_incident(id="wechat-" + "x" * 400)
    assert dedup_key(long).startswith("wechat-xxx")
    assert dedup_key(long) == dedup_key(replace(long, excess=1.0))


def test_an_event_that_is_too_large_loses_details_not_itself() -> None:
    own = "{{ service }}\n{{ 'x' * 900000 }}"
    event = {"routing_key": "R", **event_of(with_details(), a_writer(own=own))}
    assert len(json.dumps(event)) > LARGEST
    body = fitted(event)
    sent: Any = json.loads(body)
    assert len(body) <= LARGEST
    assert mistakes("pagerduty", sent) == []
    assert sent["payload"]["custom_details"]["samples"]
    assert sent["payload"]["summary"] == "WeChat"


EVENT = event_of(with_details(), a_writer("zh"))


@given(st.integers(300, 5000))
def test_whatever_is_too_large_is_cut_until_it_fits(largest: int) -> None:
    event = EVENT
    bare = {**event, "payload": {**event["payload"], "custom_details": {}}}
    body = fitted(event, largest=largest)
    assert len(body) <= max(largest, len(json.dumps(bare)))


def test_a_long_title_is_cut_to_what_is_taken() -> None:
    event = event_of(an_alert(), a_writer(own="{{ service * 400 }}"))
    assert len(event["payload"]["summary"]) == 1024
