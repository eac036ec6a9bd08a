"""Axes: ticks at numbers and times that people read with ease."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.report.chart_frame import count_text, count_ticks, time_ticks

BERLIN = ZoneInfo("Europe/Berlin")


@given(st.floats(1e-6, 1e12))
def test_count_ticks_reach_from_zero_over_the_highest_count(highest: float) -> None:
    ticks = count_ticks(highest)
    assert ticks[0] == 0
    assert ticks[-1] >= highest * 0.99
    assert 2 <= len(ticks) <= 7


@pytest.mark.parametrize("highest", [0.0, float("nan"), -1.0])
def test_an_axis_of_nothing_goes_to_one(highest: float) -> None:
    assert count_ticks(highest)[-1] >= 1


def test_counts_are_written_short() -> None:
    assert [count_text(v) for v in (0.0, 0.5, 1200.0, 3.5e6)] == ["0", "0.5", "1,200", "3.5M"]


def test_ticks_stay_on_round_hours_when_clocks_change() -> None:
    start = datetime(2025, 3, 29, 23, tzinfo=UTC)
    ticks = time_ticks(start, start + timedelta(hours=24), BERLIN, most=8)
    assert [t.text for t in ticks][:3] == ["Sun 3-30", "03:00", "06:00"]
    assert ticks[1].at - ticks[0].at == 2 * 3600
    assert ticks[0].strong


@given(
    st.integers(0, 2_000_000_000),
    st.floats(60, 20 * 365 * 86400),
    st.integers(2, 12),
)
def test_there_are_never_too_many_ticks_and_all_lie_inside(
    since: int, seconds: float, most: int
) -> None:
    start = datetime.fromtimestamp(since, UTC)
    end = start + timedelta(seconds=seconds)
    ticks = time_ticks(start, end, BERLIN, most=most)
    assert len(ticks) <= most + 2
    assert all(start.timestamp() <= t.at <= end.timestamp() for t in ticks)
