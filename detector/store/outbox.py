"""The outbox: alerts on their way, each once per receiver, and the dead letters among them.

The messages about one incident have one order, everywhere: their sequence, then their number among
those that only one receiver gets. No clock orders them: what a silence kept back is told at a later
time than an end that was decided before it. Messages about different incidents are in order of
their times, as far as that order allows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    func,
    literal_column,
    select,
    true,
    tuple_,
    update,
)

from detector.errors import StoreError
from detector.model.alert import AlertKind
from detector.model.delivery import Delivery, DeliveryStatus
from detector.store.connections import Transactions, insert_new, open_shared
from detector.store.row_values import delivery_of, delivery_row, to_micros
from detector.store.schema import OUTBOX

_PENDING = OUTBOX.c.status == literal_column("'pending'")
"""Written out, not bound: SQLite matches the partial index of pending rows by the literal."""

_IS_END = OUTBOX.c.kind == AlertKind.RESOLVED.value
_PLACE = (OUTBOX.c.sequence, OUTBOX.c.notice)
_STORY = (OUTBOX.c.incident_id, OUTBOX.c.receiver)


def write(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Record deliveries; one whose (receiver, key) is there already is left alone."""
    if deliveries:
        rows = [delivery_row(delivery) for delivery in deliveries]
        connection.execute(insert_new(connection, OUTBOX), rows)


def listed(connection: Connection, incident_id: str | None) -> tuple[Delivery, ...]:
    """Return deliveries, sent or not, in order."""
    wanted = true() if incident_id is None else OUTBOX.c.incident_id == incident_id
    return tuple(map(delivery_of, connection.execute(_in_order(wanted))))


def about(connection: Connection, incident_ids: Collection[str]) -> tuple[Delivery, ...]:
    """Return deliveries about many incidents, in order."""
    asked = _in_order(OUTBOX.c.incident_id.in_(incident_ids))
    return tuple(map(delivery_of, connection.execute(asked)))


def last_taken(
    connection: Connection, receivers: Collection[str], incident_ids: Collection[str]
) -> tuple[Delivery, ...]:
    """Return the last message of each incident that each receiver took, or refused as its end."""
    dead_end = (OUTBOX.c.status == DeliveryStatus.DEAD.value) & _IS_END
    known = (OUTBOX.c.status == DeliveryStatus.SENT.value) | dead_end
    wanted = OUTBOX.c.incident_id.in_(incident_ids) & OUTBOX.c.receiver.in_(receivers)
    return tuple(map(delivery_of, connection.execute(_last(wanted & known))))


def unended(connection: Connection, incidents: Select[Any]) -> set[str]:
    """Return those of ``incidents``, given by id, of which a receiver's last message is no end."""
    written = OUTBOX.c.status != DeliveryStatus.DEAD.value
    last = _last(OUTBOX.c.incident_id.in_(incidents) & written)
    return {r.incident_id for r in connection.execute(last) if r.kind != AlertKind.RESOLVED.value}


def due(connection: Connection, now: datetime, limit: int) -> tuple[Delivery, ...]:
    """Return pending deliveries that are due and wait for no earlier one of their incident."""
    latest = func.max(OUTBOX.c.due_at).over(partition_by=_STORY, order_by=_PLACE)
    waiting = select(
        OUTBOX.c.receiver,
        OUTBOX.c.key,
        latest.label("latest"),
        _ordering_time().label("ordering_time"),
    )
    pending = waiting.where(_PENDING).subquery("waiting")
    asked = (
        select(OUTBOX)
        .join(pending, (OUTBOX.c.receiver == pending.c.receiver) & (OUTBOX.c.key == pending.c.key))
        .where(pending.c.latest <= to_micros(now))
        .order_by(pending.c.ordering_time, OUTBOX.c.incident_id, *_PLACE, OUTBOX.c.receiver)
    )
    return tuple(map(delivery_of, connection.execute(asked.limit(limit))))


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


def _is_overtaken() -> ColumnElement[bool]:
    """Return whether the receiver took a message that follows this one."""
    other = OUTBOX.alias("other")
    same = (other.c.incident_id == OUTBOX.c.incident_id) & (other.c.receiver == OUTBOX.c.receiver)
    taken = other.c.status == DeliveryStatus.SENT.value
    after = tuple_(other.c.sequence, other.c.notice) > tuple_(*_PLACE)
    return select(other.c.key).where(same, taken, after).exists()


def _ordering_time() -> ColumnElement[int]:
    """Return the time of the message, or of one before it where that is later."""
    return func.max(OUTBOX.c.alert_at).over(partition_by=OUTBOX.c.incident_id, order_by=_PLACE)


def _in_order(wanted: ColumnElement[bool]) -> Select[Any]:
    """Return the rows that are ``wanted`` in their order."""
    found = select(OUTBOX, _ordering_time().label("ordering_time")).where(wanted).subquery()
    place = (found.c.incident_id, found.c.sequence, found.c.notice, found.c.receiver)
    return select(found).order_by(found.c.ordering_time, *place)


def _last(wanted: ColumnElement[bool]) -> Select[Any]:
    """Return the last of the rows that are ``wanted`` of each incident and receiver."""
    backwards = [column.desc() for column in _PLACE]
    place = func.row_number().over(partition_by=_STORY, order_by=backwards)
    found = select(OUTBOX, place.label("place")).where(wanted).subquery()
    return select(found).where(found.c.place == 1).order_by(found.c.incident_id, found.c.receiver)


def open_dead_letters(location: str | Path) -> DeadLetters:
    """Open the outbox of the store at ``location``; a pipeline may be running on it.

    Raises
    ------
    StoreError : there is no store yet, or its schema is not this version's.
    """
    return open_shared(location, DeadLetters, readonly=False)


class DeadLetters(Transactions):
    """Pending deliveries and dead letters, in one SQL database.

    Its only write turns one dead letter back into one that waits, which nothing else touches: it
    needs no lease.
    """

    def with_status(self, status: DeliveryStatus) -> tuple[Delivery, ...]:
        """Return the deliveries with ``status``, in order."""
        asked = _in_order(OUTBOX.c.status == status.value)
        with self._reading() as connection:
            return tuple(map(delivery_of, connection.execute(asked)))

    def retry(self, receiver: str, key: str, *, at: datetime) -> bool:
        """Let a dead letter be sent again from ``at`` on, as patiently as a new one.

        Return whether it was dead; what waits or was sent is left alone. So is what was followed by
        a message that the receiver took: it would be out of date, after an end wrong for ever.
        """
        revived = (
            update(OUTBOX)
            .where(OUTBOX.c.receiver == receiver, OUTBOX.c.key == key)
            .where(OUTBOX.c.status == DeliveryStatus.DEAD.value, ~_is_overtaken())
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
