"""One run of the live pipeline: poll, count and detect, decide, commit; and how much it took in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.errors import DetectorError
from detector.model.decision import Decision, Reason
from detector.model.delivery import Delivery
from detector.model.health import SourceAlert
from detector.model.incident import Incident
from detector.model.series import SeriesKey
from detector.model.times import from_seconds
from detector.notify.decide import decide_all
from detector.notify.incident_records import (
    OWED_FOR,
    IncidentRecord,
    IncidentRecords,
    gather,
    keep,
    read_records,
    without,
)
from detector.notify.mute import NO_MUTES, Mutes
from detector.notify.notification_state import NOTHING
from detector.notify.policy import NotificationPolicy
from detector.notify.source_alerts import (
    KnownSourceStates,
    decide_source_alerts,
    known_source_states,
)
from detector.pipeline.counting.series_batch import CountBatch
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.saved_state import changes
from detector.pipeline.state import PipelineState, WatchedSource
from detector.pipeline.step import Advance, RunResult, cycle
from detector.sources.base import Poll, Source
from detector.store.base import RunRecord, Store

_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers by source.

    Attributes
    ----------
    posts : posts that it brought, complaints or not.
    bins : observed bins of services that were judged.
    late : rows that came too late to be counted.
    failures : runs in which it could not be read.
    """

    posts: Mapping[str, int] = field(default_factory=lambda: _NONE)
    bins: Mapping[str, int] = field(default_factory=lambda: _NONE)
    late: Mapping[str, int] = field(default_factory=lambda: _NONE)
    failures: Mapping[str, int] = field(default_factory=lambda: _NONE)

    def plus(self, other: Totals) -> Totals:
        """Return both together; neither is changed, so others may be reading them."""
        return Totals(
            _sum(self.posts, other.posts),
            _sum(self.bins, other.bins),
            _sum(self.late, other.late),
            _sum(self.failures, other.failures),
        )


def taken_in(polls: Mapping[str, Poll], outcome: RunResult, failed: Mapping[str, str]) -> Totals:
    """Return what a run took in.

    Parameters
    ----------
    polls : what the sources brought.
    outcome : what became of it.
    failed : why the other sources could not be read.
    """
    bins: Counter[str] = Counter()
    for advance in outcome.advances:
        counts = advance.batch.counts
        bins[advance.batch.key.source] += int(np.count_nonzero(~np.isnan(counts)))
    return Totals(
        {name: 0 if poll.posts is None else len(poll.posts) for name, poll in polls.items()},
        bins,
        dict.fromkeys(polls, 0) | dict(outcome.late),
        dict.fromkeys(polls, 0) | dict.fromkeys(failed, 1),
    )


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in one.keys() | other.keys()}


#: Sources polled at the same time.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class PollFailure:
    """A source that could not be read in this run; its bins stay unobserved.

    ``error`` is a `DetectorError` where the world is to blame, anything else where the source is.
    """

    source: str
    error: Exception

    @property
    def reason(self) -> str:
        """What is wrong, without secrets: only our own errors are known to hold none."""
        known = isinstance(self.error, DetectorError)
        return str(self.error) if known else f"it failed with {type(self.error).__name__}"


@dataclass(frozen=True, slots=True, eq=False)
class Notified:
    """What receivers know, kept from run to run; after a start it is read from the store.

    Attributes
    ----------
    incidents : of incidents.
    sources : of sources.
    """

    incidents: IncidentRecords = field(default_factory=dict)
    sources: KnownSourceStates = field(default_factory=dict)

    def without(self, refused: Iterable[Delivery]) -> Notified:
        """Return it without incidents of which a message was ``refused``: they are read anew."""
        return replace(self, incidents=without(self.incidents, refused))


