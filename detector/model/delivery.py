"""Deliveries: an alert, about an incident or a source, on its way to one receiver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from detector.model.alert import Alert
from detector.model.health import SourceAlert

#: What is sent: about an incident, or about a source.
Notice = Alert | SourceAlert


class DeliveryStatus(Enum):
    """Where a delivery stands."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert for one receiver: a row of the outbox.

    Attributes
    ----------
    receiver : name of the receiver in ``config.toml``.
    alert : what is to be sent; ``alert.key`` is the deduplication key at the receiver.
    status : pending until the receiver has it; dead when it refused for good or for too long.
    attempts : how often it was tried.
    due_at : not to be tried before this (wall clock).
    sent_at : when the receiver took it (wall clock), else None.
    error : what the last failed attempt said, without secrets, else None.
    recorded_at : when it entered the outbox (wall clock); None until a store holds it, which then
        takes the first ``due_at``. How long was tried is counted from here.
    """

    receiver: str
    alert: Notice
    status: DeliveryStatus
    attempts: int
    due_at: datetime
    sent_at: datetime | None = None
    error: str | None = None
    recorded_at: datetime | None = None
