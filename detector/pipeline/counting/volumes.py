"""Volumes: what each place brings per bin, all of it, complaints or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from detector.detection import volume_drop
from detector.detection.live import STALE_AFTER
from detector.model.series import Floats
from detector.model.spans import Spans, seconds_of
from detector.model.times import from_seconds
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.state import SourceProgress, Volume
from detector.sources.base import Poll


@dataclass(frozen=True, slots=True, eq=False)
class PolledBins:
    """What one poll brought from one place, in bins.

    Attributes
    ----------
    place : where it was counted: the source, or what the rows of a counts table say.
    observed : what it said to have observed.
    rows : ``service, second, count``: what was brought, by left edge of its bin.
    width : of the bins, seconds.
    until : bins before this (seconds since 1970) are complete.
    whole : spans in which a bin without rows is zero; None: it was not observed.
    """

    place: str
    observed: Spans
    rows: pd.DataFrame
    width: float
    until: float
    whole: Spans | None = None


def polled_bins(
    source: str, poll: Poll, progress: SourceProgress | None, plan: PipelinePlan
) -> Iterator[PolledBins]:
    """Yield what ``poll`` brought, by place.

    Parameters
    ----------
    source : the source's name.
    progress : of the source, after the poll was counted.
    """
    if poll.counts is None or poll.width is None:
        if progress is not None and (poll.observed or poll.posts is not None):
            yield _posts(source, poll, progress, plan)
    elif "floor" in poll.counts:
        if poll.observed:
            nothing = _rows([], [], [])
            yield PolledBins(
                source, Spans.of(poll.observed), nothing, poll.width.total_seconds(), 0.0
            )
    else:
        yield from _counts(source, poll.counts, poll.width.total_seconds())


def _posts(source: str, poll: Poll, progress: SourceProgress, plan: PipelinePlan) -> PolledBins:
    step = plan.width.total_seconds()
    times = np.empty(0) if poll.posts is None else seconds_of(poll.posts["time"])
    bins, counts = np.unique(times // step * step, return_counts=True)
    rows = _rows([""] * len(bins), bins, counts)
    until = progress.counted_until or 0.0
    return PolledBins(source, Spans.of(poll.observed), rows, step, until, progress.observed)


def _counts(source: str, counts: pd.DataFrame, step: float) -> Iterator[PolledBins]:
    """Yield what each place in a counts table brought; a bin is complete when another follows."""
    seen = counts[counts["count"].notna()]
    places = seen["source"].where(seen["source"] != "", source) if "source" in seen else source
    rows = _rows(seen["service"], seconds_of(seen["time"]), seen["count"])
    for place, group in rows.groupby(np.broadcast_to(np.asarray(places, dtype=object), len(rows))):
        edges = np.unique(group["second"].to_numpy())
        breaks = np.flatnonzero(np.diff(edges) > 1.5 * step)
        firsts, lasts = edges[np.r_[0, breaks + 1]], edges[np.r_[breaks, len(edges) - 1]]
        spans = (
            (from_seconds(a), from_seconds(b + step)) for a, b in zip(firsts, lasts, strict=True)
        )
        yield PolledBins(str(place), Spans.of(spans), group, step, float(edges[-1]))


def _rows(services: object, seconds: object, counts: object) -> pd.DataFrame:
    frame = pd.DataFrame({"service": services, "second": seconds, "count": counts})
    return frame.astype({"service": "str", "second": "float64", "count": "float64"})


def grown(
    volume: Volume | None, polled: PolledBins, *, share: float
) -> tuple[Volume | None, tuple[volume_drop.Fall, ...]]:
    """Return the volume behind the bins that are complete now, and where it fell or rose again."""
    rows = polled.rows
    if volume is not None and volume.state is not None:
        # Bins on the grid of the first one: tables read by a timer are late by seconds.
        start = volume.state.series.start.timestamp()
        grid = start + np.floor((rows["second"] - start) / polled.width + 0.5) * polled.width
        rows = rows.assign(second=grid)
    if volume is not None and volume.waiting is not None:
        rows = pd.concat([volume.waiting, rows], ignore_index=True)
    if polled.whole is None:
        rows = rows.drop_duplicates(["service", "second"], keep="last")
    done = None if volume is None or volume.state is None else volume.state.series.end.timestamp()
    first = _first(rows, polled, done)
    if first is None or polled.until <= first:
        waiting = rows if done is None else rows[rows["second"] >= done]
        state = None if volume is None else volume.state
        return (None if waiting.empty and state is None else Volume(state, waiting)), ()
    begun = done is not None and first == done and volume is not None
    state = volume.state if begun and volume is not None else None
    if state is None:
        state = volume_drop.begin(from_seconds(first), timedelta(seconds=polled.width))
    values = _laid_out(rows, polled, first)
    state, changes = volume_drop.update(state, values, share=share)
    end = first + len(values) * polled.width
    return Volume(state, rows[rows["second"] >= end].reset_index(drop=True)), changes


def _first(rows: pd.DataFrame, polled: PolledBins, done: float | None) -> float | None:
    """Return the left edge of the next bin to take in, None if there is none."""
    new = rows["second"].to_numpy()
    new = new if done is None else new[new >= done]
    if done is None and not len(new):
        return None
    if done is None:
        return _behind_gaps(np.unique(np.r_[new, polled.until]))
    looked = np.empty(0) if polled.whole is None else polled.whole.starts[-1:]
    if len(looked) and looked[0] <= done:
        return done
    return _behind_gaps(np.unique(np.r_[done, new, looked, polled.until]))


def _behind_gaps(edges: Floats) -> float:
    """Return the first of ``edges`` behind the last gap over which nothing is remembered.

    A stray row of another century must not be followed bin by bin.
    """
    gaps = np.flatnonzero(np.diff(edges) > STALE_AFTER.total_seconds())
    return float(edges[gaps[-1] + 1]) if len(gaps) else float(edges[0])


def _laid_out(rows: pd.DataFrame, polled: PolledBins, first: float) -> Floats:
    n = round((polled.until - first) / polled.width)
    lefts = first + polled.width * np.arange(n, dtype=np.float64)
    if polled.whole is None:
        values = np.full(n, np.nan)
    else:
        values = np.where(polled.whole.hold_whole(lefts, polled.width), 0.0, np.nan)
    index = np.floor((rows["second"].to_numpy() - first) / polled.width + 0.5).astype(np.int64)
    inside = (index >= 0) & (index < n)
    totals = np.bincount(index[inside], rows["count"].to_numpy()[inside], minlength=n)
    brought = np.bincount(index[inside], minlength=n) > 0
    if polled.whole is None:
        return np.where(brought, totals, np.nan)
    return values + totals
