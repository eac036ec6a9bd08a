from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection.onset import (
    COVER,
    ENOUGH,
    LARGEST,
    RISES,
    SIZES,
    SMALLEST,
    STEPS,
    estimate,
    start_likelihood,
)


def weights(count: np.ndarray, expected: np.ndarray, dispersion: float) -> np.ndarray:
    """Return how much each bin may say."""
    surplus, found = 0.0, []
    for above in np.nan_to_num(count - expected):
        surplus = max(surplus + above, 0.0)
        found.append(1 / (1 + surplus / (dispersion * ENOUGH)))
    return np.array(found)


def summit(values: list[float]) -> float:
    """Return the maximum of the parabola through the best three, which lie side by side."""
    top = int(np.argmax(values))
    if top in (0, len(values) - 1):
        return values[top]
    bend, slope, height = np.polyfit([-1, 0, 1], values[top - 1 : top + 2], 2)
    return values[top] if bend > -1e-12 else float(height - slope**2 / (4 * bend))


def by_hand(count: np.ndarray, expected: np.ndarray, dispersion: float, start: int) -> float:
    """Return the log-likelihood ratio of one start, summed bin by bin over every ramp."""
    said = weights(count, expected, dispersion)[start:]
    values = []
    for r, rise in enumerate(RISES):
        since = np.arange(len(count) - start)
        shape = np.minimum(1.0, (since + 1) / (round(rise) + 1))
        of_sizes = []
        for a in range(SIZES):
            ramp = 1 + SMALLEST * (LARGEST / SMALLEST) ** (a / (SIZES - 1)) * shape
            terms = count[start:] * np.log(ramp) - expected[start:] * (ramp - 1)
            of_sizes.append(float(np.nansum(said * terms)))
        usual = STEPS if r == 0 else (1 - STEPS) / (len(RISES) - 1)
        values.append(summit(of_sizes) / dispersion + log(usual))
    top = max(values)
    return top + log(sum(exp(v - top) for v in values))


@given(seed=st.integers(0, 10_000), n=st.integers(2, 90), missing=st.booleans())
@settings(max_examples=25, deadline=None)
def test_the_likelihood_is_the_sum_over_bins(seed: int, n: int, missing: bool) -> None:
    rng = np.random.default_rng(seed)
    expected = rng.uniform(0.5, 3, n)
    count = rng.poisson(expected * rng.choice([1, 2, 20])).astype(float)
    if missing:
        count[rng.integers(n)] = np.nan
    fast = start_likelihood(count, expected, 1.5, 1.0)
    for start in rng.integers(0, n, 4):
        assert fast[start] == pytest.approx(by_hand(count, expected, 1.5, int(start)), abs=1e-6)


def found(counts: np.ndarray, usual: float) -> list[int]:
    likelihood = start_likelihood(counts, np.full(len(counts), usual), 1.0, 1.0)
    at, first, last = estimate(likelihood, 1.0).tolist()
    return [at, first, last]


@pytest.mark.parametrize("rise", [0, 15, 30], ids=["step", "ramp of 15", "ramp of 30"])
def test_the_interval_holds_the_start_of_steps_and_ramps(rise: int) -> None:
    inside, errors = 0, []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rate = np.full(120, 5.0)
        since = np.arange(120) - 60
        rate[60:] += 15 * np.minimum(1.0, (since[60:] + 1) / (rise + 1))
        at, first, last = found(rng.poisson(rate).astype(float), 5.0)
        inside += first <= 60 <= last
        errors.append(abs(at - 60))
    assert inside >= 0.85 * 60
    assert np.median(errors) <= (1 if rise == 0 else 4)


@pytest.mark.parametrize(
    ("power", "least"), [(0.5, 1.0), (2.0, 4.0)], ids=["steep, then slow", "slow, then steep"]
)
def test_the_top_of_a_large_surge_hardly_moves_its_start(power: float, least: float) -> None:
    moved = []
    for seed in range(20):
        rate = np.full(140, 15.0)
        rate[60:] += 450 * np.minimum(1.0, np.arange(1, 81) / 40) ** power
        counts = np.random.default_rng(seed).poisson(rate).astype(float)
        moved.append(abs(found(counts, 15.0)[0] - found(counts[:70], 15.0)[0]))
    assert np.mean(moved) <= least


def test_the_interval_is_the_shortest_that_holds_its_share() -> None:
    share = np.array([0.02, 0.3, 0.02, 0.02, 0.35, 0.24, 0.05])
    assert share[1:6].sum() > COVER
    _, first, last = estimate(np.log(share), 1e-9).tolist()
    assert (first, last) == (1, 5)
    _, first, last = estimate(np.log([0.001, 0.04, 0.9, 0.05, 0.009]), 1e-9).tolist()
    assert (first, last) == (2, 2)


def test_the_start_is_where_the_error_is_least_to_be_expected() -> None:
    share = np.array([0.05, 0.3, 0.05, 0.2, 0.21, 0.19])
    errors = [float(share @ np.log1p(np.abs(np.arange(6) - s))) for s in range(6)]
    assert estimate(np.log(share), 1e-9)[0] == int(np.argmin(errors)) == 3


@given(likelihood=st.lists(st.floats(-40, 40), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_the_start_lies_in_its_interval(likelihood: list[float]) -> None:
    at, first, last = estimate(np.array(likelihood), 1.0).tolist()
    assert 0 <= first <= at <= last < len(likelihood)
