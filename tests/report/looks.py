"""Curves to draw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from detector.report.chart_marks import Shade
from detector.views.curve import Curve

START = datetime(2013, 7, 21, 16, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_curve(n: int = 1440, *, gap: tuple[int, int] = (0, 0), seed: int = 1) -> Curve:
    """Return ``n`` minutes at about 4 posts, 40 from minute 900 to 1100, nan inside ``gap``."""
    rng = np.random.default_rng(seed)
    expected = 4.0 + 3.0 * np.sin(np.arange(n) / 1440 * 2 * np.pi)
    rate = expected + np.where((np.arange(n) >= 900) & (np.arange(n) < 1100), 40.0, 0.0)
    counts = rng.poisson(rate).astype(np.float64)
    counts[slice(*gap)] = np.nan
    return Curve(START, MINUTE, counts, expected, 1.3)


def a_shade() -> Shade:
    """Return the rise in `a_curve` as an incident."""
    return Shade(
        start=START + 900 * MINUTE,
        earliest=START + 896 * MINUTE,
        latest=START + 903 * MINUTE,
        noticed=START + 911 * MINUTE,
        end=START + 1100 * MINUTE,
        severity="major",
        peak=START + 1000 * MINUTE,
    )
