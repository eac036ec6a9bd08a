"""Receivers that forget what nobody repeats are told again what they know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from detector.domain.alert import Alert, AlertKind
from detector.domain.delivery import DeliveryStatus
from detector.domain.incident import Incident
from detector.errors import DeliveryError
from detector.ports import Refreshing, Sink, Store

AFTER_THE_END = timedelta(minutes=5)
"""An end is told again for so long after the receiver took it."""

#: An end that was not told a day after it was noticed never will be.
_FORGOTTEN = timedelta(days=1)


def refresh(
    store: Store, sinks: Mapping[str, Sink], incidents: Iterable[Incident], *, now: datetime
) -> Mapping[str, DeliveryError]:
    """Tell every sink that is `Refreshing` what it knows to be open, or just ended.

    Only what a receiver took is repeated: what it did not get is the outbox's to send.

    Parameters
    ----------
    store : holds the outbox.
    incidents : the latest of each service; those that ended long ago are passed over.
    now : wall time.

    Returns
    -------
    By receiver, why it could not be told; the next turn tells it again.
    """
    forgetful = {name: sink for name, sink in sinks.items() if isinstance(sink, Refreshing)}
    if not forgetful:
        return {}
    recent = [i for i in incidents if i.resolved_at is None or now - i.resolved_at < _FORGOTTEN]
    standing = [told for incident in recent for told in _standing(store, incident, now)]
    troubles = {}
    for name, sink in forgetful.items():
        try:
            sink.refresh([alert for receiver, alert in standing if receiver == name], now=now)
        except DeliveryError as error:
            troubles[name] = error
    return troubles


def _standing(store: Store, incident: Incident, now: datetime) -> Iterator[tuple[str, Alert]]:
    """Yield each receiver of ``incident`` and the last alert that it took, while that stands."""
    last: dict[str, tuple[Alert, datetime]] = {}
    for delivery in store.deliveries(incident_id=incident.id):  # in order of the alerts' times
        alert = delivery.alert
        if delivery.status is DeliveryStatus.SENT and isinstance(alert, Alert):
            last[delivery.receiver] = alert, delivery.sent_at or now
    for receiver, (alert, sent_at) in last.items():
        if alert.kind is not AlertKind.RESOLVED or now - sent_at < AFTER_THE_END:
            yield receiver, alert
