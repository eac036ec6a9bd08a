"""What is dropped when it is old: counts, and messages that were sent long ago."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select

from detector.domain.delivery import DeliveryStatus
from detector.stores.rows import to_micros
from detector.stores.tables import COUNTS, INCIDENTS, OUTBOX


def forget(connection: Connection, before: datetime) -> int:
    """Drop what is older than ``before``; return how many rows went.

    Messages that are still on their way stay, and so do those about incidents that were open
    then: from them is known what a receiver was told.
    """
    micros = to_micros(before)
    # Service by service: rows lie in that order, and each stretch is found without a scan.
    services = connection.scalars(select(COUNTS.c.service).distinct()).all()
    gone = sum(
        connection.execute(
            delete(COUNTS).where(COUNTS.c.service == service, COUNTS.c.time < micros)
        ).rowcount
        for service in services
    )
    over = select(INCIDENTS.c.id).where(INCIDENTS.c.resolved_at < micros)
    old = delete(OUTBOX).where(
        OUTBOX.c.alert_at < micros,
        OUTBOX.c.status != DeliveryStatus.PENDING.value,
        OUTBOX.c.incident_id.in_(over) | OUTBOX.c.incident_id.like("feed/%"),
    )
    return gone + connection.execute(old).rowcount
