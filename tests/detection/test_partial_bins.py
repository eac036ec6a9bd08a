from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection.kernels.bin_update import NO_PARTIAL_BINS
from detector.detection.kernels.series_record import RING
from detector.detection.live import Step, update
from detector.detection.options import DetectionOptions
from detector.detection.series_state import SeriesState, begin, dump, load
from detector.model.series import Floats
from detector.model.surge import Change, ChangeKind
from tests.detection.counting import DAY, MONDAY, drawn, rhythm
from tests.detection.test_sequential import search

WIDTHS = (1, 5, 15)
LEVELS = (0.05, 1.0, 30.0)
any_counts = st.lists(st.integers(0, 12), min_size=1, max_size=12)


@cache
def warm(minutes: int, level: float) -> SeriesState:
    """Return a state after ten days of bins of ``minutes`` at ``level`` posts a minute."""
    lefts = np.arange(0, 10 * DAY + 700, minutes, dtype=np.float64)
    counts = drawn(rhythm(lefts, level) * minutes, 1.5, np.random.default_rng(1))
    width = timedelta(minutes=minutes)
    return update(begin(DetectionOptions(), start=MONDAY, width=width), counts).state


def scaled(state: SeriesState, times: list[int]) -> Floats:
    """Return counts at such multiples of the usual, at least so many posts."""
    usual = np.nanmean(state.records["expected"])
    return np.array([max(round(t * usual), t) for t in times], dtype=np.float64)


def marked(counts: Floats, width: int, rng: np.random.Generator) -> Floats:
    """Return what bins of ``width`` seconds hold up to every 15 s, the posts at any second."""
    rows = []
    for b, count in enumerate(counts):
        seconds = rng.integers(0, width, 0 if np.isnan(count) else int(count))
        rows += [(b, width - m, int((seconds < m).sum())) for m in range(15, width, 15)]
    return np.array(rows, dtype=np.float64).T


def one_by_one(
    state: SeriesState, counts: Floats, marks: Floats
) -> tuple[SeriesState, list[Change]]:
    """Give every mark before its bin, through a store."""
    changes: list[Change] = []
    for b in range(len(counts)):
        for mark in marks.T[marks[0] == b]:
            step = update(state, np.empty(0), np.array([[0.0], [mark[1]], [mark[2]]]))
            state = load(dump(step.state))
            changes += step.changes
        step = update(state, counts[b : b + 1])
        state = load(dump(step.state))
        changes += step.changes
    return state, changes


def when_over(step: Step) -> list[Change]:
    """Return the changes as if nothing was noticed before its bin was over."""
    told: list[Change] = []
    for change in step.changes:
        if change.kind is ChangeKind.OPENED and (change.at - MONDAY) % step.state.width:
            continue
        first = change.surge.noticed_at not in {t.surge.noticed_at for t in told}
        told.append(replace(change, kind=ChangeKind.OPENED) if first else change)
    return told


@given(
    before=any_counts,
    counts=st.tuples(st.integers(0, 60), st.integers(0, 60)),
    width=st.sampled_from(WIDTHS),
    level=st.sampled_from(LEVELS),
)
@settings(max_examples=150, deadline=None)
def test_evidence_does_not_fall_when_the_newest_count_grows(
    before: list[int], counts: tuple[int, int], width: int, level: float
) -> None:
    state = warm(width, level)
    state = update(state, scaled(state, before)).state
    lower, higher = (update(state, scaled(state, [c])) for c in sorted(counts))
    assert lower.evidence[0] <= higher.evidence[0] * (1 + 1e-9) or state.records["open"][0]
    assert lower.threshold[0] == higher.threshold[0]


@given(
    before=st.lists(st.floats(0, 30), min_size=1, max_size=40),
    x=st.floats(0, 60),
    more=st.floats(0, 60),
    burst_bins=st.integers(0, 4),
    variance=st.floats(1e-4, 0.5),
)
@settings(max_examples=300, deadline=None)
def test_the_search_does_not_find_less_where_the_newest_bin_holds_more(
    before: list[float], x: float, more: float, burst_bins: int, variance: float
) -> None:
    def evidence(newest: float) -> float:
        return search(np.array([*before, newest]), 3.0, variance, burst_bins)[-1]

    assert evidence(x) <= evidence(x + more) * (1 + 1e-9) + 1e-9


@given(
    times=st.lists(st.one_of(st.none(), st.integers(0, 12)), min_size=3, max_size=30),
    width=st.sampled_from(WIDTHS),
    level=st.sampled_from(LEVELS),
    seed=st.integers(0, 99),
)
@settings(max_examples=80, deadline=None)
def test_marks_change_nothing_but_when_a_surge_is_noticed(
    times: list[int | None], width: int, level: float, seed: int
) -> None:
    state = warm(width, level)
    counts = scaled(state, [t or 0 for t in times])
    counts[[t is None for t in times]] = np.nan
    marks = marked(counts, 60 * width, np.random.default_rng(seed))
    plain, with_marks = update(state, counts), update(state, counts, marks)
    np.testing.assert_array_equal(plain.evidence, with_marks.evidence)
    over = when_over(with_marks)
    assert len(over) == len(plain.changes)
    for late, early in zip(plain.changes, over, strict=True):
        assert early.surge.noticed_at <= late.surge.noticed_at
        assert late.surge.noticed_at - early.surge.noticed_at < state.width
        assert early.surge.onset.at <= early.surge.noticed_at
        assert early.surge.evidence <= late.surge.evidence * (1 + 1e-9)
        told = replace(early.surge, noticed_at=late.surge.noticed_at, evidence=late.surge.evidence)
        assert replace(early, surge=told, at=late.at) == late
        assert early.at == late.at or early.at == early.surge.noticed_at
    assert [c.at for c in with_marks.changes] == sorted(c.at for c in with_marks.changes)


