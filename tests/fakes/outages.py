"""Incidents, alerts and deliveries to test with; every argument has a likely default."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from detector.model.alert import Alert, AlertKind
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.incident import Incident, Severity, incident_id
from detector.model.surge import Onset

NOON = datetime(2022, 7, 22, 12, 0, tzinfo=UTC)


def an_incident(
    service: str = "WeChat",
    *,
    noticed_at: datetime = NOON,
    lasted: timedelta | None = None,
    severity: Severity = Severity.MAJOR,
    sources: tuple[str, ...] = ("weibo",),
    id: str | None = None,  # noqa: A002 - the field's name
) -> Incident:
    """An incident that began three minutes before it was noticed; over if it ``lasted``."""
    minute = timedelta(minutes=1)
    began = noticed_at - 3 * minute
    return Incident(
        id=id or incident_id(service, noticed_at),
        service=service,
        sources=sources,
        onset=Onset(began, began - minute, began + minute),
        noticed_at=noticed_at,
        ended_at=None if lasted is None else began + lasted,
        resolved_at=None if lasted is None else began + lasted + 10 * minute,
        peak_at=noticed_at + 2 * minute,
        peak_count=412.0,
        expected_at_peak=31.256789,
        excess=1403.1234,
        severity=severity,
        evidence=88.12345,
    )


def an_alert(
    incident: Incident | None = None,
    *,
    kind: AlertKind = AlertKind.OPENED,
    sequence: int = 1,
    at: datetime | None = None,
) -> Alert:
    """An alert decided when the incident was noticed."""
    incident = incident or an_incident()
    return Alert(kind=kind, at=at or incident.noticed_at, incident=incident, sequence=sequence)


def a_delivery(
    alert: Alert | None = None, *, receiver: str = "ops", due_at: datetime = NOON
) -> Delivery:
    """A delivery that nobody tried yet."""
    return Delivery(receiver, alert or an_alert(), DeliveryStatus.PENDING, 0, due_at)
