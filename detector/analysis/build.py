"""From a review to a report: each incident with its charts' data, its place in history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np

from detector.analysis.beside import Beside
from detector.domain.incident import Incident
from detector.engine.hindsight import Review, Reviewed
from detector.engine.plan import Plan
from detector.engine.traces import Trace
from detector.reports.curve import Curve
from detector.reports.known import Known, meets
from detector.reports.standing import Standing, standing
from detector.reports.story import Report, Story, Watched
from detector.settings import Settings

#: An incident's chart begins and ends so far from it, in its own lengths, within these bounds.
AROUND, LEAST, MOST = 0.6, timedelta(hours=1, minutes=30), timedelta(days=2)
#: Series in the overview.
STRIPS = 12


def build_report(
    review: Review,
    plan: Plan,
    *,
    beside: Beside,
    source: str,
    version: str,
    zone: tzinfo,
    made_at: datetime | None,
    settings: Settings,
) -> Report:
    """Return everything that the report of ``review`` tells."""
    start, end = _span(review.traces)
    stories = tuple(_story(seen, review, beside.known, end) for seen in review.incidents)
    watched = _watched(review, stories)
    met = {id(known) for story in stories for known in story.known}
    inside = (k for k in beside.known if k.until > start and k.start_earliest < end)
    return Report(
        stories=stories,
        watched=watched,
        series=len(review.traces),
        start=start,
        end=end,
        bins=review.history.bins,
        observed=max((w.observed for w in watched), default=timedelta(0)),
        missed=tuple(k for k in inside if id(k) not in met),
        figures=beside.figures,
        settings=_settings(plan, settings),
        made_at=made_at,
        source=source,
        version=version,
        zone=zone,
    )


def _span(traces: Sequence[Trace]) -> tuple[datetime, datetime]:
    spans = [trace.span for trace in traces]
    if not spans:
        epoch = datetime.fromtimestamp(0, UTC)
        return epoch, epoch
    return min(s for s, _ in spans), max(e for _, e in spans)


def _story(seen: Reviewed, review: Review, known: Sequence[Known], end: datetime) -> Story:
    incident = seen.incident
    traces = [
        t
        for t in review.traces
        if t.key.service == incident.service and t.key.source in incident.sources
    ]
    first, last = _around(incident, end)
    return Story(
        incident=incident,
        was_noticed=seen.was_noticed,
        details=seen.details,
        curves=tuple((t.key.source, t.curve(first, last)) for t in traces),
        standing=None if incident.is_listed else _standing(incident, traces, review),
        known=tuple(k for k in known if meets(incident, k)),
        until=end,
    )


def _around(incident: Incident, end: datetime) -> tuple[datetime, datetime]:
    """Return the stretch of the incident's chart: the ordinary before and after it belong to it."""
    until = incident.ended_at or end
    side = min(max((until - incident.onset.at) * AROUND, LEAST), MOST)
    return incident.onset.earliest - side, min(until + side, end)


def _standing(incident: Incident, traces: Sequence[Trace], review: Review) -> Standing | None:
    """Return how ``incident`` stands at the source that shows the most of it."""
    others = [r.incident for r in review.incidents if r.incident.service == incident.service]
    spans = [_extent(i, traces) for i in others]
    rank = 1 + sum(other.excess > incident.excess for other in others)
    found = [
        standing(_whole(t), _extent(incident, traces), spans, rank=rank, of=len(others))
        for t in traces
    ]
    return max(found, key=lambda s: s.busiest, default=None)


def _extent(incident: Incident, traces: Sequence[Trace]) -> tuple[datetime, datetime]:
    end = incident.ended_at or max((t.span[1] for t in traces), default=incident.peak_at)
    return incident.onset.earliest, end


def _whole(trace: Trace) -> Curve:
    return trace.curve(*trace.span)


def _watched(review: Review, stories: Sequence[Story]) -> tuple[Watched, ...]:
    """Return the series with the worst incidents; of quiet services the first by name."""
    worst: dict[str, tuple[float, float]] = {}
    for story in stories:
        incident = story.incident
        size = (float(incident.severity), incident.excess)
        worst[incident.service] = max(size, worst.get(incident.service, (0.0, 0.0)))
    ordered = sorted(
        review.traces,
        key=lambda t: (*(-x for x in worst.get(t.key.service, (0.0, 0.0))), t.key),
    )
    return tuple(_watch(trace) for trace in ordered[:STRIPS])


def _watch(trace: Trace) -> Watched:
    curve = _whole(trace)
    edges = np.diff(curve.seen.astype(np.int8))
    return Watched(
        trace.key.service,
        trace.key.source,
        curve,
        trace.width,
        gaps=int((edges == -1).sum()),
        observed=float(curve.seen.sum()) * curve.width,
    )


def _settings(plan: Plan, settings: Settings) -> tuple[tuple[str, str], ...]:
    options = plan.default_options
    return (
        ("False pages allowed", f"{options.max_false_pages_per_week:g} / service / week"),
        ("Time zone", options.time_zone),
        ("A post is a complaint from", f"{settings.posts.complaint_threshold:.0%}"),
        ("Regrouped within", f"{plan.regroup.total_seconds() / 60:g} min"),
    )
