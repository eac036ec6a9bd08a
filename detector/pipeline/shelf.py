"""Dossiers: what is on record of one incident, gathered for a decision about who is told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from detector.model.alert import Alert
from detector.model.decision import Decision
from detector.model.delivery import Delivery
from detector.model.incident import Incident
from detector.model.series import SeriesKey
from detector.model.times import from_seconds
from detector.notify.policy import NotificationPolicy
from detector.notify.state import NOTHING, NotificationState, states_of
from detector.pipeline.feed_notices import HeardOfFeeds, heard_of_feeds
from detector.pipeline.state import PipelineState
from detector.store.base import OnRecord, Store


@dataclass(frozen=True, slots=True, eq=False)
class Dossier:
    """One incident and what became of it.

    Attributes
    ----------
    incident : as it stands.
    alerts : what there was to tell of it, in order, ``fresh`` ones excluded.
    fresh : what there is to tell that is new in this turn, in order.
    states : what each receiver knows, and what was decided about it last.
    observed_until : up to when a source that shows it was observed; None if that is not known.
    is_read : whether what the store has on record is in it.
    """

    incident: Incident
    alerts: tuple[Alert, ...] = ()
    fresh: tuple[Alert, ...] = ()
    states: Mapping[str, NotificationState] = field(default_factory=dict)
    observed_until: datetime | None = None
    is_read: bool = True

    def settled(self, audience: NotificationPolicy, *, now: datetime) -> bool:
        """Return whether nothing is left to tell: it is over, and who heard of it knows that.

        For a while it is kept all the same, for its echoes' sake; and as long as there are dead
        letters about it, which may be sent again.
        """
        resolved = self.incident.resolved_at
        if resolved is None or now - resolved < audience.habits.echo_grace:
            return False
        known = (self.states.get(receiver.name, NOTHING) for receiver in audience.receivers)
        return all(state.ended or not state.messages for state in known)

    @property
    def is_refused(self) -> bool:
        """Whether somebody refused the last message: it may be sent again from outside."""
        return any(state.has_refused for state in self.states.values())

    def after(self, deliveries: Iterable[Delivery], decisions: Iterable[Decision]) -> Dossier:
        """Return the dossier with what was decided, and nothing fresh any more."""
        states = dict(self.states)
        for delivery in deliveries:
            alert = delivery.alert
            if isinstance(alert, Alert) and alert.incident.id == self.incident.id:
                states[delivery.receiver] = states.get(delivery.receiver, NOTHING).plus(alert)
        for decision in decisions:
            if decision.incident_id == self.incident.id:
                before = states.get(decision.receiver, NOTHING)
                states[decision.receiver] = before.after(decision)
        told = (*self.alerts, *self.fresh)
        return replace(self, alerts=told, fresh=(), states=states)


def standing(before: PipelineState, after: PipelineState) -> dict[str, Incident]:
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
    states = states_of(known.deliveries, known.decisions)
    return Dossier(incident, known.alerts, states=states)


# The shelf: dossiers kept from turn to turn, so that the store is not asked for all of them again.
#
# Nobody but the pipeline writes what they hold, except that a dead letter may be sent again from
# outside: what somebody refused is read anew every turn.


#: The end of an incident that another of its service has replaced is owed for so long: quiet hours
#: may last from one week to the next.
OWED_FOR = timedelta(days=8)


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """What one turn leaves to the next.

    Attributes
    ----------
    dossiers : of the incidents that may have something to tell, by id.
    settled : incidents that are over and of which nobody is left to be told.
    feeds : what receivers were told of sources.
    """

    dossiers: Mapping[str, Dossier] = field(default_factory=dict)
    settled: frozenset[str] = frozenset()
    feeds: HeardOfFeeds = field(default_factory=dict)

    def without(self, refused: Iterable[Delivery]) -> Shelf:
        """Return the shelf without what is known of incidents of which a message was ``refused``.

        They are read anew in the next turn.
        """
        about = {delivery.alert.about for delivery in refused} & self.dossiers.keys()
        blank = {one: Dossier(self.dossiers[one].incident, is_read=False) for one in about}
        return replace(self, dossiers={**self.dossiers, **blank})

    def after(
        self,
        dossiers: Iterable[Dossier],
        audience: NotificationPolicy,
        *,
        standing: Collection[str],
        now: datetime,
    ) -> Shelf:
        """Return the shelf after a turn that took up ``dossiers``.

        Parameters
        ----------
        standing : the latest incidents of the services; others are kept while their end is owed.
        """
        kept: dict[str, Dossier] = {}
        settled = set(self.settled)
        for dossier in dossiers:
            one, ended = dossier.incident.id, dossier.incident.resolved_at
            if dossier.settled(audience, now=now):
                settled.add(one)
            elif one in standing or ended is None or now - ended < OWED_FOR:
                kept[one] = dossier
        return replace(self, dossiers=kept, settled=frozenset(settled.intersection(standing)))


def start_shelf(
    store: Store,
    *,
    since: datetime,
    sources: Collection[str] = (),
    feed_receivers: Collection[str] = (),
) -> Shelf:
    """Return the shelf after a start: who was told of what ended since, and not of its end.

    Parameters
    ----------
    sources : those of which ``feed_receivers`` may have been told.
    """
    owed = store.unended(since=since)
    dossiers = {incident.id: Dossier(incident, is_read=False) for incident in owed}
    return Shelf(dossiers, feeds=heard_of_feeds(store, sources, feed_receivers))


def gather(
    store: Store,
    incidents: Mapping[str, Incident],
    fresh: Iterable[Alert],
    memory: PipelineState,
    *,
    shelf: Shelf,
) -> tuple[Dossier, ...]:
    """Return the dossiers of all incidents of which there may be something to tell.

    Those of ``incidents`` that are not settled, those on the shelf, and those of ``fresh`` alerts,
    in order of their notice.

    Parameters
    ----------
    store : what was told of them before this turn.
    incidents : the latest of each service, as they stand, by id.
    memory : what is remembered after the turn.
    """
    new: dict[str, list[Alert]] = {}
    for alert in fresh:
        new.setdefault(alert.incident.id, []).append(alert)
    asked = {one: dossier.incident for one, dossier in shelf.dossiers.items()}
    asked |= {one: known for one, known in incidents.items() if one not in shelf.settled}
    for one, alerts in new.items():
        # Only its alerts know how one stands that began, ended and was replaced in this turn.
        asked[one] = incidents.get(one, alerts[-1].incident)
    known = _known(store, asked.values(), shelf)
    return tuple(
        _dossier(known[incident.id], incident, tuple(new.get(incident.id, ())), memory)
        for incident in sorted(asked.values(), key=lambda i: (i.noticed_at, i.id))
    )


def _known(store: Store, incidents: Iterable[Incident], shelf: Shelf) -> Mapping[str, Dossier]:
    """Return what is known of ``incidents``; what is not on the shelf is read, all at once."""
    shelved = {one: d for one, d in shelf.dossiers.items() if d.is_read and not d.is_refused}
    unread = {incident.id: incident for incident in incidents if incident.id not in shelved}
    read = store.on_record(unread) if unread else {}
    return {**shelved, **{one: dossier_of(unread[one], known) for one, known in read.items()}}


def _dossier(
    known: Dossier, incident: Incident, fresh: tuple[Alert, ...], memory: PipelineState
) -> Dossier:
    return replace(
        known,
        incident=_latest(incident, fresh),
        fresh=fresh,
        observed_until=_observed_until(incident, memory),
    )


def _latest(incident: Incident, fresh: tuple[Alert, ...]) -> Incident:
    """Return ``incident``, as the last fresh alert shows it where the memory is behind it."""
    if incident.is_open and fresh and not fresh[-1].incident.is_open:
        return fresh[-1].incident
    return incident


def _observed_until(incident: Incident, memory: PipelineState) -> datetime | None:
    ends = []
    for source in incident.sources:
        series = memory.series.get(SeriesKey(incident.service, source))
        feed = memory.feeds.get(source)
        if series is not None:
            ends.append(from_seconds(series.next_bin))
        if feed is not None and len(feed.observed):
            ends.append(from_seconds(float(feed.observed.ends[-1])))
    return max(ends, default=None)


# What receivers that forget are told again.


#: An end that is on its way gets there within a day, or is given up.
_ON_ITS_WAY = timedelta(days=1)


def standing_incidents(memory: PipelineState, shelf: Shelf, *, now: datetime) -> Iterator[Incident]:
    """Yield the incidents of which a receiver may know something that stands.

    Those that go on, those whose end is owed to somebody although another incident of the service
    has replaced them, and the latest of each service that ended within a day.

    Parameters
    ----------
    memory, shelf : what the turn left.
    now : time of the data.
    """
    found = {one: dossier.incident for one, dossier in shelf.dossiers.items()}
    for known in memory.incidents.values():
        if known.told is not None:
            incident = known.merging.incident()
            found[incident.id] = incident
    for one, incident in found.items():
        if one in shelf.dossiers or _may_stand(incident, now):
            yield incident


def _may_stand(incident: Incident, now: datetime) -> bool:
    return incident.resolved_at is None or now - incident.resolved_at < _ON_ITS_WAY
