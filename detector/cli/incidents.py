"""Incidents as table rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

from detector.cli.output import print_table, settings_and_base
from detector.errors import InputError
from detector.model.alert import Alert, AlertKind
from detector.model.decision import Decision
from detector.model.delivery import Delivery
from detector.model.documents import incident_to_dict
from detector.model.incident import Incident
from detector.model.times import iso
from detector.notify.render import Writer
from detector.pipeline.setup import store_location
from detector.receivers.base import writer
from detector.store.sql_store import SqlStore, open_store
from detector.text.phrasing import Phrasing, phrasing

COLUMNS = (
    "incident",
    "service",
    "started (UTC)",
    "between",
    "noticed",
    "ended",
    "severity",
    "peak",
)


def incident_table(
    incidents: Iterable[Incident],
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return columns and one row per incident."""
    return COLUMNS, [_row(incident) for incident in incidents]


def _row(incident: Incident) -> tuple[str, ...]:
    onset = incident.onset
    return (
        incident.id,
        incident.service,
        _minute(onset.at),
        f"{onset.earliest:%H:%M}-{onset.latest:%H:%M}",
        _beside(incident.noticed_at, onset.at),
        _end(incident),
        incident.severity.label,
        f"{_number(incident.peak_count)} ({_beside_what(incident)})",
    )


def _end(incident: Incident) -> str:
    if incident.ended_at is not None:
        return _beside(incident.ended_at, incident.onset.at)
    if incident.not_observed_since is not None:
        return f"not observed since {_beside(incident.not_observed_since, incident.onset.at)}"
    return "goes on"


def _beside_what(incident: Incident) -> str:
    """Return what the peak is to be compared with."""
    if not isfinite(incident.expected_at_peak):
        return "usual unknown"
    word = "the list begins at" if incident.is_listed else "usual"
    return f"{word} {_number(incident.expected_at_peak)}"


def _number(value: float) -> str:
    """Return ``value`` to the unit, small ones to two significant digits: 0.02 is not 0.0."""
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"


def _beside(instant: datetime, other: datetime) -> str:
    """Return the time alone where the day is that of ``other``."""
    return f"{instant:%H:%M}" if instant.date() == other.date() else _minute(instant)


# incidents list, incidents show: looking at the store.


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
        decisions = store.decisions(incident_id)
        alerts = store.alerts(incident_id=incident_id)
    finally:
        store.close()
    if incident is None:
        raise InputError(f"no incident {incident_id!r}; see outage-detector incidents list")
    say = phrasing("en", UTC)
    if as_json:
        document = {
            "incident": incident_to_dict(incident),
            "messages": [_delivery_to_dict(d) for d in deliveries],
            "decisions": [_decision_to_dict(d, say) for d in decisions],
        }
        print(json.dumps(document, ensure_ascii=False))
        return
    settings, _, _ = settings_and_base(config)
    _print_incident(incident, alerts, writer(settings.links), say)
    print("\nmessages")
    print_table(
        ("at", "kind", "receiver", "status", "attempts", "error"),
        [_delivery_row(d) for d in deliveries],
    )
    print("\nwhy, and why not")
    print_table(("at", "who", "told", "because"), [_decision_row(d, say) for d in decisions])


def _open(config: Path | None) -> SqlStore:
    settings, base, _ = settings_and_base(config)
    return open_store(store_location(settings, base=base), readonly=True)


def _print_incident(
    incident: Incident, alerts: Sequence[Alert], words: Writer, say: Phrasing
) -> None:
    """Print ``incident`` as it stands, with what the last alert said of the complaints."""
    kind = AlertKind.OPENED if incident.is_open else AlertKind.RESOLVED
    at = incident.resolved_at or incident.noticed_at
    last = max(alerts, key=lambda a: a.sequence, default=None)
    sequence, details = (last.sequence, last.details) if last else (0, None)
    attribution = last.attribution if last else None
    told = words.message(Alert(kind, at, incident, sequence, details, attribution=attribution))
    sys.stdout.write(f"{told.title}\n")
    for line in told.lines:
        sys.stdout.write(f"  {line}\n")
    if attribution is not None:
        related = say.texts(
            "command.related", root_id=attribution.root_id, because=say.attribution(attribution)
        )
        sys.stdout.write(f"  {related}\n")


def _decision_row(decision: Decision, say: Phrasing) -> tuple[str, ...]:
    """Return one line of the story; what is decided for everybody stands under ``everybody``."""
    told = "no" if decision.kind is None else decision.kind.value
    return (
        iso(decision.at),
        decision.receiver or "everybody",
        told,
        say.reason(decision.reason, decision.params),
    )


def _decision_to_dict(decision: Decision, say: Phrasing) -> dict[str, object]:
    return {
        "at": iso(decision.at),
        "receiver": decision.receiver or None,
        "kind": None if decision.kind is None else decision.kind.value,
        "reason": decision.reason.value,
        "params": dict(decision.params),
        "text": say.reason(decision.reason, decision.params),
    }


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
