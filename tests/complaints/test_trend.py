"""Whether complaints become more: halves of the last half hour, compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.complaints.describe import trend_of
from detector.model.details import Trend

END = datetime(2022, 7, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MIRRORED = {Trend.RISING: Trend.FALLING, Trend.FALLING: Trend.RISING, Trend.STEADY: Trend.STEADY}


def at(*minutes_before: float) -> pd.Series:
    """Complaints so many minutes before the end."""
    return pd.Series(pd.to_datetime([END - m * MINUTE for m in minutes_before], utc=True))


@pytest.mark.parametrize(
    ("before", "after", "trend"),
    [
        pytest.param(5, 20, Trend.RISING, id="four times as many"),
        pytest.param(20, 5, Trend.FALLING, id="a quarter of them"),
        pytest.param(20, 20, Trend.STEADY, id="as many"),
        pytest.param(12, 18, Trend.STEADY, id="some more, as chance would have it"),
        pytest.param(120, 180, Trend.RISING, id="the same share more of many"),
        pytest.param(0, 10, Trend.RISING, id="ten out of nowhere"),
        pytest.param(0, 9, None, id="too few to tell"),
    ],
)
def test_the_last_quarter_of_an_hour_against_the_one_before(
    before: int, after: int, trend: Trend | None
) -> None:
    times = at(*np.linspace(16, 29, before), *np.linspace(1, 14, after))
    assert trend_of(times, start=END - 120 * MINUTE, end=END) is trend


def test_a_young_surge_is_halved() -> None:
    times = at(*np.linspace(3.1, 5.9, 5), *np.linspace(0.1, 2.9, 20))
    assert trend_of(times, start=END - 6 * MINUTE, end=END) is Trend.RISING


def test_what_comes_later_is_not_looked_at() -> None:
    times = at(*np.linspace(1, 29, 40))
    later = pd.concat([times, at(*np.linspace(-20, 0, 500))])
    assert trend_of(later, start=END - 120 * MINUTE, end=END) is trend_of(
        times, start=END - 120 * MINUTE, end=END
    )


@given(st.lists(st.floats(0.01, 29.99).filter(lambda m: m != 15.0), min_size=10, max_size=80))
def test_a_mirrored_course_has_the_mirrored_trend(minutes: list[float]) -> None:
    known = {"start": END - 60 * MINUTE, "end": END}
    there, back = trend_of(at(*minutes), **known), trend_of(at(*(30 - m for m in minutes)), **known)
    assert there is not None
    assert back is MIRRORED[there]
