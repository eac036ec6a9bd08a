"""incidents list, incidents show: looking at the store."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from detector.alerting.message import Writer
from detector.app import store_location
from detector.cli.output import print_table
from detector.cli.running import settings_and_base
from detector.cli.tables import incident_table
from detector.domain.alert import Alert, AlertKind
from detector.domain.delivery import Delivery
from detector.domain.incident import Incident
from detector.domain.times import iso
from detector.domain.wire import incident_to_dict
from detector.errors import InputError
from detector.receivers import writer
from detector.stores.sql import SqlStore, open_store


def list_incidents(config: Path | None, *, service: str | None, limit: int, as_json: bool) -> None:
    """Print the latest incidents."""
    store = _open(config)
    try:
        incidents = store.incidents(service=service, limit=limit)
    finally:
        store.close()
    if as_json:
        print(json.dumps([incident_to_dict(i) for i in incidents], ensure_ascii=False))
    else:
        print_table(*incident_table(incidents))


def show_incident(config: Path | None, incident_id: str, *, as_json: bool) -> None:
    """Print one incident and what was told about it."""
    store = _open(config)
    try:
        incident = store.incident(incident_id)
        deliveries = store.deliveries(incident_id=incident_id)
    finally:
        store.close()
    if incident is None:
        raise InputError(f"no incident {incident_id!r}; see outage-detector incidents list")
    if as_json:
        document = {
            "incident": incident_to_dict(incident),
            "messages": [_delivery_to_dict(d) for d in deliveries],
        }
        print(json.dumps(document, ensure_ascii=False))
        return
    settings, _, _ = settings_and_base(config)
    _print_incident(incident, deliveries, writer(settings))
    print("\nmessages")
    print_table(
        ("at", "kind", "receiver", "status", "attempts", "error"),
        [_delivery_row(d) for d in deliveries],
    )


def _open(config: Path | None) -> SqlStore:
    settings, base, _ = settings_and_base(config)
    return open_store(store_location(settings, base=base), readonly=True)


def _print_incident(incident: Incident, deliveries: Sequence[Delivery], words: Writer) -> None:
    """Print ``incident`` as it stands, with what the last message said of the complaints."""
    kind = AlertKind.OPENED if incident.is_open else AlertKind.RESOLVED
    at = incident.resolved_at or incident.noticed_at
    told_before = [d.alert for d in deliveries if isinstance(d.alert, Alert)]
    last = max(told_before, key=lambda a: a.sequence, default=None)
    sequence, details = (last.sequence, last.details) if last else (0, None)
    told = words.message(Alert(kind, at, incident, sequence, details))
    sys.stdout.write(f"{told.title}\n")
    for line in told.lines:
        sys.stdout.write(f"  {line}\n")


def _delivery_row(delivery: Delivery) -> tuple[str, ...]:
    return (
        iso(delivery.alert.at),
        delivery.alert.label,
        delivery.receiver,
        delivery.status.value,
        str(delivery.attempts),
        delivery.error or "",
    )


def _delivery_to_dict(delivery: Delivery) -> dict[str, object]:
    return {
        "key": delivery.alert.key,
        "kind": delivery.alert.label,
        "at": iso(delivery.alert.at),
        "receiver": delivery.receiver,
        "status": delivery.status.value,
        "attempts": delivery.attempts,
        "sent_at": None if delivery.sent_at is None else iso(delivery.sent_at),
        "error": delivery.error,
    }
