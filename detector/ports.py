"""What the engine asks of the world: Protocols, and the values that cross them.

Adapters live in ``sources``, ``stores`` and ``sinks``; tests use fakes of the same shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

import pandas as pd

from detector.domain.alert import Alert
from detector.domain.decision import Decision
from detector.domain.delivery import Delivery, DeliveryStatus
from detector.domain.desk import Acknowledgement, Silence
from detector.domain.feed import FeedAlert, FeedHealth
from detector.domain.incident import Incident
from detector.domain.parcel import Parcel
from detector.domain.token import Token


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
    awaited : whether something was to be expected. A source that has not begun, or that is pushed
        to when others please, is not missed.
    """

    cursor: str | None
    posts: pd.DataFrame | None = None
    counts: pd.DataFrame | None = None
    width: timedelta | None = None
    observed: tuple[tuple[datetime, datetime], ...] = ()
    exhausted: bool = False
    awaited: bool = True


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


@runtime_checkable
class FeedSink(Protocol):
    """A sink that can also be told about sources; `feeds.receivers` may name it."""

    def send_feed(self, alert: FeedAlert) -> None:
        """Hand ``alert`` over; raises as `Sink.send`."""


@runtime_checkable
class Refreshing(Protocol):
    """A sink whose receiver forgets what is not repeated (Alertmanager)."""

    def refresh(self, alerts: Sequence[Alert], *, now: datetime) -> None:
        """Say again what the receiver was told and still stands; raises as `Sink.send`.

        Called once per turn, without alerts where nothing stands.
        """


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
    """

    service: str | None = None
    is_open: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: tuple[datetime, str] | None = None
    limit: int | None = None


class Viewer(Store, Protocol):
    """A store opened for looking, with what pages and the API ask beside."""

    def services(self) -> tuple[str, ...]:
        """Return the services that have counts or incidents, by name."""

    def latest(self, service: str) -> pd.DataFrame:
        """Return the service's last observed bin of every source heard in the day before it.

        ``time, service, source, count, expected, evidence``, by source.
        """

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


class Desk(Protocol):
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

    def put(self, parcel: Parcel) -> bool:
        """Keep ``parcel``. Return whether its (source, key) is new; if not, nothing is changed."""

    def after(self, source: str, position: int, *, limit: int) -> tuple[Parcel, ...]:
        """Return the parcels for ``source`` behind ``position``, in order of arrival."""

    def forget(self, source: str, *, up_to: int, before: datetime) -> None:
        """Drop parcels for ``source`` up to that position that were received before that time."""


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
