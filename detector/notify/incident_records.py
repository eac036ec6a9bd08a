"""What is kept of incidents between runs, so that the store is not asked for all of them again.

Nobody but the pipeline writes what the records hold, except that a dead letter may be sent again
from outside: what a receiver refused is read anew in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from detector.model.alert import Alert
from detector.model.decision import Decision
from detector.model.delivery import Delivery
from detector.model.incident import Incident
from detector.notify.notification_state import NOTHING, NotificationState, states_of
from detector.notify.policy import NotificationPolicy
from detector.store.base import Store

#: The end of an incident that another of its service has replaced is owed for so long: a mute time
#: interval may last from one week to the next.
OWED_FOR = timedelta(days=8)
#: An end that is on its way gets there within a day, or is given up.
_ON_ITS_WAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class IncidentRecord:
    """One incident, what there was to say of it, and who knows what.

    Attributes
    ----------
    incident : as it stands.
    alerts : what there was to say of it before this run, in order.
    fresh : what there is to say that is new in this run, in order.
    states : what each receiver knows, and what was decided about it last; the receiver without a
        name stands for the incident as a whole.
    observed_until : up to when a source that shows it was observed; None if that is not known.
    is_read : whether what the store has on record is in it.
    is_settled : whether it is over and nobody is left to be notified.
    """

    incident: Incident
    alerts: tuple[Alert, ...] = ()
    fresh: tuple[Alert, ...] = ()
    states: Mapping[str, NotificationState] = field(default_factory=dict)
    observed_until: datetime | None = None
    is_read: bool = True
    is_settled: bool = False

    @property
    def all_alerts(self) -> tuple[Alert, ...]:
        """All there was to say of it, in order."""
        return (*self.alerts, *self.fresh)

    @property
    def is_refused(self) -> bool:
        """Whether a receiver refused the last message: it may be sent again from outside."""
        return any(state.has_refused for state in self.states.values())

    def settles(self, policy: NotificationPolicy, *, now: datetime) -> bool:
        """Return whether nothing is left to say: it is over, and who knows of it knows that.

        For a while there is, for the sake of related incidents; and as long as there are dead
        letters about it, which may be sent again.
        """
        resolved = self.incident.resolved_at
        if resolved is None or now - resolved < policy.timing.related_grace:
            return False
        known = (self.states.get(receiver.name, NOTHING) for receiver in policy.receivers)
        return all(state.ended or not state.messages for state in known)

    def after(
        self, states: Mapping[str, NotificationState], decision: Decision | None = None
    ) -> IncidentRecord:
        """Return the record after a run, with nothing fresh any more.

        Parameters
        ----------
        states : what receivers know now.
        decision : the run's last one about the incident as a whole.
        """
        whole = {} if decision is None else {"": states.get("", NOTHING).after(decision)}
        return replace(self, alerts=self.all_alerts, fresh=(), states={**states, **whole})


IncidentRecords = Mapping[str, IncidentRecord]
"""By id of the incident: what one run leaves to the next."""


def read_records(store: Store, *, since: datetime) -> IncidentRecords:
    """Return the records after a start: of what ended since and whose end somebody is owed."""
    owed = store.unended(since=since)
    return {incident.id: IncidentRecord(incident, is_read=False) for incident in owed}


def gather(
    store: Store,
    incidents: Mapping[str, Incident],
    fresh: Iterable[Alert],
    *,
    kept: IncidentRecords,
    observed_until: Callable[[Incident], datetime | None],
    is_over: Callable[[IncidentRecord], bool] = lambda _: False,
) -> tuple[IncidentRecord, ...]:
    """Return the records of all incidents of which there may be something to say.

    Those of ``incidents`` and of ``kept`` ones that are not settled, and those of ``fresh`` alerts,
    in order of their notice.

    Parameters
    ----------
    store : what was said of them before this run; it is asked once for all that is not kept.
    incidents : the latest of each service, as they stand, by id.
    kept : what the run before left.
    observed_until : up to when a source that shows an incident was observed.
    is_over : whether nothing is left to say of one that was read. After a start these are settled
        at once, as they would be had there been none.
    """
    new: dict[str, list[Alert]] = {}
    for alert in fresh:
        new.setdefault(alert.incident.id, []).append(alert)
    again = _roots_of(alerts[-1] for alerts in new.values())
    open_ones = {one: r for one, r in kept.items() if not r.is_settled or one in again}
    asked = {one: record.incident for one, record in open_ones.items()}
    asked |= {i: known for i, known in incidents.items() if i in open_ones or i not in kept}
    for one, alerts in new.items():
        # Only its alerts know how one stands that began, ended and was replaced in this run.
        asked[one] = incidents.get(one, alerts[-1].incident)
    known = _known(store, asked, open_ones)
    ordered = sorted(asked.values(), key=lambda i: (i.noticed_at, i.id))
    found = ((incident, tuple(new.get(incident.id, ()))) for incident in ordered)
    records = [
        replace(
            known[incident.id],
            incident=_latest(incident, alerts),
            fresh=alerts,
            observed_until=observed_until(incident),
        )
        for incident, alerts in found
    ]
    wanted = kept.keys() | new.keys() | _roots(records)
    return tuple(
        replace(record, is_settled=record.incident.id not in wanted and is_over(record))
        for record in records
    )


def _roots(records: Iterable[IncidentRecord]) -> set[str]:
    """Return the ids of the roots of open incidents, and of those that ended in this run.

    How a root stands, and who knows of it, is asked when these are decided about.
    """
    asking = [r for r in records if r.all_alerts and (r.incident.is_open or r.fresh)]
    return _roots_of(record.all_alerts[-1] for record in asking)


def _roots_of(alerts: Iterable[Alert]) -> set[str]:
    return {alert.attribution.root_id for alert in alerts if alert.attribution is not None}


def _known(
    store: Store, incidents: Mapping[str, Incident], kept: IncidentRecords
) -> IncidentRecords:
    """Return what is known of ``incidents``; what is not kept is read, all at once."""
    good = {one: r for one, r in kept.items() if r.is_read and not r.is_refused}
    unread = {one: incident for one, incident in incidents.items() if one not in good}
    read = store.on_record(unread) if unread else {}
    return good | {
        one: IncidentRecord(
            unread[one], found.alerts, states=states_of(found.deliveries, found.decisions)
        )
        for one, found in read.items()
    }


def _latest(incident: Incident, fresh: tuple[Alert, ...]) -> Incident:
    """Return ``incident``, as the last fresh alert shows it where the state is behind it."""
    if incident.is_open and fresh and not fresh[-1].incident.is_open:
        return fresh[-1].incident
    return incident


def keep(
    before: IncidentRecords,
    records: Iterable[IncidentRecord],
    policy: NotificationPolicy,
    *,
    latest: Collection[str],
    now: datetime,
) -> IncidentRecords:
    """Return what is kept after a run.

    Parameters
    ----------
    before : what was kept before it: of what is settled no more than that is kept.
    records : those that the run was about.
    latest : ids of the latest incidents of the services; others are kept while their end is owed.
    """
    kept = {one: r for one, r in before.items() if r.is_settled and one in latest}
    found = list(records)
    roots = _roots(found)
    for record in found:
        one, ended = record.incident.id, record.incident.resolved_at
        if record.is_settled or (one not in roots and record.settles(policy, now=now)):
            if one in latest:
                kept[one] = IncidentRecord(record.incident, is_read=False, is_settled=True)
        elif one in latest or ended is None or now - ended < OWED_FOR:
            kept[one] = record
    return kept


def without(kept: IncidentRecords, refused: Iterable[Delivery]) -> IncidentRecords:
    """Return what is ``kept``, but nothing of incidents of which a message was ``refused``.

    They are read anew in the next run.
    """
    about = {delivery.alert.about for delivery in refused}
    return {
        one: IncidentRecord(record.incident, is_read=False) if one in about else record
        for one, record in kept.items()
    }


def standing_incidents(
    latest: Iterable[Incident], kept: IncidentRecords, *, now: datetime
) -> Iterator[Incident]:
    """Yield the incidents of which a receiver may know something that stands.

    Those that are open, those whose end is owed to somebody although another incident of the
    service has replaced them, and the latest of each service that ended within a day.

    Parameters
    ----------
    latest : the latest incident of each service of which there was something to say.
    kept : what the run left.
    now : time of the data.
    """
    owed = {one: record.incident for one, record in kept.items() if not record.is_settled}
    for one, incident in (owed | {incident.id: incident for incident in latest}).items():
        if one in owed or _may_stand(incident, now):
            yield incident


def _may_stand(incident: Incident, now: datetime) -> bool:
    return incident.resolved_at is None or now - incident.resolved_at < _ON_ITS_WAY
