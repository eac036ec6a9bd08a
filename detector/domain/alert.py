"""Alerts: what people are told about an incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from detector.domain.details import Details
from detector.domain.incident import Incident


class AlertKind(Enum):
    """Why an alert is sent."""

    OPENED = "opened"
    ESCALATED = "escalated"
    REOPENED = "reopened"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One message about one incident.

    Attributes
    ----------
    kind : why it is sent.
    at : when it was decided (a bin edge, not the time of sending).
    incident : the incident as known at ``at``.
    sequence : 1 for the first message about the incident, then 2, 3, ...
    details : what the complaints say, None where only counts are known.
    """

    kind: AlertKind
    at: datetime
    incident: Incident
    sequence: int
    details: Details | None = None

    @property
    def key(self) -> str:
        """The deduplication key: the same message has the same key whatever crashed in between."""
        return f"{self.incident.id}/{self.sequence}-{self.kind.value}"
