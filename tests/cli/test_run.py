"""`run` as people run it: started, stopped in good order, gone on with, looked at."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.laws.stories import counts

ROOT = Path(__file__).parents[2]
CONFIG = """
[store]
location = "store.sqlite"
[schedule]
every = "0.2s"
[delivery]
max_alert_age = "3650d"
[[sources]]
type = "files"
name = "table"
path = "incoming"
[[receivers]]
type = "console"
name = "on-call"
[[receivers]]
type = "jsonlines"
name = "log"
path = "alerts.jsonl"
"""


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "detector", "run", "--config", str(folder / "config.toml")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_lines(path: Path, at_least: int) -> list[str]:
    for _ in range(600):
        if path.exists() and len(lines := path.read_text().splitlines()) >= at_least:
            return lines
        time.sleep(0.1)
    raise AssertionError(f"{path} did not get {at_least} lines in a minute")


def stop(process: subprocess.Popen[str], by: signal.Signals) -> tuple[str, str]:
    asked = time.monotonic()
    process.send_signal(by)
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - asked < 5
    assert process.returncode == 0, err
    return out, err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "incoming").mkdir()
    return tmp_path


def write(folder: Path, name: str, rows: object) -> None:
    frame = counts().iloc[rows]  # type: ignore[call-overload]
    frame = frame.assign(time=frame["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    part = folder / f".{name}"
    frame.to_csv(part, index=False)
    part.rename(folder / "incoming" / name)


def test_a_run_tails_a_folder_stops_in_order_and_goes_on(folder: Path) -> None:
    half = 288 * 10
    write(folder, "a.csv", slice(0, half))
    first = start(folder)
    told = wait_for_lines(folder / "alerts.jsonl", 1)
    out, err = stop(first, signal.SIGTERM)
    assert "stopped" in err
    write(folder, "b.csv", slice(half, 288 * 12))
    second = start(folder)
    lines = wait_for_lines(folder / "alerts.jsonl", 6)
    later, _ = stop(second, signal.SIGINT)
    assert "[OPENED] WeChat" in out + later  # what the first left waiting the second tells
    keys = [json.loads(line)["key"] for line in lines]
    assert len(keys) == len(set(keys))
    assert lines[: len(told)] == told


def test_a_source_that_cannot_be_read_is_reported_and_the_run_goes_on(folder: Path) -> None:
    write(folder, "a.csv", slice(0, 288 * 10))
    broken = folder / "config.toml"
    broken.write_text(CONFIG + '[[sources]]\ntype = "files"\nname = "gone"\npath = "missing.csv"\n')
    process = start(folder)
    wait_for_lines(folder / "alerts.jsonl", 1)
    _, err = stop(process, signal.SIGTERM)
    assert "source failed" in err
    assert "missing.csv" in err


def test_a_stop_while_it_gets_ready_puts_everything_away(folder: Path) -> None:
    process = start(folder)
    for _ in range(600):
        if (folder / "store.sqlite").exists():
            break
        time.sleep(0.05)
    _, err = stop(process, signal.SIGTERM)
    assert "Traceback" not in err
    assert not (folder / "store.sqlite-wal").exists()
