"""A table in memory as a source: the same rows as the file that holds it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from detector.errors import InputError
from detector.library import FrameSource
from detector.model.spans import Spans
from detector.pipeline.plan import END_OF_TIME
from detector.sources.base import Poll
from detector.sources.files import FileSource

COUNTS = pd.DataFrame(
    {
        "time": [f"2025-03-03T00:0{m}:00Z" for m in (0, 1, 2, 3)],
        "service": "WeChat",
        "count": [1.0, 2.0, None, 4.0],
    }
)
POSTS = pd.DataFrame(
    {
        "time": ["2025-03-03T00:05:00Z", "2025-03-03T00:01:00Z"],
        "text": ["微信崩了", "天气好"],
        "author": ["a", "b"],
    }
)
TRENDING = COUNTS.assign(floor=0.5)


@pytest.mark.parametrize("frame", [COUNTS, POSTS, TRENDING], ids=["counts", "posts", "trending"])
@pytest.mark.parametrize("gap", [False, True], ids=["no gap", "a gap"])
def test_a_frame_brings_what_the_file_of_it_brings(
    frame: pd.DataFrame, gap: bool, tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False)
    edges = pd.Timestamp("2025-03-03T00:01Z"), pd.Timestamp("2025-03-03T00:02Z")
    gaps = Spans.of([(edges[0].to_pydatetime(), edges[1].to_pydatetime())] if gap else [])
    ours = FrameSource("table", frame, gaps=gaps).poll(None, until=END_OF_TIME)
    theirs = FileSource("table", path, gaps=gaps).poll(None, until=END_OF_TIME)
    assert (ours.width, ours.observed, ours.exhausted) == (
        theirs.width,
        theirs.observed,
        theirs.exhausted,
    )
    pd.testing.assert_frame_equal(_rows(ours), _rows(theirs), check_dtype=False)


def _rows(poll: Poll) -> pd.DataFrame:
    found = poll.posts if poll.posts is not None else poll.counts
    assert found is not None
    return found.reset_index(drop=True)


def test_times_may_be_instants_already() -> None:
    frame = COUNTS.assign(time=pd.to_datetime(COUNTS["time"], utc=True))
    poll = FrameSource("table", frame).poll(None, until=END_OF_TIME)
    assert poll.width == timedelta(minutes=1)


def test_one_row_per_service_needs_a_width() -> None:
    with pytest.raises(InputError, match="bin width cannot be told"):
        FrameSource("table", COUNTS.head(1)).poll(None, until=END_OF_TIME)
    told = FrameSource("table", COUNTS.head(1), width=timedelta(minutes=5))
    assert told.poll(None, until=END_OF_TIME).width == timedelta(minutes=5)


def test_naive_times_are_refused() -> None:
    frame = COUNTS.assign(time=pd.to_datetime(COUNTS["time"]).dt.tz_localize(None))
    with pytest.raises(InputError, match="column 'time'"):
        FrameSource("table", frame).poll(None, until=END_OF_TIME)
