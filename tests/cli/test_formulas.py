"""No command writes a cell that a spreadsheet would calculate; numbers stay numbers."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from detector.cli.output import write_csv
from tests.cli.test_commands import Run, run, table

__all__ = ["run", "table"]

FORMULAS = ["=1+1", " =1+1", "＝1+1", "\u200b@SUM(A1)", "+cmd|' /C calc'!A0", "　－2+3", "-1+1"]


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("hostile", FORMULAS)
def test_classify_guards_every_text(run: Run, tmp_path: Path, hostile: str) -> None:
    post = {"time": "2022-07-22T14:09:00Z", "text": hostile, "author": hostile, "mood": "-3"}
    (tmp_path / "posts.jsonl").write_text(json.dumps(post) + "\n")
    assert run("classify", "posts.jsonl", "--out", "out.csv") == 0
    (row,) = cells(tmp_path / "out.csv")
    assert (row["text"], row["author"]) == (f"'{hostile}", f"'{hostile}")
    assert row["mood"] == "-3"
    assert 0 <= float(row["complaint"]) <= 1


def test_classify_guards_the_names_of_columns(run: Run, tmp_path: Path) -> None:
    post = {"time": "2022-07-22T14:09:00Z", "text": "微信崩了", "=cmd()": "x"}
    (tmp_path / "posts.jsonl").write_text(json.dumps(post) + "\n")
    assert run("classify", "posts.jsonl", "--out", "out.csv") == 0
    (row,) = cells(tmp_path / "out.csv")
    assert row["'=cmd()"] == "x"


@pytest.mark.parametrize("hostile", FORMULAS)
def test_scores_guards_the_services(run: Run, table: Path, tmp_path: Path, hostile: str) -> None:
    rows = pd.read_csv(table)
    few = rows[rows["service"] == "QQ"].head(50).assign(service=hostile)
    few.to_csv(tmp_path / "counts.csv", index=False)
    assert run("scores", "counts.csv", "--out", "scores.csv") == 0
    services = {row["service"] for row in cells(tmp_path / "scores.csv")}
    assert services == {f"'{hostile.strip()}"} or services == {f"'{hostile}"}


def test_analyze_guards_the_services(run: Run, table: Path, tmp_path: Path) -> None:
    rows = pd.read_csv(table)
    rows[rows["service"] == "QQ"].assign(service="＝1+1").to_csv(tmp_path / "c.csv", index=False)
    assert run("analyze", "c.csv", "--json", "o.json", "--csv", "r.csv", "--md", "r.md") == 0
    assert {row["service"] for row in cells(tmp_path / "r.csv")} == {"'＝1+1"}
    table_rows = [line for line in (tmp_path / "r.md").read_text().splitlines() if "| 1 |" in line]
    assert table_rows
    assert all("| '＝1+1 |" in line for line in table_rows)


def test_numbers_are_given_back_as_they_came(tmp_path: Path) -> None:
    numbers = pd.DataFrame({"text": ["-5", "+3.2", "-1e-5", "-.5"], "number": [-1.5, 2, -3, 0]})
    write_csv(tmp_path / "out.csv", numbers)
    assert (tmp_path / "out.csv").read_text() == numbers.to_csv(index=False)
    no_number = pd.DataFrame({"text": ["-5_000", "-inf", "-1-1"]})
    write_csv(tmp_path / "out.csv", no_number)
    assert [row["text"][0] for row in cells(tmp_path / "out.csv")] == ["'", "'", "'"]
