"""What an incident is known by, for matchers of silences."""

from __future__ import annotations

from detector.domain.details import Details
from detector.domain.incident import Incident
from detector.domain.matcher import Labels
from detector.web.backend import Backend


def labels_of(backend: Backend, incident: Incident) -> Labels:
    """Return the labels of ``incident``, with what was last said of its complaints."""
    alerts = backend.store.alerts(incident_id=incident.id)
    details = next((alert.details for alert in alerts if alert.details is not None), None)
    return incident_labels(incident, details)


def incident_labels(incident: Incident, details: Details | None) -> Labels:
    """Return the labels of ``incident``: service, severity, source, component, region, platform."""
    facets = ("component", "region", "platform")
    said = {f: details.named(f, "affected") for f in facets} if details is not None else {}
    return {
        "service": (incident.service,),
        "severity": (incident.severity.label,),
        "source": incident.sources,
        **said,
    }
