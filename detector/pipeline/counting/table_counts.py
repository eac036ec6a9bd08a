"""Counts from tables: ready-made counts as bins, and trending lists as services by poll."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.complaints.reader import read_titles
from detector.detection.kernels.series_record import RING
from detector.detection.live import STALE_AFTER
from detector.model.series import Floats, SeriesKey, lay_out
from detector.model.spans import Spans, seconds_of
from detector.model.times import from_seconds
from detector.pipeline.counting.series_batch import CountBatch, ListBatch, SourceBatch
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.state import Followed, SourceProgress
from detector.sources.base import Poll


def count_rows(
    source: str,
    progress: SourceProgress,
    counts: pd.DataFrame,
    width: timedelta,
    series: Mapping[SeriesKey, Followed],
    plan: PipelinePlan,
    *,
    now: datetime,
) -> SourceBatch:
    """Return the bins of ``counts`` that are final at ``now``; the others wait in ``progress``.

    Reads ``time, service, count`` and, if there, ``source`` (empty: this source). Of rows for the
    same bin the last one counts; rows for bins that the detector has already taken in are history.
    Gaps longer than a series remembers anything over part the bins into batches.
    """
    rows = (
        counts
        if progress.backlog is None
        else pd.concat([progress.backlog, counts], ignore_index=True)
    )
    final = rows["time"] <= now - width - plan.allowed_lateness
    waiting = None if final.all() else rows[~final].reset_index(drop=True)
    ready = rows[final]
    seconds = seconds_of(ready["time"])
    values = ready["count"].to_numpy(dtype=np.float64)
    batches: list[CountBatch] = []
    late = 0
    for key, index in _by_series(ready, source):
        known = series.get(key)
        batches += _behind(known, key, seconds[index], values[index], width)
        late += 0 if known is None else _revised(known, seconds[index], values[index])
    return SourceBatch(replace(progress, backlog=waiting), tuple(batches), late=late)


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
) -> Iterator[CountBatch]:
    """Yield rows laid out behind the bins that are known, none if none of them is new."""
    start = known.next_bin if known else float(seconds.min())
    step = known.width if known else width
    index = np.floor((seconds - start) / step.total_seconds() + 0.5).astype(np.int64)
    new = index >= 0
    taken, most = 0, STALE_AFTER // step
    for first, end in _runs(index[new], most):
        skipped = first - taken if first - taken > most else 0
        left = start + (taken + skipped) * step.total_seconds()
        n = end - taken - skipped
        laid = lay_out(seconds, values, start=left, width=step.total_seconds(), n=n)
        yield CountBatch(key, left, step, laid, skipped)
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
    before = known.state.recent_counts[index[within] % RING]
    return int((before != values[within]).sum())


def count_listings(
    source: str,
    progress: SourceProgress,
    counts: pd.DataFrame,
    width: timedelta,
    poll: Poll,
    followed: frozenset[SeriesKey],
    plan: PipelinePlan,
) -> SourceBatch:
    """Group a list's rows by service.

    Reads ``time, service, count, floor`` and, if there, ``title``. A look belongs to the bin that
    its time falls into; of several titles about one service the hottest counts. Services in
    ``followed`` get a batch of every look, listed or not; the batch of one that is listed for the
    first time has all looks that are remembered, so that it is known when it was not listed.
    """
    step = width.total_seconds()
    now_looked = Spans.of(_whole_bins(poll.observed, step))
    until = float(progress.observed.ends[-1]) if len(progress.observed) else None
    observed = Spans.of([*progress.looked(until).pairs(), *poll.observed])
    looked_before = Spans.of(_whole_bins(observed.pairs(), step))
    rows = _about_outages(counts, plan)
    rows = rows.assign(second=seconds_of(rows["time"]) // step * step)
    rows = rows.sort_values(["service", "second", "count"], kind="stable")
    rows = rows.drop_duplicates(["service", "second"], keep="last")
    groups = {SeriesKey(str(name), source): group for name, group in rows.groupby("service")}
    here = {key for key in followed if key.source == source} if len(now_looked) else set()
    batches = tuple(
        _piece(
            key, groups.get(key, rows.iloc[:0]), now_looked if key in here else looked_before, width
        )
        for key in sorted(groups.keys() | here)
    )
    return SourceBatch(replace(progress, observed=observed), looks=batches)


def _piece(key: SeriesKey, rows: pd.DataFrame, looked: Spans, width: timedelta) -> ListBatch:
    listed, heat, floor = (
        rows[name].to_numpy(dtype=np.float64) for name in ("second", "count", "floor")
    )
    return ListBatch(key, listed, heat, floor, looked, width)


def _whole_bins(
    observed: Iterable[tuple[datetime, datetime]], step: float
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the bins that the looks in ``observed`` fall into."""
    for start, end in observed:
        left, right = start.timestamp() // step * step, end.timestamp() // step * step
        yield from_seconds(left), from_seconds(max(right, left + step))


def _about_outages(counts: pd.DataFrame, plan: PipelinePlan) -> pd.DataFrame:
    """Return the rows about outages, each with its service.

    A row that names a service is taken at its word; one without is judged by its title, and where
    that names a service of the table by another of its names, the table's name is kept.
    """
    unnamed = counts["service"] == ""
    if not unnamed.any():
        return counts
    if "title" not in counts:
        return counts[~unnamed]
    once = pd.DataFrame({"text": counts.loc[unnamed, "title"].unique()})
    read = read_titles(plan.reader, once).set_index(once["text"])
    about = read[(read["complaint"] >= plan.complaint_threshold) & (read["service"] != "")]
    ours = {plan.reader.canonical(name): name for name in counts.loc[~unnamed, "service"].unique()}
    # Where no title is about an outage there is nothing to tell texts by: they stay texts.
    judged = (
        counts["title"]
        .map(about["service"])
        .astype("object")
        .fillna("")
        .map(lambda name: ours.get(name, name))
    )
    named = counts.assign(service=counts["service"].where(~unnamed, judged))
    return named[named["service"] != ""]
