"""One pass: what the sources brought becomes counts, surges, incidents and alerts.

A pure function of its arguments. Changes carry the time of the bin that caused them, so one pass
over a month says, in the same order, what forty thousand passes over its minutes say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

import pandas as pd

from detector.alerting.decide import Reason, Told, reason_to_tell
from detector.detection import live, trending
from detector.detection.live import Step
from detector.domain.alert import Alert
from detector.domain.details import Details, Speakers
from detector.domain.incident import Incident
from detector.domain.merge import Merging
from detector.domain.series import SeriesKey
from detector.domain.severity import severity_of
from detector.domain.surge import Change
from detector.domain.times import from_seconds
from detector.engine.complaints import Archive
from detector.engine.describe import describe
from detector.engine.memory import FeedMemory, Followed, Memory, OpenIncident
from detector.engine.pieces import CountPiece, LookPiece, Tally
from detector.engine.plan import Plan
from detector.engine.tally_counts import tally_counts
from detector.engine.tally_looks import tally_looks
from detector.engine.tally_posts import tally_posts
from detector.ports import Pull


@dataclass(frozen=True, slots=True, eq=False)
class Advance:
    """One series moved on: the bins taken in, and what the detector made of them."""

    piece: CountPiece
    step: Step


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a change of an incident was told, and why."""

    at: datetime
    incident_id: str
    reason: Reason


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a cycle leaves behind.

    Attributes
    ----------
    memory : for the next cycle.
    advances : the series that moved on.
    incidents : those that changed, as they stand, in order of their last change.
    alerts : what to tell, in order.
    decisions : why, and why not.
    """

    memory: Memory
    advances: tuple[Advance, ...]
    incidents: tuple[Incident, ...]
    alerts: tuple[Alert, ...]
    decisions: tuple[Decision, ...]


class _Said(NamedTuple):
    """A change and where it was seen; sorts by time, then service and source."""

    at: datetime
    key: SeriesKey
    order: int
    change: Change
    width: timedelta
    trending: bool


def cycle(memory: Memory, pulls: Mapping[str, Pull], plan: Plan, *, now: datetime) -> Outcome:
    """Take in what the sources brought and say what there is to say.

    Parameters
    ----------
    memory : what the cycle before left.
    pulls : by source.
    plan : the settings.
    now : bins that end (and settle) by now are final.
    """
    tallies = {name: _tally(name, pulls[name], memory, plan, now) for name in sorted(pulls)}
    counts = [piece for tally in tallies.values() for piece in tally.counts]
    looks = [piece for tally in tallies.values() for piece in tally.looks]
    advances = [_advance(piece, memory, plan) for piece in counts]
    trends, said = _look(looks, memory)
    said += [
        _Said(change.at, advance.piece.key, i, change, advance.piece.width, False)
        for advance in advances
        for i, change in enumerate(advance.step.changes)
    ]
    archive = memory.archive
    if new := [t.complaints for t in tallies.values() if t.complaints is not None]:
        archive = archive.plus(pd.concat(new, ignore_index=True).sort_values("time", kind="stable"))
    told = _tell(memory.incidents, sorted(said, key=lambda s: s[:3]), archive, plan)
    series = {**memory.series, **{a.piece.key: _followed(a, memory) for a in advances}}
    feeds = {**memory.feeds, **{name: tally.feed for name, tally in tallies.items()}}
    after = Memory(feeds, series, {**memory.trends, **trends}, told.open, archive)
    return Outcome(after, tuple(advances), told.incidents, told.alerts, told.decisions)


def _tally(source: str, pull: Pull, memory: Memory, plan: Plan, now: datetime) -> Tally:
    feed = replace(memory.feeds.get(source, FeedMemory()), cursor=pull.cursor)
    if pull.counts is None or pull.width is None:
        return tally_posts(source, feed, pull, memory.series, plan, now=now)
    if "floor" in pull.counts:
        followed = frozenset(memory.trends)
        return tally_looks(source, feed, pull.counts, pull.width, pull, followed, plan)
    return tally_counts(source, feed, pull.counts, pull.width, memory.series, plan, now=now)


def _advance(piece: CountPiece, memory: Memory, plan: Plan) -> Advance:
    known = memory.series.get(piece.key)
    if known is None:
        options = plan.options_for(piece.key.service)
        state = live.begin(options, start=from_seconds(piece.start), width=piece.width)
    else:
        state = known.state
    return Advance(piece, live.update(state, piece.counts))


def _followed(advance: Advance, memory: Memory) -> Followed:
    piece, known = advance.piece, memory.series.get(advance.piece.key)
    n = len(piece.counts)
    if known is None:
        return Followed(piece.start, piece.width, n, advance.step.state)
    return replace(known, bins=known.bins + n, state=advance.step.state)


def _look(
    pieces: Sequence[LookPiece], memory: Memory
) -> tuple[dict[SeriesKey, trending.TrendState], list[_Said]]:
    states, said = {}, []
    for piece in pieces:
        since = float(piece.looked.starts[0]) if len(piece.looked) else float(piece.listed[0])
        state = memory.trends.get(piece.key, trending.TrendState(since))
        states[piece.key], changes = trending.update(
            state,
            piece.listed,
            piece.heat,
            piece.floor,
            observed=piece.looked,
            width=piece.width,
        )
        said += [_Said(c.at, piece.key, i, c, piece.width, True) for i, c in enumerate(changes)]
    return states, said


class _Told(NamedTuple):
    open: Mapping[str, OpenIncident]
    incidents: tuple[Incident, ...]
    alerts: tuple[Alert, ...]
    decisions: tuple[Decision, ...]


def _tell(
    incidents: Mapping[str, OpenIncident], said: Sequence[_Said], archive: Archive, plan: Plan
) -> _Told:
    """Fold changes into incidents, in order, and decide after each what people are told."""
    going_on = dict(incidents)
    changed: dict[str, Incident] = {}
    alerts, decisions = [], []
    for at, key, _, change, width, is_trending in said:
        known = going_on.get(key.service, OpenIncident(Merging(key.service)))
        severity = severity_of(change.surge, width=width, trending=is_trending, rules=plan.severity)
        merging = known.merging.with_surge(key.source, change.surge, severity)
        incident = merging.incident()
        reason, details = _judge(incident, known.told, archive, at)
        told = known.told
        if reason.kind is not None:
            told = Told(1 + (told.messages if told else 0), incident.severity)
            alerts.append(Alert(reason.kind, at, incident, told.messages, details))
        decisions.append(Decision(at, incident.id, reason))
        changed.pop(incident.id, None)
        changed[incident.id] = incident
        if incident.is_open:
            going_on[key.service] = OpenIncident(merging, told)
        else:
            going_on.pop(key.service, None)
    return _Told(going_on, tuple(changed.values()), tuple(alerts), tuple(decisions))


def _judge(
    incident: Incident, told: Told | None, archive: Archive, at: datetime
) -> tuple[Reason, Details | None]:
    """Return why to tell or not, and, if so, what the complaints say."""
    reason = reason_to_tell(incident, told)
    if reason.kind is None:
        return reason, None
    details = describe(incident, archive, at=at)
    speakers = Speakers.PEOPLE if details is None else details.speakers
    return reason_to_tell(incident, told, speakers=speakers), details
