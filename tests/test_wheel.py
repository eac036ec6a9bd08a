"""An installed wheel works without the checkout: its data travel with it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_alone_knows_scenarios_words_models_and_settings(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    environment = {**os.environ, "PYTHONPATH": str(installed)}

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "detector", *words]
        done = subprocess.run(
            command, cwd=elsewhere, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    assert "wechat-2014-10-20" in run("simulate", "list")
    assert str(installed) in run("check")
    posts = elsewhere / "posts.csv"
    posts.write_text("time,text\n2022-07-22T14:09:00Z,微信崩了\n")
    assert "1 of 1 posts are complaints" in run("classify", "posts.csv", "--out", "out.csv")
