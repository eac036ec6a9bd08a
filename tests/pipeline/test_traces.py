"""What was seen of every series: counts as they were, lists with what was not listed."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from detector.model.series import SeriesKey
from detector.model.spans import Spans
from detector.model.times import from_seconds
from detector.pipeline.counting.series_batch import CountBatch, ListBatch
from detector.pipeline.traces import MOST_BINS, CountTrace, ListTrace

KEY = SeriesKey("WeChat", "weibo")
MINUTE = timedelta(minutes=1)
T0 = 1_374_400_000 // 60 * 60


def spans(*pairs: tuple[int, int]) -> Spans:
    return Spans.of((from_seconds(T0 + 60 * a), from_seconds(T0 + 60 * b)) for a, b in pairs)


def test_pieces_of_counts_become_one_series() -> None:
    pieces = [
        CountBatch(KEY, T0, MINUTE, np.array([1.0, 2.0])),
        CountBatch(KEY, T0 + 120, MINUTE, np.array([np.nan, 4.0])),
    ]
    trace = CountTrace.of(pieces, [np.ones(2), np.full(2, 3.0)])
    curve = trace.curve(*trace.span)
    assert trace.span == (from_seconds(T0), from_seconds(T0 + 240))
    assert np.array_equal(curve.counts, [1.0, 2.0, np.nan, 4.0], equal_nan=True)
    assert curve.expected.tolist() == [1.0, 1.0, 3.0, 3.0]


def test_the_spread_is_measured_outside_the_incidents() -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(10.0, 2000).astype(float)
    counts[500:600] = 300.0
    trace = CountTrace.of([CountBatch(KEY, T0, MINUTE, counts)], [np.full(2000, 10.0)])
    wild = trace.calm(Spans.none()).whole.dispersion
    calm = trace.calm(spans((500, 600))).whole.dispersion
    assert calm < 1.2 < 100 < wild


def a_list() -> ListTrace:
    """Return minutes 3 and 4 listed; looked at from 0 to 6 and from 8 to 10."""
    listed = np.array([T0 + 180.0, T0 + 240.0])
    looked = spans((0, 6), (8, 10))
    heat, floor = np.array([50.0, 90.0]), np.array([20.0, 30.0])
    return ListTrace.of([ListBatch(KEY, listed, heat, floor, looked, MINUTE)])


def test_a_list_shows_heat_where_it_is_listed_and_where_nobody_looked() -> None:
    trace = a_list()
    curve = trace.curve(*trace.span)
    assert np.array_equal(np.flatnonzero(np.isfinite(curve.counts)), [3, 4])
    assert curve.expected.tolist() == [20.0] * 4 + [30.0] * 6
    assert curve.seen.tolist() == [True] * 6 + [False] * 2 + [True] * 2
    assert curve.listed


def test_a_long_list_is_laid_out_coarsely_and_keeps_its_peak() -> None:
    trace = a_list()
    start = trace.span[0]
    curve = trace.curve(start, start + 2 * MOST_BINS * MINUTE)
    assert len(curve.counts) <= MOST_BINS + 1
    assert np.nanmax(curve.counts) == 90.0
