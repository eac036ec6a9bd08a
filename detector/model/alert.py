"""Alerts: what people are told about an incident, and which other incident it likely comes from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from typing import Any

from detector.model.details import Details
from detector.model.incident import Incident


class AlertKind(Enum):
    """Why an alert is sent. ``REMINDER`` reminds one receiver of what goes on."""

    OPENED = "opened"
    ESCALATED = "escalated"
    UPDATED = "updated"
    REOPENED = "reopened"
    REMINDER = "reminder"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class NewFacts:
    """What is known of an incident now and was not told before; each in alphabetical order.

    Attributes
    ----------
    components, regions : affected too.
    sources : that see it too.
    related : services whose incidents probably have it as their root, and are told of here alone.
    """

    components: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    related: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    @property
    def params(self) -> dict[str, Any]:
        """What there is of it, as parameters of a decision."""
        found = {
            "components": self.components,
            "regions": self.regions,
            "sources": self.sources,
            "services": self.related,
        }
        return {name: list(names) for name, names in found.items() if names}


NO_NEW_FACTS = NewFacts()


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
    new_facts : what was not known at the message before.
    attribution : the incident that it probably comes from, None if from no other.
    notice : 0 for what there is to tell, whoever is told. n for a message that only one receiver
        gets (a reminder, or what it missed while muted): the n-th that it gets of the incident.
    """

    kind: AlertKind
    at: datetime
    incident: Incident
    sequence: int
    details: Details | None = None
    new_facts: NewFacts = NO_NEW_FACTS
    attribution: Attribution | None = None
    notice: int = 0

    @property
    def label(self) -> str:
        """What kind of message it is, in words."""
        return self.kind.value

    @property
    def about(self) -> str:
        """What the message is about; messages about the same thing are delivered in order."""
        return self.incident.id

    @property
    def place(self) -> tuple[int, int]:
        """The place among the messages about the incident to one receiver: theirs is no clock's.

        Times would mislead: what was kept back by a silence is told at a later time than an end
        that was decided before.
        """
        return (self.sequence, self.notice)

    @property
    def key(self) -> str:
        """The deduplication key: the same message has the same key whatever crashed in between."""
        own = f"#{self.notice:03}" if self.notice else ""
        return f"{self.incident.id}/{self.sequence}-{self.kind.value}{own}"


class Because(Enum):
    """What an attribution rests on."""

    MENTIONS = "mentions"
    PROVIDER = "provider"
    TOGETHER = "together"


@dataclass(frozen=True, slots=True)
class Attribution:
    """An incident probably comes from another one.

    Attributes
    ----------
    root, root_id : service and id of the incident that it probably comes from.
    because : what speaks for it.
    share : share of its complaints that name the root too, in [0, 1]; None unless it is that.
    provider : what both likely depend on (a cloud, a carrier); empty unless it is that.
    together : how many services began at about the same time, this one and the root included.
    """

    root: str
    root_id: str
    because: Because
    share: float | None = None
    provider: str = ""
    together: int = 2

    @property
    def params(self) -> dict[str, Any]:
        """It as parameters of a decision; the share as precise as alerts are stored."""
        found: dict[str, Any] = {
            "root": self.root,
            "root_id": self.root_id,
            "because": self.because.value,
        }
        match self.because:
            case Because.MENTIONS:
                return {**found, "share": round(self.share or 0.0, 4)}
            case Because.PROVIDER:
                return {**found, "provider": self.provider, "count": self.together}
            case Because.TOGETHER:
                return {**found, "count": self.together}
