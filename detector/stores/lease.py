"""One writer per store: the lease of a SQLite file, which goes with its holder."""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from detector.errors import StoreError


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
