"""The shelf: dossiers kept from turn to turn, so that the store is not asked for all of them again.

Nobody but the pipeline writes what they hold, except that a dead letter may be sent again from
outside: what somebody refused is read anew every turn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from detector.alerting.audience import Audience
from detector.domain.alert import Alert
from detector.domain.delivery import Delivery
from detector.domain.incident import Incident
from detector.domain.series import SeriesKey
from detector.domain.times import from_seconds
from detector.engine.dossier import Dossier, dossier_of
from detector.engine.feed_notices import HeardOfFeeds, heard_of_feeds
from detector.engine.memory import Memory
from detector.ports import Store

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
        audience: Audience,
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
    memory: Memory,
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
    known: Dossier, incident: Incident, fresh: tuple[Alert, ...], memory: Memory
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


def _observed_until(incident: Incident, memory: Memory) -> datetime | None:
    ends = []
    for source in incident.sources:
        series = memory.series.get(SeriesKey(incident.service, source))
        feed = memory.feeds.get(source)
        if series is not None:
            ends.append(from_seconds(series.next_bin))
        if feed is not None and len(feed.observed):
            ends.append(from_seconds(float(feed.observed.ends[-1])))
    return max(ends, default=None)
