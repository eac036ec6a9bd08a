"""receivers test: a drill to everybody, or to some; who took it, and that nothing else happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_commands import Run, run
from tests.receivers.loopback import Loopback

__all__ = ["run"]

CONFIG = """
[store]
location = "store.sqlite"

[[receivers]]
type = "console"
name = "terminal"

[[receivers]]
type = "jsonlines"
name = "file"
path = "alerts/out.jsonl"
min_severity = "critical"

[[receivers]]
type = "webhook"
name = "bus"
url = "{url}/hook"

[[receivers]]
type = "pagerduty"
name = "pager"
url = "{url}/pager"
routing_key_env = "PAGER_KEY"

[[receivers]]
type = "alertmanager"
name = "am"
url = "{url}"

[[routes]]
match = ['service=~".*"']
receivers = []
"""
HTTP = ("bus", "pager", "am")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setenv("PAGER_KEY", "k" * 32)
    with Loopback.started() as loopback:
        (tmp_path / "config.toml").write_text(CONFIG.format(url=loopback.url))
        yield loopback


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What the table says of each receiver."""
    lines = capsys.readouterr().out.splitlines()
    rows = lines[lines.index("receiver\ttype\tresult") + 1 :]
    return {name: said for name, _, said in (row.split("\t") for row in rows)}


def test_everybody_gets_one_message_that_says_it_is_a_test_whatever_the_routes_say(
    run: Run, server: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("receivers", "test") == 0
    said = capsys.readouterr().out
    assert "[OPENED] Test: minor outage" in said
    assert "This is a test of outage-detector; nothing is wrong." in said
    (line,) = (tmp_path / "alerts/out.jsonl").read_text().splitlines()
    assert "This is a test of outage-detector" in line
    assert json.loads(line)["incident"]["service"] == "Test"
    bodies = {request.path: request.body.decode() for request in server.accepted}
    assert set(bodies) == {"/hook", "/pager", "/api/v2/alerts"}
    assert all("This is a test of outage-detector" in body for body in bodies.values())


def test_nothing_is_recorded(run: Run, server: Loopback, tmp_path: Path) -> None:
    assert run("receivers", "test") == 0
    assert not (tmp_path / "store.sqlite").exists()


def test_only_the_named_are_asked_and_the_secrets_of_others_are_not_missed(
    run: Run,
    server: Loopback,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("PAGER_KEY")
    assert run("receivers", "test", "bus", "am") == 0
    assert told(capsys) == {"bus": "sent", "am": "sent"}
    assert [request.path for request in server.requests] == ["/hook", "/api/v2/alerts"]
    assert run("receivers", "test", "pager") == 2
    assert "receivers.pager" in capsys.readouterr().err


def test_who_refuses_is_told_with_the_reason_and_the_others_are_still_asked(
    run: Run, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = 403
    assert run("receivers", "test") == 1
    refused = "refused: the receiver answered 403 Forbidden"
    assert told(capsys) == {"terminal": "sent", "file": "sent", **dict.fromkeys(HTTP, refused)}


def test_who_cannot_be_reached_is_told_from_who_refuses(
    run: Run, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = 503
    assert run("receivers", "test", "bus") == 1
    assert told(capsys)["bus"].startswith("not reached: the receiver answered 503")


def test_resolved_ends_the_incident_that_opened_began(
    run: Run, server: Loopback, tmp_path: Path
) -> None:
    assert run("receivers", "test", "pager", "am") == 0
    assert run("receivers", "test", "pager", "am", "--kind", "resolved") == 0
    events = [json.loads(r.body) for r in server.accepted if r.path == "/pager"]
    assert [event["event_action"] for event in events] == ["trigger", "resolve"]
    assert {event["dedup_key"] for event in events} == {"receivers-test"}
    (began,), (ended,) = (json.loads(r.body) for r in server.accepted if r.path != "/pager")
    assert began["labels"] == ended["labels"]
    assert began["startsAt"] <= ended["endsAt"] < began["endsAt"]


def test_a_name_that_is_none_is_refused_with_those_there_are(
    run: Run, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("receivers", "test", "bus", "buss") == 2
    complaint = "there is no receiver 'buss'; there is: terminal, file, bus, pager, am"
    assert complaint in capsys.readouterr().err
    assert not server.requests


def test_no_receivers_at_all_are_no_success(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text('[store]\nlocation = "store.sqlite"\n')
    assert run("receivers", "test") == 2
    assert "there is none to test" in capsys.readouterr().err
