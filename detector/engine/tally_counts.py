"""Ready-made counts: rows of a table laid out as bins behind those the detector knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.detection.live import STALE
from detector.detection.memory import RING
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
    Gaps longer than a series remembers anything over part the bins into pieces.
    """
    rows = counts if feed.backlog is None else pd.concat([feed.backlog, counts], ignore_index=True)
    final = rows["time"] <= now - width - plan.settle
    waiting = None if final.all() else rows[~final].reset_index(drop=True)
    ready = rows[final]
    seconds = seconds_of(ready["time"])
    values = ready["count"].to_numpy(dtype=np.float64)
    pieces: list[CountPiece] = []
    late = 0
    for key, index in _by_series(ready, source):
        known = series.get(key)
        pieces += _behind(known, key, seconds[index], values[index], width)
        late += 0 if known is None else _revised(known, seconds[index], values[index])
    return Tally(replace(feed, backlog=waiting), tuple(pieces), late=late)


def _by_series(rows: pd.DataFrame, source: str) -> list[tuple[SeriesKey, NDArray[np.intp]]]:
    """Return the positions of every series' rows, in order of the keys."""
    place = rows["source"].where(rows["source"] != "", source) if "source" in rows else source
    named = pd.DataFrame({"service": rows["service"].to_numpy(), "place": place})
    codes = named.groupby(["service", "place"], sort=False).ngroup().to_numpy()
    services, places = (named[name].to_numpy(dtype=object) for name in ("service", "place"))
    order = np.argsort(codes, kind="stable")
    firsts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    return sorted(
        (
            (SeriesKey(str(services[index[0]]), str(places[index[0]])), index)
            for index in np.split(order, firsts[1:])
            if len(index)
        ),
        key=lambda found: found[0],
    )


def _behind(
    known: Followed | None, key: SeriesKey, seconds: Floats, values: Floats, width: timedelta
) -> Iterator[CountPiece]:
    """Yield rows laid out behind the bins that are known, none if none of them is new."""
    start = known.next_bin if known else float(seconds.min())
    step = known.width if known else width
    index = np.floor((seconds - start) / step.total_seconds() + 0.5).astype(np.int64)
    new = index >= 0
    taken, most = 0, STALE // step
    for first, end in _runs(index[new], most):
        skipped = first - taken if first - taken > most else 0
        left = start + (taken + skipped) * step.total_seconds()
        n = end - taken - skipped
        laid = lay_out(seconds, values, start=left, width=step.total_seconds(), n=n)
        yield CountPiece(key, left, step, laid, skipped)
        taken = end


def _runs(index: NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """Yield the half-open runs of bins that lie no more than ``most`` bins apart."""
    bins = np.unique(index)
    if not len(bins):
        return
    breaks = np.flatnonzero(np.diff(bins) - 1 > most)
    for first, last in zip(np.r_[0, breaks + 1], np.r_[breaks, len(bins) - 1], strict=True):
        yield int(bins[first]), int(bins[last]) + 1


def _revised(known: Followed, seconds: Floats, values: Floats) -> int:
    """Return how many rows say something else of a bin than what was taken in, if it is known."""
    step = known.width.total_seconds()
    index = np.floor((seconds - known.start) / step + 0.5).astype(np.int64)
    within = (index < known.bins) & (index >= max(known.bins - RING, 0)) & np.isfinite(values)
    before = known.state.hot["count"][0][index[within] % RING]
    return int((before != values[within]).sum())
