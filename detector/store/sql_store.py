"""The store on SQLAlchemy: one SQLite file by default, PostgreSQL by URL.

Counts, and messages that were sent long ago, are dropped when they are old (`forget`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pandas as pd
from sqlalchemy import URL, Connection, Engine, bindparam, delete, select

from detector.errors import StoreError
from detector.model.alert import Alert
from detector.model.decision import Decision, Reason
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.health import SourceHealth
from detector.model.incident import Incident
from detector.store import chronicle, outbox
from detector.store.base import Lease, OnRecord, RunRecord
from detector.store.connections import (
    Transactions,
    file_of,
    in_parts,
    open_engine,
    require_file,
    store_url,
    upsert,
    write_many,
)
from detector.store.lease import TTL, FileLease, RowLease
from detector.store.row_values import (
    COUNT_COLUMNS,
    count_rows,
    counts_frame,
    incident_of,
    incident_row,
    to_micros,
)
from detector.store.schema import COUNTS, INCIDENTS, OUTBOX, STATE

T = TypeVar("T")


def open_store(
    location: str | Path, *, readonly: bool = False, standby: bool = False, ttl: timedelta = TTL
) -> SqlStore:
    """Open the store at ``location``, a file or a SQLAlchemy URL.

    Parameters
    ----------
    location : path of a SQLite file (made, with its folder, when missing), ``sqlite:///FILE``,
        ``sqlite://`` (in memory) or ``postgresql+psycopg://HOST/NAME``.
    readonly : open for looking only, which works while another process writes.
    standby : open a store on a server although another instance writes to it: `SqlStore.lead`
        tells when this one may.
    ttl : how long an instance that says nothing keeps the lease of a store on a server.

    Raises
    ------
    StoreError : another process writes to it, its schema is newer than this version, or the file
        is missing (when ``readonly``), locked, not writable, damaged or not a store.
    """
    url = store_url(location)
    path = file_of(url)
    if readonly:
        require_file(url)
    engine = open_engine(url, readonly=readonly)
    with ExitStack() as undo:
        undo.callback(engine.dispose)
        lease = None if readonly else _lease(engine, path, ttl)
        if lease is not None:
            undo.callback(lease.release)
        store = SqlStore(engine, url, lease)
        store.check_schema(may_migrate=not readonly)
        if lease is not None and not lease.take() and not standby:
            raise StoreError(f"another outage-detector{_whose(lease)} is writing to this database")
        undo.pop_all()
    return store


def _lease(engine: Engine, path: Path | None, ttl: timedelta) -> FileLease | RowLease | None:
    """Return the lease of the store behind ``engine``; a store in memory needs none."""
    if engine.dialect.name == "postgresql":
        return RowLease(engine, ttl)
    return None if path is None else FileLease(path)


def _whose(lease: FileLease | RowLease) -> str:
    return f" ({lease.holder()})" if isinstance(lease, RowLease) else ""


class SqlStore(Transactions):
    """State, counts, incidents and the outbox in one SQL database; see `detector.store.base.Store`.

    Numbers of incidents and alerts are rounded as `model.documents` writes them. Threads may
    share a store; the writer is one process, readers are as many as there are.

    Parameters
    ----------
    engine : where to.
    url : the store as the user named it, for messages.
    lease : the right to write, None for readers.
    """

    def __init__(self, engine: Engine, url: URL, lease: FileLease | RowLease | None) -> None:
        super().__init__(engine, url)
        self._lease = lease

    @property
    def lease(self) -> Lease | None:
        """The right to write, None for readers and for a store in memory."""
        return self._lease

    def state(self) -> dict[str, bytes]:
        """Return everything that the last committed cycle remembered."""
        with self._reading() as connection:
            return {row.key: bytes(row.value) for row in connection.execute(select(STATE))}

    def commit(self, record: RunRecord) -> None:
        """Write ``record`` in one transaction."""
        counts = () if record.counts is None else count_rows(record.counts)
        with self._leading() as connection:
            _write_state(connection, record.state)
            write_many(connection, upsert(connection, COUNTS), COUNT_COLUMNS, counts)
            if record.incidents:
                rows = [incident_row(incident) for incident in record.incidents]
                connection.execute(upsert(connection, INCIDENTS), rows)
            outbox.write(connection, record.deliveries)
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
        """Return the decisions about one incident, in the order in which they were taken."""
        with self._reading() as connection:
            return chronicle.decisions(connection, incident_id)

    def decision_counts(self) -> Mapping[tuple[Reason, str], int]:
        """Return how many decisions there are of each reason and receiver."""
        with self._reading() as connection:
            return chronicle.decision_counts(connection)

    def source_health(self) -> tuple[SourceHealth, ...]:
        """Return how each source is, by name."""
        with self._reading() as connection:
            return chronicle.source_health(connection)

    def deliveries(self, *, incident_id: str | None = None) -> tuple[Delivery, ...]:
        """Return what was, is being or could not be delivered, in order of the alerts' times."""
        with self._reading() as connection:
            return outbox.listed(connection, incident_id)

    def on_record(self, incident_ids: Collection[str]) -> Mapping[str, OnRecord]:
        """Return what is on record of many incidents at once, by id; every id has an entry."""
        with self._reading() as connection:
            return on_record(connection, incident_ids)

    def last_taken(
        self, receivers: Collection[str], incident_ids: Collection[str]
    ) -> tuple[Delivery, ...]:
        """Return what each receiver took last of each incident, or the end that it refused."""
        with self._reading() as connection:
            return last_taken(connection, receivers, incident_ids)

    def unended(self, *, since: datetime) -> tuple[Incident, ...]:
        """Return incidents that ended at ``since`` or later and whose end somebody is owed."""
        over = INCIDENTS.c.resolved_at >= to_micros(since)
        recent = select(INCIDENTS.c.id, INCIDENTS.c.document).where(over).order_by(INCIDENTS.c.id)
        with self._reading() as connection:
            owed = outbox.unended(connection, select(INCIDENTS.c.id).where(over))
            found = connection.execute(recent).all() if owed else ()
        return tuple(incident_of(row.document) for row in found if row.id in owed)

    def due(self, now: datetime, *, limit: int) -> tuple[Delivery, ...]:
        """Return pending deliveries that are due and wait for no earlier one of their incident."""
        with self._reading() as connection:
            return outbox.due(connection, now, limit)

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
        with self._leading() as connection:
            outbox.mark(connection, delivery, status, at=at, due_at=due_at, error=error)

    def forget(self, *, before: datetime) -> int:
        """Drop counts before that time, and messages about incidents that were over by then."""
        with self._leading() as connection:
            return forget(connection, before)

    def close(self) -> None:
        """Release files and connections."""
        if self._lease is not None:
            self._lease.release()
        super().close()

    @contextmanager
    def _leading(self) -> Iterator[Connection]:
        """Write, as long as the lease is ours."""
        with self._writing() as connection:
            if self._lease is not None:
                self._lease.fence(connection)
            yield connection


