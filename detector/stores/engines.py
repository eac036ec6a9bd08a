"""Connections: how SQLite and PostgreSQL are opened, and how their troubles are explained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from detector.errors import StoreError

BUSY_MILLISECONDS = 5_000

# Law of delivery: what was sent was recorded before. In WAL mode ``synchronous = NORMAL`` survives
# ``kill -9`` but may forget the last commits in a power cut, and with them the record of an alert
# that is already on somebody's phone. FULL syncs the log at every commit: one fsync per cycle.
_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
)


def store_url(location: str | Path) -> URL:
    """Return the SQLAlchemy URL of ``location``: a URL as it is, anything else is a SQLite file.

    Raises
    ------
    StoreError : the URL cannot be understood, or names a database other than SQLite or PostgreSQL.
    """
    text = str(location)
    if "://" not in text:
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The text itself is kept out of the message: it may hold a password.
        raise StoreError(
            "the store's URL cannot be read; write sqlite:///FILE or postgresql+psycopg://HOST/NAME"
        ) from None
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StoreError(f"a store is SQLite or PostgreSQL, not {url.get_backend_name()!r}")
    # Without a driver SQLAlchemy would ask for psycopg2; psycopg 3 is the one we support.
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def file_of(url: URL) -> Path | None:
    """Return the file of a SQLite store, or None (in memory, or a server)."""
    in_memory = url.database in {None, "", ":memory:"}
    return None if url.get_backend_name() != "sqlite" or in_memory else Path(str(url.database))


def open_engine(url: URL, *, readonly: bool) -> Engine:
    """Return an engine whose transactions are real ones; nothing is opened yet."""
    if url.get_backend_name() != "sqlite":
        return _server_engine(url, readonly=readonly)
    if (path := file_of(url)) is None:
        engine = create_engine(url, poolclass=StaticPool)
    else:
        uri = f"{path.absolute().as_uri()}?mode={'rw' if readonly else 'rwc'}"
        engine = create_engine(url.set(database=uri, query={"uri": "true"}))
    event.listen(engine, "connect", _set_up_sqlite(readonly=readonly))
    event.listen(engine, "begin", _begin)
    return engine


def _server_engine(url: URL, *, readonly: bool) -> Engine:
    try:
        return create_engine(
            url,
            pool_pre_ping=True,
            execution_options={"postgresql_readonly": True} if readonly else {},
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(f"no driver for {url.drivername!r} ({error}); install psycopg") from None


def _set_up_sqlite(*, readonly: bool) -> Any:
    def set_up(connection: Any, _record: object) -> None:
        # Python's sqlite3 begins transactions late and not before CREATE TABLE; we begin them.
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        # WAL: readers (`incidents list`) and the writer do not wait for each other.
        connection.execute("PRAGMA query_only = ON" if readonly else "PRAGMA journal_mode = WAL")

    return set_up


def _begin(connection: Connection) -> None:
    # A transaction that will write takes its lock at once: one that read first could be refused
    # half-way, which no busy timeout heals.
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turn the database's errors into a `StoreError` that says what to do, and name the store."""
    where = file_of(url) or url.render_as_string(hide_password=True)
    try:
        yield
    except StoreError as error:
        raise type(error)(f"{where}: {error}") from None
    except DBAPIError as error:
        raise StoreError(f"{where}: {_remedy(str(error.orig))}") from None


def _remedy(said: str) -> str:
    for part, remedy in _REMEDIES:
        if part in said:
            return f"{remedy} ({said.strip()})"
    return f"the database refused: {said.strip()}"


_REMEDIES = (
    ("locked", "another program holds the store; close it and start again"),
    ("readonly", "the store cannot be written; check the rights of the file and its folder"),
    ("read-only", "the store cannot be written; check the rights of the file and its folder"),
    ("unable to open", "the store cannot be opened; check that the folder exists and its rights"),
    ("not a database", "this file is not a store; move it away or choose another one"),
    ("malformed", "the store is damaged; restore a backup, or move it away to start afresh"),
    ("is full", "no space is left for the store; free some and start again"),
    ("connection", "the database server cannot be reached; check the URL and that it runs"),
)
