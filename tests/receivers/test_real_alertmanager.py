"""A real Alertmanager, as Debian packages it: what it makes of our alerts."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from detector.model.alert import Alert, AlertKind
from detector.model.incident import Severity, incident_id
from detector.model.times import iso
from detector.receivers.alertmanager import AlertmanagerReceiver
from tests.fakes.outages import an_alert, an_incident
from tests.fakes.words import a_writer
from tests.receivers.loopback import Loopback

HOSTILE = "Evil\x1b[2J\r\n\u202e\ud800 <!channel>"
BINARY = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.skipif(
    BINARY is None, reason="no Alertmanager here (Debian: prometheus-alertmanager)"
)

CONFIG = """
route:
  receiver: hook
  group_by: [incident]
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: hook
    webhook_configs: [{{url: "{url}", send_resolved: true}}]
"""


@pytest.fixture(scope="module")
def hook() -> Iterator[Loopback]:
    with Loopback.started() as started:
        yield started


@pytest.fixture(scope="module")
def address(hook: Loopback, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "config.yml").write_text(CONFIG.format(url=hook.url), "utf-8")
    url = f"http://127.0.0.1:{_free_port()}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                str(BINARY),
                f"--config.file={folder / 'config.yml'}",
                f"--storage.path={folder}",
                f"--web.listen-address={url.removeprefix('http://')}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            _until(lambda: _is_ready(url), f"it starts; its log: {folder / 'log'}")
            yield url
        finally:
            process.terminate()
            process.wait(timeout=10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _until(holds: Callable[[], object], what: str, *, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def alerts_of(address: str, service: str) -> list[dict[str, Any]]:
    found = httpx.get(
        f"{address}/api/v2/alerts", params={"filter": f'service="{service}"'}, trust_env=False
    )
    told: list[dict[str, Any]] = found.raise_for_status().json()
    return told


def sink_to(address: str, *, hold: timedelta = 5 * MINUTE) -> AlertmanagerReceiver:
    return AlertmanagerReceiver(
        "ops", address, writer=a_writer("zh"), clock=lambda: datetime.now(UTC), hold=hold
    )


def life(service: str) -> tuple[Alert, Alert]:
    """An alert of an incident that was noticed ten minutes ago, and its end a minute ago."""
    now = datetime.now(UTC).replace(microsecond=0)
    noticed = now - 10 * MINUTE
    name = incident_id(service, noticed)
    opened = an_alert(an_incident(service, noticed_at=noticed, id=name))
    over = replace(opened.incident, ended_at=now - MINUTE, resolved_at=now)
    return opened, replace(opened, kind=AlertKind.RESOLVED, incident=over, sequence=2, at=now)


def test_an_alert_appears_with_the_estimated_start_and_resolves(
    address: str, hook: Loopback
) -> None:
    opened, over = life("微信")
    sink_to(address).send(opened)
    (shown,) = alerts_of(address, "微信")
    assert _instant(shown["startsAt"]) == opened.incident.onset.at
    assert _instant(shown["startsAt"]) != opened.incident.noticed_at
    assert shown["labels"]["severity"] == "major"
    assert shown["annotations"]["summary"].startswith("[OPENED] 微信")

    sink_to(address).send(over)
    assert alerts_of(address, "微信") == []
    _until(lambda: "resolved" in _told(hook, opened), "the end reaches Alertmanager's receiver")
    last = next(r for r in reversed(hook.accepted) if opened.incident.id in r.body.decode())
    assert over.incident.ended_at is not None
    assert iso(over.incident.ended_at) in last.body.decode()
    assert iso(opened.incident.onset.at) in last.body.decode()


def _told(hook: Loopback, alert: Alert) -> list[str]:
    bodies = [httpx.Response(200, content=r.body).json() for r in hook.accepted]
    return [b["status"] for b in bodies if b["commonLabels"].get("incident") == alert.incident.id]


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_alert_that_is_told_again_outlives_its_hold_and_ends_when_it_is_not(
    address: str,
) -> None:
    opened, _ = life("Kept")
    sink = sink_to(address, hold=timedelta(seconds=2))
    sink.send(opened)
    for _ in range(12):
        time.sleep(0.2)
        sink.refresh([opened], now=datetime.now(UTC))
    assert len(alerts_of(address, "Kept")) == 1
    _until(lambda: alerts_of(address, "Kept") == [], "it ends by absence")


def test_what_becomes_worse_is_one_alert_still(address: str) -> None:
    opened, _ = life("Worse")
    sink = sink_to(address)
    sink.send(opened)
    critical = replace(opened.incident, severity=Severity.CRITICAL)
    sink.send(replace(opened, kind=AlertKind.ESCALATED, incident=critical, sequence=2))
    (shown,) = alerts_of(address, "Worse")
    assert shown["labels"]["severity"] == "critical"


def test_the_end_of_what_became_worse_while_it_was_muted_ends_all_of_it(address: str) -> None:
    opened, over = life("Muted")
    sink = sink_to(address)
    sink.send(opened)
    worse = replace(over.incident, severity=Severity.CRITICAL)
    sink.send(replace(over, incident=worse, sequence=3))
    assert alerts_of(address, "Muted") == []


def test_hostile_names_are_taken_as_they_are_written_out(address: str) -> None:
    opened = an_alert(an_incident(HOSTILE, noticed_at=datetime.now(UTC), id="evil-1"))
    sink_to(address).send(opened)
    shown = [
        alert
        for alert in httpx.get(f"{address}/api/v2/alerts", trust_env=False).json()
        if alert["labels"]["service"].startswith("Evil")
    ]
    assert len(shown) == 1
    assert "\x1b" not in str(shown)
    assert "<!channel>" not in shown[0]["annotations"]["summary"]
