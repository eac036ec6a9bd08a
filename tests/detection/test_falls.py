"""Falls of a source's volume against its own week."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detection import volume_drop
from detector.detection.volume_drop import Fall, VolumeState
from detector.model.series import Floats

START = datetime(2026, 1, 5, tzinfo=UTC)
WIDTH = timedelta(minutes=5)
DAY = 288


def volume(days: int, *, level: float = 30.0, seed: int = 3, clumps: float = 0.0) -> Floats:
    """A daily rhythm with deep nights; ``clumps`` > 0 adds over-dispersion."""
    rng = np.random.default_rng(seed)
    bins = np.arange(days * DAY)
    rate = level * (1.02 + np.sin(2 * np.pi * bins / DAY))
    if clumps:
        rate = rate * rng.gamma(1 / clumps, clumps, len(rate))
    return rng.poisson(rate).astype(float)


def run(values: Floats, *, cuts: tuple[int, ...] = ()) -> list[Fall]:
    state: VolumeState = volume_drop.begin(START, WIDTH)
    said: list[Fall] = []
    for part in np.split(values, cuts):
        state, found = volume_drop.update(state, part, share=0.2)
        said += found
    return said


@pytest.mark.parametrize("level", [0.3, 3.0, 30.0, 3000.0])
@pytest.mark.parametrize("clumps", [0.0, 0.3])
def test_deep_nights_are_no_fall(level: float, clumps: float) -> None:
    assert run(volume(28, level=level, clumps=clumps)) == []


def test_a_fall_is_told_soon_and_so_is_its_end() -> None:
    values = volume(14)
    first, last = 10 * DAY + 60, 10 * DAY + 120
    values[first:last] = np.random.default_rng(1).poisson(0.05 * values[first:last])
    fallen, over = run(values)
    assert not fallen.over
    assert abs(fallen.since - (START + first * WIDTH)) <= 2 * WIDTH
    assert timedelta(0) < fallen.at - (START + first * WIDTH) <= 4 * WIDTH
    assert over.over
    assert timedelta(0) < over.at - (START + last * WIDTH) <= 4 * WIDTH


@pytest.mark.parametrize("share", [0.35, 0.6, 2.0], ids=["a holiday", "a quiet day", "a busy day"])
def test_a_day_that_differs_by_less_is_no_fall(share: float) -> None:
    values = volume(21)
    day = slice(16 * DAY, 17 * DAY)
    values[day] = np.random.default_rng(2).poisson(share * values[day])
    assert run(values) == []


def test_in_the_first_week_nothing_is_told() -> None:
    values = volume(7)
    values[5 * DAY :] = 0
    assert run(values) == []


def test_bins_that_were_not_observed_are_no_fall() -> None:
    values = volume(14)
    values[10 * DAY : 11 * DAY] = np.nan
    assert run(values) == []


@settings(max_examples=10, deadline=None)
@given(cuts=st.sets(st.integers(1, 12 * DAY - 1), max_size=5))
def test_chunks_do_not_matter(cuts: set[int]) -> None:
    values = volume(12)
    values[9 * DAY + 50 : 9 * DAY + 90] = 0
    values[10 * DAY + 150 : 10 * DAY + 200] = 1
    whole = run(values)
    assert len(whole) >= 2
    assert run(values, cuts=tuple(sorted(cuts))) == whole
