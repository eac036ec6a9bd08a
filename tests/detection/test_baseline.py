from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom

from detector.detection.baseline.clock_shift import CERTAIN, rest_clock, watch_clock
from detector.detection.baseline.level import (
    HOUR,
    Expectation,
    Other,
    Slot,
    dispersion_of,
    level_of,
    tamed,
    tamed_dispersion,
)
from detector.detection.baseline.profile import _smooth, fold, refit
from detector.detection.kernels.series_record import RECORD
from tests.detection.counting import DAY, MONDAY, detect, drawn, rhythm, usual


@pytest.mark.parametrize("expected", [0.05, 0.5, 3.0])
@pytest.mark.parametrize("dispersion", [1.5, 3.0])
def test_what_a_count_weighs_has_the_expected_mean_and_the_stated_dispersion(
    expected: float, dispersion: float
) -> None:
    x = np.arange(400)
    p = nbinom.pmf(x, expected / (dispersion - 1), 1 / dispersion)
    weight = np.array([tamed(float(c), expected, dispersion, 0.01) for c in x])
    mean = float((p * weight).sum())
    assert mean == pytest.approx(expected, rel=0.05)
    variance = float((p * weight**2).sum()) - mean**2
    assert variance / mean <= 1.1 * tamed_dispersion(expected, dispersion)


def test_a_clump_of_rare_posts_is_hardly_more_than_one() -> None:
    assert tamed(8.0, 0.05, 3.0, 0.01) < 1.6 * tamed(1.0, 0.05, 3.0, 0.01)
    assert tamed(3.0, 0.05, 1.0, 0.01) == 3.0


@pytest.mark.parametrize("dispersion", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("level", [0.1, 1.5, 15.0])
def test_dispersion_and_level_are_learnt(level: float, dispersion: float) -> None:
    step = detect(usual(20, level=level, dispersion=dispersion, seed=2))
    hot = step.state.records[0]
    assert dispersion_of(hot) == pytest.approx(dispersion, rel=0.2)
    assert level_of(hot) == pytest.approx(level, rel=0.25)
    late = slice(14 * DAY, 20 * DAY)
    truth = rhythm(np.arange(late.start, late.stop, dtype=float), level)
    error = np.log(step.expected[late] / truth)
    assert abs(float(np.median(error))) < 0.1
    assert float(np.percentile(np.abs(error), 90)) < (0.45 if level < 1 else 0.25)


def test_a_smoothing_triangle_is_the_sum_written_out() -> None:
    values = np.random.default_rng(0).uniform(0, 1, 144)
    fast = np.empty(144)
    _smooth(values, 6, fast)
    slow = [sum(values[(i + k) % 144] * (1 - abs(k) / 6) for k in range(-5, 6)) for i in range(144)]
    np.testing.assert_allclose(fast, slow)


def test_the_profile_is_certain_only_where_it_has_been() -> None:
    count, mass, days = np.zeros((7, 144)), np.zeros((7, 144)), np.zeros(7)
    bins = np.full(144, 10.0)
    shape = 1 + 0.6 * np.sin(2 * np.pi * np.arange(144) / 144)
    monday = MONDAY.toordinal() - 719163
    for day in range(monday, monday + 5):
        fold(count, mass, days, 50 * shape, bins, 5.0, day)
    profile = refit(count, mass, days, 1.0, 10.0)
    assert profile[1, :5].max() < 0.03
    assert profile[1, 5:].min() > 0.15
    np.testing.assert_allclose(profile[0, 0] / profile[0, 0].mean(), shape, rtol=0.08)
    assert profile[0].mean() == pytest.approx(1.0)


def _watch(shift: int, hours: int, seed: int = 0) -> tuple[int, float]:
    records = np.zeros(1, RECORD)
    rest_clock(records[0])
    minutes = np.arange(hours * 60.0)
    counts = drawn(rhythm(minutes + shift / 60.0, 10.0), 1.5, np.random.default_rng(seed))
    rates = np.stack([rhythm(minutes + m, 10.0) for m in (-60.0, 0.0, 60.0)], axis=1)
    for count, (back, rate, ahead) in zip(counts, rates, strict=True):
        others = (Other(r / rate - 1.0, np.log(r / rate)) for r in (back, ahead))
        slot = Slot(0, 0, 0, rate, 0.0, *others)
        moved = watch_clock(records[0], count, slot, Expectation(rate, 1.5, 0.0144, 0.0144), 1.0)
        if moved:
            return moved, 0.0
    return 0, float(records["clock_belief"][0][[0, 2]].max())


@pytest.mark.parametrize("shift", [-HOUR, HOUR], ids=["an hour back", "an hour ahead"])
def test_a_moved_clock_is_found_within_a_day(shift: int) -> None:
    assert _watch(shift, 30)[0] == shift


def test_a_clock_that_stands_still_is_left_alone() -> None:
    for seed in range(5):
        moved, doubt = _watch(0, 240, seed)
        assert moved == 0
        assert doubt < CERTAIN
