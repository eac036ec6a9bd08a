"""Dossiers: what is on record of one incident, gathered for a decision about who is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from detector.alerting.audience import Audience
from detector.alerting.heard import NOTHING, Heard, heard_of
from detector.domain.alert import Alert
from detector.domain.decision import Decision
from detector.domain.delivery import Delivery
from detector.domain.incident import Incident
from detector.engine.memory import Memory
from detector.ports import OnRecord


@dataclass(frozen=True, slots=True, eq=False)
class Dossier:
    """One incident and what became of it.

    Attributes
    ----------
    incident : as it stands.
    alerts : what there was to tell of it, in order, ``fresh`` ones excluded.
    fresh : what there is to tell that is new in this turn, in order.
    heard : what each receiver knows.
    reasons : the last recorded reason by receiver.
    observed_until : up to when a source that shows it was observed; None if that is not known.
    is_read : whether what the store has on record is in it.
    """

    incident: Incident
    alerts: tuple[Alert, ...] = ()
    fresh: tuple[Alert, ...] = ()
    heard: Mapping[str, Heard] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    observed_until: datetime | None = None
    is_read: bool = True

    def settled(self, audience: Audience, *, now: datetime) -> bool:
        """Return whether nothing is left to tell: it is over, and who heard of it knows that.

        For a while it is kept all the same, for its echoes' sake; and as long as there are dead
        letters about it, which may be sent again.
        """
        resolved = self.incident.resolved_at
        if resolved is None or now - resolved < audience.habits.echo_grace:
            return False
        known = (self.heard.get(receiver.name, NOTHING) for receiver in audience.receivers)
        return all(h.ended or not h.messages for h in known)

    @property
    def is_refused(self) -> bool:
        """Whether somebody refused the last message: it may be sent again from outside."""
        return any(heard.tried > heard.sequence for heard in self.heard.values())

    def after(self, deliveries: Iterable[Delivery], decisions: Iterable[Decision]) -> Dossier:
        """Return the dossier with what was decided, and nothing fresh any more."""
        heard, reasons = dict(self.heard), dict(self.reasons)
        for delivery in deliveries:
            alert = delivery.alert
            if isinstance(alert, Alert) and alert.incident.id == self.incident.id:
                heard[delivery.receiver] = heard.get(delivery.receiver, NOTHING).plus(alert)
        for decision in decisions:
            if decision.incident_id == self.incident.id:
                reasons[decision.receiver] = decision.reason
        told = (*self.alerts, *self.fresh)
        return replace(self, alerts=told, fresh=(), heard=heard, reasons=reasons)


def standing(before: Memory, after: Memory) -> dict[str, Incident]:
    """Return, by id, the latest incidents of which there was something to tell, as they stand.

    Parameters
    ----------
    before, after : the memory before a turn and after it: an incident that a new one of the same
        service has replaced in this turn is still in the first.
    """
    found: dict[str, Incident] = {}
    for memory in (before, after):
        for service, known in memory.incidents.items():
            unchanged = memory is before and after.incidents.get(service) is known
            if known.told is not None and not unchanged:
                incident = known.merging.incident()
                found[incident.id] = incident
    return found


def after_all(
    dossiers: Iterable[Dossier], deliveries: Iterable[Delivery], decisions: Iterable[Decision]
) -> list[Dossier]:
    """Return every dossier with what was decided about its incident."""
    sent: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        sent.setdefault(delivery.alert.about, []).append(delivery)
    decided: dict[str, list[Decision]] = {}
    for decision in decisions:
        decided.setdefault(decision.incident_id, []).append(decision)
    return [d.after(sent.get(d.incident.id, ()), decided.get(d.incident.id, ())) for d in dossiers]


def dossier_of(incident: Incident, known: OnRecord) -> Dossier:
    """Return the dossier of ``incident``, of which the store has ``known`` on record."""
    deliveries: dict[str, list[Delivery]] = {}
    for delivery in known.deliveries:
        deliveries.setdefault(delivery.receiver, []).append(delivery)
    return Dossier(
        incident=incident,
        alerts=known.alerts,
        heard={name: heard_of(those) for name, those in deliveries.items()},
        reasons={d.receiver: d.reason for d in known.decisions},
    )
