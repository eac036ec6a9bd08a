from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection.onset import (
    DROP,
    LARGEST,
    RISES,
    SIZES,
    SMALLEST,
    estimate,
    start_likelihood,
)


def by_hand(count: np.ndarray, expected: np.ndarray, dispersion: float, start: int) -> float:
    """Return the log-likelihood ratio of one start, summed bin by bin over every ramp."""
    values = []
    for rise in RISES:
        length = round(rise)
        best = -np.inf
        for a in range(SIZES):
            size = SMALLEST * (LARGEST / SMALLEST) ** (a / (SIZES - 1))
            since = np.arange(len(count) - start)
            ramp = 1 + size * np.minimum(1.0, (since + 1) / (length + 1))
            terms = count[start:] * np.log(ramp) - expected[start:] * (ramp - 1)
            best = max(best, float(np.nansum(terms)) / dispersion)
        values.append(best)
    top = max(values)
    return top + log(sum(exp(v - top) for v in values) / len(values))


@given(seed=st.integers(0, 10_000), n=st.integers(2, 90), missing=st.booleans())
@settings(max_examples=25, deadline=None)
def test_the_likelihood_is_the_sum_over_bins(seed: int, n: int, missing: bool) -> None:
    rng = np.random.default_rng(seed)
    expected = rng.uniform(0.5, 3, n)
    count = rng.poisson(expected * 2).astype(float)
    if missing:
        count[rng.integers(n)] = np.nan
    fast = start_likelihood(count, expected, 1.5, 1.0)
    for start in rng.integers(0, n, 4):
        assert fast[start] == pytest.approx(by_hand(count, expected, 1.5, int(start)), abs=1e-6)


@pytest.mark.parametrize("rise", [0, 15, 30], ids=["step", "ramp of 15", "ramp of 30"])
def test_the_interval_holds_the_start_of_steps_and_ramps(rise: int) -> None:
    inside, errors = 0, []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rate = np.full(120, 5.0)
        since = np.arange(120) - 60
        rate[60:] += 15 * np.minimum(1.0, (since[60:] + 1) / (rise + 1))
        counts = rng.poisson(rate).astype(float)
        at, first, last = estimate(start_likelihood(counts, np.full(120, 5.0), 1.0, 1.0))
        inside += first <= 60 <= last
        errors.append(abs(at - 60))
    assert inside >= 0.85 * 60
    assert np.median(errors) <= (1 if rise == 0 else 8)


def test_the_interval_is_what_lies_within_the_drop() -> None:
    likelihood = np.array([0.0, 5.0 - DROP - 0.1, 5.0 - DROP + 0.1, 5.0, 4.0, 1.0])
    assert estimate(likelihood).tolist() == [3, 2, 4]
