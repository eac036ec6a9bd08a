"""A whole series looked back at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import ruptures
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection.hindsight.findings import Findings
from detector.detection.hindsight.segmentation import segmenter_of
from detector.detection.hindsight.whole_series import HindsightOptions, find_in
from detector.detection.options import DetectionOptions, KnownEvent
from detector.model.series import CountSeries, Floats, SeriesKey

START = datetime(2024, 3, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = 1440


def rhythm(days: int, rate: float) -> Floats:
    day = np.arange(days * DAY) / DAY * 2 * np.pi
    return rate * (1.0 - 0.6 * np.cos(day))


def series(rate: Floats, seed: int = 0, minutes: int = 1) -> CountSeries:
    counts = np.random.default_rng(seed).poisson(rate).astype(float)
    return CountSeries(SeriesKey("a", ""), START, timedelta(minutes=minutes), counts)


def at(minute: int) -> datetime:
    return START + minute * MINUTE


def outage(rate: Floats, first: int, minutes: int, times: float) -> None:
    rate[first : first + minutes] *= times


def test_start_end_and_size_are_those_of_the_outage() -> None:
    rate = rhythm(14, 3.0)
    outage(rate, 9 * DAY + 600, 90, 4.0)
    (one,) = find_in(series(rate)).incidents
    assert abs(one.onset.at - at(9 * DAY + 600)) <= 2 * MINUTE
    assert one.onset.earliest <= at(9 * DAY + 600) <= one.onset.latest
    assert one.ended_at is not None
    assert abs(one.ended_at - at(9 * DAY + 690)) <= 3 * MINUTE
    assert one.ended_earliest <= one.ended_at <= one.ended_latest
    assert one.excess == pytest.approx(0.75 * rate[9 * DAY + 600 : 9 * DAY + 690].sum(), rel=0.15)
    assert one.noise_probability < 1e-6
    assert one.false_per_year < 0.2


def test_regimes_within_an_incident_are_told_apart() -> None:
    rate = rhythm(14, 8.0)
    outage(rate, 9 * DAY + 600, 60, 10.0)
    outage(rate, 9 * DAY + 660, 90, 3.0)
    (one,) = find_in(series(rate)).incidents
    assert [round(r.ratio) for r in one.regimes] == [10, 3]
    assert abs(one.regimes[0].end - at(9 * DAY + 660)) <= 5 * MINUTE
    assert one.regimes[0].end == one.regimes[1].start
    assert (one.regimes[0].start, one.regimes[-1].end) == (one.onset.at, one.ended_at)


def test_what_goes_on_has_no_end() -> None:
    rate = rhythm(14, 3.0)
    outage(rate, 14 * DAY - 60, 60, 6.0)
    (one,) = find_in(series(rate)).incidents
    assert (one.ended_at, one.ended_earliest, one.ended_latest) == (None, None, None)


def test_a_source_that_counts_more_for_good_is_a_change_of_level_and_hides_no_outage() -> None:
    rate = rhythm(30, 3.0)
    rate[15 * DAY + 607 :] *= 3
    outage(rate, 16 * DAY, 60, 4.0)
    found = find_in(series(rate))
    (change,) = found.level_changes
    assert abs(change.at - at(15 * DAY + 607)) <= 5 * MINUTE
    assert change.ratio == pytest.approx(3.0, rel=0.1)
    (one,) = found.incidents
    assert abs(one.onset.at - at(16 * DAY)) <= 2 * MINUTE


def test_two_days_at_five_times_are_an_incident_and_no_change_of_level() -> None:
    rate = rhythm(30, 3.0)
    outage(rate, 15 * DAY, 2 * DAY, 5.0)
    found = find_in(series(rate))
    assert found.level_changes == ()
    (one,) = found.incidents
    assert one.ended_at is not None
    assert abs(one.ended_at - at(17 * DAY)) <= 5 * MINUTE


def test_a_day_with_half_the_posts_is_an_unusual_day() -> None:
    rate = rhythm(30, 6.0)
    rate[17 * DAY : 18 * DAY] *= 0.5
    found = find_in(series(rate))
    (days,) = found.unusual_days
    assert (days.start, days.end) == (at(17 * DAY), at(18 * DAY))
    assert days.ratio == pytest.approx(0.5, abs=0.05)
    assert not days.shifted
    assert found.incidents == ()


def test_a_level_that_comes_back_within_two_weeks_was_unusual_days() -> None:
    rate = rhythm(40, 6.0)
    rate[17 * DAY : 24 * DAY] *= 0.6
    found = find_in(series(rate))
    assert found.level_changes == ()
    (days,) = found.unusual_days
    assert abs(days.start - at(17 * DAY)) <= 30 * MINUTE
    assert abs(days.end - at(24 * DAY)) <= 30 * MINUTE
    assert days.ratio == pytest.approx(0.6, abs=0.05)


@pytest.mark.parametrize("begins", [0, 37], ids=["at midnight", "37 minutes past"])
def test_an_outage_at_the_hour_of_a_midnight_peak_is_found_and_the_peak_is_not(begins: int) -> None:
    """New Year: a smooth peak at midnight of the first of seven quieter days."""
    n = np.arange(40 * DAY)
    rate = rhythm(40, 15.0)
    first = 30 * DAY
    rate[first : first + 7 * DAY] = np.roll(rate, 150)[first : first + 7 * DAY] * 0.75
    rate *= 1 + 2.5 * np.exp(-(((n - first) / 25.0) ** 2))
    rate *= 1 + 1.2 * np.exp(-(((n - first + 150) / 90.0) ** 2))
    assert find_in(series(rate)).incidents == ()
    outage(rate, first + begins, 60, 4.0)
    (one,) = find_in(series(rate)).incidents
    assert one.onset.at <= at(first + begins + 3)
    assert one.ended_at is not None
    assert abs(one.ended_at - at(first + begins + 60)) <= 3 * MINUTE


def test_a_burst_of_three_minutes_is_none() -> None:
    rate = rhythm(14, 3.0)
    outage(rate, 9 * DAY + 600, 3, 60.0)
    assert find_in(series(rate)).incidents == ()


def test_a_show_every_week_is_none() -> None:
    rate = rhythm(42, 6.0)
    for week in range(6):
        outage(rate, (7 * week + 3) * DAY + 1200, 60, 3.0)
    assert find_in(series(rate)).incidents == ()


def test_a_dead_source_is_not_observed_and_no_level() -> None:
    rate = rhythm(30, 6.0)
    rate[12 * DAY + 300 : 13 * DAY] = 0
    found = find_in(series(rate))
    (down,) = found.unobserved
    assert abs(down[0] - at(12 * DAY + 300)) <= 2 * MINUTE
    assert abs(down[1] - at(13 * DAY)) <= 2 * MINUTE
    assert found.incidents == ()


def test_a_known_event_is_expected() -> None:
    rate = rhythm(20, 6.0)
    outage(rate, 15 * DAY + 600, 120, 3.0)
    event = KnownEvent(at(15 * DAY + 600), at(15 * DAY + 720), factor=3.0)
    assert len(find_in(series(rate)).incidents) == 1
    assert find_in(series(rate), None, DetectionOptions(known_events=(event,))).incidents == ()


def test_the_wish_decides_what_is_sure() -> None:
    rate = rhythm(30, 0.5)
    outage(rate, 20 * DAY + 700, 40, 2.6)
    counted = series(rate, seed=3)
    shy = find_in(counted, HindsightOptions(false_incidents_per_year=1e-6))
    bold = find_in(counted, HindsightOptions(false_incidents_per_year=50.0))
    assert shy.incidents == ()
    assert any(abs(s.onset.at - at(20 * DAY + 700)) <= 20 * MINUTE for s in bold.incidents)
    assert any(abs(s.onset.at - at(20 * DAY + 700)) <= 20 * MINUTE for s in shy.unsure)


def test_a_wish_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="must be in"):
        HindsightOptions(false_incidents_per_year=0)


def keys(
    found: Findings, first: datetime, last: datetime
) -> list[tuple[datetime, datetime | None]]:
    return [(s.onset.at, s.ended_at) for s in found.incidents if first < s.onset.at < last]


def test_two_halves_that_overlap_by_two_weeks_say_the_same_as_the_whole() -> None:
    rate = rhythm(70, 4.0)
    for day in range(6, 68, 7):
        outage(rate, day * DAY + 97 * day % 1200, 60, 4.0)
    whole = series(rate, seed=5)
    half = 42 * DAY
    first = CountSeries(whole.key, START, MINUTE, whole.counts[:half])
    begins = half - 14 * DAY
    second = CountSeries(whole.key, at(begins), MINUTE, whole.counts[begins:])
    middle = at(half - 7 * DAY)
    halves = keys(find_in(first), START, middle) + keys(find_in(second), middle, whole.end)
    assert len(halves) == 9
    for (a, b), (c, d) in zip(halves, keys(find_in(whole), START, whole.end), strict=True):
        assert abs(a - c) <= MINUTE
        assert b is not None
        assert d is not None
        assert abs(b - d) <= 2 * MINUTE


@pytest.mark.parametrize(
    "search",
    [ruptures.KernelCPD("linear", min_size=2), ruptures.Binseg("l2", jump=1)],
    ids=["KernelCPD", "Binseg"],
)
def test_another_search_finds_the_same_outage(search: object) -> None:
    rate = rhythm(14, 3.0)
    outage(rate, 9 * DAY + 600, 90, 4.0)
    (one,) = find_in(series(rate), HindsightOptions(segmenter=segmenter_of(search, None))).incidents
    assert abs(one.onset.at - at(9 * DAY + 600)) <= 2 * MINUTE


@given(
    counts=st.lists(st.one_of(st.none(), st.integers(0, 40), st.integers(0, 9000)), max_size=50),
    width=st.sampled_from([10, 15, 60, 300, 600, 3600, 7200]),
)
@settings(max_examples=80, deadline=None)
def test_any_series_has_a_result(counts: list[int | None], width: int) -> None:
    values = np.array([np.nan if c is None else c for c in counts], dtype=np.float64)
    one = CountSeries(SeriesKey("a", ""), START, timedelta(seconds=width), values)
    found = find_in(one, HindsightOptions(false_incidents_per_year=50.0))
    assert found.expected.shape == values.shape
    for surge in (*found.incidents, *found.unsure):
        assert START <= surge.onset.earliest <= surge.onset.latest <= one.end
        assert surge.ended_at is None or surge.onset.at < surge.ended_at <= one.end
        assert 0 <= surge.noise_probability <= 1
        assert sum((r.end - r.start for r in surge.regimes), timedelta()) >= one.width


@pytest.mark.parametrize("minutes", [5, 60])
def test_bins_of_any_width(minutes: int) -> None:
    per_day = DAY // minutes
    rate = np.full(20 * per_day, 6.0 * minutes)
    first = 15 * per_day + per_day // 3
    rate[first : first + max(180 // minutes, 3)] *= 4
    (one,) = find_in(series(rate, minutes=minutes)).incidents
    assert abs(one.onset.at - at(first * minutes)) <= minutes * MINUTE


def test_no_series_of_noise_has_an_incident() -> None:
    """Forty service-months at once a fifth of a year's bearable false ones each."""
    found = [find_in(series(rhythm(30, 2.0), seed=seed)) for seed in range(12)]
    assert sum(len(f.incidents) for f in found) == 0
    assert all(s.noise_probability > 0.05 for f in found for s in f.unsure)