@dataclass(frozen=True, slots=True, eq=False)
class RunOutcome:
    """What one run did; it is committed.

    Attributes
    ----------
    result : what became of the data.
    poll_failures : the sources that could not be read.
    exhausted : the sources that will bring nothing more.
    notified : what the next run needs not read again.
    totals : how much was taken in.
    """

    result: RunResult
    poll_failures: tuple[PollFailure, ...]
    exhausted: frozenset[str]
    notified: Notified
    totals: Totals


def run_once(
    state: PipelineState,
    sources: Sequence[Source],
    store: Store,
    plan: PipelinePlan,
    policy: NotificationPolicy,
    *,
    now: datetime,
    wall: datetime,
    source_receivers: Sequence[str] = (),
    mutes: Mutes = NO_MUTES,
    notified: Notified | None = None,
) -> RunOutcome:
    """Poll every source, detect and decide at ``now``, and commit all of it in one transaction.

    Parameters
    ----------
    state : what the run before left.
    policy : who is notified of incidents.
    now : time of the data; ``wall`` : time of the deliveries. They differ on an accelerated clock.
    source_receivers : who is notified of sources.
    mutes : silences and acknowledgements.
    notified : what the run before left; None, after a start: the store is asked.
    """
    polls, poll_failures = _poll(state, sources, until=now)
    failures = {failure.source: failure.reason for failure in poll_failures}
    result = cycle(state, polls, plan, now=now, failures=failures)
    before = notified or _read(store, state, source_receivers, now=now)
    latest = _latest(state, result.state)
    records = gather(
        store,
        latest,
        result.alerts,
        kept=before.incidents,
        observed_until=partial(_observed_until, result.state),
        is_over=partial(IncidentRecord.settles, policy=policy, now=now),
    )
    settled = [record for record in records if record.is_settled]
    records = tuple(record for record in records if not record.is_settled)
    decided = decide_all(records, policy, mutes, now=now, wall=wall)
    alerts = (*result.source_alerts, *standing_alerts(result.state.watched))
    about_sources, known = decide_source_alerts(
        alerts, before.sources, source_receivers, policy, now=now, wall=wall
    )
    decisions = _decisions(result, records, store)
    store.commit(
        RunRecord(
            state=changes(state, result.state),
            counts=_counted(result.advances),
            incidents=result.incidents,
            deliveries=[*decided.deliveries, *about_sources],
            alerts=result.alerts,
            decisions=(*decisions, *decided.decisions),
            source_health=result.source_health,
        )
    )
    exhausted = frozenset(name for name, poll in polls.items() if poll.exhausted)
    last = {decision.incident_id: decision for decision in decisions}
    done = [r.after(decided.states[r.incident.id], last.get(r.incident.id)) for r in records]
    left = keep(before.incidents, [*done, *settled], policy, latest=latest.keys(), now=now)
    totals = taken_in(polls, result, failures)
    return RunOutcome(result, poll_failures, exhausted, Notified(left, known), totals)


def _read(
    store: Store, state: PipelineState, source_receivers: Sequence[str], *, now: datetime
) -> Notified:
    """Return what receivers know, as the store has it after a start."""
    return Notified(
        read_records(store, since=now - OWED_FOR),
        known_source_states(store, state.watched.keys(), source_receivers),
    )


def latest_incidents(state: PipelineState) -> Iterator[Incident]:
    """Yield the latest incident of each service, and those that it began in.

    Where there was something to say of them.
    """
    for latest in state.incidents.values():
        for known in latest.known:
            if known.told is not None:
                yield known.merging.incident()


def _latest(before: PipelineState, after: PipelineState) -> dict[str, Incident]:
    """Return the latest incidents by id, as they stand after a run.

    One that another of its service has replaced in this run is still in the state before it.
    """
    changed = {
        service: known
        for service, known in before.incidents.items()
        if after.incidents.get(service) is not known
    }
    replaced = latest_incidents(replace(before, incidents=changed))
    return {incident.id: incident for incident in (*replaced, *latest_incidents(after))}


