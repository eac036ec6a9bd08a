"""The sources of one service judged together, as far as all of them have come.

A bin is judged when every source has told it, so that a source that is a minute behind is waited
for; one that has said nothing for as long as makes it dead is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from detector.detection import fusion
from detector.detection.fusion import FusedState, FusedStep, SourceEvidence, begin
from detector.detection.live import Step
from detector.model.merge import TOGETHER
from detector.model.series import SeriesKey
from detector.model.surge import Agreement, Change
from detector.model.times import from_seconds
from detector.pipeline import incident_updates
from detector.pipeline.counting.series_batch import CountBatch
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.state import Followed, Fused

Advanced = Sequence[tuple[CountBatch, Step]]


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """What became of the services that several sources count.

    Attributes
    ----------
    before : what was remembered of them, by service.
    fused : what is remembered of them, by service.
    steps : what the judgement found, by service.
    """

    before: Mapping[str, Fused]
    fused: Mapping[str, Fused]
    steps: Mapping[str, FusedStep]

    def changes(self) -> list[incident_updates.SurgeChange]:
        """Return the changes of surges of the sources together."""
        return [
            incident_updates.SurgeChange(
                change.at,
                SeriesKey(service, TOGETHER),
                i,
                change,
                step.state.width,
                trending=False,
            )
            for service, step in self.steps.items()
            for i, change in enumerate(step.changes)
        ]

    def agreed(self, batch: CountBatch, change: Change) -> Change:
        """Return what one source says of a surge with what the others say of it.

        At a mark within its bin the others are asked for what they said before that bin.
        """
        over = batch.latest_edge(change.at)
        found = self._agreement(batch.key.service, change.surge.onset.at, over)
        if over < change.at:
            own = Agreement(batch.key.source, change.surge.evidence)
            found = tuple(own if a.source == own.source else a for a in found)
        return replace(change, surge=replace(change.surge, agreement=found)) if found else change

    def _agreement(self, service: str, since: datetime, at: datetime) -> tuple[Agreement, ...]:
        if since >= at:
            return ()
        if service in self.steps:
            step = self.steps[service]
            state, sources, evidence, begun = step.state, step.sources, step.said, step.begun
        elif service in self.before:
            state = self.before[service].state
            sources, evidence, begun = state.sources, state.recent, state.end
        else:
            return ()
        width = state.width.total_seconds()
        return fusion.agreement(sources, evidence, begun, width, since=since, at=at)


def fuse(
    fused: Mapping[str, Fused],
    advanced: Advanced,
    series: Mapping[SeriesKey, Followed],
    plan: PipelinePlan,
) -> Together:
    """Judge together the services of which a series moved on and that have more than one.

    Parameters
    ----------
    fused : by service, as left by the run before.
    advanced : the bins that were taken in, and what the detector of each source made of them.
    series : every series behind these bins.
    """
    members: dict[str, dict[str, Followed]] = {}
    for key, known in series.items():
        members.setdefault(key.service, {})[key.source] = known
    new: dict[str, dict[str, SourceEvidence]] = {}
    for batch, step in advanced:
        if len(members[batch.key.service]) > 1:
            evidence = SourceEvidence.of(
                batch.start, batch.width.total_seconds(), batch.counts, step
            )
            mine = new.setdefault(batch.key.service, {})
            earlier = mine.get(batch.key.source)
            mine[batch.key.source] = evidence if earlier is None else earlier.plus(evidence)
    after: dict[str, Fused] = {}
    steps: dict[str, FusedStep] = {}
    for service, by_source in new.items():
        before = fused.get(service)
        after[service], steps[service] = _moved(before, service, by_source, members[service], plan)
    return Together(fused, after, steps)


def _moved(
    known: Fused | None,
    service: str,
    new: Mapping[str, SourceEvidence],
    members: Mapping[str, Followed],
    plan: PipelinePlan,
) -> tuple[Fused, FusedStep]:
    """Return what is remembered, and what the judgement found."""
    finest = min(member.width for member in members.values())
    state = None if known is None else known.state
    if state is None or finest < state.width:
        state = _begun(service, members, finest, plan)
    waiting = {} if known is None else known.waiting
    evidence = {
        name: waiting[name].plus(new[name])
        if name in waiting and name in new
        else new.get(name) or waiting[name]
        for name in waiting.keys() | new.keys()
    }
    step = fusion.update(state, evidence, _frontier(members, plan))
    left = {name: kept.behind(step.state.end) for name, kept in evidence.items()}
    kept = {name: rest for name, rest in left.items() if rest.rows.shape[1]}
    return Fused(step.state, kept), step


def _begun(
    service: str, members: Mapping[str, Followed], width: timedelta, plan: PipelinePlan
) -> FusedState:
    """Return the state before the first bin that two sources could have told."""
    second = sorted(member.start for member in members.values())[1]
    start: datetime = from_seconds(second)
    return begin(plan.options_for(service), start=start, width=width)


def _frontier(members: Mapping[str, Followed], plan: PipelinePlan) -> float:
    """Return up to where all have told their bins, but for those that are not waited for."""
    newest = max(member.next_bin for member in members.values())
    patience = plan.health_rules.down_after + max(member.width for member in members.values())
    waited = newest - patience.total_seconds()
    return min(member.next_bin for member in members.values() if member.next_bin >= waited)
