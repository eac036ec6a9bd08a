"""top: what it shows, and how it prints where nobody can follow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from detector.cli import top
from detector.cli.top import screened
from detector.model.health import SourceHealth, SourceReason, SourceState
from detector.store.base import RunRecord
from detector.store.queries import SqlViewer, open_viewer
from detector.store.sql_store import open_store
from detector.text.phrasing import phrasing
from detector.views.snapshot import COLUMNS, spark, take_snapshot
from tests.cli.test_commands import Run, run
from tests.fakes.outages import an_incident

__all__ = ["run"]

NOW = datetime(2025, 3, 3, 12, tzinfo=UTC)
NAME = "\x1b[31mQQ[bold]\u202e"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlViewer]:
    """A store with one service in an outage, one fine, and one that nobody looked at lately."""
    times = pd.date_range(NOW - timedelta(hours=2), NOW, freq="1min", inclusive="left")
    rows = pd.DataFrame({"time": times, "source": "weibo", "expected": 2.0, "evidence": 0.0})
    fine = rows.assign(service="Fine", count=2.0)
    down = rows.assign(service=NAME, count=np.where(rows.index < 60, 2.0, 50.0))
    gone = rows[:60].assign(service="Gone", count=1.0)
    opened = replace(an_incident(), service=NAME, ended_at=None, resolved_at=None)
    feed = SourceHealth(
        "weibo", SourceState.DOWN, NOW, SourceReason.NEVER_OBSERVED, {"error": "503"}
    )
    with closing(open_store(tmp_path / "var" / "outage-detector.sqlite")) as writer:
        writer.commit(
            RunRecord(
                counts=pd.concat([fine, down, gone]), incidents=[opened], source_health=[feed]
            )
        )
    with closing(open_viewer(tmp_path / "var" / "outage-detector.sqlite")) as viewer:
        yield viewer


def test_the_outage_stands_first_and_what_nobody_looked_at_is_unknown(store: SqlViewer) -> None:
    snapshot = take_snapshot(store, configured=frozenset({"Never"}), now=NOW, hours=2)
    states = [(s.name, s.state) for s in snapshot.services]
    assert states == [(NAME, "outage"), ("Fine", "fine"), ("Gone", "unknown"), ("Never", "unknown")]
    down, _, gone, never = snapshot.services
    assert (down.count, down.expected) == (50.0, 2.0)
    assert np.isfinite(gone.lately).sum() == pytest.approx(COLUMNS / 2, abs=1)
    assert not np.isfinite(never.lately).any()
    assert never.observed_at is None


def test_a_sparkline_tells_nothing_seen_from_nothing_said() -> None:
    assert spark(np.array([0.0, 1.0, 2.0, np.nan])) == "▁▅█·"
    assert spark(np.zeros(2)) == "▁▁"


def test_the_terminal_shows_everything_and_obeys_nobody(store: SqlViewer) -> None:
    snapshot = take_snapshot(store, configured=frozenset(), now=NOW, hours=2)
    console = Console(record=True, width=150, force_terminal=True, color_system=None)
    with console.capture() as shown:
        console.print(screened(snapshot, phrasing("en", UTC)))
    text = shown.get()
    assert "1 of 3 services has an outage" in text
    assert "Major outage" in text
    assert "it was never observed: 503" in text
    assert r"\x1b[31mQQ[bold]\u202e" in text
    assert "\x1b[31m" not in text


def test_top_prints_tables_once_when_piped(
    run: Run, store: SqlViewer, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("c.toml").write_text("[services.Configured]\n")
    assert run("top", "--config", "c.toml") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("\t") == ["service", "state", "since", "recent", "count", "expected"]
    assert [line.split("\t")[0] for line in lines[1:5]] == [
        r"\x1b[31mQQ[bold]\u202e",
        "Configured",
        "Fine",
        "Gone",
    ]
    assert any(line.startswith("weibo\tDown") for line in lines)


def test_top_prints_json(run: Run, store: SqlViewer, capsys: pytest.CaptureFixture[str]) -> None:
    Path("c.toml").write_text("")
    assert run("top", "--config", "c.toml", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert [s["state"] for s in said["services"]] == ["outage", "unknown", "unknown"]
    assert said["services"][0]["severity"] == "major"
    assert said["incidents"][0]["service"] == NAME
    assert said["feeds"][0]["reason"] == "never_observed"
    assert said["feeds"][0]["params"] == {"error": "503"}


def test_following_ends_with_ctrl_c(
    run: Run, store: SqlViewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def wait(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(top.time, "sleep", wait)
    snapshot = take_snapshot(store, configured=frozenset(), now=NOW, hours=2)
    top._follow(lambda: snapshot, 0.5, phrasing("en", UTC))
    assert looks == [0.5] * 3


def test_top_without_a_store_says_what_makes_one(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("c.toml").write_text("")
    assert run("top", "--config", "c.toml") == 1
    assert "`outage-detector run` makes it" in capsys.readouterr().err
