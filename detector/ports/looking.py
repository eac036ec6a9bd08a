"""The store for those who look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import pandas as pd

from detector.domain.alert import Alert
from detector.domain.delivery import DeliveryStatus
from detector.domain.incident import Incident
from detector.ports.keeping import Store


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
