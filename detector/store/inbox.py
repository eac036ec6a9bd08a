"""The inbox on SQLAlchemy: pushed rows, in order of arrival, each key once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, delete, select, text
from sqlalchemy.dialects import postgresql, sqlite

from detector.model.push_batch import PushBatch
from detector.store.connections import Transactions, open_engine, store_url
from detector.store.row_values import from_micros, to_micros
from detector.store.schema import INBOX


def open_inbox(location: str | Path) -> SqlInbox:
    """Open the inbox of the store at ``location``; the tables are looked for at the first use."""
    url = store_url(location)
    return SqlInbox(open_engine(url, readonly=False), url)


class SqlInbox(Transactions):
    """Pushed batches in one SQL database; see `detector.store.base.Inbox`."""

    def put(self, batch: PushBatch) -> bool:
        """Keep ``batch``. Return whether its (source, key) is new; if not, nothing is changed."""
        with self._writing() as connection:
            name = connection.dialect.name
            if name == "postgresql":
                # Positions must become visible in their order, or a reader would step over one.
                connection.execute(text("LOCK TABLE inbox IN SHARE ROW EXCLUSIVE MODE"))
            insert = (postgresql if name == "postgresql" else sqlite).insert(INBOX)
            once = insert.on_conflict_do_nothing(index_elements=["source", "key"])
            return connection.scalar(once.returning(INBOX.c.position), _row(batch)) is not None

    def held(self, source: str, key: str) -> PushBatch | None:
        """Return the batch with that key, None if there is none (any more)."""
        asked = select(INBOX).where(INBOX.c.source == source, INBOX.c.key == key)
        with self._reading() as connection:
            row = connection.execute(asked).one_or_none()
        return None if row is None else _batch(row)

    def after(self, source: str, position: int, *, limit: int) -> tuple[PushBatch, ...]:
        """Return the batches for ``source`` behind ``position``, in order of arrival."""
        asked = (
            select(INBOX)
            .where(INBOX.c.source == source, INBOX.c.position > position)
            .order_by(INBOX.c.position)
            .limit(limit)
        )
        with self._reading() as connection:
            return tuple(map(_batch, connection.execute(asked)))

    def forget(self, source: str, *, up_to: int, before: datetime) -> None:
        """Drop batches for ``source`` up to that position that were received before that time."""
        old = delete(INBOX).where(
            INBOX.c.source == source,
            INBOX.c.position <= up_to,
            INBOX.c.received_at < to_micros(before),
        )
        with self._writing() as connection:
            connection.execute(old)


def _row(batch: PushBatch) -> dict[str, Any]:
    return {
        "source": batch.source,
        "key": batch.key,
        "received_at": to_micros(batch.received_at),
        "kind": batch.kind,
        "document": batch.document,
    }


def _batch(row: Row[Any]) -> PushBatch:
    return PushBatch(
        source=row.source,
        key=row.key,
        received_at=from_micros(row.received_at),
        kind=row.kind,
        document=row.document,
        position=row.position,
    )
