"""Counts of one service by source, as the charts draw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from markupsafe import Markup

from detector.model.incident import Incident
from detector.model.series import Floats
from detector.model.times import from_seconds
from detector.report.chart import (
    NARROW,
    WIDE,
    counts_chart,
)
from detector.report.chart_marks import (
    Labels,
    Note,
    shade_of,
)
from detector.views.curve import (
    Columns,
    Curve,
    columns,
    dispersion_of,
)
from detector.web.backend import Backend
from detector.web.pages.reader import Reader
from detector.web.pages.rendering import drawn

#: Up to so long every bin is read; beyond, the database melts bins and keeps their peaks.
IN_FULL = timedelta(days=8)
_MELTED = timedelta(hours=1)
_MINUTE = 60.0
#: How long a bin may take to become final before a chart's end says that nobody looked.
_FRESH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A line of the table that stands for a chart.

    Attributes
    ----------
    at : left edge, aware UTC.
    mean, high, expected : posts per bin; expected is None where unknown.
    seen : share that was observed, in [0, 1].
    """

    at: datetime
    mean: float
    high: float
    expected: float | None
    seen: float


def curves(
    backend: Backend,
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
    end = _last_edge(backend, service, end)
    if end - start > IN_FULL:
        return _melted(backend, service, start, end, incidents)
    frame = backend.store.counts(service, start=start, end=end)
    return {
        str(source): _in_full(rows, start, end, incidents)
        for source, rows in frame.groupby("source", sort=True)
    }


def table(curve: Curve, *, most: int = 48) -> list[Row]:
    """Return ``curve`` as at most ``most`` + 1 lines, the latest first."""
    cols = columns(curve, most=most)
    return [_row(cols, i) for i in reversed(range(len(cols.left)))]


def width_of(times: Floats) -> float:
    """Return the width of the bins whose left edges (seconds, ascending) are given.

    It is the commonest distance of two; a minute where there are fewer than two.
    """
    steps, often = np.unique(np.diff(times), return_counts=True)
    return float(steps[int(np.argmax(often))]) if len(steps) else _MINUTE


def _last_edge(backend: Backend, service: str, end: datetime) -> datetime:
    """Return where a chart ends: its bins are final a little after they end."""
    found = backend.store.counts(service, start=end - _FRESH, end=end)["time"]
    if found.empty:
        return end
    newest: datetime = found.max().to_pydatetime()
    return min(newest + timedelta(seconds=width_of(_seconds(found.drop_duplicates()))), end)


def _in_full(
    rows: pd.DataFrame, start: datetime, end: datetime, incidents: Sequence[Incident]
) -> Curve:
    times = _seconds(rows["time"])
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
    backend: Backend,
    service: str,
    start: datetime,
    end: datetime,
    incidents: Sequence[Incident],
) -> dict[str, Curve]:
    """Return long curves out of hours; how ordinary bins scatter is told by the last week's."""
    frame = backend.store.curve(start=start, end=end, step=_MELTED, service=service)
    lately = curves(backend, service, end - timedelta(days=7), end, incidents=incidents)
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
    place = _seconds(rows["time"]).astype(np.int64) // hour - first
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


def _row(cols: Columns, i: int) -> Row:
    expected = float(cols.expected[i])
    return Row(
        from_seconds(float(cols.left[i])),
        float(cols.mean[i]),
        float(cols.high[i]),
        expected if np.isfinite(expected) else None,
        float(cols.seen[i]),
    )


def _seconds(times: pd.Series) -> Floats:
    seconds: Floats = times.dt.as_unit("us").astype("int64").to_numpy() / 1e6
    return seconds


# Charts of a page: what is drawn, and what is said of it to those who do not see it.


@dataclass(frozen=True, slots=True)
class Figure:
    """The chart of one source.

    Attributes
    ----------
    says : it in a sentence.
    wide, narrow : the chart for desks and for phones; the style sheet shows one of them.
    rows : the table that stands for it.
    """

    source: str
    says: Markup
    wide: Markup
    narrow: Markup
    rows: Sequence[Row] = ()


def figures(
    curves: Mapping[str, Curve],
    reader: Reader,
    *,
    incidents: Sequence[Incident] = (),
    notes: Sequence[Note] = (),
    tables: bool = False,
) -> list[Figure]:
    """Return a figure for each source, by name.

    Parameters
    ----------
    tables : whether a table stands beside each.
    """
    labels = _labels(reader)
    shades = [shade_of(one) for one in incidents]
    found = []
    for number, (source, curve) in enumerate(curves.items()):
        says = summary(curve, reader)
        wide, narrow = (
            drawn(
                counts_chart(
                    curve,
                    name=f"chart-{number}-{size_name}",
                    label=str(says.striptags()),
                    shades=shades,
                    notes=notes,
                    zone=reader.zone,
                    size=size,
                    labels=labels,
                )
            )
            for size_name, size in (("wide", WIDE), ("narrow", NARROW))
        )
        rows = table(curve) if tables else ()
        found.append(Figure(source, says, wide, narrow, rows))
    return found


def summary(curve: Curve, reader: Reader) -> Markup:
    """Return the curve in a sentence: its highest bin, what was expected, what is not known."""
    t, say = reader.words, reader.speech
    seen = float(np.mean(curve.seen)) if len(curve.counts) else 0.0
    if not np.isfinite(curve.counts).any():
        return t("chart.nothing")
    top = int(np.nanargmax(curve.counts))
    usual = curve.expected[top]
    # Of long curves only the hour of the highest bin is known.
    key = "chart.says_hour" if len(curve.counts) * curve.width > IN_FULL else "chart.says"
    said = t(
        key,
        width=say.lasting(curve.width),
        high=say.number(float(curve.counts[top])),
        at=reader.when(curve.start + top * curve.width),
        expected=say.number(float(usual)) if np.isfinite(usual) else "?",
    )
    if seen >= 0.9995:
        return said
    return said + t("chart.gaps", share=say.percent(max(1 - seen, 0.01)))


def _labels(reader: Reader) -> Labels:
    t = reader.words
    return Labels(
        began=t.text("chart.began"),
        noticed=t.text("chart.noticed"),
        over=t.text("chart.over"),
        peak=t.text("chart.peak"),
        expected=t.text("chart.expected"),
        not_observed=t.text("chart.not_observed"),
        nothing=t.text("chart.nothing"),
        weekdays=tuple(t.text("chart.weekdays").split()),
    )
