"""docs/api.md: every command on it works as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import which

import pytest

from detector.model.token import Scope
from tests.web.house import everything, house
from tests.web.serving import served
from tests.web.test_access import TAKES

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def commands() -> list[str]:
    """Return the commands of the page, in order."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ")
    return [command.strip() for command in re.split(r"\n(?=curl )", lines) if command.strip()]


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    made = house(tmp_path, **everything())
    with served(made) as address:
        yield {
            "PATH": os.environ["PATH"],
            "API": address,
            "TOKEN": made.token(Scope.WRITE),
            "PUSH": made.token(Scope.PUSH),
            "ID": made.backend.store.incidents()[0].id,
        }
    made.close()


def answer(command: str, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


@pytest.mark.skipif(which("curl") is None, reason="curl is not installed")
def test_every_command_on_the_page_works(environment: dict[str, str]) -> None:
    assert len(commands()) > 20
    for command in commands():
        said = answer(command, environment)
        if "limit=1" in command:
            environment["NEXT"] = json.loads(said)["next"] or ""
        if "matchers" in command:
            environment["SILENCE"] = json.loads(said)["id"]


def test_the_page_names_every_operation() -> None:
    page = PAGE.read_text(encoding="utf-8")
    known = {"$ID": "{incident_id}", "$SILENCE": "{silence_id}", "WeChat": "{name}"}
    for shown, name in known.items():
        page = page.replace(shown, name)
    assert [path for _, path in TAKES if path not in page] == []
