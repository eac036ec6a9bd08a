"""The pipeline between its turns: what it drops, and what it reads anew."""

from __future__ import annotations

import io
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import structlog

from detector.config import parse_settings
from detector.errors import StoreError
from detector.pipeline import runner
from detector.pipeline.runner import Pipeline
from detector.pipeline.saved_state import changes
from detector.pipeline.state import PipelineState, SourceProgress
from detector.sources.base import Poll
from detector.store.base import RunRecord

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SOURCE_ALERT = changes(PipelineState(), PipelineState({"s": SourceProgress("7")}))["feed/s"]


@dataclass
class Wall:
    """A clock that the test sets."""

    at: datetime
    finished: bool = False

    def now(self) -> datetime:
        return self.at


def running(folder: Path, keep: str) -> Pipeline:
    text = f'[store]\nlocation = "store.db"\nkeep = {keep}\n'
    made = runner.build(parse_settings(text, path="t"), base=folder, console=io.StringIO())
    return replace(made, clock=Wall(NOW))


def with_counts(made: Pipeline) -> Pipeline:
    """Let the store hold one bin of 31 days ago and one of 29."""
    times = [NOW - 31 * DAY, NOW - 29 * DAY]
    rows = {"service": "WeChat", "source": "s", "count": 1.0, "expected": 1.0, "evidence": 0.0}
    made.store.commit(RunRecord(counts=pd.DataFrame({"time": times, **rows})))
    return made


def held(made: Pipeline) -> int:
    return len(made.store.counts("WeChat", start=NOW - 365 * DAY, end=NOW))


@pytest.mark.parametrize(
    ("keep", "left"),
    [pytest.param('"30d"', 1, id="30 days"), pytest.param("false", 2, id="for good")],
)
def test_what_is_older_than_is_to_be_kept_is_dropped(tmp_path: Path, keep: str, left: int) -> None:
    with closing(with_counts(running(tmp_path, keep))) as made:
        made.run()
        for job in made.jobs():
            job.work()
        assert held(made) == left


def test_what_is_old_is_dropped_at_the_start_and_once_a_day(tmp_path: Path) -> None:
    with closing(running(tmp_path, '"30d"')) as made:
        jobs = {job.name: job for job in made.jobs()}
        assert (jobs["retention"].every, jobs["retention"].at_once) == (DAY, True)
    with closing(running(tmp_path, "false")) as made:
        assert "retention" not in {job.name for job in made.jobs()}


def test_who_stands_by_drops_and_sends_nothing(tmp_path: Path) -> None:
    with closing(with_counts(running(tmp_path, '"30d"'))) as made:
        made.term = None
        for job in made.jobs():
            job.work()
        assert held(made) == 2


def test_after_a_commit_whose_answer_was_lost_the_store_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(running(tmp_path, "false")) as made:
        made.run()
        commit = made.store.commit

        def lost(record: RunRecord) -> None:
            commit(replace(record, state={**record.state, "feed/s": SOURCE_ALERT}))
            raise StoreError("the connection is gone")

        monkeypatch.setattr(made.store, "commit", lost)
        with pytest.raises(StoreError, match="gone"):
            made.run()
        monkeypatch.undo()
        assert "s" not in made.state.progress
        made.run()
        assert made.state.progress["s"].cursor == "7"


@dataclass
class Backfilled:
    """A source that brings an hour of a day that was missed with every look."""

    name: str = "slow"

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        since = datetime.fromisoformat(cursor) if cursor else NOW - timedelta(hours=3)
        end = min(since + timedelta(hours=1), until)
        if end <= since:
            return Poll(cursor)
        posts = pd.DataFrame({"time": pd.Series([since], dtype="datetime64[us, UTC]"), "text": "a"})
        return Poll(end.isoformat(), posts=posts, observed=((since, end),))


def test_a_source_that_makes_up_for_missed_time_says_how_far_it_is(tmp_path: Path) -> None:
    made = replace(running(tmp_path, "false"), sources=(Backfilled(),))
    with closing(made), structlog.testing.capture_logs() as logs:
        for _ in range(4):
            made.run()
    words = {"catching up", "caught up"}
    said = [(line["event"], line.get("left")) for line in logs if line["event"] in words]
    assert said == [("catching up", "2:00:00"), ("catching up", "1:00:00"), ("caught up", None)]
