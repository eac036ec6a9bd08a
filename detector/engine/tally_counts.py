"""Ready-made counts: rows of a table laid out as bins behind those the detector knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.domain.bins import lay_out
from detector.domain.series import Floats, SeriesKey
from detector.domain.spans import seconds_of
from detector.engine.memory import FeedMemory, Followed
from detector.engine.pieces import CountPiece, Tally
from detector.engine.plan import Plan


def tally_counts(
    source: str,
    feed: FeedMemory,
    counts: pd.DataFrame,
    width: timedelta,
    series: Mapping[SeriesKey, Followed],
    plan: Plan,
    *,
    now: datetime,
) -> Tally:
    """Return the bins of ``counts`` that are final at ``now``; the others wait in the feed.

    Reads ``time, service, count`` and, if there, ``source`` (empty: this source). Of rows for the
    same bin the last one counts; rows for bins that the detector has already taken in are history.
    """
    rows = counts if feed.backlog is None else pd.concat([feed.backlog, counts], ignore_index=True)
    final = rows["time"] <= now - width - plan.settle
    waiting = None if final.all() else rows[~final].reset_index(drop=True)
    ready = rows[final]
    seconds = seconds_of(ready["time"])
    values = ready["count"].to_numpy(dtype=np.float64)
    pieces = []
    for key, index in _by_series(ready, source):
        piece = _behind(series.get(key), key, seconds[index], values[index], width)
        if piece is not None:
            pieces.append(piece)
    return Tally(replace(feed, backlog=waiting), tuple(pieces))


def _by_series(rows: pd.DataFrame, source: str) -> list[tuple[SeriesKey, NDArray[np.intp]]]:
    """Return the positions of every series' rows, in order of the keys."""
    place = rows["source"].where(rows["source"] != "", source) if "source" in rows else source
    named = pd.DataFrame({"service": rows["service"].to_numpy(), "place": place})
    codes = named.groupby(["service", "place"], sort=False).ngroup().to_numpy()
    order = np.argsort(codes, kind="stable")
    firsts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    return sorted(
        (
            (SeriesKey(*map(str, named.iloc[index[0]])), index)
            for index in np.split(order, firsts[1:])
            if len(index)
        ),
        key=lambda found: found[0],
    )


def _behind(
    known: Followed | None, key: SeriesKey, seconds: Floats, values: Floats, width: timedelta
) -> CountPiece | None:
    """Lay rows out behind the bins that are known; None if none of them is new."""
    start = known.next_bin if known else float(seconds.min())
    step = known.width if known else width
    n = int(np.floor((seconds.max() - start) / step.total_seconds() + 0.5)) + 1
    if n <= 0:
        return None
    laid = lay_out(seconds, values, start=start, width=step.total_seconds(), n=n)
    return CountPiece(key, start, step, laid)
