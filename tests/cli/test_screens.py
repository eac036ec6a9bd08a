"""What people read on the screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from math import nan
from pathlib import Path

import pytest

from detector import resources
from detector.cli.incidents import incident_table
from detector.errors import InputError
from detector.model.incident import Incident
from detector.pipeline.setup import BundledModel
from detector.text.phrasing import phrasing
from tests.cli.test_commands import Run, run
from tests.fakes.outages import an_incident

__all__ = ["run"]


@pytest.mark.parametrize(
    ("incident", "peak"),
    [
        (an_incident(), "412 (31 expected)"),
        (replace(an_incident(), peak_count=3.0, expected_at_peak=0.0213), "3 (0.021 expected)"),
        (replace(an_incident(), expected_at_peak=nan), "412 (expected count unknown)"),
        (replace(an_incident(), evidence=nan), "412 (list from 31)"),
    ],
    ids=["ordinary", "hardly ever", "no expectation", "trending list"],
)
def test_a_peak_is_shown_beside_what_it_is_compared_with(incident: Incident, peak: str) -> None:
    _, (row,) = incident_table([incident], phrasing("en", UTC))
    assert row[-1] == peak


def test_where_nothing_was_counted_replay_says_why(
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "posts.csv").write_text("time,text\n2022-07-22T14:09:00Z,nice weather today\n")
    assert run("replay", "posts.csv", "--json", "out.json") == 0
    said = capsys.readouterr()
    assert "Nothing was counted" in said.err
    assert "[services]" in said.err
    assert said.out.splitlines()[-1].startswith("0 incidents, 0 alerts; 0 bins")


def test_check_says_which_files_are_read_and_whether_they_are_there(
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "here").mkdir()
    sources = "".join(
        f'[[sources]]\ntype = "files"\nname = "{name}"\npath = "{name}"\n'
        for name in ("here", "gone")
    )
    (tmp_path / "c.toml").write_text(sources)
    assert run("check", "--config", "c.toml") == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"  poll here (files): {tmp_path / 'here'}" in lines
    assert f"  poll gone (files): {tmp_path / 'gone'}, which is not there (yet)" in lines


@pytest.mark.parametrize(
    ("text", "complaint"),
    [('{"incidents": 5}', "must be lists"), ('{"observed": []}', "'incidents' is missing")],
    ids=["no list", "no incidents"],
)
def test_evaluate_says_what_is_wrong_with_the_json(
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    complaint: str,
) -> None:
    (tmp_path / "wrong.json").write_text(text)
    (tmp_path / "truth.csv").write_text("service,start,end\nS,2022-07-22T14:09:00Z,\n")
    assert run("evaluate", "wrong.json", "truth.csv") == 2
    assert complaint in capsys.readouterr().err


def test_a_missing_model_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "MODELS", tmp_path)
    with pytest.raises(InputError, match="the bundled model cannot be read"):
        BundledModel().judge([])
