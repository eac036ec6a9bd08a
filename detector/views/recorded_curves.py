"""What the store recorded of a service, as curves: bin by bin, long ones out of hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from detector.model.incident import Incident
from detector.model.series import Floats
from detector.model.times import from_seconds
from detector.store.base import Viewer
from detector.views.curve import Curve
from detector.views.expected_range import dispersion_of

#: Up to so long every bin is read; beyond, the database melts bins and keeps their peaks.
IN_FULL = timedelta(days=8)
_MELTED = timedelta(hours=1)
_MINUTE = 60.0
#: How long a bin may take to become final before a chart's end says that it was not observed.
_FRESH = timedelta(minutes=15)


def recorded_curves(
    store: Viewer,
    service: str,
    start: datetime,
    end: datetime,
    *,
    incidents: Sequence[Incident] = (),
) -> dict[str, Curve]:
    """Return what was counted in ``[start, end)``, by source.

    Parameters
    ----------
    incidents : what was not ordinary; the dispersion is that of the bins outside.
    """
    end = _last_edge(store, service, end)
    if end - start > IN_FULL:
        return _melted(store, service, start, end, incidents)
    frame = store.counts(service, start=start, end=end)
    return {
        str(source): _in_full(rows, start, end, incidents)
        for source, rows in frame.groupby("source", sort=True)
    }


def width_of(times: Floats) -> float:
    """Return the width of the bins whose left edges (seconds, ascending) are given.

    It is the commonest distance of two; a minute where there are fewer than two.
    """
    steps, often = np.unique(np.diff(times), return_counts=True)
    return float(steps[int(np.argmax(often))]) if len(steps) else _MINUTE


def _last_edge(store: Viewer, service: str, end: datetime) -> datetime:
    """Return where a chart ends: its bins are final a little after they end."""
    found = store.counts(service, start=end - _FRESH, end=end)["time"]
    if found.empty:
        return end
    newest: datetime = found.max().to_pydatetime()
    return min(newest + timedelta(seconds=width_of(seconds_of(found.drop_duplicates()))), end)


def _in_full(
    rows: pd.DataFrame, start: datetime, end: datetime, incidents: Sequence[Incident]
) -> Curve:
    times = seconds_of(rows["time"])
    width = width_of(times)
    # The bin that ``start`` lies in was not asked for.
    first = np.ceil(start.timestamp() / width)
    n = max(int(np.ceil(end.timestamp() / width) - first), 1)
    place = np.floor(times / width).astype(np.int64) - int(first)
    inside = (place >= 0) & (place < n)
    counts, expected = np.full(n, np.nan), np.full(n, np.nan)
    counts[place[inside]] = rows["count"].to_numpy()[inside]
    expected[place[inside]] = rows["expected"].to_numpy()[inside]
    begins = from_seconds(first * width)
    return Curve(
        begins,
        timedelta(seconds=width),
        counts,
        expected,
        dispersion_of(counts, expected, _ordinary(begins, width, n, incidents)),
        listed=bool(rows["evidence"].isna().all()),
    )


def _ordinary(
    start: datetime, width: float, n: int, incidents: Sequence[Incident]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    left = start.timestamp() + width * np.arange(n)
    ordinary = np.ones(n, dtype=np.bool_)
    for one in incidents:
        end = one.ended_at.timestamp() if one.ended_at else np.inf
        ordinary &= (left < one.onset.earliest.timestamp()) | (left >= end)
    return ordinary


def _melted(
    store: Viewer,
    service: str,
    start: datetime,
    end: datetime,
    incidents: Sequence[Incident],
) -> dict[str, Curve]:
    """Return long curves out of hours; the last week says how ordinary bins scatter."""
    frame = store.curve(start=start, end=end, step=_MELTED, service=service)
    lately = recorded_curves(store, service, end - timedelta(days=7), end, incidents=incidents)
    return {
        str(source): unmelted(rows, start, end, like=lately.get(str(source)))
        for source, rows in frame.groupby("source", sort=True)
    }


def unmelted(rows: pd.DataFrame, start: datetime, end: datetime, *, like: Curve | None) -> Curve:
    """Return bins that melt into ``rows`` again: each hour's lowest, highest and mean are kept.

    Parameters
    ----------
    rows : ``time, count`` (highest) ``, low, total, expected, bins`` of hours.
    like : the bins' width and dispersion, and whether this is a trending list.
    """
    hour = int(_MELTED.total_seconds())
    width = int(like.width.total_seconds()) if like is not None else int(_MINUTE)
    width = width if hour % width == 0 else hour
    each = hour // width
    first = int(start.timestamp()) // hour
    n = max(-(-int(end.timestamp()) // hour) - first, 1)
    place = seconds_of(rows["time"]).astype(np.int64) // hour - first
    counts, expected = np.full((n, each), np.nan), np.full((n, each), np.nan)
    expected[place] = rows["expected"].to_numpy()[:, None]
    bins = np.minimum(rows["bins"].to_numpy(), each)
    counts[place] = _spread(rows, bins, each)
    return Curve(
        from_seconds(first * hour),
        timedelta(seconds=width),
        counts.ravel(),
        expected.ravel(),
        like.dispersion if like is not None else 1.0,
        listed=like is not None and like.listed,
    )


def _spread(rows: pd.DataFrame, bins: np.ndarray, each: int) -> Floats:
    """Return shape (rows, each): the highest, the lowest, then what gives the total; rest nan."""
    high, low, total = (rows[name].to_numpy(np.float64) for name in ("count", "low", "total"))
    between = np.divide(
        total - high - low, bins - 2, out=np.full(len(rows), np.nan), where=bins > 2
    )
    filled: Floats = np.where(np.arange(each) < bins[:, None], between[:, None], np.nan)
    filled[:, 0] = high
    if each > 1:
        filled[:, 1] = np.where(bins > 1, low, np.nan)
    return filled


def seconds_of(times: pd.Series) -> Floats:
    """Return instants as seconds since 1970."""
    seconds: Floats = times.dt.as_unit("us").astype("int64").to_numpy() / 1e6
    return seconds
