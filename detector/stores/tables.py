"""The tables of the store. Instants are whole microseconds since 1970 (UTC), everywhere.

Microseconds are exact for Python's ``datetime``, sort as numbers and need no zone, so what is read
equals what was written and every comparison is one of integers, on SQLite as on PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

METADATA = MetaData()

MEMORY = Table(
    "memory",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    comment="what the next cycle must find again",
)

COUNTS = Table(
    "counts",
    METADATA,
    Column("service", Text, primary_key=True),
    Column("time", BigInteger, primary_key=True, autoincrement=False),
    Column("source", Text, primary_key=True),
    Column("count", Double),
    Column("expected", Double),
    Column("evidence", Double),
    comment="one row per bin; null where not observed",
    # Rows live in the key's own tree: a service's history is one stretch of the file.
    sqlite_with_rowid=False,
)

INCIDENTS = Table(
    "incidents",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("service", Text, nullable=False),
    Column("noticed_at", BigInteger, nullable=False),
    Column("resolved_at", BigInteger),
    Column("document", Text, nullable=False),
    Index("incidents_by_notice", "noticed_at"),
    Index("incidents_by_service", "service", "noticed_at"),
    comment="the incident as JSON, and what it is looked up by",
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("receiver", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("incident_id", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("alert_at", BigInteger, nullable=False),
    Column("alert", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Column("error", Text),
    Index("outbox_by_incident", "incident_id"),
    # Few rows are ever pending: the outbox of years is as quick to ask as that of a day.
    Index(
        "outbox_pending",
        "incident_id",
        "receiver",
        "sequence",
        sqlite_where=text("status = 'pending'"),
        postgresql_where=text("status = 'pending'"),
    ),
    comment="alerts on their way: recorded before they are sent",
)
