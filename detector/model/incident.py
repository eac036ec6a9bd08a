"""Incidents: one or more surges of one service, told to people as one thing."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from math import isnan

from detector.model.surge import Agreement, Onset


class Severity(IntEnum):
    """How bad it is; larger is worse, so severities compare."""

    MINOR = 1
    MAJOR = 2
    CRITICAL = 3

    @property
    def label(self) -> str:
        """The lower-case word used in tables, JSON and messages."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Incident:
    """An outage as its users show it. Field meanings are those of ``docs/interface.md``.

    ``evidence`` is nan for an incident from a trending list, which gives none. An incident is a
    value: what changes with time is a new ``Incident`` with the same ``id``.

    Attributes
    ----------
    not_observed_since : since when no source that shows it is alive; None while one is.
    agreement : by source that counts the service's complaints, the most that it had of this
        incident as evidence of its own; empty where only one source counts them.
    """

    id: str
    service: str
    sources: tuple[str, ...]
    onset: Onset
    noticed_at: datetime
    ended_at: datetime | None
    resolved_at: datetime | None
    peak_at: datetime
    peak_count: float
    expected_at_peak: float
    excess: float
    severity: Severity
    evidence: float
    not_observed_since: datetime | None = None
    agreement: tuple[Agreement, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the incident still goes on, as far as is known."""
        return self.resolved_at is None

    @property
    def is_listed(self) -> bool:
        """Whether a trending list shows it, whose lowest entry stands for the expected count."""
        return isnan(self.evidence)


def incident_id(service: str, noticed_at: datetime) -> str:
    """Return the id of the incident of ``service`` noticed at ``noticed_at``.

    It depends on the data alone (``noticed_at`` is never revised), so restarts, replays and a
    second instance agree on it. Four hexadecimal digits keep services apart whose names differ
    only in punctuation.
    """
    slug = re.sub(r"\W+", "-", service.casefold()).strip("-") or "service"
    tag = hashlib.sha256(service.encode("utf-8", "surrogatepass")).hexdigest()[:4]
    return f"{slug}-{noticed_at:%Y%m%dT%H%MZ}-{tag}"
