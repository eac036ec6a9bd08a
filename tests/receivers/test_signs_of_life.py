"""What a committed turn says beside its alerts: again what stands, and that it lives."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detector.config import parse_settings
from detector.model.times import iso
from detector.pipeline import runner
from tests.receivers.loopback import Loopback

MINUTE = timedelta(minutes=1)
CONFIG = """
[store]
location = "s.sqlite"
[web]
enabled = false
[heartbeat]
url_env = "PING"
every = "1s"
timeout = "20s"
[services.WeChat]
[[sources]]
type = "files"
name = "counted"
path = "counts.csv"
[[receivers]]
type = "alertmanager"
name = "alerts"
url = "{alertmanager}"
timeout = "20s"
"""


@pytest.fixture
def alertmanager() -> Iterator[Loopback]:
    with Loopback.started() as started:
        yield started


@pytest.fixture
def watchdog() -> Iterator[Loopback]:
    with Loopback.started() as started:
        yield started


@pytest.fixture
def running(
    tmp_path: Path,
    alertmanager: Loopback,
    watchdog: Loopback,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[runner.Pipeline]:
    monkeypatch.setenv("PING", f"{watchdog.url}/ping")
    _counts_of_an_outage(tmp_path / "counts.csv")
    settings = parse_settings(CONFIG.format(alertmanager=alertmanager.url), path="c.toml")
    made = runner.build(settings, base=tmp_path, console=io.StringIO())
    yield made
    made.close()


def _counts_of_an_outage(path: Path) -> None:
    """Write ten quiet days and twenty loud minutes that go on."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    times = pd.date_range(end=now - 5 * MINUTE, periods=14_400, freq="min")
    counts = np.random.default_rng(7).poisson(4.0, len(times))
    counts[-20:] += 150
    pd.DataFrame({"time": times, "service": "WeChat", "count": counts}).to_csv(path, index=False)


def paths(watchdog: Loopback) -> list[str]:
    return [request.path for request in watchdog.requests]


def run_once(running: runner.Pipeline) -> None:
    """Run, then fire the heartbeat's timer."""
    running.run()
    running.beat()


def test_what_stands_is_said_again_each_turn_and_trouble_reaches_the_watchdog(
    running: runner.Pipeline, alertmanager: Loopback, watchdog: Loopback
) -> None:
    run_once(running)
    (incident,) = running.store.incidents()
    told = [r for r in alertmanager.accepted if "idempotency-key" in r.headers]
    assert len(told) == len(alertmanager.accepted) - 1, "one request says again what stands"
    last, again = (json.loads(request.body)[0] for request in alertmanager.accepted[-2:])
    assert last["startsAt"] == again["startsAt"] == iso(incident.onset.at)
    assert last["labels"] == again["labels"]
    assert paths(watchdog) == ["/ping"]

    run_once(running)
    assert len(alertmanager.accepted) == len(told) + 2

    alertmanager.answer = 503
    run_once(running)
    assert paths(watchdog)[-1] == "/ping/fail"
    assert watchdog.requests[-1].body == b"receiver alerts was not reached"

    alertmanager.answer = 200
    run_once(running)
    assert paths(watchdog)[-1] == "/ping"
    assert len(alertmanager.accepted) == len(told) + 3


def test_a_turn_that_fails_is_silent(
    running: runner.Pipeline, watchdog: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(runner, "run_once", broken)
    with pytest.raises(RuntimeError):
        running.run()
    running.beat()
    assert watchdog.requests == []
