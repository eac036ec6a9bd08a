"""What the engine asks of the world: Protocols, and the values that cross them.

Adapters live in ``sources``, ``stores`` and ``sinks``; tests use fakes of the same shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import pandas as pd

from detector.domain.alert import Alert
from detector.domain.delivery import Delivery, DeliveryStatus
from detector.domain.incident import Incident


@dataclass(frozen=True, slots=True, eq=False)
class Pull:
    """What one look at a source brought.

    Attributes
    ----------
    cursor : where the next look continues; opaque to everybody but the source.
    posts : rows of the posts table (``time, text`` and its optional columns), or None.
    counts : rows of the counts table (``time, service, count``, optionally ``source`` and, for a
        trending list, ``floor`` and ``title``), or None.
    width : bin width of ``counts``, None without counts.
    observed : half-open UTC spans ``[start, end)`` in which the source was looked at. For posts a
        bin inside them without a post is zero; outside them nothing is known.
    exhausted : whether the source has said all that it will ever say (a file read by ``replay``).
    """

    cursor: str | None
    posts: pd.DataFrame | None = None
    counts: pd.DataFrame | None = None
    width: timedelta | None = None
    observed: tuple[tuple[datetime, datetime], ...] = ()
    exhausted: bool = False


class Source(Protocol):
    """A place that complaints come from."""

    @property
    def name(self) -> str:
        """The name in ``config.toml``; it becomes the ``source`` of the counts."""

    def pull(self, cursor: str | None, *, until: datetime) -> Pull:
        """Return what is new since ``cursor`` (None: from the beginning) and before ``until``.

        Pulling twice from the same cursor gives the same rows or more, so a crash between pull
        and commit loses nothing. Raises `InputError` when what it finds cannot be read.
        """


class Sink(Protocol):
    """A place that alerts go to."""

    @property
    def name(self) -> str:
        """The receiver's name in ``config.toml``."""

    def send(self, alert: Alert) -> None:
        """Hand ``alert`` over, or raise `Rejected` (do not retry) or `Unreachable` (retry)."""


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
    """

    memory: Mapping[str, bytes | None] = field(default_factory=dict)
    counts: pd.DataFrame | None = None
    incidents: Sequence[Incident] = ()
    deliveries: Sequence[Delivery] = ()


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

    def deliveries(self, *, incident_id: str | None = None) -> tuple[Delivery, ...]:
        """Return what was, is being or could not be delivered, in order of the alerts' times."""

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

    def close(self) -> None:
        """Release files and connections."""
