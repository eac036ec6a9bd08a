"""What one receiver has heard of one incident, as the outbox remembers it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from detector.domain.alert import Alert, AlertKind
from detector.domain.delivery import Delivery, DeliveryStatus
from detector.domain.incident import Severity


@dataclass(frozen=True, slots=True)
class Heard:
    """What a receiver knows.

    Attributes
    ----------
    messages : how many messages were written for it, refused ones included.
    tried : the sequence of the last alert that was written for it.
    sequence : the sequence of the last alert that it took, or that is on its way; 0: none.
    at : when the last message was decided, refused or not.
    severity : the severity it knows of; None: it heard nothing.
    ended : whether it knows that the incident ended.
    echoes : services that it was told are echoes.
    """

    messages: int = 0
    tried: int = 0
    sequence: int = 0
    at: datetime | None = None
    severity: Severity | None = None
    ended: bool = False
    echoes: frozenset[str] = frozenset()

    @property
    def anything(self) -> bool:
        """Whether it has heard of the incident at all."""
        return self.severity is not None

    def refused(self, alert: Alert) -> bool:
        """Return whether it refused what ``alert`` says, so that saying it again is no use."""
        return self.tried >= alert.sequence > self.sequence

    def plus(self, alert: Alert, *, refused: bool = False) -> Heard:
        """Return what is known after ``alert``."""
        written = replace(self, messages=self.messages + 1, tried=alert.sequence, at=alert.at)
        if refused:
            return written
        return replace(
            written,
            sequence=alert.sequence,
            severity=alert.incident.severity,
            ended=alert.kind is AlertKind.RESOLVED,
            echoes=self.echoes | set(alert.news.echoes),
        )


NOTHING = Heard()


def heard_of(deliveries: Iterable[Delivery]) -> Heard:
    """Return what the receiver of ``deliveries``, all about one incident, has heard.

    What it refused for good it has not heard; what is on its way it will have.
    """
    written = [
        (alert.sequence, alert.notice, alert, d.status is DeliveryStatus.DEAD)
        for d in deliveries
        if isinstance(alert := d.alert, Alert)
    ]
    heard = NOTHING
    for _, _, alert, refused in sorted(written, key=lambda w: w[:2]):
        heard = heard.plus(alert, refused=refused)
    return heard
