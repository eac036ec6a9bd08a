"""How many posts a minute: the daily rhythm in local time, or a curve through given times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.simulation.shapes import RhythmShape

Floats = NDArray[np.float64]


def minutes_between(start: datetime, end: datetime) -> pd.DatetimeIndex:
    """Return the left edges, UTC, of the minutes in ``[start, end)``."""
    return pd.date_range(start, end, freq="min", inclusive="left").tz_convert("UTC")


def rhythm_factor(minutes: pd.DatetimeIndex, zone: str, shape: RhythmShape) -> Floats:
    """Return the relative volume of each minute; its mean over an ordinary week is one.

    Local time decides, daylight saving included.
    """
    local = minutes.tz_convert(zone)
    hour = np.asarray(local.hour + local.minute / 60.0, dtype=np.float64)
    weekend = np.asarray(local.day_of_week >= 5)
    mean = (5 * np.mean(shape.weekday) + 2 * np.mean(shape.weekend)) / 7
    factor = np.where(weekend, _at(hour, shape.weekend), _at(hour, shape.weekday))
    return np.asarray(factor / mean, dtype=np.float64)


def curve_rate(minutes: pd.DatetimeIndex, zone: str, curve: Sequence[tuple[str, float]]) -> Floats:
    """Return posts per minute on straight lines between ``(local time, rate)``, zero outside."""
    knots = pd.DatetimeIndex([moment for moment, _ in curve]).tz_localize(zone).tz_convert("UTC")
    rates = [rate for _, rate in curve]
    return np.interp(_seconds(minutes), _seconds(knots), rates, left=0.0, right=0.0)


def _at(hour: Floats, by_hour: Sequence[float]) -> Floats:
    return np.interp(hour, np.arange(24), by_hour, period=24)


def _seconds(index: pd.DatetimeIndex) -> Floats:
    return np.asarray(index.as_unit("s").asi8, dtype=np.float64)
