"""Hacker News: stories and comments, by the search that Algolia runs for it. No key.

A search finds at most 1,000 posts, so time is asked for in slices, and a slice that is full is
halved. The index lags behind and may stand still while it goes on answering; its newest post says
how far it has come, and only up to there is anything observed.

References
----------
HN Search API, https://hn.algolia.com/api (2026): ``search_by_date``, ``numericFilters``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import ClassVar, Literal

import msgspec

from detector.errors import Garbled, Unavailable
from detector.model.times import from_seconds, iso
from detector.sources.base import Limit, Poll, SearchedSettings, SourceContext
from detector.sources.http.client import Web
from detector.sources.http.html_text import plain_text
from detector.sources.time_windows import Post, parse_lookback, posts_frame

ADDRESS = "https://hn.algolia.com"
MOST_HITS = 1_000
#: Requests of one poll at most; what is left is for the next one.
MOST_REQUESTS = 12
#: Seconds of a slice, at most; at 7 posts a minute it holds 600.
LONGEST_SLICE = 5400
#: People write every few seconds; an index without news for so long stands still.
STALE = timedelta(minutes=30)


class HackerNewsSettings(SearchedSettings):
    """Stories and comments on Hacker News."""

    reads: ClassVar[str] = "stories and comments"
    history: ClassVar[str] = "all of it, in slices"
    up_when: ClassVar[str] = "the newest post in the search; with a `query`, nothing"
    needs: ClassVar[str] = "no key"
    limit: ClassVar[Limit | None] = Limit(120, 60.0, a_day=240_000)  # 10,000 an hour
    example: ClassVar[str] = """\
[[sources]]                     # Hacker News; no key
type = "hackernews"
name = "hackernews"
contact = "ops@example.org"
"""

    type: Literal["hackernews"]
    query: str = ""
    """Only posts with these words. If empty, every post is read, and the newest one shows how far
    the search index has come."""

    def build(self, context: SourceContext) -> HackerNewsSource:
        """Return the source."""
        web = Web.of(self, context, ADDRESS)
        return HackerNewsSource(self.name, web, self.query, self.backfill, self.overlap)


class _Hit(msgspec.Struct):
    objectID: str  # noqa: N815 - as the place calls it
    created_at_i: int
    author: str | None = None
    title: str | None = None
    story_text: str | None = None
    comment_text: str | None = None


class _Found(msgspec.Struct):
    hits: list[_Hit]
    nbHits: int = 0  # noqa: N815


@dataclass(eq=False)
class HackerNewsSource:
    """What is written on Hacker News.

    Parameters
    ----------
    name : the source's name in the configuration.
    web : asks the search.
    query : only posts with these words; empty takes all, which also shows how far the index is.
    backfill : how far before the first poll to begin.
    overlap : how far back each poll goes for posts that were indexed late.
    """

    name: str
    web: Web
    query: str = ""
    backfill: timedelta = timedelta(hours=1)
    overlap: timedelta = timedelta(minutes=10)
    _length: int = field(default=LONGEST_SLICE, init=False, repr=False)

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return the posts indexed since; see `Source.poll`.

        Raises
        ------
        SourceError
            The search does not answer, or nothing has been indexed for `STALE`.
        """
        past = parse_lookback(cursor, otherwise=until - self.backfill)
        if until <= past.until:
            return Poll(cursor)
        found, reached = self._search(past.until - self.overlap, until)
        if reached <= past.until:
            # So much was written that looking back took all requests: go on instead.
            more, reached = self._search(past.until, until)
            found += more
        if reached == until and not self.query:
            reached = self._news(found, until)
        reached = max(reached, past.until)
        posts = past.fresh(post for post in found if post.text)
        after = past.after(posts, until=reached, overlap=self.overlap)
        observed = ((past.until, reached),) if reached > past.until else ()
        return Poll(after.text(), posts=posts_frame(posts), observed=observed)

    def _news(self, found: list[Post], until: datetime) -> datetime:
        """Return how far the index has come."""
        newest = max((post.time for post in found), default=None)
        if newest is None or newest < until - STALE:
            since = iso(newest) if newest else f"{iso(until)} less {STALE} or more"
            raise Unavailable(f"{self.name}: the index stands still; nothing is newer than {since}")
        return min(newest, until)

    def _search(self, start: datetime, end: datetime) -> tuple[list[Post], datetime]:
        """Return the posts from ``start`` on, and up to when they are all of them."""
        posts: list[Post] = []
        left, last = int(start.timestamp()), ceil(end.timestamp())
        for _ in range(MOST_REQUESTS):
            right = min(left + self._length, last)
            if right <= left:
                return posts, end
            page = self._slice(left, right)
            if page is None:
                self._length = (right - left) // 2
                continue
            posts += [post for post in page if post.time < end]
            left = right
            self._length = min(2 * self._length, LONGEST_SLICE)
        return posts, min(from_seconds(left), end)

    def _slice(self, left: int, right: int) -> list[Post] | None:
        """Return the posts of ``[left, right)`` seconds since 1970, None if there are too many."""
        filters = f"created_at_i>={left},created_at_i<{right}"
        params: dict[str, str | int] = {
            "tags": "(story,comment)",
            "numericFilters": filters,
            "hitsPerPage": MOST_HITS,
        }
        if self.query:
            params["query"] = self.query
        found = self.web.read("/api/v1/search_by_date", _Found, params)
        if len(found.hits) >= MOST_HITS or found.nbHits > len(found.hits):
            if right - left > 1:
                return None
            why = f"{found.nbHits:,} posts of one second, and shows {len(found.hits):,}"
            raise Garbled(f"{self.name}: the search knows {why}")
        return [_post(hit) for hit in found.hits if left <= hit.created_at_i < right]


def _post(hit: _Hit) -> Post:
    written = (hit.title, hit.story_text, hit.comment_text)
    return Post(
        time=from_seconds(hit.created_at_i),
        id=hit.objectID,
        text="\n".join(plain_text(part) for part in written if part),
        author=hit.author or "",
        url=f"https://news.ycombinator.com/item?id={hit.objectID}",
    )
