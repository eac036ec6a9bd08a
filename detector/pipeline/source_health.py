"""What each run says about the health of the sources, and what that means for incidents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from detector.model.health import SourceAlert, SourceState
from detector.model.incident import Incident
from detector.pipeline.counting.volumes import grown, polled_bins
from detector.pipeline.health_rules import PollOutcome, update
from detector.pipeline.plan import END_OF_TIME, PipelinePlan
from detector.pipeline.state import LatestIncident, SourceProgress, Volume, WatchedSource, innermost
from detector.sources.base import Poll


def watch(
    watched: Mapping[str, WatchedSource],
    polls: Mapping[str, Poll],
    failures: Mapping[str, str],
    progress: Mapping[str, SourceProgress],
    plan: PipelinePlan,
    *,
    now: datetime,
) -> tuple[dict[str, WatchedSource], tuple[SourceAlert, ...]]:
    """Return what is remembered of every place that was asked, and what changed, by time.

    Parameters
    ----------
    watched : by place, as left by the run before.
    polls : what the sources brought; ``failures`` : why others could not be read.
    progress : of the sources, after their polls were counted.
    """
    clock = None if now >= END_OF_TIME else now
    after: dict[str, WatchedSource] = {}
    alerts: list[SourceAlert] = []
    looks = {name: _looks(name, poll, watched, progress, plan) for name, poll in polls.items()}
    looks |= {name: _failed(name, error, watched) for name, error in failures.items()}
    for source in sorted(looks):
        for place, (outcome, volume) in looks[source].items():
            known = watched.get(place)
            if known is None and not outcome.observed and clock is None:
                continue
            state, changes = update(
                known.health if known else None, place, outcome, plan.health_rules, now=clock
            )
            after[place] = WatchedSource(source, state, volume)
            alerts += changes
    return after, tuple(sorted(alerts, key=lambda a: (a.at, a.health.source, a.sequence)))


def mark_unobserved(
    latest: Mapping[str, LatestIncident], watched: Mapping[str, WatchedSource]
) -> tuple[dict[str, LatestIncident], tuple[Incident, ...]]:
    """Return the incidents with what is not observed of them any more, and those that changed.

    An open incident is not observed when no source that shows it is up: since the last of them
    was lost.
    """
    marked: dict[str, LatestIncident] = {}
    changed: list[Incident] = []
    for service, latest_one in latest.items():
        stack = list(latest_one.known)
        for i, known in enumerate(stack):
            since = _not_observed_since(known.merging.shown_by, watched)
            if since != known.merging.not_observed_since:
                merging = replace(known.merging, not_observed_since=since)
                stack[i] = replace(known, merging=merging)
                changed.append(merging.incident())
                marked[service] = innermost(stack)
        marked.setdefault(service, latest_one)
    return marked, tuple(changed)


def _not_observed_since(
    sources: frozenset[str], watched: Mapping[str, WatchedSource]
) -> datetime | None:
    lost = [
        watched[source].health.feed.since
        for source in sources
        if source in watched and watched[source].health.feed.state is not SourceState.UP
    ]
    return max(lost) if lost and len(lost) == len(sources) else None


def _failed(
    source: str, error: str, watched: Mapping[str, WatchedSource]
) -> dict[str, tuple[PollOutcome, Volume | None]]:
    places = _places(source, watched)
    return {
        place: (PollOutcome(error=error), watched[place].volume if place in watched else None)
        for place in places
    }


def _places(source: str, watched: Mapping[str, WatchedSource]) -> list[str]:
    """Return the places that ``source`` is known to bring, itself if none is."""
    return sorted(place for place, known in watched.items() if known.feed == source) or [source]


def _looks(
    source: str,
    poll: Poll,
    watched: Mapping[str, WatchedSource],
    progress: Mapping[str, SourceProgress],
    plan: PipelinePlan,
) -> dict[str, tuple[PollOutcome, Volume | None]]:
    """Return, by place, what the poll says about it and its volume after it."""
    awaited = poll.awaited and not poll.exhausted
    step = None if poll.counts is None else poll.width
    parts = {
        polled.place: polled for polled in polled_bins(source, poll, progress.get(source), plan)
    }
    looks: dict[str, tuple[PollOutcome, Volume | None]] = {}
    known_places = {place for place, seen in watched.items() if seen.feed == source}
    for place in parts.keys() | known_places or {source}:
        known = watched[place].volume if place in watched else None
        polled = parts.get(place)
        if polled is None:
            looks[place] = PollOutcome(awaited=awaited, width=step), known
            continue
        volume, changes = grown(known, polled, share=plan.health_rules.degraded_share)
        spans = polled.observed.pairs()
        looks[place] = PollOutcome(spans, awaited=awaited, width=step, falls=changes), volume
    return dict(sorted(looks.items()))
