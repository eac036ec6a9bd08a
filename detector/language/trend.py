"""Whether complaints become more, fewer, or neither."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from detector.domain.details import Trend

LONGEST = timedelta(minutes=15)
#: Fewer complaints than these say nothing about where it goes.
FEWEST = 10
#: One in ten steady courses is called rising or falling.
BEYOND_CHANCE = 1.645


def trend_of(times: pd.Series, *, start: datetime, end: datetime) -> Trend | None:
    """Return how the complaints at ``times`` go, None where too few of them tell.

    Those of the last quarter of an hour are compared with those of the quarter before; of a
    younger surge its halves are. If nothing changes, each of ``n`` complaints falls into either
    half with the same chance, so their difference has the standard deviation ``sqrt(n)``.

    Parameters
    ----------
    times : when each complaint was written, aware.
    start, end : the surge's ``[start, end)`` as far as it is known.
    """
    half = min(LONGEST, (end - start) / 2)
    middle = pd.Timestamp(end - half)
    inside = times[(times >= pd.Timestamp(end - 2 * half)) & (times < pd.Timestamp(end))]
    if len(inside) < FEWEST:
        return None
    late = int((inside >= middle).sum())
    lean = (2 * late - len(inside)) / len(inside) ** 0.5
    if abs(lean) < BEYOND_CHANCE:
        return Trend.STEADY
    return Trend.RISING if lean > 0 else Trend.FALLING
