"""From what was said of series to incidents, and what people are told about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from detector.alerting.decide import Reason, Told, reason_to_tell
from detector.domain.alert import Alert
from detector.domain.details import Details, Speakers
from detector.domain.incident import Incident
from detector.domain.merge import Merging
from detector.domain.series import SeriesKey
from detector.domain.severity import severity_of
from detector.domain.surge import Change, ChangeKind
from detector.engine.complaints import Archive
from detector.engine.describe import describe
from detector.engine.memory import LatestIncident
from detector.engine.plan import Plan


class Said(NamedTuple):
    """A change and where it was seen; sorts by time, then service and source."""

    at: datetime
    key: SeriesKey
    order: int
    change: Change
    width: timedelta
    trending: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a change of an incident was told, and why."""

    at: datetime
    incident_id: str
    reason: Reason


class Telling(NamedTuple):
    """What became of the changes.

    Attributes
    ----------
    latest : the latest incident of each service, open or closed.
    incidents : those that changed, as they stand, in order of their last change.
    alerts : what to tell, in order.
    decisions : why, and why not.
    """

    latest: Mapping[str, LatestIncident]
    incidents: tuple[Incident, ...]
    alerts: tuple[Alert, ...]
    decisions: tuple[Decision, ...]


def tell(
    before: Mapping[str, LatestIncident], said: Sequence[Said], archive: Archive, plan: Plan
) -> Telling:
    """Fold changes into incidents, in order, and decide after each what people are told."""
    latest = dict(before)
    changed: dict[str, Incident] = {}
    alerts, decisions = [], []
    for at, key, _, change, width, is_trending in said:
        known = _incident_of(change, latest.get(key.service), key.service, plan)
        severity = severity_of(change.surge, width=width, trending=is_trending, rules=plan.severity)
        merging = known.merging.with_surge(key.source, change.surge, severity)
        incident = merging.incident()
        reason, details = _judge(incident, known.told, archive, plan, at)
        told = known.told
        if reason.kind is not None:
            told = Told(1 + (told.messages if told else 0), incident.severity, not incident.is_open)
            alerts.append(Alert(reason.kind, at, incident, told.messages, details))
        decisions.append(Decision(at, incident.id, reason))
        changed.pop(incident.id, None)
        changed[incident.id] = incident
        latest[key.service] = LatestIncident(merging, told)
    return Telling(latest, tuple(changed.values()), tuple(alerts), tuple(decisions))


def _incident_of(
    change: Change, known: LatestIncident | None, service: str, plan: Plan
) -> LatestIncident:
    """Return the incident that ``change`` belongs to.

    A surge that begins within `Plan.regroup` of the end of the last incident goes on with it: it
    flaps. Otherwise it is a new one.
    """
    if known is None:
        return LatestIncident(Merging(service))
    ended = known.merging.incident().ended_at
    if change.kind is not ChangeKind.OPENED or ended is None:
        return known
    flaps = change.surge.onset.at - ended <= plan.regroup
    return known if flaps else LatestIncident(Merging(service))


def _judge(
    incident: Incident, told: Told | None, archive: Archive, plan: Plan, at: datetime
) -> tuple[Reason, Details | None]:
    """Return why to tell or not, and, if so, what the complaints say."""
    reason = reason_to_tell(incident, told)
    if reason.kind is None:
        return reason, None
    details = describe(incident, archive, at=at, configured=plan.services)
    speakers = Speakers.PEOPLE if details is None else details.speakers
    return reason_to_tell(incident, told, speakers=speakers), details
