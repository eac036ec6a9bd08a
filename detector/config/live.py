"""``[[sources]]`` that are read over a network. Secrets are named here, never written here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from detector.fields import (
    Duration,
    JudgedWidth,
    LongDuration,
    Name,
    Part,
    Positive,
    Width,
)

Address = Annotated[str, Field(pattern=r"^https?://[^/@\s]+(/[^@\s]*)?$")]
Queries = Annotated[Mapping[Name, Name], Field(min_length=1)]


class _Live(Part):
    name: Name
    """The source's name; alerts and counts show it."""

    contact: str | None = None
    """Your address or page, sent with every request: who asks so often should be reachable."""


class _Searched(_Live):
    backfill: LongDuration = timedelta(hours=1)
    """How far before the first poll to begin."""

    overlap: Duration = timedelta(minutes=10)
    """How far each look goes back for posts that came late."""


class _Counted(_Live):
    width: JudgedWidth = timedelta(minutes=1)
    """Bin width, 10 s to 2 h."""

    backfill: LongDuration = timedelta(days=7)
    """How far before the first poll to begin."""

    overlap: Duration = timedelta(minutes=5)
    """How far each look goes back for counts that were revised."""


class BlueskySettings(_Live):
    """Every post on Bluesky, as it is written, by Jetstream. No key."""

    type: Literal["bluesky"]
    hosts: tuple[Annotated[str, Field(pattern=r"^wss?://[^/@\s]+$")], ...] = (
        "wss://jetstream2.us-east.bsky.network",
        "wss://jetstream1.us-east.bsky.network",
        "wss://jetstream2.us-west.bsky.network",
        "wss://jetstream1.us-west.bsky.network",
    )
    """Jetstream's hosts, tried in turn."""

    backfill: LongDuration = timedelta(minutes=10)
    """How far before the first poll to begin, as far as the host remembers."""

    overlap: LongDuration = timedelta(seconds=5)
    """How far a new connection goes back behind the last event."""

    silence: LongDuration = timedelta(seconds=30)
    """Without an event for so long a host is left for the next one."""


class HackerNewsSettings(_Searched):
    """What is written on Hacker News. No key."""

    type: Literal["hackernews"]
    query: str = ""
    """Only posts with these words. Without any, the newest post shows how far the search is."""


class MastodonSettings(_Searched):
    """Hashtag timelines of one Mastodon server."""

    type: Literal["mastodon"]
    url: Address
    """The server, e.g. ``https://mastodon.social``."""

    tags: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Hashtags, without ``#``."""

    token_env: str | None = None
    """Environment variable with an access token, if the server wants one."""

    token_file: Path | None = None
    """File with it."""


class RedditSettings(_Searched):
    """New posts of some subreddits."""

    type: Literal["reddit"]
    subreddits: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Without ``r/``."""

    client_id: Name
    """The identifier of your application at Reddit."""

    client_secret_env: str | None = None
    """Environment variable with the application's secret; this or the file must be given."""

    client_secret_file: Path | None = None
    """File with it."""


class WeiboHotSearchSettings(_Live):
    """Weibo's hot-search list, one look per bin."""

    type: Literal["weibo_hotsearch"]
    width: Width = timedelta(minutes=1)
    """A bin, in which one look is taken."""

    cookie_env: str | None = None
    """Environment variable with a cookie, if Weibo wants a login."""

    cookie_file: Path | None = None
    """File with it."""


class XSettings(_Live):
    """Posts counted by X itself. Paid per call; ``check`` shows what that comes to."""

    type: Literal["x"]
    queries: Queries
    """X's search by service, e.g. ``WeChat = "微信崩了 -is:retweet"``."""

    every: LongDuration = timedelta(minutes=5)
    """How often to call; a call brings all minutes since."""

    evidence: bool = True
    """Search for posts while a service is loud, to quote them and to tell what fails: one call
    more per service each time."""

    price_per_call: Positive | None = None
    """What a call costs by your contract, to be shown by ``check``."""

    token_env: str | None = None
    """Environment variable with the bearer token; this or the file must be given."""

    token_file: Path | None = None
    """File with it."""


class PrometheusSettings(_Counted):
    """Counts from Prometheus, or from what speaks its query language."""

    type: Literal["prometheus"]
    url: Address
    """The server, e.g. ``http://prometheus:9090``."""

    queries: Queries
    """PromQL by service, e.g. ``WeChat = 'sum(increase(tickets_total{app="wechat"}[1m]))'``."""

    token_env: str | None = None
    """Environment variable with a bearer token."""

    token_file: Path | None = None
    """File with it."""

    login_env: str | None = None
    """Environment variable with ``USER:PASSWORD``."""

    login_file: Path | None = None
    """File with it."""


class OpenSearchSettings(_Counted):
    """Documents counted in OpenSearch or Elasticsearch."""

    type: Literal["opensearch"]
    url: Address
    """The cluster, e.g. ``https://search:9200``."""

    index: Name
    """Index, alias or pattern."""

    queries: Queries
    """By service, in the syntax of ``query_string``."""

    time_field: Name = "@timestamp"
    """The documents' time. How far the index is filled is told by its newest document."""

    token_env: str | None = None
    """Environment variable with a bearer token."""

    token_file: Path | None = None
    """File with it."""

    login_env: str | None = None
    """Environment variable with ``USER:PASSWORD``."""

    login_file: Path | None = None
    """File with it."""


class SqlSettings(_Counted):
    """Counts from a database that has them already."""

    type: Literal["sql"]
    query: Name
    """Yields ``time, service, count``; may use ``:start`` and ``:end`` (exclusive)."""

    reached: str | None = None
    """A query for the instant up to which the database is filled; without it, up to now."""

    zeros_for: tuple[Name, ...] = ()
    """Services of which a bin without a row is zero, up to ``reached``, which it needs. Others
    were not observed where there is no row."""

    url_env: str | None = None
    """Environment variable with the database's URL; this or the file must be given."""

    url_file: Path | None = None
    """File with it."""


LiveSettings = (
    BlueskySettings
    | HackerNewsSettings
    | MastodonSettings
    | OpenSearchSettings
    | PrometheusSettings
    | RedditSettings
    | SqlSettings
    | WeiboHotSearchSettings
    | XSettings
)


# ``[[sources]]`` that others hand their rows to.


class PushSettings(Part):
    """Posts or counts that somebody hands in over HTTP (docs/api.md)."""

    type: Literal["push"]
    name: Name
    """The source's name; alerts and counts show it, and a push names it."""

    rows: Literal["posts", "counts"]
    """What is handed in: posts to `/v1/posts`, or counts to `/v1/counts`."""

    width: JudgedWidth = timedelta(minutes=1)
    """Bin width of counts, 10 s to 2 h."""

    awaited: bool = True
    """Whether something is always to come, so that its absence is reported as a dead feed."""
