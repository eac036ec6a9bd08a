from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from detector.detection.hindsight.segmentation import (
    MOST_BLOCKS,
    PENALTY,
    CountCost,
    evidence,
    regimes,
)


def test_a_threefold_stretch_is_one_regime_of_its_own() -> None:
    expected = np.full(110, 4.0)
    counts = np.random.default_rng(0).poisson(expected).astype(float)
    counts[50:80] = np.random.default_rng(1).poisson(12, 30)
    found = regimes(counts, expected, 1.0)
    assert [(r.first, r.end) for r in found] == [(0, 50), (50, 80), (80, 110)]
    assert found[1].ratio == pytest.approx(3.0, rel=0.15)
    assert found[1].evidence > 50 > found[0].evidence


def test_night_and_noon_are_one_regime_when_both_are_as_expected() -> None:
    expected = 6 + 5 * np.sin(np.arange(110) / 12)
    counts = np.random.default_rng(2).poisson(expected).astype(float)
    assert len(regimes(counts, expected, 1.0)) == 1


def test_unobserved_bins_do_not_speak() -> None:
    expected = np.full(100, 5.0)
    counts = np.random.default_rng(3).poisson(expected).astype(float)
    counts[40:60] = np.nan
    expected[60:70] = np.nan
    assert len(regimes(counts, expected, 1.0)) == 1
    assert regimes(np.full(5, np.nan), np.full(5, 2.0), 1.0)[0].ratio == 1.0


def test_long_stretches_are_parted_in_blocks_and_cover_everything() -> None:
    expected = np.full(20 * MOST_BLOCKS + 7, 2.0)
    counts = np.random.default_rng(4).poisson(expected).astype(float)
    counts[1000:1400] *= 3
    found = regimes(counts, expected, 1.0)
    assert [r.end for r in found[:-1]] == [r.first for r in found[1:]]
    assert (found[0].first, found[-1].end) == (0, len(counts))
    assert any(abs(r.first - 1000) <= 21 for r in found)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=2, max_size=9), st.floats(1.0, 3.0))
def test_the_segmentation_is_the_best_of_all(counts: list[int], dispersion: float) -> None:
    x, mu = np.array(counts, float), np.full(len(counts), 2.0)
    cost = CountCost(dispersion).fit(np.column_stack([x, mu]))

    def total(breaks: tuple[int, ...]) -> float:
        edges = [0, *breaks, len(x)]
        return sum(cost.error(a, b) + PENALTY for a, b in pairwise(edges))

    inner = range(1, len(x))
    best = min(total(c) for k in range(len(x)) for c in combinations(inner, k))
    found = regimes(x, mu, dispersion)
    assert total(tuple(r.first for r in found[1:])) == pytest.approx(best)


def test_evidence_is_the_poisson_likelihood_ratio() -> None:
    ratio = poisson.logpmf(30, 30) - poisson.logpmf(30, 12)
    assert evidence(30, 12) == pytest.approx(ratio)
    assert evidence(0, 3) == 3
    assert evidence(5, 0) == 0
