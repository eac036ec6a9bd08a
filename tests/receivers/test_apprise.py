"""What is particular to Apprise: addresses that are secrets, many services, one shape."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from detector.errors import ConfigError, Rejected, Unreachable
from detector.model.alert import AlertKind
from detector.model.incident import Severity
from detector.receivers.apprise import AppriseReceiver
from tests.fakes.outages import an_alert, an_incident
from tests.fakes.words import a_writer
from tests.receivers.loopback import Loopback
from tests.receivers.receivers import CANARY

KEY = "a" * 8


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback.started() as started:
        yield started


def sink_to(server: Loopback) -> AppriseReceiver:
    url = server.url.replace("http://", f"json://{CANARY}:{CANARY}@")
    return AppriseReceiver("ops", url, writer=a_writer("zh"), timeout=20.0)


def test_title_and_text_are_those_of_the_message(server: Loopback) -> None:
    sink_to(server).send(an_alert())
    body, said = json.loads(server.accepted[0].body), a_writer("zh").message(an_alert())
    assert body["title"] == said.title
    assert body["message"] == said.body


@pytest.mark.parametrize(
    ("kind", "severity", "theirs"),
    [
        pytest.param(AlertKind.OPENED, Severity.MINOR, "warning", id="minor is a warning"),
        pytest.param(AlertKind.OPENED, Severity.MAJOR, "failure", id="major is a failure"),
        pytest.param(AlertKind.RESOLVED, Severity.CRITICAL, "success", id="an end is a success"),
    ],
)
def test_kinds_are_called_as_there(
    kind: AlertKind, severity: Severity, theirs: str, server: Loopback
) -> None:
    sink_to(server).send(an_alert(an_incident(severity=severity), kind=kind))
    assert json.loads(server.accepted[0].body)["type"] == theirs


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        pytest.param(404, Rejected, "the receiver answered 404", id="refused for good"),
        pytest.param(429, Unreachable, "the receiver answered 429", id="too many"),
        pytest.param("hang up", Unreachable, "could not deliver", id="without a status"),
    ],
)
def test_of_what_apprise_says_the_status_is_kept(
    answer: int | str, error: type[Exception], words: str, server: Loopback
) -> None:
    server.answer = answer
    with pytest.raises(error, match=words):
        sink_to(server).send(an_alert())


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(f"nothing://{CANARY}", id="an unknown service"),
        pytest.param(CANARY, id="no address"),
        pytest.param("", id="nothing"),
        pytest.param(f"json://localhost/{CANARY} json://localhost/2", id="two addresses"),
    ],
)
def test_an_address_that_cannot_be_used_is_explained_without_quoting_it(url: str) -> None:
    with pytest.raises(ConfigError, match="receiver 'ops'") as caught:
        AppriseReceiver("ops", url, writer=a_writer())
    assert CANARY not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#on-call", id="Slack"),
        pytest.param(
            "workflows://prod-1.example.com:443/643e69f83c8944/"
            "KFRrQ3hTYUZwY3BQVnNkQ0JtR2ZkRmZ5cGFhZmQxMg/",
            id="Teams",
        ),
        pytest.param("mailtos://user:pass@example.com?to=ops@example.com", id="e-mail"),
        pytest.param("tgram://123456789:abcdefg_hijklmnop/12315544/", id="Telegram"),
        pytest.param("wecombot://693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa", id="WeCom"),
        pytest.param(f"dingtalk://SEC{KEY}@{KEY * 8}/", id="DingTalk"),
        pytest.param("feishu://abcdefg1-1234-5678-9abc-def012345678", id="Feishu"),
    ],
)
def test_the_addresses_of_the_documentation_are_known(url: str) -> None:
    assert AppriseReceiver("ops", url, writer=a_writer()).name == "ops"
