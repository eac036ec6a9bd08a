from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection.memory import HOT
from detector.detection.sequential import (
    BURST_COST,
    MOVED_COST,
    MOVED_SPREAD,
    bound_of,
    evidence_of,
    observe,
)

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=120)


def brute_force(x: np.ndarray, mass: float, variance: float) -> float:
    """Return the highest evidence over every start up to the newest bin."""
    best = 0.0
    for start in range(len(x)):
        total, expected = x[start:].sum(), mass * (len(x) - start)
        best = max(best, evidence_of(total, expected, variance))
    return min(best, if_moved(x, mass, variance))


def if_moved(x: np.ndarray, mass: float, variance: float) -> float:
    """Return the highest evidence over every start when the level may have moved."""
    sums = [(x[start:].sum(), mass * (len(x) - start)) for start in range(len(x))]
    wider = variance + MOVED_SPREAD**2
    return MOVED_COST + max(evidence_of(total, expected, wider) for total, expected in sums)


def with_burst(x: np.ndarray, mass: float, variance: float, bins: int) -> float:
    """Return the same when a burst must be paid for."""
    best = 0.0
    for start in range(len(x)):
        since = x[start:] - mass
        windows = [since[max(0, i - bins + 1) : i + 1].sum() for i in range(len(since))]
        total, expected = x[start:].sum(), mass * (len(x) - start)
        rest = total - max(0.0, *windows)
        if rest > expected * (1 + 1e-9):
            whole = evidence_of(total, expected, variance)
            best = max(best, min(whole, evidence_of(rest, expected, variance) + BURST_COST))
    return min(best, if_moved(x, mass, variance))


def search(x: np.ndarray, mass: float, variance: float, bins: int) -> list[float]:
    hots = np.zeros(1, HOT)
    evidence = []
    for b, count in enumerate(x):
        recent = x[max(0, b - bins + 1) : b + 1] - mass
        observe(hots[0], count, mass, max(recent.sum(), 0.0), bins, variance, -1)
        hots["bins"] += 1
        evidence.append(float(hots["evidence"][0]))
    return evidence


@given(mass=st.floats(1e-6, 1e7), times=st.floats(1.0, 1e4), variance=st.floats(1e-4, 5.0))
@settings(max_examples=500, deadline=None)
def test_no_evidence_passes_its_bound(mass: float, times: float, variance: float) -> None:
    x = mass * times
    assert evidence_of(x, mass, variance) <= bound_of(x, mass, variance)


@given(counts=COUNTS, mass=st.floats(0.05, 20), spread=st.floats(0.05, 0.7))
@settings(max_examples=150, deadline=None)
def test_the_candidates_on_the_hull_hold_the_best_of_all_starts(
    counts: list[int], mass: float, spread: float
) -> None:
    x = np.array(counts, dtype=float)
    found = search(x, mass, spread**2, 0)
    for b in range(len(x)):
        assert found[b] == pytest.approx(brute_force(x[: b + 1], mass, spread**2), abs=1e-6)


@given(counts=COUNTS, mass=st.floats(0.05, 20))
@settings(max_examples=100, deadline=None)
def test_with_bursts_the_candidates_never_say_more_than_all_starts(
    counts: list[int], mass: float
) -> None:
    x = np.array(counts, dtype=float)
    found = search(x, mass, 0.0144, 3)
    for b in range(len(x)):
        assert found[b] <= with_burst(x[: b + 1], mass, 0.0144, 3) + 1e-6


def test_with_bursts_the_candidates_seldom_say_less_where_it_matters() -> None:
    gaps = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        mass = float(rng.choice([0.1, 1.0, 10.0]))
        x = rng.poisson(mass, 60).astype(float)
        x[30:] += rng.poisson(mass * rng.uniform(1, 4) + 0.3, 30)
        found = search(x, mass, 0.0144, 3)
        best = [with_burst(x[: b + 1], mass, 0.0144, 3) for b in range(60)]
        gaps.extend(w - f for w, f in zip(best, found, strict=True) if 5 <= w <= 12)
    assert len(gaps) > 50
    assert np.mean(np.array(gaps) < 0.5) > 0.95


def test_evidence_is_poissons_when_the_rate_is_certain() -> None:
    poisson = 30 * log(30 / 10) - 30 + 10
    assert evidence_of(30.0, 10.0, 1e-9) == pytest.approx(poisson, rel=1e-4)


def test_evidence_saturates_with_the_doubt() -> None:
    faint = [evidence_of(1.2 * n, 1.0 * n, 0.0144) for n in (1e2, 1e4, 1e6)]
    assert faint == sorted(faint)
    assert faint[-1] < 0.5 * (log(1.2) / 0.12) ** 2 + 0.5


@given(x=st.floats(0, 1e4), mass=st.floats(1e-3, 1e4), times=st.floats(1, 100))
def test_more_of_everything_never_weighs_less(x: float, mass: float, times: float) -> None:
    assert evidence_of(times * x, times * mass, 0.0144) >= evidence_of(x, mass, 0.0144) - 1e-6


@given(x=st.floats(0, 1e3), more=st.floats(0, 1e3), mass=st.floats(1e-3, 1e3))
def test_more_posts_weigh_more(x: float, more: float, mass: float) -> None:
    assert evidence_of(x + more, mass, 0.0144) >= evidence_of(x, mass, 0.0144) - 1e-6


def test_as_many_as_expected_weigh_nothing() -> None:
    assert evidence_of(5.0, 5.0, 0.01) == 0.0
    assert evidence_of(0.0, 5.0, 0.01) == 0.0
