"""replay --against and power."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from detector.cli.commands import app
from tests.laws.stories import counts

STRICT = "[detection]\nmax_false_pages_per_week = 1e-90\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "counts.csv"
    counts(services=("WeChat",)).to_csv(path, index=False)
    return path


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def settings(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_settings_against_themselves_change_nothing(tmp_path: Path, table: Path) -> None:
    same = settings(tmp_path, "same.toml", "")
    said = run("replay", table, "--config", same, "--against", same)
    assert "0 gained, 0 lost, 0 moved, 3 unchanged, in 1.7 service-weeks" in said


def test_stricter_settings_are_shown_beside_the_old_ones(tmp_path: Path, table: Path) -> None:
    old, new = settings(tmp_path, "old.toml", ""), settings(tmp_path, "new.toml", STRICT)
    out = tmp_path / "out.json"
    said = run("replay", table, "--config", new, "--against", old, "--json", out)
    document = json.loads(out.read_text())
    changed = len(document["moved"]) + len(document["lost"])
    assert changed > 0
    assert document["gained"] == []
    assert said.count("moved\tWeChat") + said.count("lost\tWeChat") == changed
    assert "→" in said or document["lost"]


RECEIVER = '[[receivers]]\ntype = "console"\nname = "ops"\n'
QUIET = """
[[mute_time_intervals]]
name = "always"
weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
start = "00:00"
end = "00:00"
"""


def test_pages_are_those_that_receivers_would_have_got(tmp_path: Path, table: Path) -> None:
    loud = settings(tmp_path, "loud.toml", RECEIVER)
    quiet = settings(tmp_path, "quiet.toml", QUIET + RECEIVER + 'quiet = ["always"]\n')
    out = tmp_path / "out.json"
    said = run("replay", table, "--config", quiet, "--against", loud, "--json", out)
    document = json.loads(out.read_text())
    assert document["pages_before"] == document["pages_after"] > 0
    assert document["receivers"] == {"ops": {"before": document["pages_before"], "after": 0}}
    assert "to ops: " in said
    assert "0 now.\n(As routed, with mute times" in said


def test_without_receivers_pages_are_what_there_is_to_tell(tmp_path: Path, table: Path) -> None:
    loud, nobody = settings(tmp_path, "a.toml", RECEIVER), settings(tmp_path, "b.toml", "")
    said = run("replay", table, "--config", loud, "--against", nobody)
    assert "(Nothing more can be said: not both settings name receivers.)" in said


def test_without_a_table_or_against_replay_says_what_is_needed() -> None:
    done = CliRunner().invoke(app, ["replay"])
    assert done.exit_code == 2
    assert "--against" in done.output


def test_the_power_card_grows_with_haste(tmp_path: Path) -> None:
    """Over three weeks: of the first weekend too little is known to notice nine of ten surges."""
    table = tmp_path / "weeks.csv"
    counts(days=19, services=("WeChat",)).to_csv(table, index=False)
    said = run("power", table, "--within", "15min", "--within", "1h", "--json")
    quick, slow = json.loads(said)
    assert quick["within_seconds"] == 900
    assert quick["posts_per_bin"] > slow["posts_per_bin"] > 0
    assert quick["times_expected"] > 1


def test_the_power_card_of_a_short_history_says_that_it_is_too_short(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    counts(days=3, services=("WeChat",)).iloc[:10].to_csv(path, index=False)
    assert "history too short" in run("power", path, "--within", "10min")
