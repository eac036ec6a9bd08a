"""The store on SQLAlchemy: one SQLite file by default, PostgreSQL by URL."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Select,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    update,
)

from detector.domain.alert import Alert
from detector.domain.decision import Decision
from detector.domain.delivery import Delivery, DeliveryStatus
from detector.domain.feed import FeedHealth
from detector.domain.incident import Incident
from detector.errors import StoreError
from detector.ports import CycleRecord
from detector.stores import chronicle
from detector.stores.engines import file_of, open_engine, store_url
from detector.stores.lease import Lease, take_lease
from detector.stores.rows import (
    COUNT_COLUMNS,
    count_rows,
    counts_frame,
    delivery_of,
    delivery_row,
    incident_of,
    incident_row,
    to_micros,
)
from detector.stores.tables import COUNTS, INCIDENTS, MEMORY, OUTBOX
from detector.stores.transactions import Transactions
from detector.stores.upserts import insert_new, upsert, write_many

_PENDING = OUTBOX.c.status == literal_column("'pending'")
"""Written out, not bound: SQLite matches the partial index of pending rows by the literal."""


def open_store(location: str | Path, *, readonly: bool = False) -> SqlStore:
    """Open the store at ``location``, a file or a SQLAlchemy URL.

    Parameters
    ----------
    location : path of a SQLite file (made, with its folder, when missing), ``sqlite:///FILE``,
        ``sqlite://`` (in memory) or ``postgresql+psycopg://HOST/NAME``.
    readonly : open for looking only, which works while another process writes.

    Raises
    ------
    StoreError : another process writes to it, its schema is newer than this version, or the file
        is missing (when ``readonly``), locked, not writable, damaged or not a store.
    """
    url = store_url(location)
    path = file_of(url)
    if readonly and path is not None and not path.is_file():
        raise StoreError(f"{path}: there is no store yet; `outage-detector run` makes it")
    engine = open_engine(url, readonly=readonly)
    with ExitStack() as undo:
        undo.callback(engine.dispose)
        lease = None if readonly else take_lease(engine, path)
        if lease is not None:
            undo.callback(lease.release)
        store = SqlStore(engine, url, lease)
        store.check_schema(may_migrate=not readonly)
        undo.pop_all()
    return store


class SqlStore(Transactions):
    """State, counts, incidents and the outbox in one SQL database; see `detector.ports.Store`.

    Numbers of incidents and alerts are rounded as `detector.domain.wire` writes them. Threads may
    share a store; the writer is one process, readers are as many as there are.

    Parameters
    ----------
    engine : where to.
    url : the store as the user named it, for messages.
    lease : the right to write, None for readers.
    """

    def __init__(self, engine: Engine, url: URL, lease: Lease | None) -> None:
        super().__init__(engine, url)
        self._lease = lease

    def memory(self) -> dict[str, bytes]:
        """Return everything that the last committed cycle remembered."""
        with self._reading() as connection:
            return {row.key: bytes(row.value) for row in connection.execute(select(MEMORY))}

    def commit(self, record: CycleRecord) -> None:
        """Write ``record`` in one transaction."""
        counts = () if record.counts is None else count_rows(record.counts)
        with self._writing() as connection:
            _write_memory(connection, record.memory)
            write_many(connection, upsert(connection, COUNTS), COUNT_COLUMNS, counts)
            if record.incidents:
                rows = [incident_row(incident) for incident in record.incidents]
                connection.execute(upsert(connection, INCIDENTS), rows)
            if record.deliveries:
                rows = [delivery_row(delivery) for delivery in record.deliveries]
                connection.execute(insert_new(connection, OUTBOX), rows)
            chronicle.write(connection, record)

    def counts(self, service: str, *, start: datetime, end: datetime) -> pd.DataFrame:
        """Return the service's rows with ``start <= time < end``, by time, then source."""
        time = COUNTS.c.time
        asked = (
            select(*(COUNTS.c[name] for name in COUNT_COLUMNS))
            .where(COUNTS.c.service == service, time >= to_micros(start), time < to_micros(end))
            .order_by(time, COUNTS.c.source)
        )
        with self._reading() as connection:
            return counts_frame(connection.execute(asked))

    def incidents(
        self, *, service: str | None = None, limit: int | None = None
    ) -> tuple[Incident, ...]:
        """Return incidents, the one noticed last first."""
        asked = select(INCIDENTS.c.document).order_by(
            INCIDENTS.c.noticed_at.desc(), INCIDENTS.c.id.desc()
        )
        if service is not None:
            asked = asked.where(INCIDENTS.c.service == service)
        with self._reading() as connection:
            return tuple(map(incident_of, connection.scalars(asked.limit(limit))))

    def incident(self, incident_id: str) -> Incident | None:
        """Return one incident, or None."""
        asked = select(INCIDENTS.c.document).where(INCIDENTS.c.id == incident_id)
        with self._reading() as connection:
            document = connection.scalar(asked)
        return None if document is None else incident_of(document)

    def alerts(
        self, *, incident_id: str | None = None, limit: int | None = None
    ) -> tuple[Alert, ...]:
        """Return what there was to tell, the latest first."""
        with self._reading() as connection:
            return chronicle.alerts(connection, incident_id, limit)

    def decisions(self, incident_id: str) -> tuple[Decision, ...]:
        """Return the decisions about one incident, by time, then receiver."""
        with self._reading() as connection:
            return chronicle.decisions(connection, incident_id)

    def feeds(self) -> tuple[FeedHealth, ...]:
        """Return how each source is, by name."""
        with self._reading() as connection:
            return chronicle.feeds(connection)

    def deliveries(self, *, incident_id: str | None = None) -> tuple[Delivery, ...]:
        """Return what was, is being or could not be delivered, in order of the alerts' times."""
        asked = _in_order(select(OUTBOX))
        if incident_id is not None:
            asked = asked.where(OUTBOX.c.incident_id == incident_id)
        with self._reading() as connection:
            return tuple(map(delivery_of, connection.execute(asked)))

    def due(self, now: datetime, *, limit: int) -> tuple[Delivery, ...]:
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
        with self._reading() as connection:
            return tuple(map(delivery_of, connection.execute(_in_order(asked).limit(limit))))

    def mark(
        self,
        delivery: Delivery,
        status: DeliveryStatus,
        *,
        at: datetime,
        due_at: datetime | None = None,
        error: str | None = None,
    ) -> None:
        """Record an attempt at ``at``: sent, to be retried at ``due_at`` (still pending), or dead.

        Raises
        ------
        StoreError : the delivery is not pending (any more); what was sent stays sent.
        """
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
        with self._writing() as connection:
            if connection.execute(statement).rowcount != 1:
                raise StoreError(
                    f"{delivery.alert.key} to {delivery.receiver!r} is not waiting to be delivered"
                )

    def close(self) -> None:
        """Release files and connections."""
        super().close()
        if self._lease is not None:
            self._lease.release()


def _write_memory(connection: Connection, memory: Mapping[str, bytes | None]) -> None:
    kept = [{"key": key, "value": value} for key, value in memory.items() if value is not None]
    if kept:
        connection.execute(upsert(connection, MEMORY), kept)
    if gone := [key for key, value in memory.items() if value is None]:
        forget = delete(MEMORY).where(MEMORY.c.key == bindparam("gone"))
        connection.execute(forget, [{"gone": key} for key in gone])


def _in_order(asked: Select[Any]) -> Select[Any]:
    return asked.order_by(
        OUTBOX.c.alert_at, OUTBOX.c.incident_id, OUTBOX.c.sequence, OUTBOX.c.receiver, OUTBOX.c.key
    )
