"""A stretch of one series as it is drawn, and its columns: many bins melt into one, peaks stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from detector.model.series import Floats

#: Widths of a column in seconds that people read off an axis with ease.
NICE = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    180,
    300,
    600,
    900,
    1200,
    1800,
    3600,
    7200,
    10800,
    14400,
    21600,
)
DAY = 86400


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Counts of one service at one source over a stretch of time.

    Attributes
    ----------
    start : left edge of bin 0, aware UTC.
    width : length of every bin; bins are ``[left, right)``.
    counts : shape (n,), posts per bin, nan where there is no number.
    expected : shape (n,), posts expected in each bin, nan where nothing was known; of a trending
        list its lowest entry.
    dispersion : variance over mean of ordinary counts, for the band around the expected ones.
    observed : shape (n,), where somebody looked; None where that is where there is a count. On a
        trending list a bin can be observed and have no count: the service was not listed.
    listed : whether this is a trending list, whose numbers are heat.
    """

    start: datetime
    width: timedelta
    counts: Floats
    expected: Floats
    dispersion: float = 1.0
    observed: NDArray[np.bool_] | None = None
    listed: bool = False

    def __post_init__(self) -> None:
        if self.counts.shape != self.expected.shape or self.counts.ndim != 1:
            raise ValueError(f"shapes differ: {self.counts.shape} and {self.expected.shape}")

    @property
    def end(self) -> datetime:
        """Right edge of the last bin."""
        return self.start + self.width * len(self.counts)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Where somebody looked, shape (n,)."""
        return np.isfinite(self.counts) if self.observed is None else self.observed

    def between(self, start: datetime, end: datetime) -> Curve:
        """Return the bins that begin in ``[start, end)``."""
        first = min(max(-((self.start - start) // self.width), 0), len(self.counts))
        last = max(min(-((self.start - end) // self.width), len(self.counts)), first)
        return Curve(
            self.start + first * self.width,
            self.width,
            self.counts[first:last],
            self.expected[first:last],
            self.dispersion,
            None if self.observed is None else self.observed[first:last],
            self.listed,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Bins melted into columns of one width, shape (m,) each; nan where nothing was counted.

    Attributes
    ----------
    left : left edges, seconds since 1970.
    width : length of a column in seconds, a multiple of the bins'.
    mean : posts per bin on average.
    low, high : the smallest and the largest bin; what the mean hides stays to be seen.
    expected : posts expected per bin on average.
    seen : share of the column that was observed, in [0, 1].
    """

    left: Floats
    width: float
    mean: Floats
    low: Floats
    high: Floats
    expected: Floats
    seen: Floats


def columns(curve: Curve, *, most: int) -> Columns:
    """Return ``curve`` in at most ``most`` + 1 columns of a `NICE` width.

    The largest and the smallest bin of every column are kept, whatever its width.
    """
    bin_width = curve.width.total_seconds()
    width = _column_width(bin_width, len(curve.counts), most)
    left = curve.start.timestamp() + bin_width * np.arange(len(curve.counts))
    number = np.floor(left / width + 1e-9)
    begins = np.flatnonzero(np.diff(number, prepend=-np.inf))
    if not len(begins):
        empty = np.empty(0)
        return Columns(empty, width, empty, empty, empty, empty, empty)
    bins = np.diff(begins, append=len(left))
    return Columns(
        left=number[begins] * width,
        width=width,
        mean=_mean(curve.counts, begins),
        low=np.fmin.reduceat(curve.counts, begins),
        high=np.fmax.reduceat(curve.counts, begins),
        expected=_mean(curve.expected, begins),
        seen=np.add.reduceat(curve.seen.astype(np.float64), begins) / bins,
    )


def _column_width(bin_width: float, n: int, most: int) -> float:
    """Return the least width that makes at most ``most`` columns and holds whole bins."""
    least = max(bin_width * n / max(most, 1), bin_width)
    if least <= bin_width:
        return bin_width
    fits = (w for w in NICE if w >= least and w % bin_width == 0)
    return float(next(fits, -(-least // bin_width) * bin_width))


def _mean(values: Floats, begins: NDArray[np.int64]) -> Floats:
    known = np.isfinite(values)
    sums = np.add.reduceat(np.where(known, values, 0.0), begins)
    numbers = np.add.reduceat(known.astype(np.float64), begins)
    mean: Floats = np.divide(sums, numbers, out=np.full(len(begins), np.nan), where=numbers > 0)
    return mean
