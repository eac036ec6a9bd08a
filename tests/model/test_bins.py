"""Widths told from tables, and rows laid out as bins."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.model.series import lay_out, most_common_step, other_step


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


MINUTES = [60.0 * i for i in range(10)]
FIVES = [300.0 * i for i in range(10)]


@pytest.mark.parametrize(
    ("seconds", "width", "found"),
    [
        (MINUTES, 60, None),
        ([0, 60, 120, 600, 660, 7200], 60, None),
        ([1, 62, 121, 181, 241, 301, 362], 60, None),
        ([0, 60, 120, 220, 240, 300], 60, None),
        ([0, 0, 60, 60, 120], 60, None),
        ([*FIVES, 3070, 3300, 3600], 300, None),
        ([0, 300, 600, 3730, 4030, 4330], 300, None),
        ([*FIVES, 2760, 2820], 300, (10, 60)),
        ([*FIVES, 2760], 300, (10, 60)),
        ([*MINUTES, 550, 560, 570], 60, (11, 10)),
        ([*MINUTES, 630, 720, 810], 60, (11, 90)),
        ([570, 560, 550, *MINUTES], 60, (0, 10)),
        ([3600.0 * i for i in range(9)] + [29700], 3600, (9, 900)),
    ],
    ids=[
        "one width",
        "gaps of whole bins",
        "late by seconds",
        "once late by more",
        "duplicates",
        "once late, of wider bins",
        "out of phase behind a gap",
        "one minute behind five",
        "a single step shorter than a bin",
        "ten seconds behind one minute",
        "a minute and a half behind one minute",
        "in any order",
        "a quarter behind an hour",
    ],
)
def test_rows_of_another_width_are_found(
    seconds: list[float], width: float, found: tuple[int, float] | None
) -> None:
    other = other_step(table(seconds), timedelta(seconds=width))
    assert other == (found and (found[0], timedelta(seconds=found[1])))


def test_series_are_looked_at_one_by_one() -> None:
    rows = table([0, 10, 60, 70, 120, 130, 180, 190], list("ab" * 4))
    assert other_step(rows, timedelta(minutes=1)) is None
    of_sources = rows.assign(service="a", source=rows["service"])
    assert most_common_step(of_sources) == timedelta(minutes=1)
    assert other_step(of_sources, timedelta(minutes=1)) is None
    assert other_step(rows.iloc[:0], timedelta(minutes=1)) is None


@given(
    at=st.lists(st.integers(0, 300), min_size=2, max_size=40, unique=True),
    late=st.lists(st.floats(0, 5), min_size=40, max_size=40),
    minutes=st.sampled_from([1, 5, 60]),
)
@settings(deadline=None)
def test_no_table_of_one_width_is_refused_whatever_its_gaps_and_its_timer(
    at: list[int], late: list[float], minutes: int
) -> None:
    seconds = [60.0 * minutes * i + s for i, s in zip(at, late, strict=False)]
    assert other_step(table(seconds), timedelta(minutes=minutes)) is None
