from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detector.detection import live
from detector.detection.options import DetectionOptions
from detector.detection.power import Power, power_card
from detector.model.series import CountSeries, SeriesKey
from detector.model.surge import ChangeKind

START = datetime(2024, 3, 4, tzinfo=UTC)
OPTIONS = DetectionOptions()


def series(rate: float, days: int = 23, seed: int = 0, minutes: int = 1) -> CountSeries:
    counts = np.random.default_rng(seed).poisson(rate, days * 1440 // minutes).astype(float)
    return CountSeries(SeriesKey("a", ""), START, timedelta(minutes=minutes), counts)


def card(rate: float, **more: int) -> tuple[Power, ...]:
    return power_card(series(rate), OPTIONS, **more)


def test_more_time_notices_smaller_surges() -> None:
    sizes = [p.posts_per_bin for p in card(3.0)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 1.5 * sizes[-1] > 0


def test_busier_services_need_more_posts_but_a_smaller_multiple() -> None:
    quiet, busy = card(0.3, trials=24)[1], card(30.0, trials=24)[1]
    assert busy.posts_per_bin > quiet.posts_per_bin
    assert 1 < busy.times_expected < quiet.times_expected


def test_times_expected_is_the_posts_over_the_expected() -> None:
    (power,) = power_card(series(5.0), OPTIONS, within=[timedelta(minutes=30)])
    assert power.times_expected == pytest.approx(1 + power.posts_per_bin / 5.0, rel=0.05)
    assert power.trials >= 40


def test_the_same_seed_gives_the_same_card() -> None:
    assert card(3.0, trials=12) == card(3.0, trials=12)
    assert card(3.0, trials=12) != card(3.0, trials=12, seed=1)


def test_the_card_keeps_its_promise_on_fresh_data() -> None:
    (power,) = power_card(series(3.0), OPTIONS, within=[timedelta(minutes=30)])
    noticed = []
    for seed in range(100, 120):
        counts = series(3.0, seed=seed).counts.copy()
        counts[-30:] += np.random.default_rng(seed).poisson(power.posts_per_bin, 30)
        state = live.begin(OPTIONS, start=START, width=timedelta(minutes=1))
        changes = live.update(state, counts).changes
        last = START + timedelta(days=23) - timedelta(minutes=30)
        noticed.append(any(c.kind is ChangeKind.OPENED and c.at > last for c in changes))
    assert np.mean(noticed) >= 0.7


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param(np.empty(0), id="no history"),
        pytest.param(np.full(5000, np.nan), id="nothing observed"),
        pytest.param(np.ones(30), id="half an hour of history"),
    ],
)
def test_what_cannot_be_known_is_nan(counts: np.ndarray) -> None:
    short = CountSeries(SeriesKey("a", ""), START, timedelta(minutes=1), counts)
    for power in power_card(short, OPTIONS, trials=6):
        assert np.isnan(power.posts_per_bin)
        assert np.isnan(power.times_expected)
        assert power.trials == 0


def test_an_hour_long_bin_rounds_up_to_one_bin() -> None:
    hourly = series(200.0, days=30, minutes=60)
    (power,) = power_card(hourly, OPTIONS, within=[timedelta(minutes=10)], trials=12)
    assert power.posts_per_bin > 0 or np.isnan(power.posts_per_bin)


@pytest.mark.parametrize("rate", [0.05, 3.0, 30.0, 300.0, 10_000.0])
def test_a_tenfold_surge_is_noticed_in_half_an_hour_at_any_volume(rate: float) -> None:
    half_an_hour = [timedelta(minutes=30)]
    (power,) = power_card(series(rate), OPTIONS, within=half_an_hour, trials=16)
    assert power.times_expected <= 10 or power.posts_per_bin <= 2
