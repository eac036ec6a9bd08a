from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection.onset import CELLS, refine_onset
from detector.model.surge import Onset
from detector.model.times import from_seconds
from tests.detection.counting import MONDAY

ZERO = int(MONDAY.timestamp())
LENGTH = 3600


def posts(base: float, times: float, begins: float, seed: int, *, rise: float = 1e-9) -> np.ndarray:
    """Return whole seconds of an hour of posts, ``base`` a minute, then ``times`` as many."""
    rng = np.random.default_rng(seed)
    usual = rng.uniform(0, LENGTH, rng.poisson(base * LENGTH / 60))
    more = rng.uniform(begins, LENGTH, rng.poisson(base * (times - 1) * (LENGTH - begins) / 60))
    more = more[rng.uniform(0, 1, len(more)) < (more - begins) / rise]
    return ZERO + np.concatenate([usual, more]).astype(np.int64)


def binned(at: int, width: int, doubt: int = 4) -> Onset:
    """Return what bins may say: a start at the bin ``at`` seconds lie in, give or take a few."""
    left = ZERO + at // width * width
    return Onset(
        from_seconds(left), from_seconds(left - doubt * width), from_seconds(left + doubt * width)
    )


def refined(heard: np.ndarray, base: float, onset: Onset, *, width: int = 60) -> Onset:
    until = from_seconds(ZERO + 2700)
    return refine_onset(
        heard, base * width / 60, onset, width=timedelta(seconds=width), until=until
    )


@pytest.mark.parametrize("width", [60, 300])
@pytest.mark.parametrize(
    ("base", "times", "within"), [(0.5, 10.0, 45), (1.5, 10.0, 15), (5.0, 10.0, 8), (15.0, 4.0, 8)]
)
def test_steps_are_found_to_the_second(width: int, base: float, times: float, within: int) -> None:
    errors, inside, widths = [], 0, []
    for seed in range(30):
        begins = 1500 + 7 * seed
        found = refined(
            posts(base, times, begins, seed), base, binned(begins, width, 2), width=width
        )
        errors.append(abs((found.at - from_seconds(ZERO + begins)).total_seconds()))
        inside += found.earliest <= from_seconds(ZERO + begins) <= found.latest
        widths.append((found.latest - found.earliest).total_seconds())
    assert np.median(errors) <= within
    assert inside >= 0.85 * 30
    assert np.median(widths) < 4 * width


def test_a_ramp_is_not_taken_for_a_late_step() -> None:
    errors, inside = [], 0
    for seed in range(30):
        begins = 1200 + 7 * seed
        found = refined(posts(5, 10, begins, seed, rise=600), 5, binned(begins, 60))
        errors.append(abs((found.at - from_seconds(ZERO + begins)).total_seconds()))
        inside += found.earliest <= from_seconds(ZERO + begins) <= found.latest
    assert np.median(errors) <= 45
    assert inside >= 0.85 * 30


def test_a_strong_step_is_where_the_point_process_puts_it() -> None:
    base, begins = 5.0, 1500
    heard = np.sort(posts(base, 10, begins, 3) - ZERO)
    heard = heard[heard < 2700]

    def by_hand(start: int) -> float:
        n, rest = int((heard >= start).sum()), 2700 - start
        usual = base * rest / 60
        return n * np.log(n / usual) - n + usual

    best = max((int(t) for t in heard if 1300 <= t < 1700), key=by_hand)
    found = refined(heard + ZERO, base, binned(begins, 60))
    assert abs((found.at - from_seconds(ZERO + best)).total_seconds()) <= 3600 / CELLS


@given(
    heard=st.lists(st.integers(0, LENGTH), max_size=80),
    at=st.integers(600, 1800),
    width=st.sampled_from([60, 300]),
)
@settings(max_examples=60, deadline=None)
def test_the_start_stays_near_the_bins_whatever_the_order_and_the_future(
    heard: list[int], at: int, width: int
) -> None:
    times, onset = ZERO + np.array(heard, dtype=np.int64), binned(at, width, 1)
    found = refined(times, 1.0, onset, width=width)
    step = timedelta(seconds=width)
    assert onset.earliest - step <= found.earliest <= found.at <= found.latest
    assert found.at < onset.latest + step
    later = np.append(times[::-1], [ZERO + 2700, ZERO + 3000])
    assert refined(later, 1.0, onset, width=width) == found


@pytest.mark.parametrize(
    ("heard", "base"),
    [
        (np.zeros(0, np.int64), 1.0),
        (ZERO + np.array([100, 5000]), 1.0),
        (ZERO + 60 * np.arange(20, 40).repeat(3), 1.0),
        (posts(5, 10, 1500, 1), 0.0),
    ],
    ids=["no posts", "none near the start", "times no finer than the bins", "nothing expected"],
)
def test_posts_that_cannot_say_more_leave_the_start_alone(heard: np.ndarray, base: float) -> None:
    onset = binned(1500, 60)
    assert refined(heard, base, onset) is onset
