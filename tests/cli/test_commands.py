"""Every command on small input: what it writes, what it prints, how it refuses."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from detector import cli
from detector.cli.output import require_writable
from detector.errors import InputError
from tests.laws.stories import counts

FIELDS = [
    "id",
    "service",
    "sources",
    "started_at",
    "started_at_earliest",
    "started_at_latest",
    "noticed_at",
    "ended_at",
    "resolved_at",
    "peak_at",
    "peak_count",
    "expected_at_peak",
    "excess",
    "severity",
    "evidence",
    "not_observed_since",
    "agreement",
]

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command line in an empty folder; return its exit status."""
    monkeypatch.chdir(tmp_path)

    def run_command(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["outage-detector", *map(str, words)])
        try:
            cli.main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return run_command


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("input") / "counts.csv.gz"
    rows = counts()
    rows.assign(time=rows["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")).to_csv(path, index=False)
    return path


def truth(path: Path) -> Path:
    lines = ["service,start,end"]
    for day in (12, 13, 14):
        lines.append(f"WeChat,2025-03-{day}T05:00:00Z,2025-03-{day}T06:30:00Z")
        lines.append(f"QQ,2025-03-{day}T08:20:00Z,2025-03-{day}T09:50:00Z")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_replay_writes_incidents_with_the_fields_of_the_interface_in_their_order(
    run: Run, table: Path, tmp_path: Path
) -> None:
    assert run("replay", table, "--json", "out.json") == 0
    found = json.loads((tmp_path / "out.json").read_text())
    assert len(found["incidents"]) == 6
    assert all(list(incident) == FIELDS for incident in found["incidents"])
    assert {alert["kind"] for alert in found["alerts"]} >= {"opened", "resolved"}


