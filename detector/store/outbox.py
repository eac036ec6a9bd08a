"""The outbox: alerts on their way, each once per receiver."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    cast,
    func,
    literal_column,
    select,
    update,
)

from detector.errors import StoreError
from detector.model.alert import AlertKind
from detector.model.delivery import Delivery, DeliveryStatus
from detector.store.connections import Transactions, insert_new, open_beside
from detector.store.row_values import (
    delivery_of,
    delivery_row,
    to_micros,
)
from detector.store.schema import OUTBOX

_PENDING = OUTBOX.c.status == literal_column("'pending'")
"""Written out, not bound: SQLite matches the partial index of pending rows by the literal."""


def write(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Record deliveries; one whose (receiver, key) is there already is left alone."""
    if deliveries:
        rows = [delivery_row(delivery) for delivery in deliveries]
        connection.execute(insert_new(connection, OUTBOX), rows)


def listed(connection: Connection, incident_id: str | None) -> tuple[Delivery, ...]:
    """Return deliveries, sent or not, in order of the alerts' times."""
    asked = _in_order(select(OUTBOX))
    if incident_id is not None:
        asked = asked.where(OUTBOX.c.incident_id == incident_id)
    return tuple(map(delivery_of, connection.execute(asked)))


def about(connection: Connection, incident_ids: Collection[str]) -> tuple[Delivery, ...]:
    """Return deliveries about many incidents, in order of the alerts' times."""
    asked = _in_order(select(OUTBOX).where(OUTBOX.c.incident_id.in_(incident_ids)))
    return tuple(map(delivery_of, connection.execute(asked)))


def last_said(
    connection: Connection, receivers: Collection[str], incident_ids: Collection[str]
) -> tuple[Delivery, ...]:
    """Return the last message of each incident that each receiver took, or refused as its end."""
    place = func.row_number().over(
        partition_by=(OUTBOX.c.incident_id, OUTBOX.c.receiver),
        order_by=(OUTBOX.c.alert_at.desc(), OUTBOX.c.sequence.desc(), OUTBOX.c.key.desc()),
    )
    said = (
        select(OUTBOX, place.label("place"))
        .where(OUTBOX.c.incident_id.in_(incident_ids), OUTBOX.c.receiver.in_(receivers))
        .where((OUTBOX.c.status == DeliveryStatus.SENT.value) | _is_dead_end())
    ).subquery()
    asked = select(said).where(said.c.place == 1).order_by(said.c.incident_id, said.c.receiver)
    return tuple(map(delivery_of, connection.execute(asked)))


def _is_dead_end() -> ColumnElement[bool]:
    number = cast(OUTBOX.c.sequence, Text)
    end = OUTBOX.c.incident_id + "/" + number + f"-{AlertKind.RESOLVED.value}%"
    return (OUTBOX.c.status == DeliveryStatus.DEAD.value) & OUTBOX.c.key.like(end)


def unended(connection: Connection, incidents: Select[Any]) -> set[str]:
    """Return those of ``incidents``, given by id, of which a receiver's last message is no end."""
    about = (OUTBOX.c.incident_id, OUTBOX.c.receiver, OUTBOX.c.sequence, OUTBOX.c.key)
    written = OUTBOX.c.status != DeliveryStatus.DEAD.value
    asked = select(*about).where(OUTBOX.c.incident_id.in_(incidents), written)
    last: dict[tuple[str, str], bool] = {}
    for row in connection.execute(asked.order_by(OUTBOX.c.sequence, OUTBOX.c.key)):
        kind = row.key.removeprefix(f"{row.incident_id}/{row.sequence}-")
        last[row.incident_id, row.receiver] = kind.startswith(AlertKind.RESOLVED.value)
    return {incident_id for (incident_id, _), is_end in last.items() if not is_end}


def due(connection: Connection, now: datetime, limit: int) -> tuple[Delivery, ...]:
    """Return pending deliveries that are due and wait for no earlier one of their incident."""
    latest = func.max(OUTBOX.c.due_at).over(
        partition_by=(OUTBOX.c.incident_id, OUTBOX.c.receiver),
        order_by=(OUTBOX.c.sequence, OUTBOX.c.key),
        rows=(None, 0),
    )
    waiting = select(OUTBOX.c.receiver, OUTBOX.c.key, latest.label("latest")).where(_PENDING)
    turn = waiting.subquery("waiting")
    asked = (
        select(OUTBOX)
        .join(turn, (OUTBOX.c.receiver == turn.c.receiver) & (OUTBOX.c.key == turn.c.key))
        .where(turn.c.latest <= to_micros(now))
    )
    return tuple(map(delivery_of, connection.execute(_in_order(asked).limit(limit))))


def mark(
    connection: Connection,
    delivery: Delivery,
    status: DeliveryStatus,
    *,
    at: datetime,
    due_at: datetime | None,
    error: str | None,
) -> None:
    """Record an attempt. Raises `StoreError` if the delivery is not pending (any more)."""
    statement = (
        update(OUTBOX)
        .where(OUTBOX.c.receiver == delivery.receiver, OUTBOX.c.key == delivery.alert.key)
        .where(OUTBOX.c.status == DeliveryStatus.PENDING.value)
        .values(
            status=status.value,
            attempts=OUTBOX.c.attempts + 1,
            sent_at=to_micros(at) if status is DeliveryStatus.SENT else None,
            due_at=OUTBOX.c.due_at if due_at is None else to_micros(due_at),
            error=error,
        )
    )
    if connection.execute(statement).rowcount != 1:
        raise StoreError(
            f"{delivery.alert.key} to {delivery.receiver!r} is not waiting to be delivered"
        )


def _in_order(asked: Select[Any]) -> Select[Any]:
    return asked.order_by(
        OUTBOX.c.alert_at, OUTBOX.c.incident_id, OUTBOX.c.sequence, OUTBOX.c.receiver, OUTBOX.c.key
    )


# Dead letters of the outbox, seen and sent again beside a running pipeline.


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
