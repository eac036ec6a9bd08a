"""Regimes in windows around excess: ruptures with our cost, or with whatever a user passes."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
import ruptures
from hypothesis import given, settings
from hypothesis import strategies as st
from ruptures.base import BaseCost

from detector.detection.hindsight.noise import SCALES, Noise
from detector.detection.hindsight.segmentation import (
    MOST_BLOCKS,
    PENALTY,
    CountCost,
    PeltOfCounts,
    RupturesSegmenter,
    evidence,
    excess_flags,
    segmenter_of,
    window_edges,
    windows,
)
from detector.model.series import Floats

QUIET = Noise(1.0, np.full(SCALES, 0.04))


def drawn(expected: Floats, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).poisson(expected).astype(float)


def threefold() -> tuple[Floats, Floats]:
    """Sixty cells of twenty posts, thrice as many from the 20th to the 40th."""
    expected = np.full(60, 20.0)
    rate = expected.copy()
    rate[20:40] *= 3
    return drawn(rate), expected


def test_a_threefold_stretch_is_one_regime_of_its_own() -> None:
    assert window_edges(*threefold(), QUIET, PeltOfCounts()) == [0, 20, 40, 60]


def test_night_and_noon_are_one_regime_when_both_are_as_expected() -> None:
    expected = 16 + 15 * np.sin(np.arange(60) / 12)
    assert window_edges(drawn(expected), expected, QUIET, PeltOfCounts()) == [0, 60]


def test_what_wanders_by_half_is_no_regime_where_that_is_usual() -> None:
    expected = np.full(60, 40.0)
    rate = expected.copy()
    rate[20:30] *= 1.6
    restless = Noise(1.0, np.full(SCALES, 0.5))
    counts = drawn(rate)
    assert len(window_edges(counts, expected, QUIET, PeltOfCounts())) > 2
    assert window_edges(counts, expected, restless, PeltOfCounts()) == [0, 60]


def test_a_long_window_is_parted_in_blocks_and_covered() -> None:
    expected = np.full(9 * MOST_BLOCKS + 5, 8.0)
    rate = expected.copy()
    rate[100:300] *= 3
    edges = window_edges(drawn(rate), expected, QUIET, PeltOfCounts())
    assert (edges[0], edges[-1]) == (0, len(expected))
    assert all(min(abs(e - at) for e in edges) <= 10 for at in (100, 300))


class Poisson(BaseCost):  # type: ignore[misc]  # ruptures ships no annotations
    """A user's cost: minus the Poisson log-likelihood of one rate; it asks for the counts."""

    model = "poisson of a user"
    min_size = 2
    counts = True

    def fit(self, signal: Floats) -> Poisson:
        self.signal = signal
        return self

    def error(self, start: int, end: int) -> float:
        posts, usual = self.signal[start:end].sum(axis=0)
        return -evidence(float(posts), float(usual))


class Spread(BaseCost):  # type: ignore[misc]
    """A user's cost of plain residuals: their squares about the mean."""

    model = "squares of a user"
    min_size = 2

    def fit(self, signal: Floats) -> Spread:
        assert signal.shape[1] == 1
        self.signal = signal
        return self

    def error(self, start: int, end: int) -> float:
        part = self.signal[start:end]
        return float(((part - part.mean()) ** 2).sum())


@pytest.mark.parametrize(
    "search",
    [
        pytest.param(ruptures.KernelCPD("linear", min_size=2), id="KernelCPD"),
        pytest.param(ruptures.Binseg("l2", jump=1), id="Binseg"),
        pytest.param(ruptures.BottomUp("l2", jump=1), id="BottomUp"),
        pytest.param(Poisson(), id="a cost of counts"),
        pytest.param(Spread(), id="a cost of residuals"),
    ],
)
def test_a_user_may_pass_another_search_or_another_cost(search: object) -> None:
    edges = window_edges(*threefold(), QUIET, segmenter_of(search, None))
    assert (edges[0], edges[-1]) == (0, 60)
    assert all(min(abs(e - at) for e in edges) <= 1 for at in (20, 40))


def test_a_window_too_short_for_a_search_is_one_regime() -> None:
    search = RupturesSegmenter(ruptures.Binseg("l2", min_size=5))
    assert window_edges(np.ones(4), np.ones(4), QUIET, search) == [0, 4]


def test_what_is_nothing_of_ruptures_is_refused() -> None:
    with pytest.raises(TypeError, match="estimator or a cost of ruptures is wanted, not str"):
        segmenter_of("pelt", None)


def test_the_penalty_is_the_users() -> None:
    expected = np.full(60, 20.0)
    rate = expected.copy()
    rate[20:40] *= 1.5
    counts = drawn(rate)
    assert window_edges(counts, expected, QUIET, segmenter_of(None, 3.0)) != [0, 60]
    assert window_edges(counts, expected, QUIET, segmenter_of(None, 1e4)) == [0, 60]


def test_only_an_excess_has_a_window() -> None:
    expected = np.full(600, 20.0)
    rate = expected.copy()
    rate[300:312] *= 2
    rate[450:470] *= 0.2
    flags = excess_flags(drawn(rate), expected, 1.0, QUIET.wandering, 4.5)
    ((first, end),) = windows(flags, 12).tolist()
    assert 240 < first <= 288
    assert 324 <= end < 400


def cost(posts: list[int], expected: list[float], edges: tuple[int, ...]) -> float:
    both = np.column_stack([posts, expected]).astype(float)
    fitted = CountCost(1.0).fit(both)
    return sum(fitted.error(a, b) for a, b in pairwise(edges)) + PENALTY * (len(edges) - 2)


@given(
    posts=st.lists(st.integers(0, 60), min_size=2, max_size=9),
    expected=st.lists(st.floats(0.5, 20), min_size=9, max_size=9),
)
@settings(max_examples=60, deadline=None)
def test_pelt_finds_what_trying_every_segmentation_finds(
    posts: list[int], expected: list[float]
) -> None:
    usual = expected[: len(posts)]
    still = Noise(1.0, np.zeros(SCALES))
    found = window_edges(np.array(posts, float), np.array(usual), still, PeltOfCounts())
    n = len(posts)
    tried = [
        cost(posts, usual, (0, *inner, n))
        for k in range(n)
        for inner in combinations(range(1, n), k)
    ]
    assert cost(posts, usual, tuple(found)) == pytest.approx(min(tried), abs=1e-9)