def test_what_replay_finds_evaluates_well(
    run: Run, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("replay", table, "--json", "out.json")
    capsys.readouterr()
    assert run("evaluate", "out.json", truth(tmp_path / "truth.csv"), "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["recall"] == 1
    assert figures["precision"] == 1
    assert figures["start_error_median"] <= 5
    assert figures["service_weeks"] == pytest.approx(2 * 12 / 7)


def test_analyze_starts_no_worse_than_replay(
    run: Run, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = []
    for command in ("replay", "analyze"):
        assert run(command, table, "--json", f"{command}.json") == 0
        capsys.readouterr()
        run("evaluate", f"{command}.json", truth(tmp_path / "truth.csv"), "--json")
        errors.append(json.loads(capsys.readouterr().out)["start_error_p90"])
    assert errors[1] <= errors[0] + 5


def test_scores_has_one_row_per_row_of_the_table(run: Run, table: Path, tmp_path: Path) -> None:
    assert run("scores", table, "--out", "scores.csv") == 0
    with (tmp_path / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["time", "service", "count", "expected", "evidence", "score"]
    assert len(rows) == len(counts())
    assert all(0 <= float(row["score"]) <= 1 for row in rows)


def test_scores_of_a_folder_are_those_of_its_files_in_one(run: Run, tmp_path: Path) -> None:
    rows = counts()
    rows = rows[rows["service"] == "QQ"]
    rows = rows.assign(time=rows["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    rows.to_csv(tmp_path / "whole.csv", index=False)
    (tmp_path / "days").mkdir()
    for day, part in rows.groupby(rows["time"].str[:10]):
        part.to_csv(tmp_path / "days" / f"{day}.csv", index=False)
    assert run("scores", "whole.csv", "--out", "whole.out") == 0
    assert run("scores", "days", "--out", "days.out") == 0
    assert (tmp_path / "days.out").read_text() == (tmp_path / "whole.out").read_text()


def test_classify_keeps_the_columns_and_adds_what_the_post_says(run: Run, tmp_path: Path) -> None:
    posts = tmp_path / "posts.csv"
    posts.write_text(
        "time,text,mood\n"
        "2022-07-22T14:09:00Z,微信崩了，图片发不出去,sad\n"
        "2022-07-22T14:09:05Z,今天天气真好,fine\n"
    )
    assert run("classify", posts, "--out", "out.csv") == 0
    with (tmp_path / "out.csv").open() as file:
        down, weather = csv.DictReader(file)
    assert (down["service"], down["mood"], down["component"]) == ("微信", "sad", "pictures")
    assert float(down["complaint"]) > 0.5 > float(weather["complaint"])


def test_a_simulated_scenario_can_be_replayed(run: Run, tmp_path: Path) -> None:
    assert run("simulate", "wechat-2019-06-20-official-accounts", "--out", "posts.jsonl") == 0
    assert run("replay", "posts.jsonl", "--json", "out.json") == 0
    assert json.loads((tmp_path / "out.json").read_text())["incidents"]


def test_check_says_what_the_bundled_configuration_does(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check") == 0
    said = capsys.readouterr().out
    assert "WeChat: at most 0.01 false pages a week" in said
    assert "poll weibo-2013" in said


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("time,service\n", "neither a counts table"),
        ("time,service,count\n2025-03-03T00:00:00,WeChat,1\n", "offset"),
        ("time,service,count\n2025-03-03T00:00:00Z,WeChat,-1\n", "number >= 0"),
        ("", "empty"),
    ],
    ids=["missing column", "time without offset", "negative count", "empty file"],
)
def test_wrong_input_is_explained_with_exit_status_2(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, complaint: str
) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(text)
    assert run("replay", wrong, "--json", "out.json") == 2
    said = capsys.readouterr().err
    assert str(wrong) in said
    assert complaint in said
    assert not (tmp_path / "out.json").exists()


TRUTH_MISTAKES = {
    "a start without an offset": (
        "WeChat,2022-07-22T14:09:00,\n",
        ":4, column 'start': '2022-07-22T14:09:00' is not an instant with an offset, e.g. 2022-07",
    ),
    "seconds since 1970": ("WeChat,1658498940,\n", ":4, column 'start': '1658498940' is not an"),
    "no service": (",2022-07-22T14:09:00Z,\n", ":4, column 'service': empty; every row names one"),
    "an end before the start": (
        "WeChat,2022-07-22T14:09:00Z,2022-07-22T14:00:00Z\n",
        ":4, column 'end': the outage ends before it starts",
    ),
}


@pytest.mark.parametrize(("row", "complaint"), TRUTH_MISTAKES.values(), ids=TRUTH_MISTAKES.keys())
def test_a_wrong_row_of_the_truth_is_explained_with_its_line(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], row: str, complaint: str
) -> None:
    (tmp_path / "found.json").write_text('{"incidents": []}')
    wrong = tmp_path / "truth.csv"
    wrong.write_text("service,start,end\nQQ,2022-07-22T10:00:00Z,\n\n" + row)
    assert run("evaluate", "found.json", wrong) == 2
    assert f"{wrong}{complaint}" in capsys.readouterr().err


def test_a_folder_is_no_truth_and_no_result(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "found.json").write_text('{"incidents": []}')
    (tmp_path / "folder").mkdir()
    assert run("evaluate", "found.json", "folder") == 2
    assert "folder: cannot be read: Is a directory" in capsys.readouterr().err
    assert run("evaluate", "folder", truth(tmp_path / "truth.csv")) == 2
    assert "folder: cannot be read: Is a directory" in capsys.readouterr().err


def test_a_result_with_a_time_that_is_none_is_refused(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {"service": "a", "started_at": "soon", "noticed_at": "later"}
    (tmp_path / "found.json").write_text(json.dumps({"incidents": [found]}))
    assert run("evaluate", "found.json", truth(tmp_path / "truth.csv")) == 2
    assert "found.json: not the JSON that replay writes" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_to_is_told_with_the_reason(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "counts.csv").write_text("time,service,count\n")
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    assert run("replay", "counts.csv", "--json", "file/out.json") == 2
    assert "file/out.json: cannot be written: file is no folder" in capsys.readouterr().err
    assert run("replay", "counts.csv", "--json", "folder") == 2
    assert "folder: cannot be written: Is a directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["train", "--out", "file"],
        ["replay", "counts.csv", "--json", "file/out.json"],
        ["analyze", "counts.csv", "--json", "ok.json", "--report", "file/r.html"],
        ["scores", "counts.csv", "--out", "file/scores.csv"],
        ["classify", "posts.csv", "--out", "file/out.csv"],
        ["simulate", "wechat-2014-10-20", "--out", "folder"],
    ],
    ids=lambda words: words[0],
)
def test_whether_the_result_can_be_written_is_asked_before_the_work(
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
) -> None:
    def work(*_: object, **__: object) -> NoReturn:
        raise AssertionError("it went to work")

    for place in ("rows", "poll"):
        monkeypatch.setattr(f"detector.sources.files.FileSource.{place}", work)
    monkeypatch.setattr("detector.complaints.classification.training.train", work)
    monkeypatch.setattr("detector.cli.texts.simulate", work)
    (tmp_path / "counts.csv").write_text("time,service,count\n")
    (tmp_path / "posts.csv").write_text("time,text\n")
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    assert run(*words) == 2
    assert "cannot be written: " in capsys.readouterr().err
    kept = {"counts.csv", "posts.csv", "file", "folder"}
    assert {place.name for place in tmp_path.iterdir()} == kept


def test_a_folder_without_the_right_to_write_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match="may not be written to"):
        require_writable(tmp_path / "new" / "model.skops")
    assert not (tmp_path / "new").exists()


def test_days_can_be_scored_but_not_replayed(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = "".join(f"2022-07-{day:02d}T00:00:00Z,WeChat,{day}\n" for day in range(1, 29))
    (tmp_path / "days.csv").write_text("time,service,count\n" + days)
    assert run("scores", "days.csv", "--out", "scores.csv") == 0
    assert run("replay", "days.csv", "--json", "out.json") == 2
    said = "days.csv: bins of 86400 s; counts are judged in bins of 10 s to 2 h"
    assert said in capsys.readouterr().err


def test_every_mistake_in_the_configuration_is_told_at_once(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('[detektion]\n[detection]\ntime_zone = "Asia/Shangai"\n')
    assert run("check", "--config", wrong) == 2
    said = capsys.readouterr().err
    assert "did you mean 'detection'" in said
    assert "did you mean 'Asia/Shanghai'" in said


def test_an_unknown_incident_is_refused(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("incidents", "list") == 1
    assert "there is no store yet" in capsys.readouterr().err


def test_every_command_is_in_the_interface_and_answers_help(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    interface = (Path(__file__).parents[2] / "docs" / "interface.md").read_text()
    names = [c.name or getattr(c.callback, "__name__", "") for c in cli.app.registered_commands]
    assert len(names) >= 9
    for name in names:
        assert f"`{name} " in interface or f"`{name}`" in interface
        assert run(name, "--help") == 0
    capsys.readouterr()
