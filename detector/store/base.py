"""What is asked of a store: protocols for the pipeline, for readers, for controls and pushed rows.

The adapters in this room fulfil them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import pandas as pd

from detector.model.alert import Alert
from detector.model.decision import Decision, Reason
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.health import SourceHealth
from detector.model.incident import Incident
from detector.model.push_batch import PushBatch
from detector.model.silence import Acknowledgement, Silence
from detector.model.token import Token


@dataclass(frozen=True, slots=True, eq=False)
class RunRecord:
    """Everything that one cycle leaves behind, written in one transaction or not at all.

    Attributes
    ----------
    state : what the next run must find again, by key; None deletes the key.
    counts : ``time, service, source, count, expected, evidence``, one row per bin; a row of the
        same service, source and time replaces the one before.
    incidents : incidents opened or changed, as they are now.
    deliveries : alerts for the outbox; one whose (receiver, key) is there already is left alone.
    alerts : whoever is notified; one whose key is there already is left alone.
    decisions : why people are told, and why not, in the order in which that was decided; one that
        is there already is not there twice, but the last one.
    source_health : sources whose health changed or that were looked at, as they are now.
    """

    state: Mapping[str, bytes | None] = field(default_factory=dict)
    counts: pd.DataFrame | None = None
    incidents: Sequence[Incident] = ()
    deliveries: Sequence[Delivery] = ()
    alerts: Sequence[Alert] = ()
    decisions: Sequence[Decision] = ()
    source_health: Sequence[SourceHealth] = ()


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is on record of one incident.

    Attributes
    ----------
    alerts : what there was to tell, in order.
    decisions : in the order in which they were taken.
    deliveries : in order of the alerts' times.
    """

    alerts: tuple[Alert, ...] = ()
    decisions: tuple[Decision, ...] = ()
    deliveries: tuple[Delivery, ...] = ()


class Store(Protocol):
    """Where state, counts, incidents and the outbox live."""

    def state(self) -> dict[str, bytes]:
        """Return everything that the last committed cycle remembered."""

    def commit(self, record: RunRecord) -> None:
        """Write ``record`` in one transaction."""

    def counts(self, service: str, *, start: datetime, end: datetime) -> pd.DataFrame:
        """Return the service's rows with ``start <= time < end``, by time, then source."""

    def incidents(
        self, *, service: str | None = None, limit: int | None = None
    ) -> tuple[Incident, ...]:
        """Return incidents, the one noticed last first."""

    def incident(self, incident_id: str) -> Incident | None:
        """Return one incident, or None."""

    def alerts(
        self, *, incident_id: str | None = None, limit: int | None = None
    ) -> tuple[Alert, ...]:
        """Return what there was to tell, the latest first."""

    def decisions(self, incident_id: str) -> tuple[Decision, ...]:
        """Return the decisions about one incident, in the order in which they were taken."""

    def decision_counts(self) -> Mapping[tuple[Reason, str], int]:
        """Return how many decisions there are of each reason and receiver."""

    def source_health(self) -> tuple[SourceHealth, ...]:
        """Return how each source is, by name."""

    def deliveries(self, *, incident_id: str | None = None) -> tuple[Delivery, ...]:
        """Return what was, is being or could not be delivered, in order of the alerts' times."""

    def on_record(self, incident_ids: Collection[str]) -> Mapping[str, OnRecord]:
        """Return what is on record of many incidents at once, by id; every id has an entry."""

    def last_taken(
        self, receivers: Collection[str], incident_ids: Collection[str]
    ) -> tuple[Delivery, ...]:
        """Return the last message of each incident that each receiver took, or refused as its end.

        By incident, then receiver.
        """

    def unended(self, *, since: datetime) -> tuple[Incident, ...]:
        """Return incidents that ended at ``since`` or later and whose end somebody is owed, by id.

        A receiver is, if the last message that it got or will get of one does not tell of an end.
        """

    def due(self, now: datetime, *, limit: int) -> tuple[Delivery, ...]:
        """Return pending deliveries that are due at ``now``, in order of their alerts.

        One whose predecessor (same incident, same receiver) is pending and not due yet waits
        for it, so that order is kept within an incident.
        """

    def mark(
        self,
        delivery: Delivery,
        status: DeliveryStatus,
        *,
        at: datetime,
        due_at: datetime | None = None,
        error: str | None = None,
    ) -> None:
        """Record an attempt at ``at``: sent, pending again until ``due_at``, or dead."""

    def forget(self, *, before: datetime) -> int:
        """Drop counts before that time, and messages about incidents that were over by then.

        Incidents, what there was to tell and why stay. Return how many rows went.
        """

    def close(self) -> None:
        """Release files and connections."""


