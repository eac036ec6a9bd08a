"""Every example is right: settings are checked, the template is rendered, the scripts run."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from detector.testing import SourceContract

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SETTINGS = sorted(EXAMPLES.rglob("config.toml")) + sorted(EXAMPLES.glob("*.toml"))
SECRETS = {
    "CHAT_URL": "slack://TOKENA/TOKENB/TOKENC/#alerts",
    "PAGERDUTY_KEY": "0123456789abcdef0123456789abcdef",
    "HEALTHCHECK_URL": "https://hc-ping.example.org/some-check",
}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Secrets are set, and the plug-in is installed as pip would lay it."""
    info = tmp_path / "outage_detector_tickets-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: outage-detector-tickets\nVersion: 0.1.0\n"
    )
    (info / "entry_points.txt").write_text("[detector.sources]\ntickets = tickets:make\n")
    (tmp_path / "tickets.py").symlink_to(EXAMPLES / "plugin" / "tickets.py")
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    return {**os.environ, **SECRETS, "PYTHONPATH": path, "NO_COLOR": "1"}


def run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "deprecated" not in done.stderr, done.stderr
    return done.stdout


def test_there_are_examples_for_everybody() -> None:
    found = {path.relative_to(EXAMPLES).as_posix() for path in SETTINGS}
    assert found == {
        "first-alert.toml",
        "on-call/config.toml",
        "analyst/config.toml",
        "plugin/config.toml",
    }


@pytest.mark.parametrize("path", SETTINGS, ids=lambda path: path.relative_to(EXAMPLES).as_posix())
def test_check_finds_no_mistake(path: Path, environment: dict[str, str], tmp_path: Path) -> None:
    """The template of messages is tried too, on alerts of every kind."""
    command = ["-m", "detector", "check", "--json", "--config", str(path)]
    said = json.loads(run(command, environment, tmp_path))
    assert said["services"]


def notified(table: str) -> set[str]:
    """Return the receivers of which the table of `routes test` says that they are notified."""
    rows = [line.split("\t") for line in table.splitlines()]
    return {row[0] for row in rows if row[1:2] == ["yes"]}


def test_the_team_on_call_is_notified_as_its_settings_say(
    environment: dict[str, str], tmp_path: Path
) -> None:
    told = ["-m", "detector", "routes", "test"]
    told += ["--config", str(EXAMPLES / "on-call" / "config.toml")]
    wechat = run([*told, "service=WeChat", "severity=major"], environment, tmp_path)
    slack = run([*told, "service=Slack", "severity=major"], environment, tmp_path)
    assert notified(wechat) == {"chat", "pager", "alertmanager"}
    assert notified(slack) == {"chat", "alertmanager"}


def test_the_script_dates_the_outage(environment: dict[str, str], tmp_path: Path) -> None:
    said = run([str(EXAMPLES / "analyst" / "analyse.py")], environment, tmp_path)
    assert "2014-10-20 08:50:00" in said


def test_every_example_is_in_the_table_of_contents() -> None:
    contents = (EXAMPLES / "README.md").read_text("utf-8")
    listed = set(re.findall(r"\]\(([\w-]+)[/.]", contents))
    there = {path.stem for path in EXAMPLES.iterdir() if path.name != "README.md"}
    assert there <= listed


@pytest.fixture(scope="module")
def tickets() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tickets", EXAMPLES / "plugin" / "tickets.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestTickets(SourceContract):
    """The plug-in keeps the contract of every source."""

    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

    @pytest.fixture(autouse=True)
    def _helpdesk(self, tmp_path: Path, tickets: ModuleType) -> None:
        self.path, self.tickets = tmp_path / "tickets.sqlite", tickets
        rows = [
            (i, (self.now + (i - 10) * MINUTE).timestamp(), f"customer {i}", "cannot pay")
            for i in range(16)
        ]
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("CREATE TABLE tickets (id, opened_at REAL, customer, subject)")
            database.executemany("INSERT INTO tickets VALUES (?, ?, ?, ?)", rows)

    def make(self) -> Any:
        return self.tickets.make("helpdesk", {"path": str(self.path)})

    def break_down(self) -> None:
        self.path.rename(self.path.with_suffix(".away"))

    def mend(self) -> None:
        self.path.with_suffix(".away").rename(self.path)
