"""What an incident is known by, for matchers of silences."""

from __future__ import annotations

from dataclasses import dataclass

from detector.model.alert import Alert
from detector.model.decision import Decision
from detector.model.delivery import Delivery
from detector.model.details import Details
from detector.model.incident import Incident
from detector.model.matcher import Labels
from detector.model.silence import Acknowledgement, Silence
from detector.notify.route import labels_of as labels_by
from detector.web.backend import Backend


def labels_of(backend: Backend, incident: Incident) -> Labels:
    """Return the labels of ``incident``, with what was last said of its complaints."""
    alerts = backend.store.alerts(incident_id=incident.id)
    details = next((alert.details for alert in alerts if alert.details is not None), None)
    return incident_labels(backend, incident, details)


def incident_labels(backend: Backend, incident: Incident, details: Details | None) -> Labels:
    """Return the labels of ``incident`` whose complaints say ``details``."""
    return labels_by(incident, details, backend.settings.services_by_provider)


# One incident with everything that was said and decided about it.


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident as it stands.

    Attributes
    ----------
    incident : the incident.
    details : what was last said of its complaints, None where only counts are known.
    alerts : what there was to tell, the earliest first.
    deliveries : every message sent, waiting or refused, in order.
    decisions : why people were told, and why not, the earliest first.
    acknowledgement : who has it in hand.
    silences : that mute it now.
    """

    incident: Incident
    details: Details | None
    alerts: tuple[Alert, ...]
    deliveries: tuple[Delivery, ...]
    decisions: tuple[Decision, ...]
    acknowledgement: Acknowledgement | None
    silences: tuple[Silence, ...]


def incident_view(backend: Backend, incident_id: str) -> IncidentView | None:
    """Return the incident and what is about it, None if there is none of that id."""
    incident = backend.store.incident(incident_id)
    if incident is None:
        return None
    wall = backend.wall()
    alerts = backend.store.alerts(incident_id=incident_id)
    details = next((alert.details for alert in alerts if alert.details is not None), None)
    labels = incident_labels(backend, incident, details)
    said = {a.incident_id: a for a in backend.desk.acknowledgements()}
    return IncidentView(
        incident=incident,
        details=details,
        alerts=alerts[::-1],
        deliveries=backend.store.deliveries(incident_id=incident_id),
        decisions=backend.store.decisions(incident_id),
        acknowledgement=said.get(incident_id),
        silences=tuple(
            s for s in backend.desk.silences(ending_after=wall) if s.mutes(labels, wall)
        ),
    )
