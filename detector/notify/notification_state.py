"""What one receiver knows of one incident, as the outbox and the decisions remember it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from detector.model.alert import Alert, AlertKind
from detector.model.decision import Decision
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.incident import Severity


@dataclass(frozen=True, slots=True)
class NotificationState:
    """What a receiver knows, and what was decided about it last.

    Attributes
    ----------
    messages : how many messages were written for it, refused ones included.
    tried : the sequence of the last alert that was written for it.
    sequence : the sequence of the last alert that it took, or that is on its way; 0: none.
    at : when the last message was decided, refused or not.
    severity : the severity it knows of; None: it was sent nothing.
    ended : whether it knows that the incident ended.
    related : related services that it was notified of.
    decided : the last recorded decision; None: there was none.
    """

    messages: int = 0
    tried: int = 0
    sequence: int = 0
    at: datetime | None = None
    severity: Severity | None = None
    ended: bool = False
    related: frozenset[str] = frozenset()
    decided: Decision | None = None

    @property
    def knows(self) -> bool:
        """Whether it was notified of the incident at all."""
        return self.severity is not None

    @property
    def has_refused(self) -> bool:
        """Whether it refused the last message: it may be sent again from outside."""
        return self.tried > self.sequence

    def refused(self, alert: Alert) -> bool:
        """Return whether it refused what ``alert`` says, so that saying it again is no use."""
        return self.tried >= alert.sequence > self.sequence

    def plus(self, alert: Alert, *, refused: bool = False) -> NotificationState:
        """Return what is known after ``alert``."""
        written = replace(self, messages=self.messages + 1, tried=alert.sequence, at=alert.at)
        if refused:
            return written
        return replace(
            written,
            sequence=alert.sequence,
            severity=alert.incident.severity,
            ended=alert.kind is AlertKind.RESOLVED,
            related=self.related | set(alert.new_facts.related),
        )

    def after(self, decision: Decision) -> NotificationState:
        """Return it after ``decision`` was recorded."""
        return replace(self, decided=decision)


NOTHING = NotificationState()


def states_of(
    deliveries: Iterable[Delivery], decisions: Iterable[Decision]
) -> dict[str, NotificationState]:
    """Return by receiver what is known of one incident, from all that is on record of it.

    What a receiver refused for good it does not know; what is on its way it will. The receiver
    without a name stands for the incident as a whole.

    Parameters
    ----------
    deliveries : in any order: their own is that of their numbers.
    decisions : in order.
    """
    states: dict[str, NotificationState] = {}
    for delivery in sorted(deliveries, key=lambda d: d.alert.place):
        if isinstance(delivery.alert, Alert):
            refused = delivery.status is DeliveryStatus.DEAD
            before = states.get(delivery.receiver, NOTHING)
            states[delivery.receiver] = before.plus(delivery.alert, refused=refused)
    for decision in decisions:
        before = states.get(decision.receiver, NOTHING)
        states[decision.receiver] = before.after(decision)
    return states
