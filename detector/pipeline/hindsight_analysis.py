"""History looked back at: every incident that it holds, whether the live path saw it or not.

The live path runs over the history once, to know what it would have said and when. What happened
is decided by `detector.detection.hindsight` alone, on the whole of every series: where several
sources count a service, each by itself and all of them together. What the live path would have
paged for and looking back does not see is listed with the reason.

The live path follows a service from the hour in which it is discovered, and takes it that nobody
spoke of it before. Looking back it is known who did: what stands out on its first days is judged by
what was usual on them.
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
from detector.detection.hindsight.findings import Findings, HindsightSurge, Regime
from detector.detection.hindsight.several_sources import find_together, shared
from detector.detection.hindsight.whole_series import HindsightOptions, find_in
from detector.detection.options import DetectionOptions
from detector.model.details import Details
from detector.model.incident import Incident, incident_id
from detector.model.merge import TOGETHER, IncidentMerge
from detector.model.series import CountSeries, Floats, SeriesKey
from detector.model.severity import severity_of
from detector.model.spans import Spans, seconds_of
from detector.model.surge import Agreement, Surge
from detector.model.times import from_seconds
from detector.pipeline.counting.exact_start import to_the_second
from detector.pipeline.counting.series_batch import CountBatch, ListBatch
from detector.pipeline.plan import END_OF_TIME, PipelinePlan
from detector.pipeline.replay import History, passes, take_in
from detector.pipeline.traces import CountTrace, ListTrace, Trace
from detector.sources.base import Source
from detector.views.curve import Curve

#: Data on either side of a span that is asked for which what was usual is learnt from.
BEFORE, AFTER = timedelta(weeks=6), timedelta(weeks=2)
#: Codes: why the live path would not have paged.
NO_BASELINE, BELOW_THRESHOLD = "no_baseline", "below_threshold"
#: A series this young has no baseline that the live path would page by.
YOUNG = timedelta(hours=2)
#: Codes: why looking back takes a page back.
LEVEL_CHANGE, UNUSUAL_DAYS, NOT_SURE, ORDINARY = (
    "level_change",
    "unusual_days",
    "not_sure",
    "ordinary",
)
#: A change of level so near an incident's start is what was paged for.
NEAR = timedelta(hours=3)

SpanAsked = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """An incident as it is known afterwards.

    Attributes
    ----------
    incident : its ``noticed_at`` is the live path's.
    was_noticed : whether the live path would have noticed it; if not, ``noticed_at`` of the
        incident is only its start.
    details : what the complaints say, None where only counts are known.
    found : the surge that it is told by, where it is shown best; None where a list shows it.
    not_noticed : code of the reason for which it would not have paged; empty where it would.
    """

    incident: Incident
    was_noticed: bool
    details: Details | None
    found: HindsightSurge | None = None
    not_noticed: str = ""

    @property
    def regimes(self) -> tuple[Regime, ...]:
        """What it is made of, in order."""
        return () if self.found is None else self.found.regimes


@dataclass(frozen=True, slots=True)
class TakenBack:
    """An incident that the live path would have paged for and looking back does not see.

    ``reason`` is a code: ``level_change``, ``unusual_days``, ``not_sure``, ``ordinary``.
    """

    incident: Incident
    reason: str


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
    findings : what looking back finds in every series of counts.
    taken_back : what the live path would have paged for in vain, in order.
    """

    incidents: tuple[Reviewed, ...]
    history: History
    traces: tuple[Trace, ...]
    findings: Mapping[SeriesKey, Findings]
    taken_back: tuple[TakenBack, ...]


@dataclass(slots=True)
class _Gathered:
    """What the passes left."""

    history: History = field(default_factory=History)
    batches: dict[SeriesKey, list[CountBatch]] = field(default_factory=dict)
    looks: dict[SeriesKey, list[ListBatch]] = field(default_factory=dict)
    archive: Archive = field(default_factory=Archive)


