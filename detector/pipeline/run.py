"""How much turns took in, for those who watch the service itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.errors import DetectorError
from detector.model.decision import Decision, Reason
from detector.notify.mute import NO_WISHES, Wishes
from detector.notify.policy import NotificationPolicy
from detector.notify.state import NOTHING
from detector.pipeline.counting.series_batch import CountBatch
from detector.pipeline.feed_notices import notify_of_feeds
from detector.pipeline.notifying import notify
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.saved_state import changes
from detector.pipeline.shelf import (
    OWED_FOR,
    Dossier,
    Shelf,
    after_all,
    gather,
    standing,
    start_shelf,
)
from detector.pipeline.state import PipelineState
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
    failures : turns in which it could not be read.
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
    """Return what a turn took in.

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


# One turn of the live pipeline: poll, cycle, commit, deliver.


#: Sources polled at the same time.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Trouble:
    """A source that could not be read in this turn; its bins stay unobserved.

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
class Turn:
    """What one turn did: its outcome is committed.

    ``shelf`` holds what the next turn needs not read again, ``totals`` how much was taken in.
    """

    outcome: RunResult
    troubles: tuple[Trouble, ...]
    exhausted: frozenset[str]
    shelf: Shelf
    totals: Totals


def take_turn(
    memory: PipelineState,
    sources: Sequence[Source],
    store: Store,
    plan: PipelinePlan,
    audience: NotificationPolicy,
    *,
    now: datetime,
    wall: datetime,
    feed_receivers: Sequence[str] = (),
    wishes: Wishes = NO_WISHES,
    shelf: Shelf | None = None,
) -> Turn:
    """Poll every source, run the cycle at ``now`` and commit all of it in one transaction.

    Parameters
    ----------
    memory : what the turn before left.
    audience : who may be told of incidents.
    now : time of the data; ``wall`` : time of the deliveries. They differ on an accelerated clock.
    feed_receivers : who is told about sources.
    wishes : what people at the desk say.
    shelf : what the turn before left there; None, after a start: the store is asked.
    """
    polls, troubles = _poll(memory, sources, until=now)
    failures = {trouble.source: trouble.reason for trouble in troubles}
    outcome = cycle(memory, polls, plan, now=now, failures=failures)
    incidents = standing(memory, outcome.memory)
    if shelf is None:
        since, places = now - OWED_FOR, memory.watched.keys()
        shelf = start_shelf(store, since=since, sources=places, feed_receivers=feed_receivers)
    dossiers = gather(store, incidents, outcome.alerts, outcome.memory, shelf=shelf)
    notified = notify(dossiers, audience, wishes, now=now, wall=wall)
    watched, alarms = outcome.memory.watched, outcome.feed_alerts
    about_feeds, heard = notify_of_feeds(
        alarms, watched, shelf.feeds, feed_receivers, audience, now=now, wall=wall
    )
    decisions = (*_decisions(outcome, dossiers, store), *notified.decisions)
    store.commit(
        RunRecord(
            memory=changes(memory, outcome.memory),
            counts=_counted(outcome.advances),
            incidents=outcome.incidents,
            deliveries=[*notified.deliveries, *about_feeds],
            alerts=outcome.alerts,
            decisions=decisions,
            feeds=outcome.feeds,
        )
    )
    exhausted = frozenset(name for name, poll in polls.items() if poll.exhausted)
    done = after_all(dossiers, notified.deliveries, decisions)
    left = replace(shelf.after(done, audience, standing=incidents.keys(), now=now), feeds=heard)
    return Turn(outcome, troubles, exhausted, left, taken_in(polls, outcome, failures))


def _poll(
    memory: PipelineState, sources: Sequence[Source], *, until: datetime
) -> tuple[Mapping[str, Poll], tuple[Trouble, ...]]:
    """Poll the sources side by side, so that one that is slow does not hold up the others.

    What they brought is in the order of ``sources``, whoever answered first.
    """

    def poll(source: Source) -> Poll | Trouble:
        feed = memory.feeds.get(source.name)
        try:
            return source.poll(feed.cursor if feed else None, until=until)
        except Exception as error:  # reported by the caller; one source must not stop the others
            return Trouble(source.name, error)

    if len(sources) <= 1:
        brought = [poll(source) for source in sources]
    else:
        with ThreadPoolExecutor(min(len(sources), _AT_ONCE), "poll") as pool:
            brought = list(pool.map(poll, sources))
    named = [(source.name, found) for source, found in zip(sources, brought, strict=True)]
    polls = {name: found for name, found in named if isinstance(found, Poll)}
    return polls, tuple(found for found in brought if isinstance(found, Trouble))


def _decisions(
    outcome: RunResult, dossiers: Sequence[Dossier], store: Store
) -> tuple[Decision, ...]:
    """Return the decisions about what there is to tell whose reason is another than the last."""
    last = {dossier.incident.id: dossier.states.get("", NOTHING).decided for dossier in dossiers}
    unknown = {d.incident_id for d in outcome.decisions} - last.keys()
    for one, known in (store.on_record(unknown) if unknown else {}).items():
        before = [d for d in known.decisions if not d.receiver]
        last[one] = before[-1] if before else None
    kept = []
    for decision in outcome.decisions:
        one = decision.incident_id
        if decision.reason is Reason.NO_CHANGE:
            continue
        if decision.kind is not None or not decision.repeats(last[one]):
            kept.append(decision)
        last[one] = decision
    return tuple(kept)


def _counted(advances: Sequence[Advance]) -> pd.DataFrame | None:
    """Return the observed bins as rows of the store's counts table.

    Column by column: a frame for each of a thousand series takes longer than all else of a turn.
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
