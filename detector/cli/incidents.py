"""incidents list, incidents show: what the store knows of incidents."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC
from math import isfinite
from pathlib import Path

from detector.cli.language import language, reader
from detector.cli.output import heads, print_table, settings_and_base
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

_COLUMNS = ("incident", "service", "started", "interval", "noticed", "ended", "severity", "peak")
_DELIVERY = ("at", "kind", "receiver", "status", "attempts", "error")
_DECISION = ("at", "receiver", "notified", "reason")


def incident_table(
    incidents: Iterable[Incident], say: Phrasing
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return columns and one row per incident."""
    return heads(say, *_COLUMNS), [_row(incident, say) for incident in incidents]


def _row(incident: Incident, say: Phrasing) -> tuple[str, ...]:
    onset, show = incident.onset, say.format
    return (
        incident.id,
        incident.service,
        show.instant(onset.at),
        f"{show.clock(onset.earliest)}–{show.clock(onset.latest)}",
        show.relative(incident.noticed_at, onset.at),
        _ended(incident, say),
        say.severity(incident.severity.label),
        _peak(incident, say),
    )


def _ended(incident: Incident, say: Phrasing) -> str:
    start, show = incident.onset.at, say.format
    if incident.ended_at is not None:
        return show.relative(incident.ended_at, start)
    if incident.not_observed_since is not None:
        at = show.relative(incident.not_observed_since, start)
        return say.texts("command.incidents.not_observed", at=at)
    return say.texts("command.incidents.open")


def _peak(incident: Incident, say: Phrasing) -> str:
    """Return the highest count beside what it is to be compared with."""
    key = "peak_listed" if incident.is_listed else "peak"
    if not isfinite(incident.expected_at_peak):
        key = "peak_unknown"
    return say.texts(
        f"command.incidents.{key}",
        count=say.format.number(incident.peak_count),
        expected=say.format.number(incident.expected_at_peak),
    )


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
        print_table(*incident_table(incidents, reader()))


def show_incident(config: Path | None, incident_id: str, *, as_json: bool) -> None:
    """Print one incident, the notifications about it, and why they were sent or not."""
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
    if as_json:
        english = phrasing("en", UTC)  # what machines read is the same in every language
        document = {
            "incident": incident_to_dict(incident),
            "messages": [_delivery_to_dict(d) for d in deliveries],
            "decisions": [_decision_to_dict(d, english) for d in decisions],
        }
        print(json.dumps(document, ensure_ascii=False))
        return
    say = reader()
    settings, _, _ = settings_and_base(config)
    _print_incident(incident, alerts, writer(settings.links, language=language()), say)
    print(f"\n{say.texts('command.notifications')}")
    print_table(heads(say, *_DELIVERY), [_delivery_row(d, say) for d in deliveries])
    print(f"\n{say.texts('command.decisions')}")
    print_table(heads(say, *_DECISION), [_decision_row(d, say) for d in decisions])


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
    text = words.message(Alert(kind, at, incident, sequence, details, attribution=attribution))
    sys.stdout.write(f"{text.title}\n")
    for line in text.lines:
        sys.stdout.write(f"  {line}\n")
    if attribution is not None:
        because = say.attribution(attribution)
        related = say.texts("command.related", root_id=attribution.root_id, because=because)
        sys.stdout.write(f"  {related}\n")


def _decision_row(decision: Decision, say: Phrasing) -> tuple[str, ...]:
    """Return one decision; what is decided for the incident as a whole concerns everyone."""
    kind = decision.kind
    return (
        say.format.zoned(decision.at),
        decision.receiver or say.texts("part.everyone"),
        say.texts("command.no") if kind is None else say.texts(f"kind.{kind.value}"),
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


def _delivery_row(delivery: Delivery, say: Phrasing) -> tuple[str, ...]:
    return (
        say.format.zoned(delivery.alert.at),
        say.texts(f"kind.{delivery.alert.label}"),
        delivery.receiver,
        say.texts(f"delivery.{delivery.status.value}"),
        say.format.number(delivery.attempts),
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
