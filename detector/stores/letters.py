"""Dead letters of the outbox, seen and sent again beside a running pipeline."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import select, update

from detector.domain.delivery import Delivery, DeliveryStatus
from detector.stores.rows import delivery_of, to_micros
from detector.stores.tables import OUTBOX
from detector.stores.transactions import Transactions, open_beside


def open_letters(location: str | Path) -> SqlLetters:
    """Open the outbox of the store at ``location``; a pipeline may be running on it.

    Raises
    ------
    StoreError : there is no store yet, or its schema is not this version's.
    """
    return open_beside(location, SqlLetters, readonly=False)


class SqlLetters(Transactions):
    """What waits and what died, in one SQL database.

    Its only write turns one dead letter back into one that waits, which nothing else touches: it
    needs no lease.
    """

    def letters(self, status: DeliveryStatus) -> tuple[Delivery, ...]:
        """Return the deliveries with ``status``, in order of their alerts' times."""
        asked = (
            select(OUTBOX)
            .where(OUTBOX.c.status == status.value)
            .order_by(OUTBOX.c.alert_at, OUTBOX.c.incident_id, OUTBOX.c.sequence, OUTBOX.c.receiver)
        )
        with self._reading() as connection:
            return tuple(map(delivery_of, connection.execute(asked)))

    def retry(self, receiver: str, key: str, *, at: datetime) -> bool:
        """Let a dead letter be sent again from ``at`` on, as patiently as a new one.

        Return whether it was dead; what waits or was sent is left alone.
        """
        revived = (
            update(OUTBOX)
            .where(OUTBOX.c.receiver == receiver, OUTBOX.c.key == key)
            .where(OUTBOX.c.status == DeliveryStatus.DEAD.value)
            .values(
                status=DeliveryStatus.PENDING.value,
                attempts=0,
                recorded_at=to_micros(at),
                due_at=to_micros(at),
                error=None,
            )
        )
        with self._writing() as connection:
            return connection.execute(revived).rowcount == 1
