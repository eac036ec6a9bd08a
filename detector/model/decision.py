"""Decisions: why people were told of an incident, and why they were not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from detector.model.alert import AlertKind


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about one incident, kept to be shown.

    Attributes
    ----------
    incident_id : about what.
    at : when it was taken.
    reason : why, as a sentence for people.
    kind : the kind of message that was sent, None if none was.
    receiver : whom it is about; empty for the incident as a whole.
    """

    incident_id: str
    at: datetime
    reason: str
    kind: AlertKind | None = None
    receiver: str = ""
