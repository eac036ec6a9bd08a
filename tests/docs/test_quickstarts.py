"""Every command of the quickstarts is run, in order, as it stands on the page."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.docs.readme import last_notification, shown

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("quickstart-*.md"))
INSTALL, UNTIL_STOPPED = "install", "until Ctrl-C"
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]*)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
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
    written = shutil.ignore_patterns("*.sqlite*", "*.key", "__pycache__")
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=written)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The shell of somebody who has just installed it: the commands on the path, no colours."""
    there = tmp_path / "bin"
    there.mkdir()
    for name, started in (("outage-detector", "-m detector"), ("python3", "")):
        command = there / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {started} "$@"\n')
        command.chmod(0o755)
    path = f"{there}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def free_address(folder: Path) -> str:
    """Put a free port where the examples have 8080, which may be taken here; return its address."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    for example in (folder / "examples").rglob("*.toml"):
        example.write_text(
            example.read_text("utf-8").replace("127.0.0.1:8080", f"127.0.0.1:{port}")
        )
    return f"http://127.0.0.1:{port}"


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


def run_until_stopped(code: str, folder: Path, environment: dict[str, str], url: str) -> str:
    """Run a command that serves ``url`` until it does so, and stop it as Ctrl-C does."""
    log = folder / "terminal.txt"
    with log.open("w") as out:
        command = ["bash", "-c", f"exec {code}"]
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out)
        try:
            answer = _answer(url, process)
            process.send_signal(signal.SIGINT)
            status = process.wait(timeout=60)
        finally:
            process.kill()
    assert status == 0, log.read_text("utf-8")
    return answer


def _answer(url: str, process: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            return httpx.get(url, timeout=30).text
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"nothing answers at {url}")


def walked(page: Path, folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """Run the blocks of ``page`` in order; return what each command printed, or showed."""
    url = free_address(folder)
    said = {}
    for language, title, code in blocks(page):
        if title == INSTALL:
            said[code] = run(f"make --dry-run {code.split()[1]}", folder, environment)
        elif title == UNTIL_STOPPED:
            said[code] = run_until_stopped(code, folder, environment, url)
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
    assert last_notification(said[next(code for code in said if " run " in code)]) == shown()
    assert re.search(r"wechat-20130721T\w+-\w+", whole), "its id"
    assert 'service="WeChat"' in whole, "the silence is listed"
    assert "PagerDuty" in whole or "pagerduty" in whole, "who would be told"
    assert "WeChat" in said[next(code for code in said if "serve" in code)], "the dashboard"


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
