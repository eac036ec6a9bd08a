"""What breaks a detector that is right on well-behaved series: weeks that are unlike the others."""

from __future__ import annotations

from datetime import timedelta
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection.live import Step
from detector.model.series import Floats
from detector.model.surge import ChangeKind, Surge
from tests.detection.counting import DAY, MINUTE, MONDAY, detect, drawn, rhythm, surges, usual

AT = 16 * DAY + 600


def raised(days: int, first: int, last: int, times: float, *, level: float = 15.0) -> Floats:
    """Return the usual rate of so many days, ``times`` as high between two minutes."""
    rate = rhythm(np.arange(days * DAY, dtype=float), level)
    rate[first:last] *= times
    return rate


def seen(rate: Floats, seed: int = 3) -> Step:
    return detect(drawn(rate, 1.5, np.random.default_rng(seed)))


def minutes_off(surge: Surge, end: int) -> float:
    assert surge.ended_at is not None
    return abs(surge.ended_at - (MONDAY + end * MINUTE)) / MINUTE


@pytest.mark.parametrize("hours", [24, 30, 48, 96])
def test_a_long_outage_is_one_with_its_true_end_and_quiet_days_follow(hours: int) -> None:
    end = AT + 60 * hours
    (surge,) = surges(seen(raised(32, AT, end, 5.0)))
    assert surge.lasting_since is not None
    assert minutes_off(surge, end) <= 10


@pytest.mark.parametrize("later", [6, 30, 96])
def test_an_outage_after_a_long_one_is_found(later: int) -> None:
    end = AT + 60 * 30
    again = end + 60 * later
    rate = raised(25, AT, end, 5.0)
    rate[again : again + 60] *= 3
    first, second = surges(seen(rate))
    assert minutes_off(first, end) <= 10
    assert MONDAY + again * MINUTE < second.noticed_at <= MONDAY + (again + 20) * MINUTE


def test_a_second_failure_inside_a_lasting_one_is_found_and_ends_first() -> None:
    end = AT + 60 * 48
    inside = AT + 60 * 20
    rate = raised(22, AT, end, 3.0)
    rate[inside : inside + 60] *= 5
    step = seen(rate)
    outer, inner = surges(step)
    assert MONDAY + inside * MINUTE < inner.noticed_at <= MONDAY + (inside + 15) * MINUTE
    assert minutes_off(inner, inside + 60) <= 10
    assert minutes_off(outer, end) <= 10
    assert [c.surge.noticed_at for c in step.changes if c.kind is ChangeKind.CLOSED] == [
        inner.noticed_at,
        outer.noticed_at,
    ]


def test_what_stays_higher_inside_a_lasting_surge_becomes_part_of_it() -> None:
    rate = raised(24, AT, AT + 4000, 3.0)
    rate[AT + 1000 : AT + 4000] *= 3
    outer, inner = surges(seen(rate))
    assert inner.ended_at is not None
    assert minutes_off(outer, AT + 4000) <= 10
    assert outer.lasting_since is not None


def test_as_much_more_day_and_night_is_one_outage_with_its_true_end() -> None:
    rate = rhythm(np.arange(28.0 * DAY), 15.0)
    rate[AT : AT + 4000] += 40
    step = seen(rate)
    assert minutes_off(surges(step)[0], AT + 4000) <= 10
    assert all(surge.ended_at for surge in surges(step))


def test_a_raised_volume_is_expected_after_hours_and_open_until_it_ends() -> None:
    counts = usual(22, seed=7)
    counts[AT:] = np.round(counts[AT:] * 3)
    step = detect(counts)
    (surge,) = surges(step)
    assert surge.resolved_at is None
    assert surge.lasting_since is not None
    assert surge.lasting_since - surge.noticed_at <= timedelta(hours=24)
    ratio = step.expected[20 * DAY : 21 * DAY] / rhythm(np.arange(DAY, dtype=float), 15.0)
    assert 0.75 < float(np.median(ratio)) < 1.3


def test_what_lasts_for_four_weeks_is_the_usual() -> None:
    (surge,) = surges(seen(raised(48, AT, 48 * DAY, 3.0, level=5.0)))
    assert surge.ended_at is not None
    assert surge.ended_at - surge.noticed_at == timedelta(days=28, minutes=0)


@pytest.mark.parametrize("times", [0.2, 5.0])
def test_a_day_far_off_the_usual_moves_no_clock(times: float) -> None:
    rate = raised(25, 16 * DAY, 17 * DAY + 300, times)
    assert seen(rate).state.records["clock"][0] == 0


