"""One writer per store: a lease that the operating system drops when its holder dies."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text

from detector.errors import StoreError
from detector.stores.engines import explained

_ADVISORY_KEY = 0x6F757461676564  # "outaged", the name of our lock among a database's others


class Lease(Protocol):
    """The right to write to a store."""

    def release(self) -> None:
        """Let another process have it."""


def take_lease(engine: Engine, path: Path | None) -> Lease | None:
    """Return the lease of the store behind ``engine``; a store in memory needs none.

    Raises
    ------
    StoreError : somebody else writes to the store, or its folder cannot be made.
    """
    if engine.dialect.name == "postgresql":
        with explained(engine.url):
            return AdvisoryLease(engine)
    if path is None:
        return None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path}: its folder cannot be made ({error.strerror})") from None
    return FileLease(path)


class FileLease:
    """The lease of one SQLite store, held on the file ``<store>-lease`` beside it.

    The lock is SQLite's own on an empty second database: it works wherever SQLite does, is not
    inherited by child processes, never stands in a reader's way, and goes with the process, so
    that nobody has to remove a stale lock file after ``kill -9``.

    Raises
    ------
    StoreError : another process (or another store object of this one) writes to the store.
    """

    def __init__(self, store: Path) -> None:
        # Through symbolic links: two names of one store must meet at one lease.
        beside = f"{store.resolve()}-lease"
        try:
            self._lock = sqlite3.connect(
                beside, timeout=0, isolation_level=None, check_same_thread=False
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

    def release(self) -> None:
        """Let another process have it."""
        self._lock.close()


class AdvisoryLease:
    """The lease of one PostgreSQL store: a session-level advisory lock on a connection of its own.

    Raises
    ------
    StoreError : another process writes to the store.
    """

    def __init__(self, engine: Engine) -> None:
        self._connection: Connection = engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        )
        asked = text("SELECT pg_try_advisory_lock(:key)")
        if not self._connection.execute(asked, {"key": _ADVISORY_KEY}).scalar_one():
            self._connection.close()
            raise StoreError("another outage-detector is writing to this database; stop it first")

    def release(self) -> None:
        """Let another process have it."""
        # A pooled connection would keep the lock; ending the session drops it.
        self._connection.invalidate()
        self._connection.close()


def _refusal(store: Path, holder: int | None, error: sqlite3.DatabaseError) -> str:
    if "locked" not in str(error):
        return f"{store}: cannot write beside the store ({error}); choose a writable folder"
    who = "another outage-detector" + (f" (process {holder})" if holder else "")
    return f"{store}: {who} is writing to this store; stop it first, or choose another store"