def _observed_until(state: PipelineState, incident: Incident) -> datetime | None:
    """Return up to when a source that shows ``incident`` was observed."""
    ends = []
    for source in incident.sources:
        series = state.series.get(SeriesKey(incident.service, source))
        progress = state.progress.get(source)
        if series is not None:
            ends.append(from_seconds(series.next_bin))
        if progress is not None and len(progress.observed):
            ends.append(from_seconds(float(progress.observed.ends[-1])))
    return max(ends, default=None)


def standing_alerts(watched: Mapping[str, WatchedSource]) -> Iterator[SourceAlert]:
    """Yield the last alert about every source, as it was decided."""
    for place in sorted(watched):
        health = watched[place].health
        if health.told_at is not None:
            stands = replace(health.feed, polled_at=None)
            yield SourceAlert(health.told_at, stands, health.told)


def _poll(
    state: PipelineState, sources: Sequence[Source], *, until: datetime
) -> tuple[Mapping[str, Poll], tuple[PollFailure, ...]]:
    """Poll the sources side by side, so that one that is slow does not hold up the others.

    What they brought is in the order of ``sources``, whoever answered first.
    """

    def poll(source: Source) -> Poll | PollFailure:
        progress = state.progress.get(source.name)
        try:
            return source.poll(progress.cursor if progress else None, until=until)
        except Exception as error:  # reported by the caller; one source must not stop the others
            return PollFailure(source.name, error)

    if len(sources) <= 1:
        brought = [poll(source) for source in sources]
    else:
        with ThreadPoolExecutor(min(len(sources), _AT_ONCE), "poll") as pool:
            brought = list(pool.map(poll, sources))
    named = [(source.name, found) for source, found in zip(sources, brought, strict=True)]
    polls = {name: found for name, found in named if isinstance(found, Poll)}
    return polls, tuple(found for found in brought if isinstance(found, PollFailure))


def _decisions(
    result: RunResult, records: Sequence[IncidentRecord], store: Store
) -> tuple[Decision, ...]:
    """Return the decisions about what there is to say whose reason is another than the last."""
    last = {r.incident.id: r.states.get("", NOTHING).decided for r in records}
    unknown = {d.incident_id for d in result.decisions} - last.keys()
    for one, known in (store.on_record(unknown) if unknown else {}).items():
        before = [d for d in known.decisions if not d.receiver]
        last[one] = before[-1] if before else None
    kept = []
    for decision in result.decisions:
        one = decision.incident_id
        if decision.reason is Reason.NO_CHANGE:
            continue
        if decision.kind is not None or not decision.repeats(last[one]):
            kept.append(decision)
        last[one] = decision
    return tuple(kept)


def _counted(advances: Sequence[Advance]) -> pd.DataFrame | None:
    """Return the observed bins as rows of the store's counts table.

    Column by column: a frame for each of a thousand series takes longer than all else of a run.
    """
    if not advances:
        return None
    pieces = [advance.batch for advance in advances]
    bins = [len(piece.counts) for piece in pieces]
    frame = pd.DataFrame(
        {
            "time": pd.to_datetime(
                np.concatenate([_lefts(p) for p in pieces]), unit="us", utc=True
            ),
            "service": np.repeat(np.array([p.key.service for p in pieces], object), bins),
            "source": np.repeat(np.array([p.key.source for p in pieces], object), bins),
            "count": np.concatenate([p.counts for p in pieces]),
            "expected": np.concatenate([a.step.expected for a in advances]),
            "evidence": np.concatenate([a.step.evidence for a in advances]),
        }
    )
    return frame[frame["count"].notna()]


def _lefts(piece: CountBatch) -> NDArray[np.int64]:
    """Return the left edges of the bins of ``piece``, microseconds since 1970."""
    step = piece.width // timedelta(microseconds=1)
    return round(piece.start * 1e6) + step * np.arange(len(piece.counts), dtype=np.int64)
