"""Which tables a store has: brought up to date by the writer, required by readers."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from detector.errors import StoreError

KNOWN = ("0001", "0002", "0003")
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
    from detector.stores.migrate import migrate

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
