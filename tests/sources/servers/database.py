"""Somebody's database with counts, and what happens to databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.sources.servers.place import CANARY

MINUTE = timedelta(minutes=1)
QUERY = (
    "SELECT time, service, n FROM complaints "
    "WHERE n > 0 AND time >= :start AND time < :end ORDER BY random()"
)
REACHED = "SELECT max(filled) FROM log"


class Database:
    """A SQLite file that holds `counts`, as of the last `write`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{CANARY}.sqlite"
        self.url = f"sqlite:///{self.path}"
        self.counts: dict[str, dict[datetime, int]] = {}
        self.asked: list[object] = []

    def say(self, n: int, at: datetime) -> None:
        """Counts are all there is."""

    def write(self, columns: str = "time TEXT, service TEXT, n INTEGER") -> None:
        with closing(sqlite3.connect(self.path)) as db:
            db.executescript("DROP TABLE IF EXISTS complaints; DROP TABLE IF EXISTS log")
            db.execute(f"CREATE TABLE complaints ({columns})")
            db.execute("CREATE TABLE log (filled TEXT)")
            rows = [(_iso(t), s, n) for s, c in self.counts.items() for t, n in c.items()]
            db.executemany("INSERT INTO complaints VALUES (?, ?, ?)", rows)
            ends = [_iso(t + MINUTE) for c in self.counts.values() for t in c]
            db.executemany("INSERT INTO log VALUES (?)", [(end,) for end in ends])
            db.commit()

    def apply(self, failure: str) -> None:
        script = SCRIPTS.get(failure)
        if script is None:
            raise NotImplementedError(failure)
        with closing(sqlite3.connect(self.path)) as db:
            db.executescript(script)

    def heal(self) -> None:
        self.write()


SCRIPTS: Mapping[str, str] = {
    "503 throughout": "DROP TABLE complaints",
    "401": "DROP TABLE log",
    "malformed JSON": "UPDATE complaints SET n = 'many'",
    "an empty list": "DELETE FROM complaints; DELETE FROM log",
    "fields gone": "ALTER TABLE complaints RENAME COLUMN n TO number",
    "new fields": "ALTER TABLE complaints ADD COLUMN brand_new TEXT",
    "rows twice": "INSERT INTO complaints SELECT * FROM complaints",
    "rows out of order": "SELECT 1",
}


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
