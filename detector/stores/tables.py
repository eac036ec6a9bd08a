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

ALERTS = Table(
    "alerts",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("incident_id", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("alerts_by_incident", "incident_id", "sequence"),
    Index("alerts_by_time", "at"),
    comment="what there was to tell, whoever was told",
)

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("incident_id", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("receiver", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("kind", Text),
    comment="why people were told, and why not",
)

FEEDS = Table(
    "feeds",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("looked_at", BigInteger),
    Column("observed_until", BigInteger),
    comment="how each source is",
)

SILENCES = Table(
    "silences",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    comment="what nobody is to be told of, by whom and why",
)

ACKNOWLEDGEMENTS = Table(
    "acknowledgements",
    METADATA,
    Column("incident_id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("severity", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("comment", Text, nullable=False),
    comment="who has an incident in hand",
)

TOKENS = Table(
    "tokens",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    comment="digests of access tokens, never the tokens",
)

INBOX = Table(
    "inbox",
    METADATA,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("document", Text, nullable=False),
    Index("inbox_once", "source", "key", unique=True),
    comment="rows pushed to us, until their source takes them in",
    # A position is a cursor: it must not be given twice, however many rows were dropped since.
    sqlite_autoincrement=True,
)

LEASES = Table(
    "leases",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("term", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    comment="which of several instances writes",
)
