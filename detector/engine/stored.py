"""History as the store has it, replayed: what would have been said with other settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from detector.domain.bins import lay_out, most_common_step
from detector.domain.series import CountSeries, SeriesKey
from detector.domain.spans import seconds_of
from detector.domain.times import from_seconds
from detector.engine.cycle import cycle
from detector.engine.memory import Memory
from detector.engine.plan import END_OF_TIME, Plan
from detector.engine.replay import History, take_in
from detector.ports import Pull, Viewer

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def stored_counts(store: Viewer) -> pd.DataFrame:
    """Return all observed bins in ``store``: ``time, service, source, count``, by time.

    Looks at trending lists are not among them: the store keeps counts.
    """
    frames = [
        store.counts(service, start=_BEGINNING, end=END_OF_TIME) for service in store.services()
    ]
    columns = ["time", "service", "source", "count"]
    if not frames:
        return pd.DataFrame(columns=columns)
    rows = pd.concat(frames, ignore_index=True)[columns]
    return rows[rows["count"].notna()].sort_values("time", kind="stable", ignore_index=True)


def replay_counts(
    counts: pd.DataFrame, plan: Plan, *, progress: Callable[[int], None] = lambda _: None
) -> History:
    """Return what the live cycle would have said over ``counts`` of any number of sources.

    Parameters
    ----------
    counts : ``time, service, source, count``; bins of one source have one width.
    progress : called with the number of bins done, day by day.
    """
    history, memory = History(), Memory()
    for pulls in _days(counts):
        outcome = cycle(memory, pulls, plan, now=END_OF_TIME)
        memory = outcome.memory
        take_in(history, outcome)
        progress(history.bins)
    return history


def _days(counts: pd.DataFrame) -> Iterator[dict[str, Pull]]:
    """Yield one pull of every source for each day."""
    if counts.empty:
        return
    widths = {str(name): _width(rows) for name, rows in counts.groupby("source", sort=True)}
    for _, day in counts.groupby(counts["time"].dt.floor(_DAY), sort=True):
        yield {
            str(name): Pull(None, counts=rows.reset_index(drop=True), width=widths[str(name)])
            for name, rows in day.groupby("source", sort=True)
        }


def _width(rows: pd.DataFrame) -> timedelta:
    """Return the width of a source's bins."""
    return most_common_step(rows) or timedelta(minutes=1)


def series_of(counts: pd.DataFrame) -> tuple[CountSeries, ...]:
    """Return every series in ``counts`` laid out as bins, nan where nothing was observed.

    Reads ``time, service, source, count``; by service, then source.
    """
    widths = {str(name): _width(rows) for name, rows in counts.groupby("source", sort=True)}
    return tuple(
        _series(SeriesKey(str(service), str(source)), rows, widths[str(source)])
        for (service, source), rows in counts.groupby(["service", "source"], sort=True)
    )


def _series(key: SeriesKey, rows: pd.DataFrame, width: timedelta) -> CountSeries:
    seconds, step = seconds_of(rows["time"]), width.total_seconds()
    start = float(seconds.min())
    n = round((float(seconds.max()) - start) / step) + 1
    values = rows["count"].to_numpy(dtype=np.float64)
    laid = lay_out(seconds, values, start=start, width=step, n=n)
    return CountSeries(key, from_seconds(start), width, laid)
