"""X: posts counted by X itself, and what people write while a service is loud. Paid per call.

``/2/tweets/counts/recent`` gives a service's minutes of up to seven days in one call, so time that
was missed heals by itself, and a call every few minutes loses nothing but promptness.

Counts say that people complain; an alert needs to say what about. So while a service's counts are
far above those of the hour before, one search per call (``/2/tweets/search/recent``) brings up to a
hundred posts. They are quoted and read for what fails and where; the counts stay X's own.

References
----------
X API v2, https://docs.x.com/x-api/posts/get-posts-counts-recent (2026): ``granularity``,
``start_time``, ``end_time`` at least 10 seconds ago; 300 requests in 15 minutes.
https://docs.x.com/x-api/posts/search-recent-posts (2026): ``max_results`` 10 to 100,
``start_time`` and ``end_time`` as for counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
import numpy as np
import pandas as pd
import structlog

from detector.errors import Garbled, SourceError
from detector.fields import LongDuration, Positive
from detector.model.times import iso
from detector.sources.base import Limit, Poll, PolledSettings, Queries, Quota, SourceContext
from detector.sources.http.client import Web
from detector.sources.time_windows import (
    Post,
    Row,
    counts_frame,
    cursor_at,
    parse_bins,
    posts_frame,
    whole_bins,
)

log = structlog.get_logger("detector.sources")

ADDRESS = "https://api.x.com"
WIDTH = timedelta(minutes=1)
#: X counts up to some seconds ago, and not before a week ago.
YOUNGEST = timedelta(seconds=30)
OLDEST = timedelta(days=7) - timedelta(minutes=5)
MOST_PAGES = 20
#: The last so many minutes are compared with the hour before.
LATELY, BEFORE = timedelta(minutes=10), timedelta(hours=1)
#: A service is loud from so many times the usual on, and from so many posts more.
TIMES, MORE = 3.0, 20.0
MOST = 100


class XSettings(PolledSettings):
    """Posts counted by X itself. X charges per call; ``check`` shows what that comes to."""

    reads: ClassVar[str] = "counts per minute"
    history: ClassVar[str] = "seven days"
    up_when: ClassVar[str] = "that every minute has a count"
    needs: ClassVar[str] = "a bearer token, money"
    limit: ClassVar[Limit | None] = Limit(280, 900.0, a_day=28_800)  # 300 in 15 minutes
    example: ClassVar[str] = """\
[[sources]]                     # posts counted by X; paid per call: see `check`
type = "x"
name = "x"
token_env = "X_TOKEN"
every = "5min"
queries = { WeChat = "微信崩了 -is:retweet" }
"""

    type: Literal["x"]
    queries: Queries
    """X's search per service, e.g. ``WeChat = "微信崩了 -is:retweet"``."""

    every: LongDuration = timedelta(minutes=5)
    """Time between calls. A call brings every minute since the last one."""

    evidence: bool = True
    """Whether to search for posts while a service is loud, to quote them and to tell what fails:
    one more call per service each time."""

    price_per_call: Positive | None = None
    """What a call costs by your contract, for ``check`` to show."""

    token_env: str | None = None
    """Environment variable with the bearer token. Give this or ``token_file``."""

    token_file: Path | None = None
    """File with the bearer token."""

    def requests_per_poll(self) -> int:
        """Return one per service."""
        return len(self.queries)

    def rhythm(self) -> timedelta:
        """Return the time between calls."""
        return self.every

    def quota(self, *, every: timedelta) -> Quota:
        """Return what a day asks for, what that costs, and the searches for posts on top."""
        day = super().quota(every=every)
        cost = None if self.price_per_call is None else day.requests * self.price_per_call
        return replace(day, cost=cost, outage=day.requests / 24 if self.evidence else 0.0)

    def build(self, context: SourceContext) -> XSource:
        """Return the source. Raises `ConfigError` without a token."""
        self.required_secret("token", context.base)
        web = Web.of(self, context, ADDRESS)
        return XSource(self.name, web, self.queries, self.every, evidence=self.evidence)


class _Counted(msgspec.Struct):
    start: datetime
    end: datetime
    tweet_count: int


class _Meta(msgspec.Struct):
    next_token: str | None = None


class _Reply(msgspec.Struct):
    data: list[_Counted]
    meta: _Meta


