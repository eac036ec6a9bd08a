"""Weibo's hot-search list: the side bar's JSON. What is listed, with its heat; no history.

The list is documented nowhere and changes: of an entry we need its words and a heat, under one of
two names. A poll that brought no list is a failure and not a quiet minute: an archive of the list
recorded empty ones for four years without noticing. So is a list that stays the same, heat and
all, for `STALE`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
import pandas as pd

from detector.errors import Garbled, Refused
from detector.fields import Width
from detector.model.columns import TableKind
from detector.model.times import floor_to, iso
from detector.sources.base import Limit, Poll, PolledSettings, SourceContext, decode_cursor
from detector.sources.http.client import Web
from detector.sources.tables.table_rows import empty_counts

ADDRESS = "https://weibo.com"
PATH = "/ajax/side/hotSearch"
#: By these Weibo says that it takes us for a crawler; asking on makes it worse. Seconds to rest.
REFUSALS = {418: 600.0, 432: 600.0}
#: Heat moves every minute; a list that does not is served from somewhere dead.
STALE = timedelta(minutes=30)


class WeiboHotSearchSettings(PolledSettings):
    """Weibo's hot-search list, read once per bin."""

    reads: ClassVar[str] = "the trending list, with heat and floor"
    history: ClassVar[str] = "none: a poll that was missed is lost"
    up_when: ClassVar[str] = "a list that is not empty and changes"
    needs: ClassVar[str] = "sometimes a cookie"
    limit: ClassVar[Limit | None] = Limit(6, 60.0)
    example: ClassVar[str] = """\
[[sources]]                     # Weibo's hot-search list, read once a minute
type = "weibo_hotsearch"
name = "weibo"
cookie_env = "WEIBO_COOKIE"     # only if Weibo wants a login
"""

    type: Literal["weibo_hotsearch"]
    width: Width = timedelta(minutes=1)
    """Bin width; the list is read once per bin."""

    cookie_env: str | None = None
    """Environment variable with a cookie, if Weibo wants a login."""

    cookie_file: Path | None = None
    """File with the cookie."""

    def rhythm(self) -> timedelta:
        """Return the bin width."""
        return self.width

    def build(self, context: SourceContext) -> WeiboHotSearchSource:
        """Return the source."""
        web = Web.of(self, context, ADDRESS, refusals=REFUSALS)
        return WeiboHotSearchSource(self.name, web, self.width)


class _Entry(msgspec.Struct):
    word: str = ""
    num: float | None = None
    raw_hot: float | None = None
    is_ad: int = 0
    topic_ad: int = 0

    @property
    def heat(self) -> float | None:
        return self.num if self.num is not None else self.raw_hot


class _List(msgspec.Struct):
    realtime: list[_Entry]


class _Reply(msgspec.Struct):
    ok: int
    data: _List | None = None


class _Cursor(msgspec.Struct, frozen=True):
    """The last poll: the right edge of its bin, what the list was, and since when it is that."""

    until: datetime
    digest: str
    since: datetime


@dataclass(eq=False)
class WeiboHotSearchSource:
    """The list as it stands, read once per bin.

    Parameters
    ----------
    name : the source's name in the configuration.
    web : asks Weibo; a cookie, if any, is among its headers.
    width : bin width; the list is read once per bin.
    """

    name: str
    web: Web
    width: timedelta = timedelta(minutes=1)

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return the list now: one row per entry, named by its title, observed for this bin.

        Raises
        ------
        SourceError
            No list, an empty one, or one that has not changed for `STALE`.
        """
        past = _parse(cursor)
        left = floor_to(until, self.width)
        if past is not None and left < past.until:
            return Poll(cursor, counts=empty_counts(TableKind.TRENDING), width=self.width)
        entries = self._entries()
        after = self._moved(past, entries, left)
        span = (left, left + self.width)
        counts = _frame(entries, left)
        return Poll(after, counts=counts, width=self.width, observed=(span,))

    def _entries(self) -> Sequence[_Entry]:
        """Return the entries with words and heat, advertisements left out."""
        answer = self.web.get(PATH, conditional=True)
        reply = self.web.parsed(answer, _Reply)
        if reply.ok != 1 or reply.data is None:
            raise Refused(f"{self.name}: Weibo wants a login (ok = {reply.ok}); set cookie_env")
        listed = [e for e in reply.data.realtime if e.word and not (e.is_ad or e.topic_ad)]
        if not listed:
            raise Garbled(f"{self.name}: the list is empty, which the real one never is")
        warm = [entry for entry in listed if entry.heat is not None]
        if 2 * len(warm) < len(listed):
            counted = f"{len(warm)} of {len(listed)} entries"
            raise Garbled(f"{self.name}: only {counted} tell their heat (num or raw_hot)")
        return list({entry.word: entry for entry in warm}.values())

    def _moved(self, past: _Cursor | None, entries: Sequence[_Entry], left: datetime) -> str:
        """Return the cursor behind this poll, or raise `Garbled` if the list stands still."""
        counted = "\n".join(f"{entry.word}\t{entry.heat}" for entry in entries)
        digest = hashlib.blake2b(counted.encode(errors="replace"), digest_size=8).hexdigest()
        since = past.since if past is not None and past.digest == digest else left
        if left - since >= STALE:
            raise Garbled(f"{self.name}: the list has been the same since {iso(since)}")
        after = _Cursor(left + self.width, digest, since)
        return msgspec.json.encode(after).decode()


def _frame(entries: Sequence[_Entry], at: datetime) -> pd.DataFrame:
    heat = [float(entry.heat or 0.0) for entry in entries]
    frame = pd.DataFrame(
        {
            "time": pd.Timestamp(at),
            "service": pd.Series([""] * len(entries), dtype="str"),
            "count": heat,
            "floor": min(heat),
            "title": pd.Series([entry.word for entry in entries], dtype="str"),
        }
    )
    frame["time"] = frame["time"].dt.as_unit("us")
    return frame


def _parse(text: str | None) -> _Cursor | None:
    if text is None:
        return None
    return decode_cursor(text, _Cursor, of="a hot-search list")