@pytest.mark.parametrize("level", [0.5, 5.0, 50.0])
@pytest.mark.parametrize("known", [60, 240, 1440])
def test_a_larger_surge_is_never_found_later_on_the_first_day(known: int, level: float) -> None:
    known += 60
    delays = []
    for times in (10, 30, 100, 1000, 10_000):
        counts = drawn(raised(3, known, known + 60, times, level=level), 1.5, rng_of(level))
        found = surges(detect(counts))
        first = found[0].noticed_at if found else MONDAY + 4 * DAY * MINUTE
        delays.append((first - MONDAY) / MINUTE - known)
    assert delays == sorted(delays, reverse=True)
    assert delays[2] <= 8


def rng_of(level: float) -> np.random.Generator:
    return np.random.default_rng(round(10 * level))


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
def test_missing_bins_keep_no_incident_open(share: float) -> None:
    rate = raised(20, AT, AT + 90, 5.0)
    counts = drawn(rate, 1.5, np.random.default_rng(1))
    counts[np.random.default_rng(2).random(len(counts)) < share] = np.nan
    (surge,) = surges(detect(counts))
    assert minutes_off(surge, AT + 90) <= 5


@pytest.mark.parametrize("seconds", [10, 15, 30, 60, 300, 600, 900, 1800])
@pytest.mark.parametrize("level", [0.1, 1.5, 15.0])
def test_a_burst_of_three_minutes_is_no_outage_at_any_width(seconds: int, level: float) -> None:
    per_day = 86400 // seconds
    minutes = np.arange(16 * per_day) * seconds / 60.0
    counts = drawn(rhythm(minutes, level * seconds / 60.0), 1.0, rng_of(level))
    at, bins = 15 * per_day + 600 * 60 // seconds, max(180 // seconds, 1)
    counts[at : at + bins] += np.round(3 * {0.1: 6, 1.5: 10, 15.0: 40}[level] / bins)
    assert not detect(counts, width=timedelta(seconds=seconds)).changes


def opening(days: int, level: float, *, fails: tuple[int, ...] = ()) -> Floats:
    """Return a rate of nothing but for the hours from eight to twenty."""
    minute = np.arange(days * DAY) % DAY
    rate = np.where((minute >= 480) & (minute < 1200), level, 0.0)
    for day in fails:
        rate[day * DAY + 480 : day * DAY + 540] *= 4
    return rate


@pytest.mark.parametrize("level", [3.0, 30.0])
def test_openings_are_no_incidents_and_a_failure_at_one_is_found(level: float) -> None:
    (surge,) = surges(seen(opening(28, level, fails=(25,))))
    start = MONDAY + (25 * DAY + 480) * MINUTE
    assert start < surge.noticed_at <= start + 10 * MINUTE


def test_a_series_without_posts_for_a_day_has_none() -> None:
    counts = np.zeros(3 * DAY)
    counts[2 * DAY :] = 3.0
    (surge,) = surges(detect(counts))
    assert surge.noticed_at <= MONDAY + (2 * DAY + 30) * MINUTE


@pytest.mark.parametrize("level", [1.5, 15.0])
def test_an_outage_in_nights_without_posts_is_found(level: float) -> None:
    minute = np.arange(26 * DAY) % DAY
    rate = rhythm(np.arange(26.0 * DAY), level)
    rate[(minute >= 60) & (minute < 360)] = 0.0
    rate[25 * DAY + 180 : 25 * DAY + 240] += 4 * level
    (surge,) = surges(seen(rate))
    start = MONDAY + (25 * DAY + 180) * MINUTE
    assert start < surge.noticed_at <= start + 10 * MINUTE


def test_the_level_of_weeks_may_come_back() -> None:
    rate = rhythm(np.arange(30.0 * DAY), 15.0)
    rate[20 * DAY : 24 * DAY] *= 0.65
    assert not seen(rate).changes


@pytest.mark.parametrize("count", [1e6, 1e9, 1e12])
def test_counts_of_any_size_take_no_time(count: float) -> None:
    rng = np.random.default_rng(1)
    counts = np.round(count * rng.lognormal(0.0, 1.5, 600))
    begun = perf_counter()
    detect(counts, width=timedelta(minutes=5))
    assert perf_counter() - begun < 20


@given(
    counts=st.lists(
        st.one_of(st.just(float("nan")), st.floats(0, 1e12), st.integers(0, 40).map(float)),
        max_size=50,
    ),
    minutes=st.sampled_from([1, 5, 15, 60]),
)
@settings(max_examples=60, deadline=None)
def test_any_few_counts_have_a_result(counts: list[float], minutes: int) -> None:
    step = detect(np.array(counts), width=timedelta(minutes=minutes))
    assert step.said.shape == (6, len(counts))
    assert all(surge.excess >= 0.0 for surge in surges(step))


def test_half_a_day_of_half_the_usual_and_the_days_after_page_nobody() -> None:
    slots = np.arange(56 * 48)
    rate = rhythm(slots * 30.0, 300.0)
    rate[40 * 48 + 24 : 41 * 48] *= 0.5
    counts = drawn(rate, 3.0, np.random.default_rng(4))
    assert not detect(counts, width=timedelta(minutes=30)).changes
