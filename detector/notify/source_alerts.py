"""Which receivers are notified that a source is down, degraded or up again.

As with incidents: what began and ended in a mute time interval of a receiver is not sent to it;
what still stands at the end of the interval is sent then; who knows of the beginning is sent the
end after it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.health import SourceAlert, SourceState
from detector.notify.policy import NotificationPolicy
from detector.store.base import Store

KnownSourceStates = Mapping[tuple[str, str], SourceState]
"""By receiver and source: the state that the receiver was notified of last."""


def known_source_states(
    store: Store, sources: Collection[str], receivers: Collection[str]
) -> KnownSourceStates:
    """Return what receivers were notified of, by the outbox.

    What was refused counts, for it would be again.
    """
    if not sources or not receivers:
        return {}
    known: dict[tuple[str, str], SourceState] = {}
    for found in store.on_record([f"feed/{source}" for source in sources]).values():
        sent = [(d.receiver, d.alert) for d in found.deliveries if isinstance(d.alert, SourceAlert)]
        for receiver, alert in sorted(sent, key=lambda s: s[1].sequence):
            known[receiver, alert.health.source] = alert.health.state
    return known


def decide_source_alerts(
    alerts: Iterable[SourceAlert],
    known: KnownSourceStates,
    receivers: Sequence[str],
    policy: NotificationPolicy,
    *,
    now: datetime,
    wall: datetime,
) -> tuple[tuple[Delivery, ...], KnownSourceStates]:
    """Return what is to be sent, and what the receivers know then.

    Parameters
    ----------
    alerts : what changed in this run, in order, and then the last alert about every source.
    known : what the receivers knew before.
    receivers : who is notified of sources.
    now : time of the data; ``wall`` : time of the deliveries.
    """
    after = dict(known)
    deliveries = []
    for alert in alerts:
        for receiver in receivers:
            place, state = (receiver, alert.health.source), alert.health.state
            is_known = after.get(place, SourceState.UP) is state
            if is_known or not _is_due(receiver, alert.at, policy, now):
                continue
            after[place] = state
            deliveries.append(
                Delivery(receiver, alert, DeliveryStatus.PENDING, attempts=0, due_at=wall)
            )
    return tuple(deliveries), after


def _is_due(receiver: str, at: datetime, policy: NotificationPolicy, now: datetime) -> bool:
    """Return whether ``receiver`` is not muted now, and what changed at ``at`` is owed to it.

    It is if it is recent, or was held back by a mute time interval.
    """
    if _is_muted(receiver, policy, at=now):
        return False
    return at >= now - policy.timing.max_age or _is_muted(receiver, policy, at=at)


def _is_muted(receiver: str, policy: NotificationPolicy, *, at: datetime) -> bool:
    """Return whether an interval acts; those with matchers are about incidents alone."""
    names = (name for r in policy.receivers if r.name == receiver for name in r.mute_time_intervals)
    intervals = (policy.mute_time_intervals[name] for name in names)
    return any(not one.matchers and one.until(at) is not None for one in intervals)
