"""History looked at afterwards: what the live path would have said, with both ends refined.

The live path follows a service from the hour in which it is discovered, and takes it that nobody
spoke of it before. With hindsight it is known who did: what stands out on its first days is judged
by what was usual on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from detector.complaints.archive import AUTHOR_COLUMNS, Archive
from detector.complaints.authors import WINDOW, count_authors
from detector.complaints.describe import describe
from detector.detection import live
from detector.detection.hindsight.surges import HindsightSurge, analyze_series
from detector.model.details import Details
from detector.model.incident import Incident
from detector.model.merge import IncidentMerge
from detector.model.series import CountSeries, Floats, SeriesKey
from detector.model.severity import severity_of
from detector.model.spans import Spans, seconds_of
from detector.model.surge import Surge
from detector.model.times import from_seconds
from detector.pipeline.counting.exact_start import to_the_second
from detector.pipeline.counting.series_batch import CountBatch, ListBatch, partial_bins_together
from detector.pipeline.plan import END_OF_TIME, PipelinePlan
from detector.pipeline.replay import History, passes, take_in
from detector.pipeline.traces import CountTrace, ListTrace, Trace
from detector.sources.base import Source


@dataclass(frozen=True, slots=True)
class Reviewed:
    """An incident as it is known afterwards.

    Attributes
    ----------
    incident : with the refined start, end and size; its ``noticed_at`` is the live path's.
    was_noticed : whether the live path would have noticed it; if not, ``noticed_at`` of the
        incident is only its start.
    details : what the complaints say, None where only counts are known.
    """

    incident: Incident
    was_noticed: bool
    details: Details | None


class _Seen(NamedTuple):
    """A surge where it was seen: at which source, in bins of which width."""

    source: str
    width: timedelta
    found: HindsightSurge
    surge: Surge


class Review(NamedTuple):
    """A history looked at afterwards.

    Attributes
    ----------
    incidents : as they are known afterwards, in order of their starts.
    history : what the live path said, and what was observed.
    traces : every series of counts, and every service that stood on a list, by service and source.
    """

    incidents: tuple[Reviewed, ...]
    history: History
    traces: tuple[Trace, ...]


@dataclass(slots=True)
class _Gathered:
    """What the passes left; ``followed`` are the counts by which a discovered series was begun."""

    history: History = field(default_factory=History)
    batches: dict[SeriesKey, list[CountBatch]] = field(default_factory=dict)
    expected: dict[SeriesKey, list[Floats]] = field(default_factory=dict)
    looks: dict[SeriesKey, list[ListBatch]] = field(default_factory=dict)
    archive: Archive = field(default_factory=Archive)
    followed: dict[SeriesKey, Floats] = field(default_factory=dict)


def review(
    source: Source, plan: PipelinePlan, *, progress: Callable[[int], None] = lambda _: None
) -> Review:
    """Return every incident of the history that ``source`` holds, and what was observed.

    Surges of one service that overlap in time, at whatever place, or follow each other within
    `PipelinePlan.reopen_window`, are one incident, as in the live path. Trending lists give nothing
    to refine, nor do surges that only several sources together show: they stand as the live path
    told them. A service that was discovered is judged by what was said of it before, too.
    """
    gathered = _gather(source, plan, progress)
    traces = {key: _counted(key, gathered, plan) for key in gathered.batches}
    surges: dict[str, list[_Seen]] = {}
    for key, trace in traces.items():
        for seen in _surges(trace, gathered, plan):
            surge = to_the_second(
                _surge(seen), key, gathered.archive, width=trace.width, at=END_OF_TIME
            )
            seen_there = _Seen(key.source, trace.width, seen, surge)
            surges.setdefault(key.service, []).append(seen_there)
    reviewed = [
        _reviewed(service, group, gathered.archive, plan)
        for service, found in surges.items()
        for group in _grouped(found, plan.reopen_window)
    ]
    counted = {key.source for key in traces}
    found_again = [r.incident for r in reviewed]
    reviewed += [
        Reviewed(i, was_noticed=True, details=None)
        for i in gathered.history.incidents.values()
        if not counted.intersection(i.sources) or _only_together(i, found_again)
    ]
    by_start = sorted(reviewed, key=lambda r: (r.incident.onset.at, r.incident.id))
    return Review(tuple(by_start), gathered.history, _traces(traces, gathered, reviewed))


def _counted(key: SeriesKey, gathered: _Gathered, plan: PipelinePlan) -> CountTrace:
    """Return a series and what was expected; of a discovered one, by what was said before it."""
    trace = CountTrace.of(gathered.batches[key], gathered.expected[key])
    if key not in gathered.followed:
        return trace
    whole = trace.whole
    state = live.begin(plan.options_for(key.service), start=whole.start, width=whole.width)
    expected = live.update(state, whole.counts).expected
    return replace(trace, whole=replace(whole, expected=expected))


def _surges(trace: CountTrace, gathered: _Gathered, plan: PipelinePlan) -> Iterator[HindsightSurge]:
    """Yield the surges of one series as they are known afterwards."""
    key, options = trace.key, plan.options_for(trace.key.service)
    series = CountSeries(key, trace.whole.start, trace.width, trace.whole.counts)
    marks = partial_bins_together(gathered.batches[key])
    known = analyze_series(series, options, marks)
    if (begun := gathered.followed.get(key)) is None:
        yield from known
        return
    counts = np.concatenate([begun, series.counts[len(begun) :]])
    yield from as_noticed(known, analyze_series(replace(series, counts=counts), options, marks))


def _only_together(incident: Incident, found: Sequence[Incident]) -> bool:
    """Whether several sources showed it together and none by itself: there is no more to find."""
    end = incident.ended_at or END_OF_TIME
    return bool(incident.agreement) and not any(
        other.service == incident.service
        and other.onset.earliest < end
        and incident.onset.earliest < (other.ended_at or END_OF_TIME)
        for other in found
    )


def _traces(
    counted: Mapping[SeriesKey, CountTrace], gathered: _Gathered, reviewed: Sequence[Reviewed]
) -> tuple[Trace, ...]:
    """Return every series, the spread of counts measured outside the incidents."""
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for incident in (r.incident for r in reviewed):
        span = incident.onset.earliest, incident.ended_at or END_OF_TIME
        spans.setdefault(incident.service, []).append(span)
    calm = [t.calm(Spans.of(spans.get(t.key.service, ()))) for t in counted.values()]
    listed = [ListTrace.of(batches) for batches in gathered.looks.values()]
    traces: list[Trace] = [*calm, *listed]
    return tuple(sorted(traces, key=lambda t: t.key))


def _gather(source: Source, plan: PipelinePlan, progress: Callable[[int], None]) -> _Gathered:
    gathered = _Gathered()
    for outcome in passes(source, plan):
        take_in(gathered.history, outcome)
        gathered.archive = outcome.state.archive
        for advance in outcome.advances:
            batch = advance.batch
            batches = gathered.batches.setdefault(batch.key, [])
            expected = gathered.expected.setdefault(batch.key, [])
            if batch.skipped:
                nothing = np.full(batch.skipped, np.nan)
                left = batch.start - batch.skipped * batch.width.total_seconds()
                batches.append(CountBatch(batch.key, left, batch.width, nothing))
                expected.append(nothing)
            if not batches and batch.key.service not in plan.services:
                gathered.followed[batch.key] = batch.counts
                batch = replace(batch, counts=counts_before(batch, gathered.archive))
            batches.append(batch)
            expected.append(advance.step.expected)
        for look in outcome.looks:
            gathered.looks.setdefault(look.key, []).append(look)
        progress(gathered.history.bins)
    return gathered


def _surge(seen: HindsightSurge) -> Surge:
    """Return ``seen`` as a surge; one that was never noticed counts as noticed at its start."""
    return Surge(
        onset=seen.onset,
        noticed_at=seen.noticed_at or seen.onset.at,
        evidence=seen.evidence,
        peak_at=seen.peak_at,
        peak_count=seen.peak_count,
        expected_at_peak=seen.expected_at_peak,
        excess=seen.excess,
        ended_at=seen.ended_at,
        resolved_at=seen.resolved_at,
    )


def _grouped(found: Sequence[_Seen], reopen_window: timedelta) -> Iterator[list[_Seen]]:
    """Yield the surges in groups that overlap or begin soon after the end before."""
    group: list[_Seen] = []
    end: datetime | None = None
    for seen in sorted(found, key=lambda s: s.surge.onset.at):
        ended = seen.surge.ended_at
        if group and end is not None and seen.surge.onset.at - end > reopen_window:
            yield group
            group = []
        if not group:
            end = ended
        elif end is not None:
            end = None if ended is None else max(end, ended)
        group.append(seen)
    if group:
        yield group


def _reviewed(
    service: str, group: Sequence[_Seen], archive: Archive, plan: PipelinePlan
) -> Reviewed:
    """Return ``group`` as one incident, told by the surge that the live path noticed first."""
    merging = IncidentMerge(service)
    in_order = sorted(group, key=lambda s: (s.found.noticed_at is None, s.surge.noticed_at))
    for seen in in_order:
        severity = severity_of(seen.surge, width=seen.width, trending=False, rules=plan.severity)
        merging = merging.with_surge(seen.source, seen.surge, severity)
    incident = merging.incident()
    noticed = in_order[0].found.noticed_at is not None
    until = incident.ended_at or END_OF_TIME
    details = describe(
        incident, archive, at=until, configured=plan.services, lexicon=plan.reader.lexicon
    )
    return Reviewed(incident, noticed, details)


def counts_before(batch: CountBatch, archive: Archive) -> Floats:
    """Return the counts of ``batch``, with what was said before its first complaint.

    Parameters
    ----------
    batch : the first of a service that was discovered.
    archive : the complaints by then.

    Returns
    -------
    Floats
        Shape as ``batch.counts``; nan stays nan.
    """
    spoken = np.flatnonzero(batch.counts > 0)
    bins = int(spoken[0]) if len(spoken) else len(batch.counts)
    step = batch.width.total_seconds()
    start, end = from_seconds(batch.start), from_seconds(batch.start + bins * step)
    about = archive.about(batch.key.service, start=start - WINDOW, end=end)
    about = about[about["source"] == batch.key.source]
    counts = batch.counts.copy()
    if len(about):
        rows = count_authors(about[list(AUTHOR_COLUMNS)], width=batch.width, since=start)
        index = ((seconds_of(rows["time"]) - batch.start) // step).astype(np.int64)
        counts[index] += rows["count"].to_numpy(dtype=np.float64)
    return counts


def as_noticed(
    known: Sequence[HindsightSurge], live: Sequence[HindsightSurge]
) -> Iterator[HindsightSurge]:
    """Yield what is ``known`` of a series, noticed as the ``live`` path did, which knew less."""
    left = list(live)
    for one in known:
        told = next((other for other in left if _overlap(one, other)), None)
        if told is None:
            yield replace(one, noticed_at=None, resolved_at=None)
        else:
            left.remove(told)
            yield replace(
                one,
                noticed_at=told.noticed_at,
                resolved_at=told.resolved_at,
                evidence=told.evidence,
            )


def _overlap(one: HindsightSurge, other: HindsightSurge) -> bool:
    return one.onset.earliest < _end(other) and other.onset.earliest < _end(one)


def _end(one: HindsightSurge) -> datetime:
    return one.ended_at or END_OF_TIME
