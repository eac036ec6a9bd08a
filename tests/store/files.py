"""Store files made and meddled with."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from detector.store.base import RunRecord
from detector.store.sql_store import open_store


def made(path: Path, **record: Any) -> Path:
    """Make the store at ``path``, or open it, commit a record, and close it."""
    with closing(open_store(path)) as store:
        store.commit(RunRecord(**record))
    return path


def changed(path: Path, *statements: str) -> Path:
    """Run statements behind the store's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return path
