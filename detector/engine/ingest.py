"""One turn of the live pipeline: pull, cycle, commit, deliver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from detector.domain.alert import Alert, AlertKind
from detector.domain.delivery import Delivery, DeliveryStatus
from detector.domain.feed import FeedAlert
from detector.domain.incident import Severity
from detector.engine.cycle import Advance, Outcome, cycle
from detector.engine.memory import Memory
from detector.engine.plan import Plan
from detector.engine.saved import changes
from detector.errors import DetectorError
from detector.ports import CycleRecord, Pull, Source, Store

#: Sources pulled at the same time.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told: the name of a sink, and the severity from which on it is told."""

    name: str
    least: Severity


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
    """What one turn did: its outcome is committed."""

    outcome: Outcome
    troubles: tuple[Trouble, ...]
    exhausted: frozenset[str]


def take_turn(
    memory: Memory,
    sources: Sequence[Source],
    store: Store,
    plan: Plan,
    receivers: Sequence[Receiver],
    *,
    now: datetime,
    wall: datetime,
    max_alert_age: timedelta,
    feed_receivers: Sequence[str] = (),
) -> Turn:
    """Pull every source, run the cycle at ``now`` and commit all of it in one transaction.

    Parameters
    ----------
    memory : what the turn before left.
    now : time of the data; ``wall`` : time of the deliveries. They differ on an accelerated clock.
    max_alert_age : alerts older than this at ``now`` are recorded and not sent.
    feed_receivers : who is told about sources.
    """
    pulls, troubles = _pull(memory, sources, until=now)
    failures = {trouble.source: trouble.reason for trouble in troubles}
    outcome = cycle(memory, pulls, plan, now=now, failures=failures)
    fresh = [alert for alert in outcome.alerts if now - alert.at <= max_alert_age]
    deliveries = [d for alert in fresh for d in _deliveries(alert, receivers, wall)]
    alarms = [alert for alert in outcome.feed_alerts if now - alert.at <= max_alert_age]
    store.commit(
        CycleRecord(
            memory=changes(memory, outcome.memory),
            counts=_counted(outcome.advances),
            incidents=outcome.incidents,
            deliveries=[
                *_without_unheard_ends(deliveries, store),
                *_feed_deliveries(alarms, feed_receivers, wall),
            ],
            feeds=outcome.feeds,
        )
    )
    exhausted = frozenset(name for name, pull in pulls.items() if pull.exhausted)
    return Turn(outcome, troubles, exhausted)


def _pull(
    memory: Memory, sources: Sequence[Source], *, until: datetime
) -> tuple[Mapping[str, Pull], tuple[Trouble, ...]]:
    """Pull the sources side by side, so that one that is slow does not hold up the others.

    What they brought is in the order of ``sources``, whoever answered first.
    """

    def pull(source: Source) -> Pull | Trouble:
        feed = memory.feeds.get(source.name)
        try:
            return source.pull(feed.cursor if feed else None, until=until)
        except Exception as error:  # reported by the caller; one source must not stop the others
            return Trouble(source.name, error)

    if len(sources) <= 1:
        brought = [pull(source) for source in sources]
    else:
        with ThreadPoolExecutor(min(len(sources), _AT_ONCE), "pull") as pool:
            brought = list(pool.map(pull, sources))
    named = [(source.name, found) for source, found in zip(sources, brought, strict=True)]
    pulls = {name: found for name, found in named if isinstance(found, Pull)}
    return pulls, tuple(found for found in brought if isinstance(found, Trouble))


def _deliveries(alert: Alert, receivers: Sequence[Receiver], wall: datetime) -> list[Delivery]:
    return [
        Delivery(receiver.name, alert, DeliveryStatus.PENDING, attempts=0, due_at=wall)
        for receiver in receivers
        if alert.incident.severity >= receiver.least
    ]


def _feed_deliveries(
    alerts: Sequence[FeedAlert], receivers: Sequence[str], wall: datetime
) -> list[Delivery]:
    return [
        Delivery(receiver, alert, DeliveryStatus.PENDING, attempts=0, due_at=wall)
        for alert in alerts
        for receiver in receivers
    ]


def _without_unheard_ends(deliveries: Sequence[Delivery], store: Store) -> list[Delivery]:
    """Drop ends of incidents whose receiver never heard that they began: that was too long ago."""
    kept: list[Delivery] = []
    for delivery in deliveries:
        alert, receiver = delivery.alert, delivery.receiver
        if isinstance(alert, Alert) and alert.kind is AlertKind.RESOLVED:
            before = (*kept, *store.deliveries(incident_id=alert.about))
            heard = any(d.receiver == receiver and d.alert.about == alert.about for d in before)
            if not heard:
                continue
        kept.append(delivery)
    return kept


def _counted(advances: Sequence[Advance]) -> pd.DataFrame | None:
    """Return the observed bins as rows of the store's counts table."""
    frames = [_rows(advance) for advance in advances]
    return pd.concat(frames, ignore_index=True) if frames else None


def _rows(advance: Advance) -> pd.DataFrame:
    piece, step = advance.piece, advance.step
    times = pd.date_range(
        pd.Timestamp(piece.start, unit="s", tz="UTC"),
        periods=len(piece.counts),
        freq=piece.width,
    )
    frame = pd.DataFrame(
        {
            "time": times,
            "service": piece.key.service,
            "source": piece.key.source,
            "count": piece.counts,
            "expected": step.expected,
            "evidence": step.evidence,
        }
    )
    return frame[frame["count"].notna()]
