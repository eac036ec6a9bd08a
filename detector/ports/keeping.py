"""What the pipeline keeps, and the right to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import pandas as pd

from detector.domain.alert import Alert
from detector.domain.decision import Decision
from detector.domain.delivery import Delivery, DeliveryStatus
from detector.domain.feed import FeedHealth
from detector.domain.incident import Incident


@dataclass(frozen=True, slots=True, eq=False)
class CycleRecord:
    """Everything that one cycle leaves behind, written in one transaction or not at all.

    Attributes
    ----------
    memory : what the next cycle must find again, by key; None deletes the key.
    counts : ``time, service, source, count, expected, evidence``, one row per bin; a row of the
        same service, source and time replaces the one before.
    incidents : incidents opened or changed, as they are now.
    deliveries : alerts for the outbox; one whose (receiver, key) is there already is left alone.
    alerts : what there is to tell, whoever is told; one whose key is there already is left alone.
    decisions : why people are told, and why not.
    feeds : sources whose health changed or that were looked at, as they are now.
    """

    memory: Mapping[str, bytes | None] = field(default_factory=dict)
    counts: pd.DataFrame | None = None
    incidents: Sequence[Incident] = ()
    deliveries: Sequence[Delivery] = ()
    alerts: Sequence[Alert] = ()
    decisions: Sequence[Decision] = ()
    feeds: Sequence[FeedHealth] = ()


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is on record of one incident.

    Attributes
    ----------
    alerts : what there was to tell, in order.
    decisions : by time, then receiver.
    deliveries : in order of the alerts' times.
    """

    alerts: tuple[Alert, ...] = ()
    decisions: tuple[Decision, ...] = ()
    deliveries: tuple[Delivery, ...] = ()


class Store(Protocol):
    """Where state, counts, incidents and the outbox live."""

    def memory(self) -> dict[str, bytes]:
        """Return everything that the last committed cycle remembered."""

    def commit(self, record: CycleRecord) -> None:
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
        """Return the decisions about one incident, by time, then receiver."""

    def feeds(self) -> tuple[FeedHealth, ...]:
        """Return how each source is, by name."""

    def deliveries(self, *, incident_id: str | None = None) -> tuple[Delivery, ...]:
        """Return what was, is being or could not be delivered, in order of the alerts' times."""

    def on_record(self, incident_ids: Collection[str]) -> Mapping[str, OnRecord]:
        """Return what is on record of many incidents at once, by id; every id has an entry."""

    def last_said(
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
