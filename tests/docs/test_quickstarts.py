"""Every command of the quickstarts is run, in order, as it stands on the page."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("quickstart-*.md"))
INSTALL, UNTIL_OVER = "install", "run until the outage is over"
#: A page promises five minutes; a busy machine with two cores may take this many seconds.
PATIENCE = 300


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """Return language, title and code of every block of a page."""
    found = re.findall(
        r'^```(\w+)(?: title="([^"]*)")?\n(.*?)^```$',
        page.read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    return [(language, title, code) for language, title, code in found]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder in which the pages' paths are right, and what is written stays apart."""
    for name in ("examples", "Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The shell of somebody who has just installed it: the commands on the path, no colours."""
    there = tmp_path / "bin"
    there.mkdir()
    command = there / "outage-detector"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m detector "$@"\n')
    command.chmod(0o755)
    (there / "python3").symlink_to(sys.executable)
    path = f"{there}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def run(code: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_until_over(code: str, folder: Path, environment: dict[str, str]) -> str:
    """Run a command that does not end by itself, and stop it as Ctrl-C does."""
    output = folder / "terminal.txt"
    with output.open("w") as out:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {code}"], cwd=folder, env=environment, stdout=out, stderr=out
        )
        try:
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end and process.poll() is None and not _over(output):
                time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            status = process.wait(timeout=60)
        finally:
            process.kill()
    said = output.read_text("utf-8")
    assert _over(output), said
    assert status == 0, said
    return said


def _over(output: Path) -> bool:
    return bool(re.search(r"^(\[RESOLVED\]|OVER) ", output.read_text("utf-8"), re.MULTILINE))


def walked(page: Path, folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """Run the blocks of ``page`` in order; return what each command printed."""
    said = {}
    for language, title, code in blocks(page):
        if title == INSTALL:
            said[code] = run(f"make --dry-run {code.split()[1]}", folder, environment)
        elif title == UNTIL_OVER:
            said[code] = run_until_over(code, folder, environment)
        elif language == "python":
            (folder / "block.py").write_text(code, "utf-8")
            said[code] = run("python3 block.py", folder, environment)
        else:
            said[code] = run(code, folder, environment)
    return said


def test_a_first_alert_is_shown_and_explained(checkout: Path, environment: dict[str, str]) -> None:
    said = walked(ROOT / "docs" / "quickstart-on-call.md", checkout, environment)
    whole = "\n".join(said.values())
    assert "Mon 2013-07-22" in whole, "the outage and its start"
    assert re.search(r"wechat-20130721T\w+-\w+", whole), "its id"
    assert 'service="WeChat"' in whole, "the silence is listed"
    assert re.search(r"(?m)^pager\b", said[next(c for c in said if "routes test" in c)])


def test_counts_become_outages_and_figures(checkout: Path, environment: dict[str, str]) -> None:
    walked(ROOT / "docs" / "quickstart-analyst.md", checkout, environment)
    incidents = (checkout / "incidents.csv").read_text("utf-8")
    assert "2014-10-20T08:50:00Z" in incidents, "the start, within the bin of the press's 16:50"
    assert "<script" not in (checkout / "report.html").read_text("utf-8")
    assert (checkout / "posts.csv").stat().st_size > 1_000_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_only_blocks_that_are_run(page: Path) -> None:
    fences = page.read_text("utf-8").count("```")
    assert fences == 2 * len(blocks(page))
    assert {language for language, _, _ in blocks(page)} <= {"sh", "python"}