def _write_state(connection: Connection, state: Mapping[str, bytes | None]) -> None:
    kept = [{"key": key, "value": value} for key, value in state.items() if value is not None]
    if kept:
        connection.execute(upsert(connection, STATE), kept)
    if gone := [key for key, value in state.items() if value is None]:
        forget = delete(STATE).where(STATE.c.key == bindparam("gone"))
        connection.execute(forget, [{"gone": key} for key in gone])


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


def on_record(connection: Connection, incident_ids: Collection[str]) -> Mapping[str, OnRecord]:
    """Return what is on record of ``incident_ids``, by id; every id has an entry."""
    found: dict[str, OnRecord] = {}
    for ids in in_parts(incident_ids):
        found |= _records(connection, ids)
    return found


def last_taken(
    connection: Connection, receivers: Collection[str], incident_ids: Collection[str]
) -> tuple[Delivery, ...]:
    """Return the last message of each incident that each receiver took, or refused as its end."""
    parts = in_parts(sorted(incident_ids))
    return tuple(one for ids in parts for one in outbox.last_taken(connection, receivers, ids))


def _records(connection: Connection, ids: Sequence[str]) -> Mapping[str, OnRecord]:
    alerts = _grouped(chronicle.alerts_about(connection, ids), _subject)
    decisions = _grouped(chronicle.decisions_about(connection, ids), _judged)
    deliveries = _grouped(outbox.about(connection, ids), _addressed)
    return {
        one: OnRecord(tuple(alerts[one]), tuple(decisions[one]), tuple(deliveries[one]))
        for one in ids
    }


def _subject(alert: Alert) -> str:
    return alert.incident.id


def _judged(decision: Decision) -> str:
    return decision.incident_id


def _addressed(delivery: Delivery) -> str:
    return delivery.alert.about


def _grouped(rows: Iterable[T], about: Callable[[T], str]) -> Mapping[str, list[T]]:
    groups: dict[str, list[T]] = defaultdict(list)
    for row in rows:
        groups[about(row)].append(row)
    return groups
