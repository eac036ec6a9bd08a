from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from benchmarks import hindsight, ours
from benchmarks.running import prepare
from benchmarks.synthetic import Recipe, generate
from detector.detection.hindsight.surges import analyze_series
from detector.detection.options import DetectionOptions
from detector.detection.truth_matching import MINUTE, match, outages_of
from detector.model.series import CountSeries, SeriesKey

START = datetime(2024, 3, 4, tzinfo=UTC)
OPTIONS = DetectionOptions()


def series(counts: np.ndarray, minutes: int = 1) -> CountSeries:
    return CountSeries(SeriesKey("a", ""), START, timedelta(minutes=minutes), counts)


def steady(days: int, rate: float = 3.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(rate, days * 1440).astype(float)


def test_a_ramp_is_dated_to_its_foot_and_its_end() -> None:
    counts = steady(4)
    at = 3 * 1440 + 500
    extra = 15 * np.minimum(1.0, np.arange(1, 181) / 20)
    counts[at : at + 180] += np.random.default_rng(1).poisson(extra)
    (found,) = analyze_series(series(counts), OPTIONS)
    minute = timedelta(minutes=1)
    assert abs(found.onset.at - (START + at * minute)) <= 6 * minute
    assert found.onset.earliest <= START + at * minute <= found.onset.latest
    assert found.ended_at is not None
    assert abs(found.ended_at - (START + (at + 180) * minute)) <= 3 * minute
    assert found.noticed_at is not None
    assert found.noticed_at > found.onset.at
    assert found.excess == pytest.approx(extra.sum(), rel=0.1)
    assert START + at * minute <= found.peak_at < found.ended_at
    assert found.peak_count > 3 * found.expected_at_peak


def test_a_surge_that_goes_on_has_no_end() -> None:
    counts = steady(4)
    counts[-60:] += 12
    (found,) = analyze_series(series(counts), OPTIONS)
    assert found.ended_at is None
    assert found.resolved_at is None


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param(steady(3), id="nothing happens"),
        pytest.param(np.full(3000, np.nan), id="nothing is observed"),
        pytest.param(np.zeros(3000), id="nothing is ever posted"),
        pytest.param(np.empty(0), id="no bins"),
    ],
)
def test_no_surge_is_made_up(counts: np.ndarray) -> None:
    assert analyze_series(series(counts), OPTIONS) == ()


def test_bins_of_five_minutes() -> None:
    counts = np.random.default_rng(2).poisson(6.0, 5 * 288).astype(float)
    counts[1200:1224] += 30
    began = START + timedelta(minutes=6000)
    late = [abs(surge.onset.at - began) for surge in analyze_series(series(counts, 5), OPTIONS)]
    assert min(late) <= timedelta(minutes=5)


def test_noticed_as_live_and_dated_no_worse() -> None:
    track = generate(Recipe(21, services=12, days=21, outages=6))
    services, outages = prepare(track), outages_of(track.truth)
    live = match(outages, ours.claims(services, OPTIONS))
    later = match(outages, hindsight.claims(services, OPTIONS))
    both = [
        (o.start, a, b)
        for o, a, b in zip(outages, live.caught_by, later.caught_by, strict=True)
        if a is not None and b is not None
    ]
    assert len(both) >= 20
    assert all(a.noticed == b.noticed for _, a, b in both)
    first, second = (
        np.mean([min(abs(pair[i].start - pair[0]) / MINUTE, 60) for pair in both]) for i in (1, 2)
    )
    assert second <= first * 1.1 + 0.5
