from __future__ import annotations

import numpy as np
import pytest

from detector.detection.hindsight.refinement import (
    dispersion_of,
    end_of,
    levelled,
    speaks_until,
    start_of,
)
from detector.detection.hindsight.segmentation import Regime


def poisson(rate: np.ndarray, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).poisson(rate).astype(float)


def test_dispersion_of_poisson_is_one_and_of_negative_binomial_its_own() -> None:
    mean, quiet = np.full(4000, 5.0), np.ones(4000, dtype=bool)
    assert dispersion_of(poisson(mean, 0), mean, quiet) == pytest.approx(1.0, abs=0.1)
    wild = np.random.default_rng(1).negative_binomial(5.0 / 2, 1 / 3, 4000).astype(float)
    assert dispersion_of(wild, mean, quiet) == pytest.approx(3.0, rel=0.15)
    assert dispersion_of(wild, mean, ~quiet) == 1.0


def test_levels_go_from_what_was_before_to_what_was_after() -> None:
    expected, quiet = np.full(900, 10.0), np.ones(900, dtype=bool)
    quiet[400:500] = False
    counts = np.concatenate([np.full(400, 8.0), np.full(100, 99.0), np.full(400, 12.0)])
    level = levelled(counts, expected, quiet, (400, 500), 1.0)
    assert level[0] == pytest.approx(8.0, abs=0.1)
    assert level[-1] == pytest.approx(12.0, abs=0.1)
    assert level[450] == pytest.approx(10.0, abs=0.1)


def test_a_surge_at_the_end_of_the_history_is_levelled_by_what_was_before() -> None:
    expected, quiet = np.full(500, 10.0), np.ones(500, dtype=bool)
    quiet[400:] = False
    counts = np.concatenate([np.full(400, 8.0), np.full(100, 99.0)])
    assert levelled(counts, expected, quiet, (400, 500), 1.0)[450] == pytest.approx(8.0, abs=0.1)


@pytest.mark.parametrize("rise", [1, 15, 30], ids=lambda r: f"rise of {r} minutes")
def test_starts_are_found_and_intervals_hold_them(rise: int) -> None:
    errors, held = [], []
    for seed in range(40):
        rate = np.full(240, 3.0)
        rate[120:] += 9.0 * np.minimum(1.0, np.arange(1, 121) / rise)
        span, noticed = (60, 155), 135
        start = start_of(poisson(rate, seed), np.full(240, 3.0), 1.0, span, noticed, 1.0)
        assert start.earliest <= start.at <= start.latest
        errors.append(abs(start.at - 120))
        held.append(start.earliest <= 120 <= start.latest)
    assert np.median(errors) <= (1 if rise == 1 else 5)
    assert np.mean(held) >= 0.8


def test_what_comes_after_the_first_fall_does_not_speak_about_the_start() -> None:
    parts = [Regime(0, 50, 1.0, 0), Regime(50, 70, 3.0, 9), Regime(70, 90, 1.1, 1)]
    assert speaks_until(parts, 50, 140) == 70
    assert speaks_until(parts, 50, 60) == 60
    assert speaks_until(parts[:2], 50, 140) == 140


def test_a_rising_surge_speaks_to_the_end() -> None:
    parts = [Regime(0, 50, 1.0, 0), Regime(50, 70, 2.0, 9), Regime(70, 90, 4.0, 1)]
    assert speaks_until(parts, 50, 85) == 85


@pytest.mark.parametrize("seed", range(5))
def test_ends_are_found_even_behind_a_recovery(seed: int) -> None:
    rate = np.full(300, 4.0)
    rate[50:150] = 16.0
    rate[90:105] = 4.0
    counts = poisson(rate, seed)
    counts[200:210] = np.nan
    assert abs(end_of(counts, np.full(300, 4.0), 50, 10) - 150) <= 3
