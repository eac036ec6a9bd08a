"""A file that is tailed, with restarts, says what its replay says."""

from __future__ import annotations

import itertools
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from detector.model.alert import Alert
from detector.model.documents import alert_to_dict
from detector.pipeline.replay import replay
from detector.pipeline.saved_state import changes, load
from detector.pipeline.state import PipelineState
from detector.pipeline.step import cycle
from detector.sources.files import FileSource
from tests.laws import stories
from tests.pipeline.plans import lexicon_plan

START = datetime(2022, 7, 22, tzinfo=UTC)


def lines(alerts: list[Alert]) -> list[str]:
    return [json.dumps(alert_to_dict(alert)) for alert in alerts]


def tailed(path: Path, table: list[str], cuts: list[int]) -> list[Alert]:
    """Write ``table`` bit by bit; after every write restart, and poll twice."""
    alerts: list[Alert] = []
    state = PipelineState()
    path.write_text(table[0])
    for left, right in itertools.pairwise([1, *cuts, len(table)]):
        with path.open("a") as file:
            file.writelines(table[left:right])
        saved = {key: entry for key, entry in changes(PipelineState(), state).items() if entry}
        state = load(saved)
        source = FileSource("t", path, grows=True)
        now = datetime.fromisoformat(table[right - 1].split(",")[0])
        for _ in range(2):
            now += timedelta(seconds=20) if right < len(table) else timedelta(hours=1)
            progress = state.progress.get("t")
            poll = source.poll(progress.cursor if progress else None, until=now)
            outcome = cycle(state, {"t": poll}, lexicon_plan(), now=now)
            state = outcome.state
            alerts += outcome.alerts
    return alerts


@pytest.mark.parametrize("writes", [1, 40, 400])
def test_a_trending_list(tmp_path: Path, writes: int) -> None:
    draw = random.Random(5)
    minutes = [m for m in range(2000) if not 900 <= m < 960]
    rows = []
    for minute in minutes:
        at = (START + timedelta(minutes=minute, seconds=draw.choice([1, 1, 2]))).isoformat()
        if 100 <= minute < 300 or 700 <= minute < 1000 or minute in (500, 1500, 1501, 1502):
            rows.append(f"{at},WeChat,{100 + minute % 97},50\n")
        if 250 <= minute < 400 or minute % 50 == 0:
            rows.append(f"{at},QQ,80,50\n")
        rows.append(f"{at},Taobao,60,50\n")
    table = ["time,service,count,floor\n", *rows]
    path = tmp_path / "list.csv"
    path.write_text("".join(table))
    whole = replay(FileSource("t", path), lexicon_plan())
    assert len(whole.incidents) >= 5
    cuts = sorted(draw.sample(range(3, len(table)), writes))
    assert lines(tailed(path, table, cuts)) == lines(whole.alerts)


@pytest.mark.parametrize("writes", [2, 30])
def test_counts(tmp_path: Path, writes: int) -> None:
    frame = stories.counts().sort_values(["time", "service"], kind="stable")
    frame["time"] = pd.DatetimeIndex(frame["time"]).strftime("%Y-%m-%dT%H:%M:%SZ")
    table = frame.to_csv(index=False).splitlines(keepends=True)
    path = tmp_path / "counts.csv"
    path.write_text("".join(table))
    whole = replay(FileSource("t", path), lexicon_plan())
    assert len(whole.incidents) == 6
    cuts = sorted(random.Random(writes).sample(range(10, len(table)), writes))
    assert lines(tailed(path, table, cuts)) == lines(whole.alerts)


def test_counts_with_wrong_rows_among_them_say_what_the_good_ones_say(tmp_path: Path) -> None:
    frame = stories.counts(days=5).sort_values(["time", "service"], kind="stable")
    frame["time"] = pd.DatetimeIndex(frame["time"]).strftime("%Y-%m-%dT%H:%M:%SZ")
    good = frame.to_csv(index=False).splitlines(keepends=True)
    path = tmp_path / "counts.csv"
    path.write_text("".join(good))
    whole = replay(FileSource("t", path), lexicon_plan())
    draw = random.Random(3)
    spoiled = list(good)
    for place in sorted(draw.sample(range(2, len(good)), 150), reverse=True):
        time = good[place].split(",")[0]
        spoiled.insert(place, draw.choice([f"{time},WeChat,-1\n", f"{time},QQ\n", f"{time},,5\n"]))
    cuts = sorted(draw.sample(range(10, len(spoiled)), 8))
    told = lines(tailed(path, spoiled, cuts))
    assert told == lines(whole.alerts)
    assert told