@dataclass(eq=False)
class XSource:
    """Counts by service and minute.

    Parameters
    ----------
    name : the source's name in the configuration.
    web : asks X; the bearer token is among its headers.
    queries : X's search by service, e.g. ``微信崩了 -is:retweet``.
    every : how often to call.
    backfill : how far before the first poll to begin, at most `OLDEST`.
    overlap : how far back each poll goes for counts that were revised; it costs no call.
    evidence : whether posts are searched for while a service is loud, a call more for each.
    """

    name: str
    web: Web
    queries: Mapping[str, str]
    every: timedelta = timedelta(minutes=5)
    backfill: timedelta = OLDEST
    overlap: timedelta = timedelta(hours=1)
    evidence: bool = True

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return the counts of the whole minutes since; see `Source.poll`."""
        past = parse_bins(cursor, otherwise=until - self.backfill)
        start = max(past.until - self.overlap, until - OLDEST)
        start, end = whole_bins(start, until - YOUNGEST, WIDTH)
        if end - past.until < self.every:
            return Poll(cursor, counts=counts_frame(()), width=WIDTH)
        rows = {service: self._whole(service, start, end) for service in self.queries}
        counted = [row for own in rows.values() for row in own]
        posts = self._posts(rows, end) if self.evidence else None
        return Poll(cursor_at(end), counts=counts_frame(counted), width=WIDTH, evidence=posts)

    def _posts(self, rows: Mapping[str, Sequence[Row]], end: datetime) -> pd.DataFrame | None:
        """Return what is written about loud services; the counts do not wait for it."""
        found = []
        for service in (name for name, own in rows.items() if is_loud(own, end)):
            try:
                found.append(posts_about(self.web, service, self.queries[service], end))
            except SourceError as error:
                log.warning("no posts to quote", source=self.name, error=str(error))
        return pd.concat(found, ignore_index=True) if found else None

    def _whole(self, service: str, start: datetime, end: datetime) -> list[Row]:
        """Return the service's minutes; quiet ones are among them, as zeros."""
        rows = list(self._rows(service, start, end))
        if len({at for _, at, _ in rows}) < (end - start) / WIDTH:
            counted = f"{len(rows):,} of {(end - start) // WIDTH:,} minutes"
            raise Garbled(f"{self.name}: {service}: the counts are not whole: {counted}")
        return rows

    def _rows(self, service: str, start: datetime, end: datetime) -> Iterator[Row]:
        params: dict[str, str | int] = {
            "query": self.queries[service],
            "granularity": "minute",
            "start_time": iso(start),
            "end_time": iso(end),
        }
        for _ in range(MOST_PAGES):
            reply = self.web.read("/2/tweets/counts/recent", _Reply, params)
            for counted in reply.data:
                # The first and last may be parts of a minute: no bins.
                if counted.end - counted.start == WIDTH and start <= counted.start < end:
                    yield service, counted.start, float(counted.tweet_count)
            if reply.meta.next_token is None:
                return
            params["next_token"] = reply.meta.next_token
        raise Garbled(f"{self.name}: {service}: more than {MOST_PAGES} pages of counts")


class _Tweet(msgspec.Struct):
    id: str
    text: str
    created_at: datetime
    author_id: str = ""
    lang: str = ""


class _Found(msgspec.Struct):
    data: list[_Tweet] = []


def is_loud(rows: Sequence[Row], end: datetime) -> bool:
    """Return whether the last minutes of ``rows`` are far above the hour before them.

    Parameters
    ----------
    rows : one service's minutes.
    end : right edge of the last of them.
    """
    lately = sum(count for _, at, count in rows if at >= end - LATELY)
    before = [count for _, at, count in rows if end - LATELY - BEFORE <= at < end - LATELY]
    usual = (float(np.median(before)) if before else 0.0) * (LATELY / timedelta(minutes=1))
    return lately >= max(TIMES * usual, usual + MORE)


def posts_about(web: Web, service: str, query: str, end: datetime) -> pd.DataFrame:
    """Return up to `MOST` posts of the minutes before ``end``: a posts table, ``service`` named.

    Raises
    ------
    SourceError : X does not answer, or something else than it promised.
    """
    params: dict[str, str | int] = {
        "query": query,
        "start_time": iso(end - LATELY),
        "end_time": iso(end),
        "max_results": MOST,
        "tweet.fields": "created_at,author_id,lang",
    }
    found = web.read("/2/tweets/search/recent", _Found, params).data
    posts = [Post(t.created_at, t.id, t.text, author=t.author_id, lang=t.lang) for t in found]
    posts.sort(key=lambda post: (post.time, post.id))
    return posts_frame(posts).assign(service=service)
