"""Replays: the runs of the live pipeline over history, from a source or from the store.

The data moves the clock. Replaying what the store has says what other settings would have said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from detector.detection.truth_matching import Coverage
from detector.model.alert import Alert
from detector.model.decision import Decision
from detector.model.health import SourceAlert
from detector.model.incident import Incident
from detector.model.series import CountSeries, SeriesKey, lay_out, most_common_step
from detector.model.spans import seconds_of
from detector.model.times import from_seconds
from detector.pipeline.plan import END_OF_TIME, PipelinePlan
from detector.pipeline.state import PipelineState
from detector.pipeline.step import RunResult, cycle
from detector.sources.base import Poll, Source
from detector.store.base import Viewer

__all__ = ["END_OF_TIME", "History", "passes", "replay", "take_in"]

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


@dataclass(slots=True)
class History:
    """What a replay said.

    Attributes
    ----------
    incidents : as they stood at its end, by id.
    alerts, decisions : every one, in order.
    source_alerts : what was said about sources, in order.
    coverage : what was observed of every series: counts, and looks at trending lists.
    bins : how many bins and looks the detector took in.
    """

    incidents: dict[str, Incident] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    source_alerts: list[SourceAlert] = field(default_factory=list)
    coverage: dict[SeriesKey, Coverage] = field(default_factory=dict)
    bins: int = 0


def passes(source: Source, plan: PipelinePlan) -> Iterator[RunResult]:
    """Yield the result of one run per batch that ``source`` brings, until it is exhausted."""
    state, cursor, exhausted = PipelineState(), None, False
    while not exhausted:
        poll = source.poll(cursor, until=END_OF_TIME)
        outcome = cycle(state, {source.name: poll}, plan, now=END_OF_TIME)
        state, cursor, exhausted = outcome.state, poll.cursor, poll.exhausted
        yield outcome


def replay(
    source: Source, plan: PipelinePlan, *, progress: Callable[[int], None] = lambda _: None
) -> History:
    """Return what the live run would have said over the history that ``source`` holds.

    ``progress`` is called with the number of bins done after every pass.
    """
    history = History()
    for outcome in passes(source, plan):
        take_in(history, outcome)
        progress(history.bins)
    return history


def take_in(history: History, outcome: RunResult) -> None:
    """Add what one run found to ``history``."""
    for incident in outcome.incidents:
        history.incidents[incident.id] = incident
    history.alerts += outcome.alerts
    history.decisions += outcome.decisions
    history.source_alerts += outcome.source_alerts
    for advance in outcome.advances:
        batch = advance.batch
        end = batch.start + len(batch.counts) * batch.width.total_seconds()
        seen = int(np.isfinite(batch.counts).sum())
        _cover(history, batch.key, batch.start, end, seen, batch.width)
        history.bins += len(batch.counts)
    for look in outcome.looks:
        if len(look.looked):
            start, end = float(look.looked.starts[0]), float(look.looked.ends[-1])
            seen = round(
                float((look.looked.ends - look.looked.starts).sum()) / look.width.total_seconds()
            )
            _cover(history, look.key, start, end, seen, look.width)
            history.bins += seen


def _cover(
    history: History, key: SeriesKey, start: float, end: float, bins: int, width: timedelta
) -> None:
    """Add ``bins`` observed between ``start`` and ``end`` (seconds since 1970) to the coverage."""
    known = history.coverage.get(key)
    history.coverage[key] = Coverage(
        service=key.service,
        start=known.start if known else from_seconds(start),
        end=from_seconds(end),
        bins=bins + (known.bins if known else 0),
        width=width,
    )


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
    counts: pd.DataFrame, plan: PipelinePlan, *, progress: Callable[[int], None] = lambda _: None
) -> History:
    """Return what the live run would have said over ``counts`` of any number of sources.

    Parameters
    ----------
    counts : ``time, service, source, count``; bins of one source have one width.
    progress : called with the number of bins done, day by day.
    """
    history, state = History(), PipelineState()
    for polls in _days(counts):
        outcome = cycle(state, polls, plan, now=END_OF_TIME)
        state = outcome.state
        take_in(history, outcome)
        progress(history.bins)
    return history


def _days(counts: pd.DataFrame) -> Iterator[dict[str, Poll]]:
    """Yield one poll of every source for each day."""
    if counts.empty:
        return
    widths = {str(name): _width(rows) for name, rows in counts.groupby("source", sort=True)}
    for _, day in counts.groupby(counts["time"].dt.floor(_DAY), sort=True):
        yield {
            str(name): Poll(None, counts=rows.reset_index(drop=True), width=widths[str(name)])
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
