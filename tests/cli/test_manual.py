"""The manual and the shell: every command is documented, every option explains itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from detector import cli
from tests.cli.test_commands import Run, run

__all__ = ["run"]

INTERFACE = (Path(__file__).parents[2] / "docs" / "interface.md").read_text(encoding="utf-8")


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command, those of groups by both words."""
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from commands(command, f"{name} ")
        else:
            yield before + name, command


COMMANDS = dict(commands(typer.main.get_command(cli.app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_manual(name: str) -> None:
    assert f"`{name} " in INTERFACE or f"`{name}`" in INTERFACE


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_every_option_says_what_it_does(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert parameter.help, parameter.name


@pytest.mark.parametrize(
    "name", ["incidents list", "incidents show ID", "check", "evaluate", "top", "power"]
)
def test_what_prints_a_table_prints_json_too(name: str) -> None:
    command = COMMANDS[name.removesuffix(" ID")]
    assert "--json" in [text for p in command.params for text in p.opts]


def test_the_manual_tells_the_exit_statuses() -> None:
    assert "Exit status: 0 done, 1 failed, 2 the input or the configuration is wrong" in INTERFACE


def test_an_unknown_command_or_option_has_exit_status_2(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("analyse") == 2
    assert run("top", "--hourz", "3") == 2
    capsys.readouterr()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete_commands(shell: str) -> None:
    environment = {**os.environ, "_OUTAGE_DETECTOR_COMPLETE": f"complete_{shell}"}
    environment |= {
        "COMP_WORDS": "outage-detector an",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "outage-detector an",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    code = "import sys; sys.argv = ['outage-detector']; from detector.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert "analyze" in done.stdout


def test_check_prints_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["services"][0] == {
        "service": "WeChat",
        "max_false_pages_per_week": 0.01,
        "time_zone": "Asia/Shanghai",
    }
    assert said["sources"][0]["type"] == "scenario"
    assert said["receivers"]
