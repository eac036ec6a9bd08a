"""One incident with everything that is known and was decided about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detector.model.alert import Alert
from detector.model.decision import Decision
from detector.model.delivery import Delivery
from detector.model.details import Details
from detector.model.incident import Incident
from detector.model.matcher import Labels
from detector.model.silence import Acknowledgement, Silence
from detector.notify.route import labels_of as labels_by
from detector.store.base import Store
from detector.views.incident_record import ViewContext


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident as it stands.

    Attributes
    ----------
    incident : the incident.
    details : what its complaints said last, None where only counts are known.
    alerts : what there was to say about it, the earliest first.
    deliveries : every notification sent, waiting or refused, in order.
    decisions : why somebody was notified, and why not, in the order in which they were taken.
    acknowledgement : who is handling it.
    silences : that match it now.
    """

    incident: Incident
    details: Details | None
    alerts: tuple[Alert, ...]
    deliveries: tuple[Delivery, ...]
    decisions: tuple[Decision, ...]
    acknowledgement: Acknowledgement | None
    silences: tuple[Silence, ...]


def incident_view(records: ViewContext, incident_id: str) -> IncidentView | None:
    """Return the incident and what is about it, None if there is none of that id."""
    store = records.store
    incident = store.incident(incident_id)
    if incident is None:
        return None
    wall = records.wall()
    alerts = store.alerts(incident_id=incident_id)
    details = _last_details(alerts)
    labels = labels_by(incident, details, records.settings.services_by_provider)
    acknowledged = {one.incident_id: one for one in records.controls.acknowledgements()}
    silences = records.controls.silences(ending_after=wall)
    return IncidentView(
        incident=incident,
        details=details,
        alerts=alerts[::-1],
        deliveries=store.deliveries(incident_id=incident_id),
        decisions=store.decisions(incident_id),
        acknowledgement=acknowledged.get(incident_id),
        silences=tuple(one for one in silences if one.mutes(labels, wall)),
    )


def labels_of(store: Store, incident: Incident, providers: Mapping[str, Sequence[str]]) -> Labels:
    """Return the labels of ``incident`` that matchers ask for, as its last alert knew them.

    Parameters
    ----------
    providers : services by the provider that they depend on.
    """
    return labels_by(incident, _last_details(store.alerts(incident_id=incident.id)), providers)


def _last_details(alerts: tuple[Alert, ...]) -> Details | None:
    """Return what the complaints said last; the latest alert is the first one."""
    return next((alert.details for alert in alerts if alert.details is not None), None)
