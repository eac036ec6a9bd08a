"""`kill -9` between push and poll, and after: nothing pushed is lost, nothing is counted twice."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from detector.model.times import iso
from detector.model.token import Scope, Token, digest_of
from detector.store.controls import open_controls
from detector.store.queries import open_viewer
from detector.store.sql_store import open_store

ROOT = Path(__file__).parents[2]
CONFIG = """
[store]
location = "store.sqlite"
[schedule]
every = "0.05s"
[posts]
allowed_lateness = "0s"
[web]
listen = "127.0.0.1:{port}"
[[sources]]
type = "push"
name = "tickets"
rows = "counts"
"""
BINS = 120
LIVES = 3
MINUTE = timedelta(minutes=1)


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start(folder: Path, address: str) -> subprocess.Popen[bytes]:
    """Start `run`, and wait until it answers."""
    command = [sys.executable, "-m", "detector", "run", "--config", str(folder / "config.toml")]
    quiet = (folder / "log").open("ab")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=quiet,
        stderr=quiet,
    )
    quiet.close()
    for _ in range(1_200):
        if process.poll() is not None:
            pytest.fail((folder / "log").read_text())
        try:
            if httpx.get(f"{address}/healthz").status_code == 200:
                return process
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("it did not answer in two minutes")


def counted(folder: Path, first: datetime) -> dict[datetime, float]:
    with closing(open_viewer(folder / "store.sqlite")) as viewer:
        rows = viewer.counts("WeChat", start=first, end=first + BINS * MINUTE)
    return dict(zip(rows["time"].dt.to_pydatetime(), rows["count"], strict=True))


def test_nothing_pushed_is_lost_or_doubled_by_kill_9(tmp_path: Path) -> None:
    port, dice = free_port(), random.Random(20)
    address = f"http://127.0.0.1:{port}"
    (tmp_path / "config.toml").write_text(CONFIG.format(port=port))
    open_store(tmp_path / "store.sqlite").close()
    with closing(open_controls(tmp_path / "store.sqlite")) as controls:
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        controls.add_token(Token("feed", Scope.PUSH, digest_of("secret"), now))
    first = now - (BINS + 5) * MINUTE
    wanted = {first + i * MINUTE: float(dice.randrange(9)) for i in range(BINS)}
    left, acknowledged = list(wanted.items()), 0
    for life in range(LIVES):
        process = start(tmp_path, address)
        last = life == LIVES - 1
        stop_after = BINS if last else acknowledged + dice.randint(10, 30)
        while left and acknowledged < stop_after:
            at, count = left[0]
            row = {"time": iso(at), "service": "WeChat", "count": count}
            headers = {"Authorization": "Bearer secret", "Idempotency-Key": iso(at)}
            answer = httpx.post(f"{address}/v1/counts", json={"rows": [row]}, headers=headers)
            assert answer.status_code in (200, 202)
            # Now and then the answer is lost on its way: then the same is sent again.
            if dice.random() < 0.8:
                left.pop(0)
                acknowledged += 1
        if not last:
            time.sleep(dice.random() * 0.2)
            process.kill()
            process.wait()
    for _ in range(600):
        if len(counted(tmp_path, first)) == BINS:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    asked_at = time.monotonic()
    assert process.wait(30) == 0
    assert time.monotonic() - asked_at < 10, "it stops in good order, with the server"
    assert counted(tmp_path, first) == wanted
