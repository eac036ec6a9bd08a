"""Count series: complaint posts per bin, the width of bins, and rows laid out as bins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.model.spans import seconds_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class SeriesKey(NamedTuple):
    """What one series counts: complaints about ``service`` seen at ``source``."""

    service: str
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class CountSeries:
    """Complaint posts per bin for one service at one source.

    Attributes
    ----------
    key : the service complained about and the place it was counted.
    start : left edge of bin 0, timezone-aware UTC, a multiple of ``width`` since 1970.
    width : length of every bin; bins are ``[left, right)``.
    counts : shape (n_bins,), float64 >= 0, nan where not observed, read-only.
    """

    key: SeriesKey
    start: datetime
    width: timedelta
    counts: Floats

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError("start must be timezone-aware UTC")
        if self.counts.ndim != 1:
            raise ValueError(f"counts must have one axis, not {self.counts.ndim}")
        self.counts.flags.writeable = False

    @property
    def end(self) -> datetime:
        """Right edge of the last bin."""
        return self.start + self.width * len(self.counts)


#: Counts are judged in bins no narrower and no wider.
NARROWEST, WIDEST = timedelta(seconds=10), timedelta(hours=2)


def width_fault(width: timedelta, *, judged: bool = True) -> str | None:
    """Return what is wrong with bins of ``width``, None if nothing is.

    Parameters
    ----------
    judged : whether outages are looked for in them, as in counts; a trending list may have any.
    """
    seconds = width.total_seconds()
    if judged and not NARROWEST <= width <= WIDEST:
        return f"bins of {seconds:g} s; counts are judged in bins of 10 s to 2 h"
    if seconds < 1 or seconds != int(seconds):
        return f"bins of {seconds:g} s; a width is whole seconds"
    return None


def most_common_step(counts: pd.DataFrame) -> timedelta | None:
    """Return the most common step between successive rows of a series, in whole seconds.

    Reads ``time``, ``service`` and, if there, ``source``. None when no series has two rows.
    """
    _, _, steps = _steps(counts)
    whole = pd.Series(steps).round()
    whole = whole[whole > 0]
    return None if whole.empty else timedelta(seconds=float(whole.mode().iloc[0]))


def other_step(counts: pd.DataFrame, width: timedelta) -> tuple[int, timedelta] | None:
    """Return the first row that cannot be one of bins of ``width``, and how far it is behind.

    Gaps are whole bins, and tables read by a timer are late by seconds, or for once by more. What
    cannot be is a row less than a bin behind the one before it, by over a minute and over a
    quarter of ``width``; or two steps in a row that are equal, to the second, and no whole bins, to
    a tenth of ``width``. Reads what `most_common_step` reads; the row is a position.
    """
    w = width.total_seconds()
    rows, series, steps = _steps(counts)
    off = np.abs(steps - np.maximum(np.round(steps / w), 1) * w)
    wrong = (steps < w) & (off > max(60.0, w / 4))
    run = (series[1:] == series[:-1]) & (np.abs(np.diff(steps)) <= 1) & (off[1:] > max(1.0, w / 10))
    wrong[1:] |= run
    if not wrong.any():
        return None
    first = np.flatnonzero(wrong)[np.argmin(rows[wrong])]
    return int(rows[first]), timedelta(seconds=float(steps[first]))


def two_widths(step: timedelta, width: timedelta) -> str:
    """Return what to say of a row that `other_step` found."""
    return (
        f"{step.total_seconds():g} s behind the row before it, in a table of bins of "
        f"{width.total_seconds():g} s; bring all rows to one width, or give it (--width)"
    )


def _steps(counts: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Return the rows that come behind another time of their series: by series, then by time.

    Their position, the number of their series, and the seconds since that time.
    """
    seconds = seconds_of(counts["time"])
    named = counts[["service", "source"] if "source" in counts else ["service"]]
    series = named.groupby(list(named), sort=False).ngroup().to_numpy(dtype=np.intp)
    order = np.lexsort((seconds, series))
    steps = np.diff(seconds[order])
    behind = (np.diff(series[order]) == 0) & (steps > 0)
    later = order[1:][behind]
    return later, series[later], steps[behind]


def lay_out(seconds: Floats, values: Floats, *, start: float, width: float, n: int) -> Floats:
    """Return one value per bin: shape (n,), nan where no row falls; the last row of a bin wins.

    Parameters
    ----------
    seconds : row times, seconds since 1970, in order of arrival.
    values : what the rows say.
    start, width : left edge of bin 0 and width of the bins, seconds. A row belongs to the bin
        whose left edge is nearest: tables read by a timer are late by seconds.
    """
    laid = np.full(n, np.nan)
    index = np.floor((seconds - start) / width + 0.5).astype(np.int64)
    inside = (index >= 0) & (index < n)
    laid[index[inside]] = values[inside]
    return laid
