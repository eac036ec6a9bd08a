"""Alerts that stand are sent again to receivers that forget what is not repeated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from detector.errors import DeliveryError
from detector.model.alert import Alert, AlertKind
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.incident import Incident
from detector.notify.receiver import Receiver, RefreshedReceiver
from detector.store.base import Store

AFTER_THE_END = timedelta(minutes=5)
"""An end is sent again for so long after the receiver took it."""


def refresh(
    store: Store, receivers: Mapping[str, Receiver], incidents: Iterable[Incident], *, now: datetime
) -> Mapping[str, DeliveryError]:
    """Send again to every receiver that is `RefreshedReceiver` what it knows to stand.

    Only what a receiver took is repeated: what it did not get is the outbox's to send. Of an
    incident whose end it refused for good nothing is.

    Parameters
    ----------
    store : holds the outbox; it is asked once for all.
    incidents : those of which a receiver may know something that stands.
    now : wall time.

    Returns
    -------
    By receiver, why it could not be reached; the next run tries again.
    """
    forgetful = {
        name: receiver
        for name, receiver in receivers.items()
        if isinstance(receiver, RefreshedReceiver)
    }
    if not forgetful:
        return {}
    taken = store.last_taken(forgetful.keys(), {incident.id for incident in incidents})
    standing = list(_standing(taken, now))
    failures = {}
    for name, receiver in forgetful.items():
        try:
            receiver.refresh([alert for receiver, alert in standing if receiver == name], now=now)
        except DeliveryError as error:
            failures[name] = error
    return failures


def _standing(taken: Iterable[Delivery], now: datetime) -> Iterator[tuple[str, Alert]]:
    """Yield each receiver and the last alert of an incident that it took, while that stands."""
    for delivery in taken:
        alert = delivery.alert
        if delivery.status is not DeliveryStatus.SENT or not isinstance(alert, Alert):
            continue
        sent_at = delivery.sent_at or now
        if alert.kind is not AlertKind.RESOLVED or now - sent_at < AFTER_THE_END:
            yield delivery.receiver, alert
