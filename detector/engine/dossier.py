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
from detector.domain.series import SeriesKey
from detector.domain.times import from_seconds
from detector.engine.memory import Memory
from detector.ports import Store


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
    """

    incident: Incident
    alerts: tuple[Alert, ...] = ()
    fresh: tuple[Alert, ...] = ()
    heard: Mapping[str, Heard] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    observed_until: datetime | None = None

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


def gather(
    store: Store,
    incidents: Mapping[str, Incident],
    fresh: Iterable[Alert],
    memory: Memory,
    *,
    settled: frozenset[str] = frozenset(),
) -> tuple[Dossier, ...]:
    """Return the dossiers of all incidents of which there may be something to tell.

    Those of ``incidents`` that are not ``settled``, and those of ``fresh`` alerts, in order of
    their notice.

    Parameters
    ----------
    store : what was told of them before this turn.
    memory : what is remembered after it.
    """
    new: dict[str, list[Alert]] = {}
    for alert in fresh:
        new.setdefault(alert.incident.id, []).append(alert)
    asked = {one: incident for one, incident in incidents.items() if one not in settled}
    for one, alerts in new.items():
        # Only its alerts know how one stands that began, ended and was replaced in this turn.
        asked[one] = incidents.get(one, alerts[-1].incident)
    return tuple(
        _dossier(store, incident, tuple(new.get(incident.id, ())), memory)
        for incident in sorted(asked.values(), key=lambda i: (i.noticed_at, i.id))
    )


def _dossier(store: Store, incident: Incident, fresh: tuple[Alert, ...], memory: Memory) -> Dossier:
    deliveries: dict[str, list[Delivery]] = {}
    for delivery in store.deliveries(incident_id=incident.id):
        deliveries.setdefault(delivery.receiver, []).append(delivery)
    return Dossier(
        incident=_latest(incident, fresh),
        alerts=tuple(reversed(store.alerts(incident_id=incident.id))),
        fresh=fresh,
        heard={name: heard_of(those) for name, those in deliveries.items()},
        reasons={d.receiver: d.reason for d in store.decisions(incident.id)},
        observed_until=_observed_until(incident, memory),
    )


def _latest(incident: Incident, fresh: tuple[Alert, ...]) -> Incident:
    """Return ``incident``, as the last fresh alert shows it where the memory is behind it."""
    if incident.is_open and fresh and not fresh[-1].incident.is_open:
        return fresh[-1].incident
    return incident


def _observed_until(incident: Incident, memory: Memory) -> datetime | None:
    ends = []
    for source in incident.sources:
        series = memory.series.get(SeriesKey(incident.service, source))
        feed = memory.feeds.get(source)
        if series is not None:
            ends.append(from_seconds(series.next_bin))
        if feed is not None and len(feed.observed):
            ends.append(feed.observed.pairs()[-1][1])
    return max(ends, default=None)
