"""analyze: what it writes beside the JSON, and how it refuses."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cli.test_commands import Run, run, table, truth

__all__ = ["run", "table"]


def test_analyze_writes_every_kind_of_report_at_once(
    run: Run, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("resvg_py", reason="the extra 'report' is not installed")
    places = ["r.html", "deep/p.png", "c.csv", "m.md"]
    options = [
        w for pair in zip(("--report", "--png", "--csv", "--md"), places, strict=True) for w in pair
    ]
    wanted = truth(tmp_path / "truth.csv")
    assert run("analyze", table, "--json", "o.json", *options, "--truth", wanted) == 0
    said = capsys.readouterr().out
    assert all(place in said for place in places)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "Outages found" in page
    assert (tmp_path / "deep" / "p.png").read_bytes().startswith(b"\x89PNG")
    assert len((tmp_path / "c.csv").read_text(encoding="utf-8").splitlines()) == 7
    assert "## 6. " in (tmp_path / "m.md").read_text(encoding="utf-8")
    assert len(json.loads((tmp_path / "o.json").read_text())["incidents"]) == 6


def test_reports_speak_chinese_and_tell_the_time_of_a_zone(
    run: Run, table: Path, tmp_path: Path
) -> None:
    words = ("--report", "r.html", "--language", "zh", "--zone", "Asia/Shanghai")
    assert run("analyze", table, "--json", "o.json", *words) == 0
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert '<html lang="zh">' in page
    assert "时间为 Asia/Shanghai（UTC+08:00）" in page


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--zone", "Asia/Shangai"), "no time zone 'Asia/Shangai'"),
        (("--truth", "wrong.csv"), "wrong.csv"),
        (("--from", "yesterday"), "--from: no date 'yesterday'"),
        (("--from", "2025-03-14", "--to", "2025-03-13"), "--to: must be later than --from"),
        (("--false-per-year", "0"), "--false-per-year: false_incidents_per_year must be in"),
    ],
    ids=["no such zone", "no table of truth", "no date", "ends before it begins", "no wish"],
)
def test_wrong_options_are_explained_with_exit_status_2_and_nothing_is_written(
    run: Run,
    table: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, str],
    complaint: str,
) -> None:
    (tmp_path / "wrong.csv").write_text("service,begin\nWeChat,now\n")
    assert run("analyze", table, "--json", "o.json", "--report", "r.html", *words) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "o.json").exists()
    assert not (tmp_path / "r.html").exists()


def test_a_picture_without_its_painter_is_refused_with_exit_status_2(
    run: Run,
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert run("analyze", table, "--json", "o.json", "--png", "p.png") == 2
    assert "pip install 'outage-detector[report]'" in capsys.readouterr().err
    assert not (tmp_path / "p.png").exists()


def test_the_json_holds_what_looking_back_finds(run: Run, table: Path, tmp_path: Path) -> None:
    words = ("--from", "2025-03-13", "--to", "2025-03-14T00:00Z", "--unsure")
    assert run("analyze", table, "--json", "o.json", *words) == 0
    found = json.loads((tmp_path / "o.json").read_text())
    assert {"level_changes", "unusual_days", "taken_back", "not_sure"} <= found.keys()
    assert [i["started_at"][:10] for i in found["incidents"]] == ["2025-03-13"] * 2
    for incident in found["incidents"]:
        assert incident["ended_at_earliest"] <= incident["ended_at"] <= incident["ended_at_latest"]
        assert 0 <= incident["noise_probability"] < 0.01
        assert incident["false_per_year"] <= 0.2
        regimes = incident["regimes"]
        assert regimes[0]["start"] <= incident["started_at_latest"]
        assert all(a["end"] == b["start"] for a, b in pairwise(regimes))
        assert max(r["ratio"] for r in regimes) > 2
