from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection.baseline.clock_shift import rest_clock
from detector.detection.kernels.explanations import (
    BURST_COST,
    CLOCK_ALLOWANCE,
    MOVED_COST,
    MOVED_SPREAD,
    STAYED_COST,
    bound_of,
    evidence_of,
)
from detector.detection.kernels.series_record import RECORD
from detector.detection.kernels.start_search import Burst, Horizon, Weighed, observe

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=120)


def of_a_start(x: np.ndarray, mass: float, variance: float, bins: int) -> float:
    """Return what the cheapest explanation leaves of the posts ``x`` since one start."""
    total, expected = float(x.sum()), mass * len(x)
    least = min(
        evidence_of(total, expected, variance),
        evidence_of(total, expected, variance + MOVED_SPREAD**2) + MOVED_COST,
    )
    if not bins:
        return least
    windows = [(x[max(0, i - bins + 1) : i + 1] - mass).sum() for i in range(len(x))]
    left = total - max(0.0, *windows)
    if left <= expected * (1 + 1e-9):
        return 0.0
    usual = mass * (len(x) - bins)
    return min(least, evidence_of(left - mass * bins, usual, variance) + BURST_COST)


def brute_force(x: np.ndarray, mass: float, variance: float, bins: int = 0) -> float:
    """Return the highest evidence over every start up to the newest bin."""
    return max(of_a_start(x[start:], mass, variance, bins) for start in range(len(x)))


def search(
    x: np.ndarray,
    mass: float,
    variance: float,
    bins: int,
    back: float = 1.0,
    records: np.ndarray | None = None,
) -> list[float]:
    records = np.zeros(1, RECORD) if records is None else records
    rest_clock(records[0])
    evidence = []
    for b, count in enumerate(x):
        recent = x[max(0, b - bins + 1) : b + 1] - mass
        burst = max(recent.sum(), 0.0)
        weighed = Weighed(count, mass, mass * back, mass, variance)
        observe(records[0], weighed, Burst(burst, bins), Horizon(-1, 10_000))
        records["bins"] += 1
        evidence.append(float(records["evidence"][0]))
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
        best = brute_force(x[: b + 1], mass, spread**2)
        assert found[b] == pytest.approx(best, abs=1e-6) or MOVED_COST < found[b] <= best + 1e-6


@given(counts=COUNTS, mass=st.floats(0.05, 20))
@settings(max_examples=100, deadline=None)
def test_with_bursts_the_candidates_never_say_more_than_all_starts(
    counts: list[int], mass: float
) -> None:
    x = np.array(counts, dtype=float)
    found = search(x, mass, 0.0144, 3)
    for b in range(len(x)):
        assert found[b] <= brute_force(x[: b + 1], mass, 0.0144, 3) + 1e-6


def test_the_candidates_seldom_say_less_where_it_matters() -> None:
    gaps = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        mass = float(rng.choice([0.1, 1.0, 10.0]))
        x = rng.poisson(mass, 60).astype(float)
        x[30:] += rng.poisson(mass * rng.uniform(1, 4) + 0.3, 30)
        found = search(x, mass, 0.0144, 3)
        best = [brute_force(x[: b + 1], mass, 0.0144, 3) for b in range(60)]
        gaps.extend(w - f for w, f in zip(best, found, strict=True) if 5 <= w <= 12)
    assert len(gaps) > 50
    assert np.mean(np.array(gaps) < 0.5) > 0.95


def test_a_burst_weighs_no_more_than_it_costs_however_large() -> None:
    x = np.array([10.0] * 20 + [5000.0] * 3 + [10.0] * 20)
    assert max(search(x, 10.0, 0.0144, 3)) <= BURST_COST + 0.1


def test_what_a_moved_clock_explains_costs_what_speaks_against_it() -> None:
    x = np.array([10.0] * 20 + [20.0] * 40)
    against = log((1 - 2 * 4e-4) / 4e-4) - CLOCK_ALLOWANCE
    alone, explained = search(x, 10.0, 0.0144, 3)[-1], search(x, 10.0, 0.0144, 3, back=2.0)[-1]
    assert alone > explained == pytest.approx(against, abs=0.1)


def test_a_habit_that_has_not_moved_with_the_clock_costs_little_after_a_move() -> None:
    records = np.zeros(1, RECORD)
    records["ahead_since"], records["ahead"], records["ahead_before"] = 1, 7200, 3600
    x = np.array([10.0] * 20 + [20.0] * 40)
    assert search(x, 10.0, 0.0144, 3, back=2.0, records=records)[-1] == pytest.approx(
        STAYED_COST, abs=0.1
    )


@given(counts=COUNTS, more=st.integers(1, 60), mass=st.floats(0.05, 20), back=st.floats(0.3, 3.0))
@settings(max_examples=150, deadline=None)
def test_evidence_never_falls_when_the_newest_count_grows(
    counts: list[int], more: int, mass: float, back: float
) -> None:
    x = np.array(counts, dtype=float)
    grown = x + more * (np.arange(len(x)) == len(x) - 1)
    less = search(x, mass, 0.0144, 3, back)[-1]
    assert search(grown, mass, 0.0144, 3, back)[-1] >= less - 1e-9


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
