"""What an incident is known by, for matchers of silences."""

from __future__ import annotations

from detector.alerting.labels import labels_of as labels_by
from detector.audience import providers
from detector.domain.details import Details
from detector.domain.incident import Incident
from detector.domain.matcher import Labels
from detector.web.backend import Backend


def labels_of(backend: Backend, incident: Incident) -> Labels:
    """Return the labels of ``incident``, with what was last said of its complaints."""
    alerts = backend.store.alerts(incident_id=incident.id)
    details = next((alert.details for alert in alerts if alert.details is not None), None)
    return incident_labels(backend, incident, details)


def incident_labels(backend: Backend, incident: Incident, details: Details | None) -> Labels:
    """Return the labels of ``incident`` whose complaints say ``details``."""
    return labels_by(incident, details, providers(backend.settings))
