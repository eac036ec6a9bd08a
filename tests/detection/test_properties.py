"""Properties of the live path that hold for any counts, from a state that knows its rhythm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection.kernels.explanations import BURST_COST
from detector.detection.live import update
from detector.detection.options import DetectionOptions
from detector.detection.series_state import SeriesState, dump
from detector.model.series import Floats
from tests.detection.counting import DAY, MINUTE, MONDAY, detect, drawn, rhythm, surges

WARM = 15 * DAY + 700

any_counts = st.lists(
    st.one_of(st.none(), st.integers(0, 60), st.integers(0, 5000)), min_size=1, max_size=60
)


@cache
def warm(times: int = 1) -> SeriesState:
    """Return a state after two weeks of a rhythm without noise, ``times`` five a minute."""
    minutes = np.arange(WARM, dtype=np.float64)
    return detect(np.round(rhythm(minutes, 5.0)) * times).state


def floats(counts: list[int | None]) -> Floats:
    return np.array([np.nan if c is None else c for c in counts], dtype=np.float64)


@given(counts=any_counts, later=any_counts)
@settings(max_examples=60, deadline=None)
def test_what_comes_later_changes_nothing_that_was_said(
    counts: list[int | None], later: list[int | None]
) -> None:
    now, whole = floats(counts), floats(counts + later)
    short, long = update(warm(), now), update(warm(), whole)
    np.testing.assert_array_equal(short.evidence, long.evidence[: len(now)])
    np.testing.assert_array_equal(short.expected, long.expected[: len(now)])
    said = [c for c in long.changes if c.at <= short.state.end]
    assert short.changes == tuple(said)


@given(counts=any_counts)
@settings(max_examples=60, deadline=None)
def test_a_bin_that_was_not_observed_adds_no_evidence_and_says_nothing(
    counts: list[int | None],
) -> None:
    x = floats(counts)
    step = update(warm(), x)
    before = np.concatenate(
        [[update(warm(), np.array([])).state.records["evidence"][0]], step.evidence]
    )
    unseen = np.isnan(x)
    assert (step.evidence[unseen] <= before[:-1][unseen]).all()
    ends = {warm().end + int(i + 1) * MINUTE for i in np.flatnonzero(unseen)}
    assert not ends & {c.at for c in step.changes}


@given(shape=st.lists(st.integers(0, 40), min_size=5, max_size=40), times=st.sampled_from([2, 10]))
@settings(max_examples=60, deadline=None)
def test_the_same_rise_in_more_posts_never_weighs_less(shape: list[int], times: int) -> None:
    x = np.array(shape, dtype=np.float64)
    few, many = update(warm(), x), update(warm(times), x * times)
    raised = [c.at for step in (few, many) for c in step.changes]
    first = min(raised, default=warm().end + len(x) * MINUTE)
    until = int((first - warm().end) / MINUTE) - 1
    # up to what a burst costs nothing is told apart; more posts move the level, by next to nothing
    weighed = np.maximum(many.evidence[:until], BURST_COST)
    assert (weighed >= few.evidence[:until] - 0.05).all()


@given(series=st.lists(any_counts, min_size=2, max_size=4), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_services_do_not_hear_of_each_other_in_whatever_order_they_are_told(
    series: list[list[int | None]], seed: int
) -> None:
    alone = [dump(update(warm(), floats(counts)).state) for counts in series]
    states = [warm()] * len(series)
    turns = [i for i, counts in enumerate(series) for _ in counts]
    told = [0] * len(series)
    for i in np.random.default_rng(seed).permutation(turns):
        states[i] = update(states[i], floats(series[i][told[i] : told[i] + 1])).state
        told[i] += 1
    assert [dump(s) for s in states] == alone


@pytest.mark.parametrize("times", [5.0, 10.0])
@pytest.mark.parametrize("level", [1.5, 15.0])
def test_the_second_of_two_equal_outages_a_week_apart_is_found_as_well(
    level: float, times: float
) -> None:
    at = 16 * DAY + 600
    rate = rhythm(np.arange(25.0 * DAY), level)
    for begin in (at, at + 7 * DAY):
        rate[begin : begin + 60] *= times
    first, second = surges(detect(drawn(rate, 1.0, np.random.default_rng(5))))
    delay = (second.noticed_at - first.noticed_at) - timedelta(days=7)
    assert abs(delay) <= 3 * MINUTE
    assert abs(second.onset.at - first.onset.at - timedelta(days=7)) <= 3 * MINUTE


ZONES = [
    ("Europe/Berlin", datetime(2024, 10, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2025, 2, 17, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2024, 9, 16, tzinfo=UTC)),
]


def local_minutes(zone: str, start: datetime, days: int) -> Floats:
    """Return the minute of the local week of every minute."""
    hours = [(start + timedelta(hours=h)).astimezone(ZoneInfo(zone)) for h in range(days * 24)]
    assert len({h.utcoffset() for h in hours}) == 2
    begun = np.array([(h.weekday() * 24 + h.hour) * 60.0 + h.minute for h in hours])
    return np.asarray((begun[:, None] + np.arange(60.0)).ravel())


@pytest.mark.parametrize(("zone", "start"), ZONES, ids=[z for z, _ in ZONES])
@pytest.mark.parametrize("clock", ["of the zone", "UTC"])
def test_a_weekly_show_by_either_clock_gives_no_alarm_in_weeks_with_a_clock_change(
    zone: str, start: datetime, clock: str
) -> None:
    """On Wednesdays from 13:00 to 14:30 twice as much, for five weeks."""
    local = local_minutes(zone, start, 35)
    rate = rhythm(local, 15.0)
    own = local if clock == "of the zone" else np.arange(35.0 * DAY) % (7 * DAY)
    show = (own >= 2 * DAY + 780) & (own < 2 * DAY + 870)
    rate[show] *= 2.0
    counts = drawn(rate, 1.5, np.random.default_rng(3))
    step = detect(counts, start=start, options=DetectionOptions(time_zone=zone))
    known = start + timedelta(days=14)
    assert not [c for c in step.changes if c.surge.noticed_at >= known]


def test_mondays_are_mondays() -> None:
    assert MONDAY.weekday() == 0
    assert all(start.weekday() == 0 for _, start in ZONES)
