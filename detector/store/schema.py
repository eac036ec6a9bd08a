"""The tables of the store, brought up to date by the writer, required to be so by readers.

Instants are whole microseconds since 1970 (UTC), everywhere. They are exact for Python's
``datetime``, sort as numbers and need no zone, so what is read equals what was written and every
comparison is one of integers, on SQLite as on PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    inspect,
    text,
)

from detector.errors import StoreError

METADATA = MetaData()

STATE = Table(
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
    Column("notice", Integer, nullable=False, server_default=text("0")),
    Column("kind", Text, nullable=False, server_default=text("''")),
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
        "notice",
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
    Column("params", Text, primary_key=True),
    Column("kind", Text),
    Column("number", Integer, nullable=False, server_default=text("0")),
    Index("decisions_by_reason", "reason", "receiver", "incident_id"),
    comment="why people were notified, and why not: a code, and its parameters as JSON",
)

SOURCE_HEALTH = Table(
    "feeds",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("params", Text, nullable=False),
    Column("polled_at", BigInteger),
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

KNOWN = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""The schemas that this version can start from, oldest first; the last is its own."""

_MIGRATING = 0x6F757461676564  # "outaged", the name of our lock among a database's others


def bring_up_to_date(connection: Connection) -> None:
    """Run the migrations that are missing, inside the caller's transaction.

    Raises
    ------
    StoreError : the schema is newer than the code, or the file is somebody else's.
    """
    if _version(connection) == KNOWN[-1]:
        return
    if connection.dialect.name == "postgresql":
        # Two instances that start together: one of them migrates, the other finds it done.
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATING})"))
    version = _version(connection)
    if version == KNOWN[-1]:
        return
    if version is None:
        _refuse_foreign(connection)
    else:
        _refuse_newer(version)
    # Alembic costs a fifth of a second to import, and nearly no start needs it.

    from detector.store.migrate import migrate

    migrate(connection)


def require_current(connection: Connection) -> None:
    """Raise `StoreError` unless the schema is this version's own (readers do not migrate)."""
    version = _version(connection)
    if version == KNOWN[-1]:
        return
    if version is None:
        raise StoreError("this is not a store of outage-detector, or its first run has not begun")
    _refuse_newer(version)
    raise StoreError(
        f"the store has schema {version}, this version needs {KNOWN[-1]}; "
        "start `outage-detector run` once to bring it up to date"
    )


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _refuse_newer(version: str) -> None:
    if version not in KNOWN:
        raise StoreError(
            f"the store has schema {version!r}, this version knows none after {KNOWN[-1]}; "
            "upgrade outage-detector, or choose another store"
        )


def _refuse_foreign(connection: Connection) -> None:
    # A PostgreSQL database may be shared with others; a SQLite file is ours or it is not.
    others = inspect(connection).get_table_names()
    if others and connection.dialect.name == "sqlite":
        raise StoreError(
            f"this SQLite file belongs to something else (it has a table {others[0]!r}); "
            "choose another store"
        )
