"""Alerts: what people are told about an incident."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum

from detector.model.details import Details
from detector.model.incident import Incident


class AlertKind(Enum):
    """Why an alert is sent. ``REPEATED`` reminds one receiver of what goes on."""

    OPENED = "opened"
    ESCALATED = "escalated"
    UPDATED = "updated"
    REOPENED = "reopened"
    REPEATED = "repeated"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class News:
    """What is known of an incident now and was not told before; each in alphabetical order.

    Attributes
    ----------
    components, regions : affected too.
    sources : that see it too.
    echoes : services whose incidents are likely its echoes, and are told of here alone.
    """

    components: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    echoes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    @property
    def sentence(self) -> str:
        """It in words, e.g. ``now also payments; seen at bluesky too``."""
        parts = [
            f"now also {', '.join(self.components)}" if self.components else "",
            f"now also in {', '.join(self.regions)}" if self.regions else "",
            f"seen at {', '.join(self.sources)} too" if self.sources else "",
            f"likely echoes: {', '.join(self.echoes)}" if self.echoes else "",
        ]
        return "; ".join(part for part in parts if part)


NO_NEWS = News()


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
    news : what was not known at the message before.
    attribution : what it is likely an echo of, None if of nothing.
    notice : 0 for what there is to tell, whoever is told. n for a message that only one receiver
        gets (a reminder, or what it missed while muted): the n-th that it gets of the incident.
    """

    kind: AlertKind
    at: datetime
    incident: Incident
    sequence: int
    details: Details | None = None
    news: News = NO_NEWS
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
    def key(self) -> str:
        """The deduplication key: the same message has the same key whatever crashed in between."""
        own = f"#{self.notice:03}" if self.notice else ""
        return f"{self.incident.id}/{self.sequence}-{self.kind.value}{own}"


# Attribution: which of several incidents the others likely come from, and why that is thought.


class Because(Enum):
    """What an attribution rests on."""

    MENTIONS = "mentions"
    PROVIDER = "provider"
    TOGETHER = "together"


@dataclass(frozen=True, slots=True)
class Attribution:
    """An incident is likely an echo of another one.

    Attributes
    ----------
    origin, origin_id : service and id of the incident it likely comes from.
    because : what speaks for it.
    share : share of its complaints that name the origin too, in [0, 1]; None unless it is that.
    provider : what both likely depend on (a cloud, a carrier); empty unless it is that.
    together : how many services began at about the same time, this one and the origin included.
    """

    origin: str
    origin_id: str
    because: Because
    share: float | None = None
    provider: str = ""
    together: int = 2

    @property
    def sentence(self) -> str:
        """Why, in words."""
        match self.because:
            case Because.MENTIONS:
                return f"{self.share or 0:.0%} of its complaints name {self.origin} too"
            case Because.PROVIDER:
                return f"{self.together} services of {self.provider} began at about the same time"
            case Because.TOGETHER:
                return f"{self.together} services began at about the same time, beyond chance"
