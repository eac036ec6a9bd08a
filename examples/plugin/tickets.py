"""Tickets of a helpdesk as a source: a plug-in in one file.

It reads ``tickets(id, opened_at, customer, subject)`` from a SQLite file, times in seconds since
1970. `pyproject.toml` beside it announces it; docs/plugins.md explains each part.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta

from detector.errors import Unavailable
from detector.sources.base import Poll
from detector.sources.time_windows import Post, parse_lookback, posts_frame

#: A ticket may be entered so long after the time that it bears.
LATE = timedelta(minutes=10)
FIRST_LOOK = timedelta(hours=1)
QUERY = (
    "SELECT id, opened_at, customer, subject FROM tickets WHERE opened_at >= ? AND opened_at < ?"
)


class Tickets:
    """Each ticket is a post, each customer an author."""

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self._path = path

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return the tickets that are new since ``cursor`` and were opened before ``until``."""
        past = parse_lookback(cursor, otherwise=until - FIRST_LOOK)
        if until <= past.until:
            return Poll(cursor)
        posts = past.fresh(self._read(past.until - LATE, until))
        following = past.after(posts, until=until, overlap=LATE).text()
        return Poll(following, posts=posts_frame(posts), observed=((past.until, until),))

    def _read(self, start: datetime, end: datetime) -> list[Post]:
        span = (start.timestamp(), end.timestamp())
        try:
            with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as database:
                rows = database.execute(QUERY, span).fetchall()
        except sqlite3.Error as error:
            # Never an empty poll: a helpdesk that cannot be read is not a quiet one.
            raise Unavailable(f"{self.name}: the tickets cannot be read: {error}") from error
        return [
            Post(datetime.fromtimestamp(at, UTC), str(number), subject, author=str(customer))
            for number, at, customer, subject in rows
        ]


def make(name: str, options: Mapping[str, str]) -> Tickets:
    """Build the source from ``options`` of config.toml."""
    return Tickets(name, options["path"])
