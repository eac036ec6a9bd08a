"""Source health: a source that says nothing is itself reported, and never taken for a quiet one.

Pure rules over what was asked and what was observed. A source is

- *down* when nothing was observed for `SourceHealthRules.patience_of` it (and a
  bin's width, since a bin can be seen only when it has ended), whether it
  failed, answered nothing, or said old things;
- *degraded* when it answers, but implausibly little against its own week (`detection.volume_drop`);
- *up* otherwise, and again from the next observation on.

The times are those of the data, so what a replay says of a table's gaps is what was said live.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from detector.detection.volume_drop import Fall
from detector.model.health import SourceAlert, SourceHealth, SourceReason, SourceState
from detector.model.times import iso

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class SourceHealthRules:
    """When a source is missed.

    Attributes
    ----------
    down_after : it is down when it was not observed for so long.
    own : other durations, by source.
    degraded_share : it is degraded when it brings less than this share of what is usual.
    """

    down_after: timedelta = timedelta(minutes=10)
    own: Mapping[str, timedelta] = field(default_factory=dict)
    degraded_share: float = 0.2

    def patience_of(self, source: str) -> timedelta:
        """Return for how long ``source`` may say nothing."""
        return self.own.get(source, self.down_after)


@dataclass(frozen=True, slots=True)
class PollOutcome:
    """What one poll says about the health of one source.

    Attributes
    ----------
    observed : what it said to have observed, in order and apart.
    error : why it could not be read, empty if it could.
    awaited : whether anything was to be expected.
    width : of its bins, zero if it has none; None if that is not known this time.
    falls : what its volume says, in order of time.
    """

    observed: Sequence[Span] = ()
    error: str = ""
    awaited: bool = True
    width: timedelta | None = None
    falls: Sequence[Fall] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """What is remembered of one source between runs.

    Attributes
    ----------
    feed : how it is; named as in stored states.
    width : of its bins; zero if it has none.
    begun : since when it is known; the end of the first wait counts from here.
    moved_at : when a poll last observed something new, if that lies far behind: a source that
        makes up for what was missed is not down. None for one that keeps up.
    lost_since : end of its last observation if it is down.
    fallen : when its volume fell, if it is still low.
    told : alerts about it so far; named as in stored states.
    told_at : when the last of them was decided, None before any.
    """

    feed: SourceHealth
    begun: datetime
    width: timedelta = timedelta(0)
    moved_at: datetime | None = None
    lost_since: datetime | None = None
    fallen: Fall | None = None
    told: int = 0
    told_at: datetime | None = None


def update(
    health: Health | None,
    source: str,
    outcome: PollOutcome,
    rules: SourceHealthRules,
    *,
    now: datetime | None,
) -> tuple[Health, tuple[SourceAlert, ...]]:
    """Return the health after the poll, and what changed, in order.

    Parameters
    ----------
    health : as left by the run before, None if there was none.
    now : time of the poll; None over history, where nobody waits for what may still come.
    """
    if health is None:
        health = _first(source, outcome, now)
        if health is None:
            raise ValueError(f"nothing is known of {source!r} and no clock runs")
    if outcome.width is not None:
        health = replace(health, width=outcome.width)
    patience = rules.patience_of(source) + health.width
    alerts: list[SourceAlert] = []
    events: list[Fall | Span] = [*_observations(health, outcome), *outcome.falls]
    for event in sorted(events, key=_place):
        if isinstance(event, Fall):
            health = replace(health, fallen=None if event.over else event)
            health = _judged(health, event.at, outcome, alerts)
        else:
            health = _observed(health, event, outcome, patience, now, alerts)
    if now is not None:
        health = _waited(health, outcome, patience, now, alerts)
        health = replace(health, feed=replace(health.feed, polled_at=now))
    return health, tuple(alerts)


def _first(source: str, outcome: PollOutcome, now: datetime | None) -> Health | None:
    starts = [start for start, _ in outcome.observed]
    begun = min([*starts, *([] if now is None else [now])], default=None)
    if begun is None:
        return None
    return Health(SourceHealth(source, SourceState.UP, begun, SourceReason.UNKNOWN), begun)


def _observations(health: Health, outcome: PollOutcome) -> Iterator[Span]:
    """Yield what was observed behind what was observed before."""
    until = health.feed.observed_until
    for start, end in outcome.observed:
        if until is None or end > until:
            yield (start if until is None else max(start, until)), end


def _place(event: Fall | Span) -> datetime:
    return event.at if isinstance(event, Fall) else event[0]


def _observed(
    health: Health,
    span: Span,
    outcome: PollOutcome,
    patience: timedelta,
    now: datetime | None,
    alerts: list[SourceAlert],
) -> Health:
    """Take in an observation, and the gap before it."""
    (start, end), until = span, health.feed.observed_until
    if until is not None and start - until > patience:
        health = _lost(health, until, until + patience, outcome, alerts)
    if health.lost_since is not None:
        # What is made up for later was not seen when it happened: it is up from now on.
        late = start < health.lost_since + patience
        at = now if late and now is not None else start
        health = _judged(replace(health, lost_since=None), at, outcome, alerts)
    elif health.feed.observed_until is None:
        health = replace(health, feed=replace(health.feed, reason=SourceReason.OBSERVED))
    feed = replace(health.feed, observed_until=end)
    before = health.feed.polled_at or now
    behind = before is not None and end < before - patience
    return replace(health, feed=feed, moved_at=now if behind else None)


def _waited(
    health: Health,
    outcome: PollOutcome,
    patience: timedelta,
    now: datetime,
    alerts: list[SourceAlert],
) -> Health:
    """Judge the time since the last observation."""
    if not outcome.awaited or health.lost_since is not None:
        return health
    until = health.feed.observed_until or health.begun
    if now - (health.moved_at or until) <= patience:
        return health
    # One that was behind was not lost when its last observation ended.
    at = until + patience if health.moved_at is None else now
    return _lost(health, until, at, outcome, alerts)


def _lost(
    health: Health, since: datetime, at: datetime, outcome: PollOutcome, alerts: list[SourceAlert]
) -> Health:
    return _judged(replace(health, lost_since=since), at, outcome, alerts)


def _judged(
    health: Health, at: datetime, outcome: PollOutcome, alerts: list[SourceAlert]
) -> Health:
    """Return the health with the state that follows at ``at``; say so if it is another."""
    state, since, reason, params = _state(health, at, outcome)
    if state is health.feed.state:
        return health
    feed = replace(health.feed, state=state, since=since, reason=reason, params=params)
    health = replace(health, feed=feed, told=health.told + 1, told_at=at)
    alerts.append(SourceAlert(at, replace(feed, polled_at=None), health.told))
    return health


def _state(
    health: Health, at: datetime, outcome: PollOutcome
) -> tuple[SourceState, datetime, SourceReason, dict[str, Any]]:
    """Return the state, since when, and why: a code and its parameters."""
    if (lost := health.lost_since) is not None:
        error = {"error": outcome.error} if outcome.error else {}
        if health.feed.observed_until is None:
            return SourceState.DOWN, lost, SourceReason.NEVER_OBSERVED, error
        until = {"until": iso(lost)}
        return SourceState.DOWN, lost, SourceReason.LAST_OBSERVED, until | error
    if (fall := health.fallen) is not None:
        volume = {"count": round(fall.seen), "expected": round(fall.expected)}
        return SourceState.DEGRADED, fall.since, SourceReason.LOW_VOLUME, volume
    return SourceState.UP, at, SourceReason.RECOVERED, {}
