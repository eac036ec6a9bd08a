"""Connections to SQLite and PostgreSQL: engines, transactions, upserts, errors explained."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, Insert, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from detector.errors import StoreError
from detector.store.schema import bring_up_to_date, require_current

BUSY_MILLISECONDS = 5_000
#: Ids in one question: databases bound the parameters of a statement.
_AT_ONCE = 500

# Law of delivery: what was sent was recorded before. In WAL mode ``synchronous = NORMAL`` survives
# ``kill -9`` but may forget the last commits in a power cut, and with them the record of an alert
# that is already on somebody's phone. FULL syncs the log at every commit: one fsync per cycle.
_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
)

T = TypeVar("T", bound="Transactions")


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


def _remedy(message: str) -> str:
    for part, remedy in _REMEDIES:
        if part in message:
            return f"{remedy} ({message.strip()})"
    return f"the database refused: {message.strip()}"


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


def require_file(url: URL) -> None:
    """Raise `StoreError` when the file of a SQLite store is not there."""
    path = file_of(url)
    if path is not None and not path.is_file():
        raise StoreError(f"{path}: there is no store yet; `outage-detector run` makes it")


def open_shared(location: str | Path, kind: Callable[[Engine, URL], T], *, readonly: bool) -> T:
    """Open the store at ``location`` as a ``kind``; a pipeline may be running on it.

    Raises
    ------
    StoreError : there is no store yet, or its schema is not this version's.
    """
    url = store_url(location)
    require_file(url)
    opened = kind(open_engine(url, readonly=readonly), url)
    try:
        opened.check_schema(may_migrate=False)
    except StoreError:
        opened.close()
        raise
    return opened


class Transactions:
    """Reading and writing ones, whose troubles are explained.

    Parameters
    ----------
    engine : where to.
    url : the store as the user named it, for messages.
    """

    def __init__(self, engine: Engine, url: URL) -> None:
        self._engine = engine
        self._url = url

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url.render_as_string(hide_password=True)!r})"

    @property
    def engine(self) -> Engine:
        """Where to."""
        return self._engine

    @property
    def url(self) -> URL:
        """The store as the user named it."""
        return self._url

    def check_schema(self, *, may_migrate: bool) -> None:
        """Bring the tables up to date, or only require that they are."""
        if may_migrate:
            with self._writing() as connection:
                bring_up_to_date(connection)
        else:
            with self._reading() as connection:
                require_current(connection)

    def close(self) -> None:
        """Release files and connections."""
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained(self._url), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        engine = self._engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        with explained(self._url), engine.begin() as connection:
            yield connection


def in_parts(ids: Collection[str]) -> Iterator[Sequence[str]]:
    """Yield ``ids`` in parts that fit into one question each."""
    found = list(ids)
    return (found[start : start + _AT_ONCE] for start in range(0, len(found), _AT_ONCE))


def upsert(connection: Connection, table: Table) -> Insert:
    """Return an insert into ``table`` that replaces the row with the same primary key."""
    insert = _insert_into(table, connection)
    keys = [column.name for column in table.primary_key]
    fresh = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=fresh)


def insert_new(connection: Connection, table: Table) -> Insert:
    """Return an insert into ``table`` that leaves a row with the same primary key alone."""
    insert = _insert_into(table, connection)
    return insert.on_conflict_do_nothing(index_elements=[c.name for c in table.primary_key])


def write_many(
    connection: Connection, statement: Insert, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Run ``statement`` for tuples of the columns ``names``.

    SQLAlchemy's own path for many rows checks a dictionary per row, which takes longer than
    SQLite takes to write it; the driver is therefore given the compiled statement and plain rows.
    """
    if not rows:
        return
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(names))
    if (order := compiled.positiontup) is None:
        named = [dict(zip(names, row, strict=True)) for row in rows]
        connection.exec_driver_sql(str(compiled), named)
        return
    places = [names.index(name) for name in order]
    connection.exec_driver_sql(str(compiled), [tuple(row[i] for i in places) for row in rows])


def _insert_into(table: Table, connection: Connection) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
