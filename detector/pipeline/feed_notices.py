"""Who is told that a source is down, degraded or up again, and who has quiet hours.

As with incidents: what began and ended while a receiver had quiet hours it is not told; what still
stands when they end it is told then; who knows of the beginning is told of the end after them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.health import SourceAlert, SourceState
from detector.notify.policy import NotificationPolicy
from detector.pipeline.state import WatchedSource
from detector.store.base import Store

#: The state of each source that each receiver was told last, by receiver and source.
HeardOfFeeds = Mapping[tuple[str, str], SourceState]


def heard_of_feeds(
    store: Store, sources: Collection[str], receivers: Collection[str]
) -> dict[tuple[str, str], SourceState]:
    """Return what the outbox says was told; what was refused counts, for it would be again."""
    if not sources or not receivers:
        return {}
    heard: dict[tuple[str, str], SourceState] = {}
    for known in store.on_record([f"feed/{source}" for source in sources]).values():
        said = [(d.receiver, d.alert) for d in known.deliveries if isinstance(d.alert, SourceAlert)]
        for receiver, alert in sorted(said, key=lambda s: s[1].sequence):
            heard[receiver, alert.feed.source] = alert.feed.state
    return heard


@dataclass(slots=True, eq=False)
class _Desk:
    """The decisions of one turn."""

    receivers: Sequence[str]
    audience: NotificationPolicy
    now: datetime
    wall: datetime
    heard: dict[tuple[str, str], SourceState]
    deliveries: list[Delivery] = field(default_factory=list)

    def take(self, alert: SourceAlert) -> None:
        """Tell whoever does not know it, and may be told."""
        for receiver in self.receivers:
            place = (receiver, alert.feed.source)
            if self.heard.get(place, SourceState.UP) is alert.feed.state:
                continue
            if self._is_quiet(receiver, self.now) or not self._is_owed(receiver, alert.at):
                continue
            self.heard[place] = alert.feed.state
            self.deliveries.append(
                Delivery(receiver, alert, DeliveryStatus.PENDING, attempts=0, due_at=self.wall)
            )

    def _is_owed(self, receiver: str, at: datetime) -> bool:
        """Return whether what changed at ``at`` is recent, or was kept back by quiet hours."""
        return at >= self.now - self.audience.habits.max_age or self._is_quiet(receiver, at)

    def _is_quiet(self, receiver: str, at: datetime) -> bool:
        """Return whether quiet hours act; those with matchers are about incidents alone."""
        names = (name for r in self.audience.receivers if r.name == receiver for name in r.quiet)
        windows = (self.audience.windows[name] for name in names)
        return any(not w.matchers and w.until(at) is not None for w in windows)


def notify_of_feeds(
    fresh: Sequence[SourceAlert],
    watched: Mapping[str, WatchedSource],
    heard: HeardOfFeeds,
    receivers: Sequence[str],
    audience: NotificationPolicy,
    *,
    now: datetime,
    wall: datetime,
) -> tuple[tuple[Delivery, ...], HeardOfFeeds]:
    """Return what is to be sent, and what the receivers have heard then.

    Parameters
    ----------
    fresh : what changed in this turn, in order.
    watched : the sources as they stand after the turn.
    heard : what the receivers were told before.
    receivers : who is told about sources.
    now : time of the data; ``wall`` : time of the deliveries.
    """
    desk = _Desk(receivers, audience, now, wall, dict(heard))
    for alert in (*fresh, *_standing(watched)):
        desk.take(alert)
    return tuple(desk.deliveries), desk.heard


def _standing(watched: Mapping[str, WatchedSource]) -> Iterator[SourceAlert]:
    """Yield the last message about every source, as it was decided."""
    for place in sorted(watched):
        health = watched[place].health
        if health.told_at is not None:
            feed = replace(health.feed, polled_at=None)
            yield SourceAlert(health.told_at, feed, health.told)
