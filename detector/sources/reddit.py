"""Reddit: new posts of some subreddits. An application's identifier and secret.

A listing holds the newest 1,000 posts. When it ends before it reaches the last poll, what lies
between was not observed.

References
----------
Reddit API, https://www.reddit.com/dev/api (2026): ``/r/{subreddit}/new``, ``after``; OAuth 2
client credentials (RFC 6749, 2012, section 4.4); ``X-Ratelimit-*`` in seconds from now.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import msgspec
from pydantic import Field

from detector.errors import Garbled, Refused
from detector.fields import Name
from detector.model.times import from_seconds
from detector.sources.base import Limit, Poll, SearchedSettings, SourceContext
from detector.sources.http.client import Web
from detector.sources.time_windows import Post, parse_lookback, posts_frame

ADDRESS = "https://oauth.reddit.com"
LOGIN_ADDRESS = "https://www.reddit.com"
PAGE, MOST_PAGES = 100, 10


class RedditSettings(SearchedSettings):
    """New posts of some subreddits."""

    reads: ClassVar[str] = "posts by subreddit"
    history: ClassVar[str] = "the newest 1,000 posts"
    up_when: ClassVar[str] = "that the listing has posts at all"
    needs: ClassVar[str] = "an application's id and secret"
    limit: ClassVar[Limit | None] = Limit(90, 60.0, a_day=144_000)  # 100 a minute
    example: ClassVar[str] = """\
[[sources]]                     # subreddits
type = "reddit"
name = "reddit"
subreddits = ["WeChat", "outages"]
client_id = "YOUR-APP"
client_secret_env = "REDDIT_SECRET"
"""

    type: Literal["reddit"]
    subreddits: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Names of subreddits, without ``r/``."""

    client_id: Name
    """The identifier of your application at Reddit."""

    client_secret_env: str | None = None
    """Environment variable with the application's secret. Give this or ``client_secret_file``."""

    client_secret_file: Path | None = None
    """File with the application's secret."""

    def build(self, context: SourceContext) -> RedditSource:
        """Return the source. Raises `ConfigError` without the application's secret."""
        return RedditSource(
            self.name,
            Web.of(self, context, ADDRESS),
            Web.of(self, context, LOGIN_ADDRESS),
            self.client_id,
            self.required_secret("client_secret", context.base),
            self.subreddits,
            self.backfill,
            self.overlap,
        )


class _Token(msgspec.Struct):
    access_token: str


class _Submission(msgspec.Struct):
    name: str
    created_utc: float
    title: str
    selftext: str = ""
    author: str | None = None
    permalink: str = ""


class _Child(msgspec.Struct):
    data: _Submission


class _Children(msgspec.Struct):
    children: list[_Child]
    after: str | None = None


class _Listing(msgspec.Struct):
    data: _Children


@dataclass(eq=False)
class RedditSource:
    """New posts of ``subreddits``.

    Parameters
    ----------
    name : the source's name in the configuration.
    web : asks the API; ``login`` asks for tokens.
    client_id, client_secret : the application's.
    subreddits : without ``r/``.
    backfill : how far before the first poll to begin.
    overlap : how far back each poll goes for posts that were held back.
    """

    name: str
    web: Web
    login: Web
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    subreddits: Sequence[str]
    backfill: timedelta = timedelta(hours=1)
    overlap: timedelta = timedelta(minutes=10)
    _token: str | None = field(default=None, init=False, repr=False)

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return the posts since; see `Source.poll`."""
        past = parse_lookback(cursor, otherwise=until - self.backfill)
        if until <= past.until:
            return Poll(cursor)
        found, back_to = self._newest(past.until - self.overlap)
        posts = past.fresh(post for post in found if post.time < until)
        after = past.after(posts, until=until, overlap=self.overlap)
        since = min(max(past.until, back_to), until)
        observed = ((since, until),) if since < until else ()
        return Poll(after.text(), posts=posts_frame(posts), observed=observed)

    def _newest(self, since: datetime) -> tuple[list[Post], datetime]:
        """Return posts back to ``since`` or as far as the listing goes, and how far that is."""
        posts: list[Post] = []
        after = ""
        for _ in range(MOST_PAGES):
            page = self._page(after)
            posts += [_post(child.data) for child in page.children]
            if any(post.time < since for post in posts[-PAGE:]):
                return [post for post in posts if post.time >= since], since
            if page.after is None:
                break
            after = page.after
        if not posts:
            raise Garbled(f"{self.name}: the listing is empty, however far back")
        # A short listing is all there is; a long one ends where Reddit ends it.
        if len(posts) < (MOST_PAGES - 1) * PAGE:
            return posts, since
        return posts, min(post.time for post in posts)

    def _page(self, after: str) -> _Children:
        """Return a page of the listing; a token that expired is renewed, once."""
        if self._token is not None:
            try:
                return self._ask(after)
            except Refused:
                self._token = None
        self._token = self._new_token()
        return self._ask(after)

    def _ask(self, after: str) -> _Children:
        path = f"/r/{'+'.join(self.subreddits)}/new"
        params: dict[str, str | int] = {"limit": PAGE, "raw_json": 1}
        if after:
            params["after"] = after
        headers = {"Authorization": f"Bearer {self._token}"}
        return self.web.read(path, _Listing, params, headers=headers).data

    def _new_token(self) -> str:
        login = b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        headers = {
            "Authorization": f"Basic {login}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        content = b"grant_type=client_credentials"
        answer = self.login.post("/api/v1/access_token", content, headers)
        return self.login.parsed(answer, _Token).access_token


def _post(submission: _Submission) -> Post:
    return Post(
        time=from_seconds(submission.created_utc),
        id=submission.name,
        text="\n".join(filter(None, (submission.title, submission.selftext))),
        author=submission.author or "",
        url=f"https://www.reddit.com{submission.permalink}" if submission.permalink else "",
    )