class Lease(Protocol):
    """The right to write to a store, which one instance has at a time.

    Attributes
    ----------
    ttl : a holder that does not `take` it again for so long may lose it; None: it never does.
    term : number of the present holder's reign, None while it is not ours. What was read from the
        store in an earlier term may have changed since.
    """

    @property
    def ttl(self) -> timedelta | None:
        """See the class."""

    @property
    def term(self) -> int | None:
        """See the class."""

    def take(self) -> bool:
        """Take or renew it; return whether it is ours now."""

    def renew(self) -> bool:
        """Keep it for another `ttl` if it is ours; return whether it is. Begins no new term."""

    def release(self) -> None:
        """Let another instance have it at once."""


@dataclass(frozen=True, slots=True)
class IncidentQuery:
    """Which incidents are asked for.

    Attributes
    ----------
    service : of this one only.
    is_open : only those that go on, or only those that are over.
    since, until : noticed in ``[since, until)``.
    before : behind this one (``noticed_at`` and id) in the order of the answer.
    limit : at most so many.
    reason : only those about which a decision was taken for this reason.
    receiver : only those about which a decision was taken for this receiver; with ``reason``, one
        for this reason.
    """

    service: str | None = None
    is_open: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: tuple[datetime, str] | None = None
    limit: int | None = None
    reason: Reason | None = None
    receiver: str | None = None


class Viewer(Store, Protocol):
    """A store opened for looking, with what pages and the API ask beside."""

    def services(self) -> tuple[str, ...]:
        """Return the services that have counts or incidents, by name."""

    def latest(self, services: Sequence[str]) -> pd.DataFrame:
        """Return the last observed bin of every source of ``services``.

        Of a service, sources count that were heard in the six hours before its last bin. ``time,
        service, source, count, expected, evidence``, by service in the order given, then source.
        """

    def last_incidents(self) -> Mapping[str, Incident]:
        """Return, by service, the incident that goes on, else the one noticed last."""

    def curve(
        self, *, start: datetime, end: datetime, step: timedelta, service: str | None = None
    ) -> pd.DataFrame:
        """Return the observed bins of ``[start, end)`` melted into steps that keep the peaks.

        A step's left edge is a multiple of ``step`` since 1970; steps without an observed bin
        have no row. ``service, source, time`` (left edge), ``count`` (the highest of its bins),
        ``low`` (the lowest), ``total``, ``expected`` (mean), ``evidence`` (highest), ``bins``
        (how many were observed); by service, source, time.
        """

    def incident_page(self, asked: IncidentQuery) -> tuple[Incident, ...]:
        """Return the incidents that ``asked`` is about, the one noticed last first."""

    def alert_page(
        self, *, before: tuple[datetime, str, int] | None, limit: int
    ) -> tuple[Alert, ...]:
        """Return alerts behind ``before`` (time, incident, sequence), the latest first."""

    def outbox(self) -> Mapping[DeliveryStatus, int]:
        """Return how many deliveries there are of every status."""


class Controls(Protocol):
    """What people say, on the command line or over the network, while the pipeline runs."""

    def silences(self, *, ending_after: datetime | None = None) -> tuple[Silence, ...]:
        """Return silences that end after that time (None: all), the one that begins first first."""

    def silence(self, silence: Silence) -> None:
        """Keep ``silence``; it replaces the one with the same id."""

    def expire(self, silence_id: str, at: datetime) -> bool:
        """End a silence at ``at``; one that has not begun is removed. Return whether it was there.

        One that ended before is left as it is.
        """

    def acknowledgements(self) -> tuple[Acknowledgement, ...]:
        """Return what is in hand, by incident."""

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Keep it; it replaces the one about the same incident."""

    def withdraw(self, incident_id: str) -> bool:
        """Forget the acknowledgement of an incident. Return whether there was one."""

    def tokens(self) -> tuple[Token, ...]:
        """Return every token's name, scope and digest, by name."""

    def add_token(self, token: Token) -> bool:
        """Keep ``token``. Return whether its name was free; if not, nothing is changed."""

    def revoke_token(self, name: str) -> bool:
        """Forget a token. Return whether there was one."""

    def close(self) -> None:
        """Release files and connections."""


class Inbox(Protocol):
    """Where pushed rows wait for the source that takes them in."""

    def put(self, batch: PushBatch) -> bool:
        """Keep ``batch``. Return whether its (source, key) is new; if not, nothing is changed."""

    def held(self, source: str, key: str) -> PushBatch | None:
        """Return the batch with that key, None if there is none (any more)."""

    def after(self, source: str, position: int, *, limit: int) -> tuple[PushBatch, ...]:
        """Return the batches for ``source`` behind ``position``, in order of arrival."""

    def forget(self, source: str, *, up_to: int, before: datetime) -> None:
        """Drop batches for ``source`` up to that position that were received before that time."""

    def close(self) -> None:
        """Release files and connections."""
