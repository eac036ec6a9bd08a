"""Widths told from tables, and rows laid out as bins."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain.bins import lay_out, most_common_step


def table(seconds: list[float], services: list[str] | None = None) -> pd.DataFrame:
    times = pd.to_datetime(np.array(seconds), unit="s", utc=True)
    return pd.DataFrame({"time": times, "service": services or ["a"] * len(seconds)})


@pytest.mark.parametrize(
    ("seconds", "width"),
    [
        ([0, 60, 120], 60),
        ([120, 0, 60], 60),
        ([0, 60, 120, 600, 660, 7200], 60),
        ([1, 62, 121, 181, 241, 301, 362], 60),
        ([0, 0, 0, 300, 300, 600], 300),
        ([10], None),
        ([10, 10], None),
        ([], None),
        ([0.2, 0.4, 0.6], None),
    ],
    ids=[
        "in order",
        "unsorted",
        "with gaps",
        "late by seconds",
        "duplicates",
        "one row",
        "one instant",
        "no row",
        "less than a second",
    ],
)
def test_width(seconds: list[float], width: float | None) -> None:
    expected = None if width is None else timedelta(seconds=width)
    assert most_common_step(table(seconds)) == expected


def test_steps_are_those_within_a_service() -> None:
    assert most_common_step(table([0, 10, 300, 310], ["a", "b", "a", "b"])) == timedelta(minutes=5)
    assert most_common_step(table([0, 10, 20], ["a", "b", "c"])) is None


@given(
    st.lists(st.tuples(st.integers(-3, 12), st.floats(-0.4, 0.4), st.integers(0, 9)), max_size=20),
    st.integers(0, 10**9),
)
def test_layout_is_what_a_loop_does(rows: list[tuple[int, float, int]], start: int) -> None:
    expected = np.full(10, np.nan)
    for index, _, value in rows:
        if 0 <= index < 10:
            expected[index] = value
    seconds = np.array([start + 60 * (i + late) for i, late, _ in rows], dtype=np.float64)
    values = np.array([value for *_, value in rows], dtype=np.float64)
    np.testing.assert_array_equal(lay_out(seconds, values, start=start, width=60, n=10), expected)