@given(
    times=st.lists(st.one_of(st.none(), st.integers(0, 12)), min_size=3, max_size=20),
    width=st.sampled_from(WIDTHS),
    level=st.sampled_from(LEVELS),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_it_does_not_matter_whether_marks_come_before_their_bin_or_with_it(
    times: list[int | None], width: int, level: float, seed: int
) -> None:
    state = warm(width, level)
    counts = scaled(state, [t or 0 for t in times])
    marks = marked(counts, 60 * width, np.random.default_rng(seed))
    counts[[t is None for t in times]] = np.nan  # lost after the marks
    whole = update(state, counts, marks)
    after, changes = one_by_one(state, counts, marks)
    assert tuple(changes) == whole.changes
    assert dump(after) == dump(whole.state)


def surge_in(last: float) -> Step:
    """Return what is said of a surge whose fourth bin says enough after 15 s, ``last`` when over.

    It goes on for two bins, and then for no more.
    """
    state = warm(1, 30.0)
    usual = state.records["expected"][0][(state.bins - 1) % RING]
    rise, falls = np.full(3, 6 * usual), usual * np.r_[6.0, 6.0, np.ones(90)]
    counts = np.r_[rise, last, falls].round()
    return update(state, counts, np.array([[3.0], [45.0], [(6 * usual).round()]]))


@pytest.mark.parametrize("last", [400.0, 60.0, 0.0, np.nan], ids=["more", "less", "none", "lost"])
def test_a_surge_noticed_at_a_mark_is_open_whatever_its_bin_holds_when_over(last: float) -> None:
    step, end = surge_in(last), warm(1, 30.0).end
    (first,) = [c for c in step.changes if c.kind is ChangeKind.OPENED]
    (over,) = [c for c in step.changes if c.kind is ChangeKind.CLOSED]
    assert first.at == first.surge.noticed_at == end + timedelta(minutes=3, seconds=15)
    assert {c.surge.noticed_at for c in step.changes} == {first.at}
    assert {c.surge.evidence for c in step.changes} == {first.surge.evidence}
    assert over.at > end + timedelta(minutes=30)
    assert all(c.surge.peak_count >= 0 for c in step.changes)
    assert step.state.records["early"][0] == 0


def test_the_count_of_a_lost_bin_is_not_known() -> None:
    step, state = surge_in(np.nan), warm(1, 30.0)
    assert np.isnan(step.state.records["count"][0][(state.bins + 3) % RING])
    assert np.isnan(step.weighed[3])
    assert not [c for c in step.changes if c.at == state.end + timedelta(minutes=4)]


def test_no_surge_is_noticed_at_a_mark_while_one_is_open_or_nothing_is_known() -> None:
    huge = np.array([[0.0], [30.0], [900.0]])
    cold = begin(DetectionOptions(), start=MONDAY, width=timedelta(minutes=1))
    assert not update(cold, np.empty(0), huge).changes
    state = warm(1, 30.0)
    gone = update(state, np.full(28 * DAY, np.nan)).state
    assert not update(gone, np.empty(0), huge).changes
    noticed = update(update(state, np.full(3, 300.0)).state, np.empty(0), huge)
    assert [c.kind for c in noticed.changes] == [ChangeKind.OPENED]
    again = update(noticed.state, np.empty(0), np.array([[0.0], [15.0], [950.0]]))
    assert not again.changes
    going_on = update(noticed.state, np.full(1, 900.0)).state
    assert going_on.records["open"][0] == 1
    assert not update(going_on, np.empty(0), huge).changes


@pytest.mark.parametrize(
    "marks",
    [
        [[0], [60], [1]],
        [[0], [0], [1]],
        [[2], [15], [1]],
        [[0, 0], [15, 30], [1, 2]],
        [[0, 0], [15, 15], [1, 2]],
        [[0], [15]],
    ],
    ids=[
        "at the left edge",
        "at the right edge",
        "behind the filling bin",
        "out of order",
        "twice",
        "of two rows",
    ],
)
def test_partial_bins_that_end_outside_their_bins_are_refused(marks: list[list[int]]) -> None:
    state = warm(1, 1.0)
    with pytest.raises(ValueError, match="partial bins"):
        update(state, np.zeros(1), np.array(marks, dtype=np.float64))


@pytest.mark.parametrize("count", [-1.0, np.nan, np.inf])
def test_partial_bins_that_count_nothing_possible_are_refused(count: float) -> None:
    with pytest.raises(ValueError, match="partial bins"):
        update(warm(1, 1.0), np.zeros(1), np.array([[0.0], [15.0], [count]]))


def test_without_marks_all_is_as_ever() -> None:
    state = warm(1, 1.0)
    counts = np.full(20, 9.0)
    assert dump(update(state, counts).state) == dump(update(state, counts, NO_PARTIAL_BINS).state)
