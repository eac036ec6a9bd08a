from __future__ import annotations

import numpy as np
import pytest

from detector.detection.recurrence import UNSEEN_SPREAD, WEEKS, bump, recur


def factor(*ratios: float, mass: float = 60.0) -> tuple[float, float]:
    """Return mean and spread of the factor after weeks of these ratios to the expected."""
    x, masses = np.zeros(WEEKS), np.zeros(WEEKS)
    x[: len(ratios)] = np.array(ratios) * mass
    masses[: len(ratios)] = mass
    mean, variance = bump(x, masses, 1.5)
    return mean, variance**0.5


def test_an_hour_as_usual_stays_usual() -> None:
    mean, spread = factor(1.0, 1.05, 0.95)
    assert mean == pytest.approx(1.0, abs=0.02)
    assert spread < 0.05


def test_one_moderate_rise_makes_the_hour_doubtful() -> None:
    mean, spread = factor(2.0)
    assert 1.1 < mean < 1.9
    assert spread > 0.3


@pytest.mark.parametrize("times", [1.7, 2.0, 3.0, 8.0])
def test_two_rises_of_one_size_are_a_weekly_bump(times: float) -> None:
    mean, spread = factor(times, times)
    assert mean == pytest.approx(times, rel=0.1)
    assert spread < 0.2 * times


@pytest.mark.parametrize("times", [6.0, 10.0, 30.0])
def test_one_large_rise_is_an_outage_and_changes_nothing(times: float) -> None:
    mean, spread = factor(times)
    assert mean == pytest.approx(1.0, abs=0.05)
    assert spread < 0.25


def test_a_rise_that_did_not_come_back_is_forgotten() -> None:
    mean, spread = factor(2.0, 1.0, 1.0)
    assert mean == pytest.approx(1.0, abs=0.05)
    assert spread < 0.2


def test_what_was_never_seen_is_doubtful() -> None:
    profile = np.ones((3, 7, 144))
    profile[1] = 0.01
    recur(np.zeros((2, WEEKS, 7, 144)), 1.5, profile)
    np.testing.assert_allclose(profile[1], 0.01 + UNSEEN_SPREAD**2)
    np.testing.assert_array_equal(profile[0], 1.0)
