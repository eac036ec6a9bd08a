"""Bins of count tables: their width, and rows laid out as one count per bin."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from detector.domain.series import Floats
from detector.domain.spans import seconds_of


def most_common_step(counts: pd.DataFrame) -> timedelta | None:
    """Return the most common step between successive rows of a service, in whole seconds.

    Reads ``time`` and ``service``. None when no service has two rows.
    """
    frame = pd.DataFrame({"service": counts["service"], "second": seconds_of(counts["time"])})
    frame = frame.sort_values(["service", "second"], kind="stable")
    steps = frame["second"].diff()[frame["service"].eq(frame["service"].shift())].round()
    steps = steps[steps > 0]
    return None if steps.empty else timedelta(seconds=float(steps.mode().iloc[0]))


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
