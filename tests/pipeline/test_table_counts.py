"""Ready-made counts laid out as bins."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection import live
from detector.model.series import SeriesKey
from detector.model.times import from_seconds
from detector.pipeline.counting.series_batch import CountBatch
from detector.pipeline.counting.table_counts import count_rows
from detector.pipeline.plan import END_OF_TIME, PipelinePlan
from detector.pipeline.state import Followed, SourceProgress
from tests.pipeline.plans import lexicon_plan

START = datetime(2015, 2, 26, 21, 42, 53, tzinfo=UTC)
WIDTH = timedelta(minutes=5)


@pytest.fixture(scope="module")
def the_plan() -> PipelinePlan:
    return lexicon_plan()


def table(*rows: tuple[float, str, float]) -> pd.DataFrame:
    """Rows of (bins behind START, service, count)."""
    times = pd.to_datetime([START + WIDTH * row[0] for row in rows], utc=True)
    columns = {"time": times, "service": [r[1] for r in rows], "count": [r[2] for r in rows]}
    frame = pd.DataFrame(columns)
    return frame.astype({"service": "str", "count": "float64"})


class Follower:
    """Takes in pieces as the cycle does, without detecting."""

    def __init__(self, plan: PipelinePlan) -> None:
        self.plan = plan
        self.progress = SourceProgress()
        self.series: dict[SeriesKey, Followed] = {}
        self.counts: dict[SeriesKey, np.ndarray] = {}

    def take(self, counts: pd.DataFrame, now: datetime = END_OF_TIME) -> tuple[CountBatch, ...]:
        tally = count_rows("t", self.progress, counts, WIDTH, self.series, self.plan, now=now)
        self.progress = tally.progress
        for piece in tally.counts:
            known = self.series.get(piece.key)
            if known is not None:
                known = replace(known, bins=known.bins + piece.skipped)
            if known is None:
                options = self.plan.options_for(piece.key.service)
                state = live.begin(options, start=from_seconds(piece.start), width=piece.width)
                known = Followed(piece.start, piece.width, 0, state)
            assert piece.start == known.next_bin
            self.series[piece.key] = replace(known, bins=known.bins + len(piece.counts))
            before = self.counts.get(piece.key, np.empty(0))
            self.counts[piece.key] = np.append(before, piece.counts)
        return tally.counts


def test_bins_begin_at_the_first_row_whatever_its_phase(the_plan: PipelinePlan) -> None:
    (piece,) = Follower(the_plan).take(table((0, "AAPL", 4), (1, "AAPL", 5)))
    assert from_seconds(piece.start) == START
    assert list(piece.counts) == [4, 5]


@pytest.mark.parametrize(
    ("rows", "counts"),
    [
        ([(0, 1), (3, 4)], [1, np.nan, np.nan, 4]),
        ([(0, 1), (1, np.nan), (2, 0)], [1, np.nan, 0]),
        ([(2, 3), (0, 1), (1, 2)], [1, 2, 3]),
        ([(0, 1), (1, 2), (1, 7)], [1, 7]),
        ([(0, 1), (1.02, 2), (1.98, 3)], [1, 2, 3]),
    ],
    ids=[
        "a bin without a row is not observed",
        "nor is one with an empty cell, while zero is zero",
        "unsorted rows",
        "of two rows for a bin the last one counts",
        "rows late and early by seconds",
    ],
)
def test_layout(
    the_plan: PipelinePlan, rows: list[tuple[float, float]], counts: list[float]
) -> None:
    (piece,) = Follower(the_plan).take(table(*((at, "a", value) for at, value in rows)))
    np.testing.assert_array_equal(piece.counts, counts)


def test_series_are_told_apart_by_service_and_source_in_order(the_plan: PipelinePlan) -> None:
    rows = table((0, "b", 1), (0, "a", 2), (0, "b", 3), (1, "b", 4))
    rows["source"] = ["x", "", "", "x"]
    pieces = Follower(the_plan).take(rows)
    assert [piece.key for piece in pieces] == [("a", "t"), ("b", "t"), ("b", "x")]
    assert [list(piece.counts) for piece in pieces] == [[2], [3], [1, 4]]


def test_a_bin_is_final_when_it_has_ended_and_settled(the_plan: PipelinePlan) -> None:
    settling = replace(the_plan, allowed_lateness=timedelta(minutes=2))
    follower = Follower(settling)
    end = START + WIDTH + timedelta(minutes=2)
    assert follower.take(table((0, "a", 1)), end - timedelta(seconds=1)) == ()
    nothing = table()
    (piece,) = follower.take(nothing, end)
    assert list(piece.counts) == [1]
    assert follower.take(nothing, end) == ()


def test_a_row_for_a_bin_taken_in_is_history(the_plan: PipelinePlan) -> None:
    follower = Follower(the_plan)
    follower.take(table((0, "a", 1), (1, "a", 2)))
    assert follower.take(table((1, "a", 99))) == ()
    (piece,) = follower.take(table((0, "a", 99), (2, "a", 3)))
    assert list(piece.counts) == [3]


@settings(max_examples=40, deadline=None)
@given(
    cells=st.lists(
        st.tuples(st.integers(0, 2), st.one_of(st.just(np.nan), st.integers(0, 99))), min_size=1
    ),
    cuts=st.sets(st.integers(1, 40), max_size=6),
)
def test_pieces_do_not_depend_on_the_polls(cells: list[tuple[int, float]], cuts: set[int]) -> None:
    rows = table(*((i // 3 * 1.0, "abc"[which], count) for i, (which, count) in enumerate(cells)))
    rows = rows.drop_duplicates(["time", "service"], ignore_index=True)
    whole, parts = Follower(lexicon_plan()), Follower(lexicon_plan())
    whole.take(rows)
    edges = [0, *sorted(cut for cut in cuts if cut < len(rows)), len(rows)]
    for left, right in itertools.pairwise(edges):
        parts.take(rows.iloc[left:right], now=START + 50 * WIDTH)
    assert parts.counts.keys() == whole.counts.keys()
    for key, counts in whole.counts.items():
        np.testing.assert_array_equal(parts.counts[key], counts)


@pytest.mark.parametrize("known", [True, False], ids=["since the last poll", "inside of a table"])
def test_years_without_a_row_are_not_laid_out(the_plan: PipelinePlan, known: bool) -> None:
    decade = 10 * 365 * 288
    follower = Follower(the_plan)
    before, after = table((0, "a", 1)), table((decade, "a", 2), (decade + 2, "a", 3))
    if known:
        follower.take(before)
        pieces = follower.take(after)
    else:
        pieces = follower.take(pd.concat([before, after], ignore_index=True))[1:]
    (piece,) = pieces
    assert piece.skipped == decade - 1
    np.testing.assert_array_equal(piece.counts, [2, np.nan, 3])
    assert from_seconds(piece.start) == START + decade * WIDTH


def test_a_skipped_stretch_is_the_same_as_one_that_is_walked() -> None:
    rng = np.random.default_rng(3)
    state = live.begin(lexicon_plan().default_options, start=START, width=WIDTH)
    state = live.update(state, rng.poisson(5.0, 4000).astype(float)).state
    state = live.update(state, rng.poisson(60.0, 6).astype(float)).state
    n, later = 40 * 288, rng.poisson(7.0, 2000).astype(float)
    walked = live.update(live.update(state, np.full(n, np.nan)).state, later)
    skipped = live.update(live.skip(state, n), later)
    assert skipped.changes == walked.changes
    assert len(walked.changes) == 1, "the surge that was open is given up"
    np.testing.assert_array_equal(skipped.expected, walked.expected)
    np.testing.assert_array_equal(skipped.evidence, walked.evidence)


def test_rows_that_come_too_late_are_reported_if_they_say_something_new(
    the_plan: PipelinePlan,
) -> None:
    def late(*rows: tuple[float, str, float]) -> int:
        now = START + 100 * WIDTH
        return count_rows(
            "t", SourceProgress(), table(*rows), WIDTH, series, the_plan, now=now
        ).late

    options = the_plan.default_options
    counts = np.array([1.0, 2.0, 3.0])
    state = live.update(live.begin(options, start=START, width=WIDTH), counts).state
    series = {SeriesKey("a", "t"): Followed(START.timestamp(), WIDTH, 3, state)}
    hot = live.update(state, np.full(20, 4.0)).state
    series = {SeriesKey("a", "t"): Followed(START.timestamp(), WIDTH, 23, hot)}
    assert late((20, "a", 4), (21, "a", 4)) == 0
    assert late((20, "a", 5), (21, "a", 4)) == 1
