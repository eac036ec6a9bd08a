from __future__ import annotations

import numpy as np
import pytest

from detector.detection.baseline.recurrence import UNSEEN_SPREAD, WEEKS, bump, recur


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
    recur(np.zeros((2, WEEKS, 7, 144), np.float32), np.zeros((WEEKS, 7), np.int64), 0, 1.5, profile)
    np.testing.assert_allclose(profile[1], 0.01 + UNSEEN_SPREAD**2)
    np.testing.assert_array_equal(profile[0], 1.0)


SATURDAY, BUMP, MOVED = 5, slice(60, 66), slice(66, 72)


def weeks_with_a_bump(at: slice) -> np.ndarray:
    """Return four weeks of 60 posts a slot, and twice that on Saturdays ``at``."""
    weeks = np.full((2, WEEKS, 7, 144), 60.0, np.float32)
    weeks[0, :, SATURDAY, at] = 120.0
    return weeks


def expected(weeks: np.ndarray, ahead: np.ndarray, now: int) -> np.ndarray:
    """Return the profile of Saturday (shape (3, 144)) in which nothing else is going on."""
    profile = np.ones((3, 7, 144))
    profile[1] = 0.01
    recur(weeks, ahead, now, 1.5, profile)
    others = np.delete(profile[0], SATURDAY, axis=0)
    np.testing.assert_allclose(others, 1.0, atol=0.02)
    return np.asarray(profile[:, SATURDAY])


def test_when_the_clock_moves_a_bump_is_expected_by_the_old_clock_and_the_new() -> None:
    usual = np.zeros((WEEKS, 7), np.int64)
    before = expected(weeks_with_a_bump(BUMP), usual, 0)
    after = expected(weeks_with_a_bump(BUMP), usual, 6)
    assert before[0, BUMP][1:-1].min() > 1.9
    assert before[0, MOVED][2:].max() < 1.05
    for where in (BUMP, MOVED):
        np.testing.assert_allclose(after[0, where][1:-1], 1.5, atol=0.06)
        assert (after[1, where][1:-1] > 0.1).all()


@pytest.mark.parametrize(
    ("seen", "other"),
    [pytest.param(BUMP, MOVED, id="it went along"), pytest.param(MOVED, BUMP, id="it stayed")],
)
def test_weeks_by_the_new_clock_tell_which_it_was(seen: slice, other: slice) -> None:
    """The last two of four weeks were by a clock an hour further ahead."""
    weeks, ahead = weeks_with_a_bump(BUMP), np.zeros((WEEKS, 7), np.int64)
    weeks[0, 2:] = weeks_with_a_bump(seen)[0, 2:]
    ahead[2:] = 6
    found = expected(weeks, ahead, 6)
    assert found[0, seen][1:-1].min() > 1.5
    assert found[0, other][1:-1].max() < found[0, seen][1:-1].min()


def test_what_lies_across_the_end_of_the_week_counts_as_not_seen() -> None:
    weeks = weeks_with_a_bump(BUMP)
    profile = np.ones((3, 7, 144))
    recur(weeks, np.zeros((WEEKS, 7), np.int64), 6, 1.5, profile)
    np.testing.assert_allclose(profile[0, 0, :6], 1.0, atol=0.02)
