"""One writer per store: a lease on a file for SQLite, in a row of the database for PostgreSQL.

The lease of a file goes with its holder. That in a row is taken by compare-and-swap, on the
database's clock, so that those of the machines do not matter. Each new holder begins a new *term*;
every transaction that writes looks at the term first and holds the row until it is over, so an
instance that was asleep while another took over can write nothing any more (Kleppmann 2016, "How
to do distributed locking").
"""

from __future__ import annotations

import os
import socket
import sqlite3
import uuid
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, TextClause, text
from sqlalchemy.exc import DBAPIError

from detector.errors import LeaseLost, StoreError
from detector.store.connections import explained

TTL = timedelta(seconds=20)

_LOCK_NOT_AVAILABLE = "55P03"
_NOW = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_TAKE = text(f"""
    INSERT INTO leases AS held (name, holder, term, expires_at)
    VALUES ('writer', :me, 1, {_NOW} + :ttl)
    ON CONFLICT (name) DO UPDATE SET
        holder = excluded.holder,
        term = held.term + (held.holder <> excluded.holder)::int,
        expires_at = excluded.expires_at
    WHERE held.holder = excluded.holder OR held.expires_at <= {_NOW}
    RETURNING term
""")  # noqa: S608 - put together from constants
_RENEW = text(f"""
    UPDATE leases SET expires_at = {_NOW} + :ttl
    WHERE name = 'writer' AND holder = :me AND term = :term RETURNING term
""")  # noqa: S608 - put together from constants
_FENCE = text(
    "SELECT term FROM leases WHERE name = 'writer' AND holder = :me AND term = :term FOR SHARE"
)
_RELEASE = text(
    "UPDATE leases SET expires_at = 0 WHERE name = 'writer' AND holder = :me AND term = :term"
)
_HOLDER = text("SELECT holder FROM leases WHERE name = 'writer'")


class FileLease:
    """The lease of one SQLite store, held on the file ``<store>-lease`` beside it.

    The lock is SQLite's own on an empty second database: it works wherever SQLite does, is not
    inherited by child processes, never stands in a reader's way, and goes with the process, so
    that nobody has to remove a stale lock file after ``kill -9``.

    Raises
    ------
    StoreError : another process (or another store object of this one) writes to the store, or its
        folder cannot be made.
    """

    ttl: timedelta | None = None
    term = 1

    def __init__(self, store: Path) -> None:
        try:
            store.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{store}: its folder cannot be made ({error.strerror})") from None
        # Through symbolic links: two names of one store must meet at one lease.
        path = f"{store.resolve()}-lease"
        try:
            self._lock = sqlite3.connect(
                path, timeout=0, isolation_level=None, check_same_thread=False
            )
        except sqlite3.OperationalError as error:
            raise StoreError(_refusal(store, None, error)) from None
        try:
            self._take()
        except sqlite3.DatabaseError as error:
            holder = self._holder()
            self._lock.close()
            raise StoreError(_refusal(store, holder, error)) from None

    def _take(self) -> None:
        self._lock.execute("PRAGMA synchronous = OFF")  # the content does not matter, the lock does
        self._lock.execute("BEGIN IMMEDIATE")
        self._lock.execute(f"PRAGMA user_version = {os.getpid()}")
        self._lock.execute("COMMIT")
        self._lock.execute("BEGIN IMMEDIATE")

    def _holder(self) -> int | None:
        try:
            row = self._lock.execute("PRAGMA user_version").fetchone()
        except sqlite3.Error:
            return None  # it only decorates the message
        return int(row[0]) or None

    def take(self) -> bool:
        """Return True: it was taken when it was made, and nobody can take it away."""
        return True

    renew = take

    def fence(self, connection: Connection) -> None:
        """Let every transaction pass."""

    def release(self) -> None:
        """Let another process have it."""
        self._lock.close()


def _refusal(store: Path, holder: int | None, error: sqlite3.DatabaseError) -> str:
    if "locked" not in str(error):
        return f"{store}: cannot write beside the store ({error}); choose a writable folder"
    who = "another outage-detector" + (f" (process {holder})" if holder else "")
    return f"{store}: {who} is writing to this store; stop it first, or choose another store"


class RowLease:
    """The right to write to a PostgreSQL store.

    Parameters
    ----------
    engine : where the row is.
    ttl : a holder that did not renew the lease for so long has lost it to whoever asks.
    """

    def __init__(self, engine: Engine, ttl: timedelta = TTL) -> None:
        self._engine = engine
        self.ttl = ttl
        self.me = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
        self.term: int | None = None

    def take(self) -> bool:
        """Take the lease or renew it; return whether we hold it now."""
        self.term = self._asked(_TAKE, self.term)
        return self.term is not None

    def renew(self) -> bool:
        """Keep the lease if it is ours; return whether it is. A new term is never begun.

        What was read in our term holds as long as this returns True.
        """
        return self._asked(_RENEW, self.term) is not None

    def _asked(self, statement: TextClause, term: int | None) -> int | None:
        """Return the term that ``statement`` gives us; ours if the row cannot be had just now."""
        values = {"me": self.me, "ttl": self.ttl // timedelta(microseconds=1)}
        if statement is _RENEW:
            values["term"] = term
        try:
            with self._engine.begin() as connection:
                # A holder that stopped in the middle of a transaction keeps the row locked.
                connection.execute(text(f"SET LOCAL lock_timeout = '{self._patience} ms'"))
                given: int | None = connection.scalar(statement, values)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                return term
            with explained(self._engine.url):
                raise
        return given

    def fence(self, connection: Connection) -> None:
        """Let the transaction on ``connection`` go on only as long as the lease is ours.

        Raises
        ------
        LeaseLost : another instance has taken over, or we never held it.
        """
        # A process that stops in its transaction would keep the row from everybody.
        connection.execute(
            text(f"SET LOCAL idle_in_transaction_session_timeout = '{self._patience} ms'")
        )
        if connection.scalar(_FENCE, {"me": self.me, "term": self.term}) is None:
            holder = connection.scalar(_HOLDER)
            raise LeaseLost(f"another outage-detector ({holder}) is writing to this database")

    def holder(self) -> str | None:
        """Return who held it last, for messages."""
        with explained(self._engine.url), self._engine.begin() as connection:
            held: str | None = connection.scalar(_HOLDER)
            return held

    def release(self) -> None:
        """Let another instance have it at once."""
        if self.term is not None:
            with explained(self._engine.url), self._engine.begin() as connection:
                connection.execute(_RELEASE, {"me": self.me, "term": self.term})
            self.term = None

    @property
    def _patience(self) -> int:
        return max(1, self.ttl // timedelta(milliseconds=1))
