"""The notification that README.md shows: ``python -m tests.docs.readme`` takes it anew."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "README.md"
BLOCK = re.compile(r"(?<=```text\n)(.*?)(?=\n```)", re.DOTALL)


def shown() -> str:
    """Return the notification as the page has it."""
    found = BLOCK.search(PAGE.read_text("utf-8"))
    assert found is not None
    return found[1]


def last_notification(printed: str) -> str:
    """Return the last block of what `run` printed to a console receiver."""
    blocks = printed.partition("\nincident\t")[0].strip("\n").split("\n\n")
    return blocks[-1]


if __name__ == "__main__":
    settings = (ROOT / "examples" / "first-alert.toml").read_text("utf-8").replace(":8080", ":0")
    with TemporaryDirectory() as folder:
        (Path(folder) / "config.toml").write_text(settings, "utf-8")
        command = [sys.executable, "-m", "detector", "run"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    message = last_notification(done.stdout)
    PAGE.write_text(BLOCK.sub(lambda _: message, PAGE.read_text("utf-8"), count=1), "utf-8")
