from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from detector.demo.reconstruction import RhythmShape
from detector.demo.simulate import curve_rate, minutes_between, rhythm_factor

SHAPE = RhythmShape(
    weekday=tuple(float(h + 1) for h in range(24)), weekend=tuple(float(24 - h) for h in range(24))
)


def minutes(start: str, end: str, zone: str = "UTC") -> pd.DatetimeIndex:
    return minutes_between(
        pd.Timestamp(start, tz=zone).to_pydatetime(), pd.Timestamp(end, tz=zone).to_pydatetime()
    )


def test_an_ordinary_week_has_mean_one() -> None:
    week = minutes("2024-03-04", "2024-03-11")
    assert rhythm_factor(week, "UTC", SHAPE).mean() == pytest.approx(1.0, abs=1e-3)


def test_local_time_decides_across_a_change_of_the_clock() -> None:
    # Berlin goes from +1 to +2 on 2024-03-31: noon keeps its volume, an hour earlier in UTC.
    before, after = (
        rhythm_factor(
            minutes(f"2024-{day} 12:00", f"2024-{day} 12:01", "Europe/Berlin"),
            "Europe/Berlin",
            SHAPE,
        )
        for day in ("03-29", "04-05")
    )
    np.testing.assert_allclose(before, after)


def test_saturday_follows_the_weekend() -> None:
    (friday,), (saturday,) = (
        rhythm_factor(minutes(f"2024-03-{day} 23:00", f"2024-03-{day} 23:01"), "UTC", SHAPE)
        for day in ("08", "09")
    )
    assert friday / saturday == pytest.approx(24.0)


def test_a_curve_is_straight_between_its_points_and_nothing_outside() -> None:
    span = minutes("2024-03-04 00:00", "2024-03-04 00:05")
    rate = curve_rate(span, "UTC", [("2024-03-04 00:01", 1.0), ("2024-03-04 00:03", 3.0)])
    np.testing.assert_allclose(rate, [0.0, 1.0, 2.0, 3.0, 0.0])


def test_curve_times_are_local() -> None:
    span = minutes("2024-03-03 16:00", "2024-03-03 16:02")
    rate = curve_rate(span, "Asia/Shanghai", [("2024-03-04 00:00", 2.0), ("2024-03-04 00:01", 2.0)])
    np.testing.assert_allclose(rate, [2.0, 2.0])