def review(
    source: Source,
    plan: PipelinePlan,
    *,
    options: HindsightOptions | None = None,
    between: SpanAsked = (None, None),
    progress: Callable[[int], None] = lambda _: None,
) -> Review:
    """Return every incident of the history that ``source`` holds, and what was observed.

    Surges of one service that overlap in time, at whatever place, or follow each other within
    `PipelinePlan.reopen_window`, are one incident, as in the live path. Trending lists have no
    baseline to look back with: their incidents stand as the live path told them. A service that
    was discovered is judged by what was said of it before, too.

    Parameters
    ----------
    options : how sure to be.
    between : only what happened in this span is wanted; None leaves a side open. Six weeks before
        it and two behind it are still learnt from.
    progress : called with the number of bins done: taken in, then looked back at.
    """
    gathered = _gather(source, plan, progress)
    series = {key: _series(batches, between) for key, batches in gathered.batches.items()}
    series = {key: one for key, one in series.items() if len(one.counts)}
    findings: dict[SeriesKey, Findings] = {}
    reviewed: list[Reviewed] = []
    done = gathered.history.bins
    for service in dict.fromkeys(key.service for key in series):
        own = {key: one for key, one in series.items() if key.service == service}
        found = _look_back(own, plan.options_for(service), options or HindsightOptions())
        findings |= found.by_series
        surges = [_seen(own, key, surge, told, gathered.archive) for key, surge, told in found.all]
        reviewed += [
            _reviewed(service, group, gathered, plan)
            for group in _grouped(surges, plan.reopen_window)
        ]
        done += sum(len(one.counts) for one in own.values())
        progress(done)
    counted = {key.source for key in series}
    reviewed += [
        Reviewed(i, was_noticed=True, details=None)
        for i in gathered.history.incidents.values()
        if not counted.intersection(i.sources)
    ]
    wanted = [r for r in reviewed if _within(r.incident, between)]
    by_start = _named_apart(sorted(wanted, key=lambda r: (r.incident.onset.at, r.incident.id)))
    counts = [CountTrace(key, _curve(one, findings[key])) for key, one in series.items()]
    return Review(
        tuple(by_start),
        gathered.history,
        _traces(counts, gathered, reviewed),
        findings,
        tuple(_taken_back(gathered.history, reviewed, findings, between)),
    )


class _LookedBack(NamedTuple):
    """What was found of one service: in every series, and every surge with where it was seen."""

    by_series: dict[SeriesKey, Findings]
    all: list[tuple[SeriesKey, HindsightSurge, tuple[Agreement, ...]]]


def _look_back(
    series: Mapping[SeriesKey, CountSeries], detection: DetectionOptions, options: HindsightOptions
) -> _LookedBack:
    """Return what is found in the series of one service, by themselves and together."""
    several = len(series) > 1
    each = shared(options, len(series) + 1) if several else options
    found = {key: find_in(one, each, detection) for key, one in series.items()}
    surges: list[tuple[SeriesKey, HindsightSurge, tuple[Agreement, ...]]] = [
        (key, surge, ()) for key, f in found.items() for surge in f.incidents
    ]
    if several:
        service = next(iter(series)).service
        parts = [(one, found[key]) for key, one in series.items()]
        key = SeriesKey(service, TOGETHER)
        surges += [(key, surge, told) for surge, told in find_together(parts, each, detection)]
    return _LookedBack(found, surges)


