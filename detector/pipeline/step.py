"""One run, without side effects: polls in; counts, surges, incidents and alerts out.

A pure function of its arguments. Changes carry the time of the bin that caused them, so one pass
over a month says, in the same order, what forty thousand passes over its minutes say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

import pandas as pd

from detector.complaints.archive import Archive
from detector.detection import live, trending
from detector.detection.live import Step
from detector.model.alert import Alert
from detector.model.decision import Decision
from detector.model.health import SourceAlert, SourceHealth
from detector.model.incident import Incident
from detector.model.series import SeriesKey
from detector.model.times import from_seconds
from detector.pipeline.counting.exact_start import to_the_second
from detector.pipeline.counting.post_counts import count_posts, new_complaints
from detector.pipeline.counting.series_batch import CountBatch, ListBatch, SourceBatch
from detector.pipeline.counting.table_counts import count_listings, count_rows
from detector.pipeline.fuse_sources import fuse
from detector.pipeline.incident_updates import SurgeChange, update_incidents
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.source_health import mark_unobserved, watch
from detector.pipeline.state import Followed, PipelineState, SourceProgress
from detector.sources.base import Poll


@dataclass(frozen=True, slots=True, eq=False)
class Advance:
    """One series moved on: the bins taken in, and what the detector made of them."""

    batch: CountBatch
    step: Step


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """What a run leaves behind.

    Attributes
    ----------
    state : for the next run.
    advances : the series that moved on.
    looks : the looks at trending lists that were taken in.
    incidents : those that changed, as they stand, in order of their last change.
    alerts : in order.
    decisions : why, and why not.
    source_health : the sources that were asked, as they are.
    source_alerts : about the sources, in order of time.
    late : by source, rows that came too late to be counted and are only history.
    """

    state: PipelineState
    advances: tuple[Advance, ...]
    looks: tuple[ListBatch, ...]
    incidents: tuple[Incident, ...]
    alerts: tuple[Alert, ...]
    decisions: tuple[Decision, ...]
    source_health: tuple[SourceHealth, ...] = ()
    source_alerts: tuple[SourceAlert, ...] = ()
    late: Mapping[str, int] = field(default_factory=dict)


def cycle(
    before: PipelineState,
    polls: Mapping[str, Poll],
    plan: PipelinePlan,
    *,
    now: datetime,
    failures: Mapping[str, str] = MappingProxyType({}),
) -> RunResult:
    """Take in what the sources brought: detect, update incidents and decide what to send.

    Parameters
    ----------
    before : what the run before left.
    polls : by source.
    plan : the settings.
    now : bins that ended by now, allowed lateness included, are final.
    failures : why the other sources could not be read, by source.
    """
    batches = {name: _counted(name, polls[name], before, plan, now) for name in sorted(polls)}
    counts = [batch for of_source in batches.values() for batch in of_source.counts]
    looks = [batch for of_source in batches.values() for batch in of_source.looks]
    series = dict(before.series)
    advances = [_advanced(batch, series, plan) for batch in counts]
    trends, changes = _look(looks, before)
    over = [(a.batch, a.step) for a in advances if len(a.batch.counts)]
    together = fuse(before.fused, over, series, plan)
    changes += together.changes()
    for batch, step in ((advance.batch, advance.step) for advance in advances):
        agreed = (together.agreed(batch, change) for change in step.changes)
        changes += [
            SurgeChange(change.at, batch.key, i, change, batch.width, trending=False)
            for i, change in enumerate(agreed)
        ]
    archive = before.archive
    if new := [b.complaints for b in batches.values() if b.complaints is not None]:
        archive = archive.plus(pd.concat(new, ignore_index=True).sort_values("time", kind="stable"))
    changes = [_finer(one, archive) for one in sorted(changes, key=lambda one: one[:3])]
    updates = update_incidents(before.incidents, changes, archive, plan)
    progress = {**before.progress, **{name: batch.progress for name, batch in batches.items()}}
    watched, alarms = watch(before.watched, polls, failures, progress, plan, now=now)
    latest, unobserved = mark_unobserved(updates.latest, {**before.watched, **watched})
    after = PipelineState(
        progress,
        series,
        {**before.trends, **trends},
        latest,
        archive,
        {**before.watched, **watched},
        {**before.fused, **together.fused},
    )
    return RunResult(
        after,
        tuple(advances),
        tuple(looks),
        _as_they_stand((*updates.incidents, *unobserved)),
        updates.alerts,
        updates.decisions,
        tuple(known.health.feed for _, known in sorted(watched.items())),
        alarms,
        {name: batch.late for name, batch in batches.items() if batch.late},
    )


def _finer(seen: SurgeChange, archive: Archive) -> SurgeChange:
    if seen.trending:
        return seen
    surge = to_the_second(seen.change.surge, seen.key, archive, width=seen.width, at=seen.at)
    return seen._replace(change=replace(seen.change, surge=surge))


def _as_they_stand(incidents: Sequence[Incident]) -> tuple[Incident, ...]:
    """Return each incident once, its last word at the place of its last change."""
    last: dict[str, Incident] = {}
    for incident in incidents:
        last.pop(incident.id, None)
        last[incident.id] = incident
    return tuple(last.values())


def _counted(
    source: str, poll: Poll, before: PipelineState, plan: PipelinePlan, now: datetime
) -> SourceBatch:
    progress = replace(before.progress.get(source, SourceProgress()), cursor=poll.cursor)
    if poll.counts is None or poll.width is None:
        return count_posts(source, progress, poll, before.series, plan, now=now)
    if "floor" in poll.counts:
        followed = frozenset(before.trends)
        return count_listings(source, progress, poll.counts, poll.width, poll, followed, plan)
    # Under a name of their own: from a sample of posts nothing can be counted, nor updates when.
    quoted, known = new_complaints(poll.evidence, f"{source}/evidence", progress.known, plan)
    progress = replace(progress, known=known)
    batch = count_rows(source, progress, poll.counts, poll.width, before.series, plan, now=now)
    return replace(batch, complaints=quoted)


def _advanced(batch: CountBatch, series: dict[SeriesKey, Followed], plan: PipelinePlan) -> Advance:
    """Return the series moved on over ``batch``; how far it has come is put into ``series``."""
    known = series.get(batch.key)
    if known is None:
        options = plan.options_for(batch.key.service)
        state = live.begin(options, start=from_seconds(batch.start), width=batch.width)
        known = Followed(batch.start, batch.width, 0, state)
    state = live.skip(known.state, batch.skipped) if batch.skipped else known.state
    step = live.update(state, batch.counts, batch.partial)
    bins = known.bins + batch.skipped + len(batch.counts)
    if step.state is not known.state:
        series[batch.key] = replace(known, bins=bins, state=step.state)
    return Advance(batch, step)


def _look(
    batches: Sequence[ListBatch], before: PipelineState
) -> tuple[dict[SeriesKey, trending.TrendState], list[SurgeChange]]:
    states, found = {}, []
    for batch in batches:
        since = float(batch.looked.starts[0]) if len(batch.looked) else float(batch.listed[0])
        state = before.trends.get(batch.key, trending.TrendState(since))
        states[batch.key], changes = trending.update(
            state,
            batch.listed,
            batch.heat,
            batch.floor,
            observed=batch.looked,
            width=batch.width,
        )
        found += [
            SurgeChange(c.at, batch.key, i, c, batch.width, trending=True)
            for i, c in enumerate(changes)
        ]
    return states, found
