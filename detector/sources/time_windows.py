"""Polls of a window of time that begins a little before the last one ended.

Places index posts late and out of order: which posts were handed out is remembered by their ids in
the cursor, as long as a poll may find them again, so that a restart neither loses nor repeats one.
Places revise counts: each poll asks again for the last few bins, and of rows for the same bin the
last one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import pandas as pd

from detector.model.times import floor_to
from detector.sources.base import decode_cursor


@dataclass(frozen=True, slots=True)
class Post:
    """One post: when (aware UTC), which, what was said, by whom, where to read it."""

    time: datetime
    id: str
    text: str
    author: str = ""
    lang: str = ""
    url: str = ""


class LookBack(msgspec.Struct, frozen=True):
    """Where the next poll continues.

    Attributes
    ----------
    until : up to here it was said what was observed.
    seen : posts handed out that the next poll may find again: id to seconds since 1970.
    """

    until: datetime
    seen: dict[str, int] = {}

    def text(self) -> str:
        """Return the cursor as the text that a store keeps."""
        return msgspec.json.encode(self).decode()

    def fresh(self, posts: Iterable[Post]) -> tuple[Post, ...]:
        """Return the posts that were not handed out yet, once each, in order of time."""
        once = {post.id: post for post in posts if post.id not in self.seen}
        return tuple(sorted(once.values(), key=lambda post: (post.time, post.id)))

    def after(self, posts: Iterable[Post], *, until: datetime, overlap: timedelta) -> LookBack:
        """Return the cursor behind ``posts``, whose successor goes back by ``overlap``."""
        oldest = (until - overlap).timestamp()
        seen = self.seen | {post.id: int(post.time.timestamp()) for post in posts}
        return LookBack(until, {key: at for key, at in seen.items() if at + 1 > oldest})


def parse_lookback(text: str | None, *, otherwise: datetime) -> LookBack:
    """Return the cursor that ``text`` is; None begins at ``otherwise``. Raises `InputError`."""
    if text is None:
        return LookBack(otherwise)
    return decode_cursor(text, LookBack, of="a search")


def posts_frame(posts: Sequence[Post]) -> pd.DataFrame:
    """Return ``posts`` as a posts table: ``time, text, id, author, lang, url``."""
    times = pd.DatetimeIndex([post.time for post in posts], tz=UTC, dtype="datetime64[us, UTC]")
    texts = {
        name: pd.Series([getattr(post, name) for post in posts], dtype="str")
        for name in ("text", "id", "author", "lang", "url")
    }
    return pd.DataFrame({"time": times, **texts})


#: service, left edge of the bin, count
Row = tuple[str, datetime, float]


class BinCursor(msgspec.Struct, frozen=True):
    """Where the next poll continues: the left edge of the first bin that was not there yet."""

    until: datetime


def parse_bins(text: str | None, *, otherwise: datetime) -> BinCursor:
    """Return the cursor that ``text`` is; None begins at ``otherwise``. Raises `InputError`."""
    if text is None:
        return BinCursor(otherwise)
    return decode_cursor(text, BinCursor, of="bins")


def cursor_at(until: datetime) -> str:
    """Return the cursor that continues at ``until``."""
    return msgspec.json.encode(BinCursor(until)).decode()


def whole_bins(start: datetime, end: datetime, width: timedelta) -> tuple[datetime, datetime]:
    """Return the edges of the whole bins that touch ``start`` and end by ``end``."""
    left = floor_to(start, width)
    return left, max(left, floor_to(end, width))


def counts_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Return ``rows`` as a counts table in order of time."""
    ordered = sorted(rows, key=lambda row: (row[1], row[0]))
    times = pd.DatetimeIndex([row[1] for row in ordered], tz=UTC, dtype="datetime64[us, UTC]")
    return pd.DataFrame(
        {
            "time": times,
            "service": pd.Series([row[0] for row in ordered], dtype="str"),
            "count": pd.Series([row[2] for row in ordered], dtype="float64"),
        }
    )
