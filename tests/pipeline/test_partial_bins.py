"""What bins hold up to marks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.complaints.archive import AUTHOR_COLUMNS, read_candidates
from detector.complaints.authors import count_authors
from detector.model.spans import Spans
from detector.model.times import from_seconds
from detector.pipeline.counting.partial_bins import (
    Judged,
    last_instant,
    partial_bins_of,
    seconds_between,
)
from detector.pipeline.counting.post_counts import count_posts
from detector.pipeline.state import SourceProgress
from detector.sources.base import Poll
from tests.pipeline.plans import lexicon_plan

NOON = datetime(2022, 7, 22, 12, tzinfo=UTC)
ALWAYS = Spans.of([(NOON - timedelta(days=1), NOON + timedelta(days=1))])
FROM_START = Judged(NOON.timestamp(), NOON.timestamp() + 3600)


def at(seconds: float) -> float:
    return NOON.timestamp() + seconds


def found(
    *voices: float,
    width: int = 60,
    after: float = 0,
    until: float = 3600,
    observed: Spans = ALWAYS,
) -> list[tuple[float, float]]:
    """Return seconds from noon to each mark, and what its bin held."""
    judged = Judged(at(after), at(until))
    heard = np.array([at(v) for v in voices])
    bins, before, counts = partial_bins_of(heard, at(0), width, judged, observed)
    return list(zip((bins + 1) * width - before, counts, strict=True))


@pytest.mark.parametrize(
    ("width", "every"), [(10, 15), (60, 15), (300, 15), (420, 21), (3600, 180), (7200, 360)]
)
def test_marks_are_fifteen_seconds_or_a_twentieth_of_a_bin_apart(width: int, every: int) -> None:
    assert seconds_between(width) == every


@pytest.mark.parametrize(
    ("second", "width", "mark"),
    [(0, 60, 0), (14.9, 60, 0), (15, 60, 15), (59.9, 60, 45), (60, 60, 60), (899, 900, 855)],
)
def test_the_last_mark_lies_on_the_grid_of_its_bin(second: float, width: int, mark: float) -> None:
    assert last_instant(at(second), width) == at(mark)


def test_a_voice_counts_at_the_first_mark_behind_it() -> None:
    assert found(3, 14.9, 15, 31) == [(15, 2), (30, 3), (45, 4)]


def test_the_count_begins_anew_with_every_bin_and_its_right_edge_is_no_mark() -> None:
    assert found(1, 50, 61, 62, 119) == [(15, 1), (75, 2)]


def test_marks_that_no_voice_was_added_to_say_nothing_new() -> None:
    assert found(1, 200, width=300) == [(15, 1), (210, 2)]
    assert found(width=300) == []


def test_a_post_of_a_whole_minute_counts_from_the_end_of_that_minute_on() -> None:
    assert found(0, 61, 120, width=300) == [(60, 1), (75, 2), (180, 3)]
    assert found(0, 60, 120) == []


def test_marks_that_were_judged_or_are_not_final_are_left_out() -> None:
    voices = (1, 20, 40, 70, 100)
    assert found(*voices, after=30, until=89) == [(45, 3), (75, 1)]
    assert found(*voices, after=15, until=30) == [(30, 2)]
    assert found(*voices, after=50, until=60) == []


@pytest.mark.parametrize(
    ("hole", "left"),
    [
        ((30, 31), [(15, 1), (30, 2), (75, 1)]),
        ((-1, 1), [(75, 1)]),
        ((60, 61), [(15, 1), (30, 2), (45, 3)]),
    ],
    ids=["in the middle of the bin", "over its left edge", "in the next"],
)
def test_up_to_a_mark_the_bin_must_have_been_observed(
    hole: tuple[float, float], left: list[tuple[float, float]]
) -> None:
    away = Spans.of([(from_seconds(at(hole[0])), from_seconds(at(hole[1])))])
    assert found(1, 20, 40, 70, observed=ALWAYS.without(away)) == left


@given(
    said=st.lists(
        st.tuples(st.integers(0, 1499), st.integers(0, 6), st.sampled_from(["", " http://a.b/c"])),
        min_size=1,
        max_size=80,
    ),
    minutes=st.sampled_from([1, 5]),
)
@settings(max_examples=40, deadline=None)
def test_what_a_bin_held_up_to_a_mark_is_what_count_voices_says_of_the_posts_before_it(
    said: list[tuple[int, int, str]], minutes: int
) -> None:
    plan = replace(lexicon_plan(), width=timedelta(minutes=minutes))
    posts = pd.DataFrame(
        {
            "time": pd.to_datetime([at(s + 0.5) for s, _, _ in said], unit="s", utc=True),
            "text": [f"微信崩了{link}" for _, _, link in said],
            "author": [f"user{who}" for _, who, _ in said],
        }
    )
    poll = Poll(None, posts=posts, observed=((NOON, NOON + timedelta(minutes=25)),))
    tally = count_posts("weibo", SourceProgress(), poll, {}, plan, now=NOON + timedelta(hours=1))
    (piece,) = tally.counts
    complaints = read_candidates(posts, "weibo", plan.reader, plan.facets, threshold=0.5)[
        list(AUTHOR_COLUMNS)
    ]
    for b, before, count in piece.partial.T:
        left = from_seconds(piece.start) + int(b) * plan.width
        mark = left + plan.width - timedelta(seconds=before)
        rows = count_authors(complaints[complaints["time"] < mark], width=plan.width, since=left)
        assert rows["count"].sum() == count
    lefts = [from_seconds(piece.start) + b * plan.width for b in range(len(piece.counts))]
    whole = count_authors(complaints, width=plan.width).set_index("time")["count"]
    assert [whole.get(pd.Timestamp(left), 0) for left in lefts] == list(piece.counts)
    assert (piece.partial[2] <= piece.counts[piece.partial[0].astype(int)]).all()
