"""Mastodon: the hashtag timelines of one server. A token is optional.

Identifiers on Mastodon hold the time of a post, also of one that arrived late from another
server, so a poll begins at the identifier of an instant and not at the newest one known: posts
that federate late are found behind it.

References
----------
Mastodon API, https://docs.joinmastodon.org/methods/timelines/ (2026): ``min_id``, Link paging;
https://docs.joinmastodon.org/api/rate-limits/: 300 requests in 5 minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import quote

import msgspec
from pydantic import Field

from detector.errors import Garbled
from detector.fields import Name
from detector.sources.base import Address, Limit, Poll, SearchedSettings, SourceContext
from detector.sources.http.client import Web
from detector.sources.http.html_text import plain_text
from detector.sources.time_windows import Post, parse_lookback, posts_frame

PAGE = 40
#: Pages of one tag in one poll; more than 2,000 posts a poll are not made up for.
MOST_PAGES = 50


class MastodonSettings(SearchedSettings):
    """Hashtag timelines of one Mastodon server."""

    reads: ClassVar[str] = "posts by hashtag"
    history: ClassVar[str] = "as far back as the server keeps"
    up_when: ClassVar[str] = "that the tags have posts at all"
    needs: ClassVar[str] = "a server; some want a token"
    limit: ClassVar[Limit | None] = Limit(280, 300.0, a_day=86_400)  # 300 in 5 minutes
    example: ClassVar[str] = """\
[[sources]]                     # hashtags on one Mastodon server
type = "mastodon"
name = "mastodon"
url = "https://mastodon.social"
tags = ["outage", "wechat"]
token_env = "MASTODON_TOKEN"    # only if the server wants one
"""

    type: Literal["mastodon"]
    url: Address
    """The server, e.g. ``https://mastodon.social``."""

    tags: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Hashtags, without ``#``."""

    token_env: str | None = None
    """Environment variable with an access token, if the server wants one."""

    token_file: Path | None = None
    """File with the access token."""

    def requests_per_poll(self) -> int:
        """Return two per tag: a page with posts is followed by one that shows there are no more."""
        return 2 * len(self.tags)

    def build(self, context: SourceContext) -> MastodonSource:
        """Return the source."""
        web = Web.of(self, context, self.url)
        return MastodonSource(self.name, web, self.tags, self.backfill, self.overlap)


class _Account(msgspec.Struct):
    acct: str
    uri: str | None = None


class _Status(msgspec.Struct):
    id: str
    created_at: datetime
    content: str
    account: _Account
    uri: str = ""
    url: str | None = None
    language: str | None = None
    spoiler_text: str = ""


@dataclass(eq=False)
class MastodonSource:
    """Posts with any of ``tags``.

    Parameters
    ----------
    name : the source's name in the configuration.
    web : asks the server; a token, if any, is among its headers.
    tags : without ``#``.
    backfill : how far before the first poll to begin.
    overlap : how far back each poll goes for posts that federated late.
    """

    name: str
    web: Web
    tags: Sequence[str]
    backfill: timedelta = timedelta(hours=1)
    overlap: timedelta = timedelta(minutes=10)

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return the posts since, each once, however many of the tags it has; see `Source.poll`.

        Raises
        ------
        SourceError
            A timeline cannot be read to its end.
        """
        past = parse_lookback(cursor, otherwise=until - self.backfill)
        if until <= past.until:
            return Poll(cursor)
        since = past.until - self.overlap
        found = [post for tag in self.tags for post in self._tagged(tag, since, until)]
        if not found:
            self._show_life()
        posts = past.fresh(found)
        after = past.after(posts, until=until, overlap=self.overlap)
        return Poll(after.text(), posts=posts_frame(posts), observed=((past.until, until),))

    def _show_life(self) -> None:
        """Return if the timelines hold anything at all, however old: else they are not quiet."""
        for tag in self.tags:
            if self.web.read(_path(tag), list[_Status], {"limit": 1}):
                return
        raise Garbled(f"{self.name}: no post with any of the tags, however far back")

    def _tagged(self, tag: str, since: datetime, until: datetime) -> Iterator[Post]:
        """Yield the posts of ``[since, until)`` with ``tag``."""
        least = first_id(since)
        for _ in range(MOST_PAGES):
            page = self.web.read(_path(tag), list[_Status], {"limit": PAGE, "min_id": least})
            yield from (_post(s) for s in page if since <= s.created_at < until)
            if page and not any(s.id.isdecimal() for s in page):
                raise Garbled(f"{self.name}: its identifiers hold no time; this is no Mastodon")
            newest = max((int(s.id) for s in page if s.id.isdecimal()), default=least)
            # A page may be shorter than asked for: what was filtered out is missing from it.
            if newest <= least or min(s.created_at for s in page) >= until:
                return
            least = newest
        raise Garbled(f"{self.name}: #{tag} has more than {MOST_PAGES} pages; ask more often")


def first_id(at: datetime) -> int:
    """Return the least identifier of a post of ``at``: milliseconds since 1970, then 16 bits."""
    return int(at.timestamp() * 1000) << 16


def _path(tag: str) -> str:
    return f"/api/v1/timelines/tag/{quote(tag, safe='')}"


def _post(status: _Status) -> Post:
    return Post(
        time=status.created_at,
        id=status.uri or status.id,
        text="\n".join(filter(None, (status.spoiler_text, plain_text(status.content)))),
        author=status.account.uri or status.account.acct,
        lang=status.language or "",
        url=status.url or "",
    )
