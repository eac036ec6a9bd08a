"""Bins of count tables: their width, and rows laid out as one count per bin."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from detector.domain.series import Floats
from detector.domain.spans import seconds_of


def most_common_step(counts: pd.DataFrame) -> timedelta | None:
    """Return the most common step between successive rows of a service, to the whole minute.

    Reads ``time`` and ``service``. Steps under 10 s are kept to the second. None when no service
    has two rows.
    """
    order = counts.assign(_t=seconds_of(counts["time"])).sort_values(["service", "_t"], kind="stable")
    steps = order["_t"].diff()[order["service"].eq(order["service"].shift())]
    steps = steps[steps > 0].round()
    if steps.empty:
        return None
    seconds = float(steps.mode().iloc[0])
    if seconds > 10:
        seconds = max(round(seconds / 60), 1) * 60 if seconds >= 45 else round(seconds / 5) * 5
    return timedelta(seconds=seconds)


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