def _series(batches: Sequence[CountBatch], between: SpanAsked) -> CountSeries:
    """Return the bins of one series, as far as they matter for what happened ``between``."""
    first = batches[0]
    counts = np.concatenate([batch.counts for batch in batches])
    start, n = from_seconds(first.start), len(counts)
    low, high = 0, n
    if between[0] is not None:
        low = min(max((between[0] - BEFORE - start) // first.width, 0), n)
    if between[1] is not None:
        high = min(max(-((start - between[1] - AFTER) // first.width), low), n)
    return CountSeries(first.key, start + low * first.width, first.width, counts[low:high])


def _within(incident: Incident, between: SpanAsked) -> bool:
    first, last = between
    end = incident.ended_at or END_OF_TIME
    return (first is None or end > first) and (last is None or incident.onset.at < last)


def _curve(series: CountSeries, found: Findings) -> Curve:
    return Curve(series.start, series.width, series.counts, found.expected)


def _traces(
    counted: Sequence[CountTrace], gathered: _Gathered, reviewed: Sequence[Reviewed]
) -> tuple[Trace, ...]:
    """Return every series, the spread of counts measured outside the incidents."""
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for incident in (r.incident for r in reviewed):
        span = incident.onset.earliest, incident.ended_at or END_OF_TIME
        spans.setdefault(incident.service, []).append(span)
    calm = [t.calm(Spans.of(spans.get(t.key.service, ()))) for t in counted]
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
            if batch.skipped:
                nothing = np.full(batch.skipped, np.nan)
                left = batch.start - batch.skipped * batch.width.total_seconds()
                batches.append(CountBatch(batch.key, left, batch.width, nothing))
            if not batches and batch.key.service not in plan.services:
                batch = replace(batch, counts=counts_before(batch, gathered.archive))
            batches.append(batch)
        for look in outcome.looks:
            gathered.looks.setdefault(look.key, []).append(look)
        progress(gathered.history.bins)
    return gathered


def _seen(
    series: Mapping[SeriesKey, CountSeries],
    key: SeriesKey,
    found: HindsightSurge,
    agreement: tuple[Agreement, ...],
    archive: Archive,
) -> _Seen:
    """Return ``found`` as a surge, its start as exact as the posts themselves."""
    width = series[key].width if key in series else max(one.width for one in series.values())
    surge = Surge(
        onset=found.onset,
        noticed_at=max(found.onset.at, found.onset.latest),
        evidence=found.evidence,
        peak_at=found.peak_at,
        peak_count=found.peak_count,
        expected_at_peak=found.expected_at_peak,
        excess=found.excess,
        ended_at=found.ended_at,
        resolved_at=found.ended_at,
        agreement=agreement,
    )
    if key in series:
        exact = to_the_second(surge, key, archive, width=width, at=END_OF_TIME)
        if exact.ended_at is None or exact.onset.at < exact.ended_at:
            surge = exact
    return _Seen(key.source, width, found, surge)


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
    service: str, group: Sequence[_Seen], gathered: _Gathered, plan: PipelinePlan
) -> Reviewed:
    """Return ``group`` as one incident, told by the surge that is surest."""
    merging = IncidentMerge(service)
    in_order = sorted(group, key=lambda s: -s.surge.evidence)
    for seen in in_order:
        severity = severity_of(seen.surge, width=seen.width, trending=False, rules=plan.severity)
        merging = merging.with_surge(seen.source, seen.surge, severity)
    merged = merging.incident()
    live = _live(merged, gathered.history)
    incident = replace(
        merged,
        id=live.id if live else incident_id(service, merged.onset.at),
        noticed_at=live.noticed_at if live else merged.onset.at,
        resolved_at=None if merged.ended_at is None else _resolved(merged, live),
    )
    until = incident.ended_at or END_OF_TIME
    details = describe(
        incident, gathered.archive, at=until, configured=plan.services, lexicon=plan.reader.lexicon
    )
    why = "" if live else _why_not(merged, gathered)
    return Reviewed(incident, live is not None, details, in_order[0].found, why)


def _live(incident: Incident, history: History) -> Incident | None:
    """Return the first incident of the live path that is ``incident``, None if it saw none."""
    told = [i for i in history.incidents.values() if _same(incident, i)]
    return min(told, key=lambda i: i.noticed_at, default=None)


def _same(one: Incident, other: Incident) -> bool:
    """Whether the two overlap, at one service."""
    return (
        one.service == other.service
        and one.onset.at < (other.ended_at or END_OF_TIME)
        and other.onset.at < (one.ended_at or END_OF_TIME)
        and other.noticed_at >= one.onset.earliest
    )


def _named_apart(reviewed: Sequence[Reviewed]) -> list[Reviewed]:
    """Return ``reviewed``, ids apart where the live path took several for one incident."""
    out: list[Reviewed] = []
    for one in reviewed:
        incident = one.incident
        if any(incident.id == other.incident.id for other in out):
            own = incident_id(incident.service, incident.onset.at)
            one = replace(one, incident=replace(incident, id=own))
        out.append(one)
    return out


def _resolved(incident: Incident, live: Incident | None) -> datetime | None:
    """Return when the end was known: as the live path says, never before the end itself."""
    known = live.resolved_at if live else None
    return max(t for t in (known, incident.ended_at) if t is not None)


def _why_not(incident: Incident, gathered: _Gathered) -> str:
    """Return the code of the reason for which the live path said nothing of ``incident``."""
    begun = [
        from_seconds(batches[0].start)
        for key, batches in gathered.batches.items()
        if key.service == incident.service and key.source in incident.sources
    ]
    young = begun and incident.onset.at - min(begun) < YOUNG
    return NO_BASELINE if young else BELOW_THRESHOLD


def _taken_back(
    history: History,
    reviewed: Sequence[Reviewed],
    findings: Mapping[SeriesKey, Findings],
    between: SpanAsked,
) -> Iterator[TakenBack]:
    """Yield the live path's incidents that looking back does not see, with the reason."""
    for live in sorted(history.incidents.values(), key=lambda i: (i.noticed_at, i.id)):
        known = (r.incident for r in reviewed if r.incident.service == live.service)
        if _within(live, between) and not any(_overlap(live, i) for i in known):
            own = [f for key, f in findings.items() if key.service == live.service]
            yield TakenBack(live, _why_back(live, own))


def _overlap(one: Incident, other: Incident) -> bool:
    return one.onset.earliest < (other.ended_at or END_OF_TIME) and other.onset.earliest < (
        one.ended_at or END_OF_TIME
    )


def _why_back(live: Incident, findings: Sequence[Findings]) -> str:
    """Return what the live path took for an outage."""
    start, end = live.onset.at, live.ended_at or END_OF_TIME
    if any(abs(c.at - start) <= NEAR for f in findings for c in f.level_changes):
        return LEVEL_CHANGE
    if any(d.start - NEAR < end and start < d.end for f in findings for d in f.unusual_days):
        return UNUSUAL_DAYS
    unsure = (u for f in findings for u in f.unsure)
    if any(u.onset.at < end and start < (u.ended_at or END_OF_TIME) for u in unsure):
        return NOT_SURE
    return ORDINARY


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
