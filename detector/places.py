"""Live sources from their settings: their clients, their hosts' limits, their secrets."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from detector.errors import ConfigError
from detector.ports import Source
from detector.settings.live import (
    BlueskySettings,
    HackerNewsSettings,
    LiveSettings,
    MastodonSettings,
    OpenSearchSettings,
    PrometheusSettings,
    RedditSettings,
    SqlSettings,
    WeiboHotSearchSettings,
    XSettings,
)
from detector.settings.secret import named_secret
from detector.sources import hackernews, reddit, weibo_hotsearch, x
from detector.sources.hackernews import HackerNewsSource
from detector.sources.jetstream import JetstreamSource
from detector.sources.mastodon import MastodonSource
from detector.sources.opensearch import OpenSearchSource
from detector.sources.pace import Pace
from detector.sources.prometheus import PrometheusSource
from detector.sources.reddit import RedditSource
from detector.sources.sql import SqlSource
from detector.sources.web import Web
from detector.sources.weibo_hotsearch import WeiboHotSearchSource
from detector.sources.x import XSource

#: Requests in so many seconds, somewhat less than each place allows.
LIMITS: dict[str, tuple[int, float]] = {
    "hackernews": (120, 60.0),
    "mastodon": (280, 300.0),
    "opensearch": (600, 60.0),
    "prometheus": (600, 60.0),
    "reddit": (90, 60.0),
    "weibo_hotsearch": (6, 60.0),
    "x": (280, 900.0),
}


@dataclass(frozen=True, slots=True)
class Places:
    """Builds live sources; those that ask the same host share its limit.

    Parameters
    ----------
    base : relative paths of secrets are meant from here.
    """

    base: Path
    _paces: dict[str, Pace] = field(default_factory=dict, init=False)

    def source(self, settings: LiveSettings) -> Source:
        """Return the source. Raises `ConfigError` when a secret is missing."""
        name = settings.name
        match settings:
            case BlueskySettings(hosts=hosts, contact=contact, backfill=backfill):
                return JetstreamSource(
                    name,
                    hosts,
                    contact,
                    backfill,
                    overlap=settings.overlap,
                    silence=settings.silence,
                )
            case HackerNewsSettings(query=query, backfill=backfill, overlap=overlap):
                web = self._web(settings, hackernews.ADDRESS)
                return HackerNewsSource(name, web, query, backfill, overlap)
            case MastodonSettings(tags=tags, backfill=backfill, overlap=overlap):
                web = self._web(settings, settings.url)
                return MastodonSource(name, web, tags, backfill, overlap)
            case WeiboHotSearchSettings(width=width):
                web = self._web(settings, weibo_hotsearch.ADDRESS)
                return WeiboHotSearchSource(name, web, width)
            case XSettings(queries=queries, every=every, evidence=evidence):
                self._needed(settings, "token")
                web = self._web(settings, x.ADDRESS)
                return XSource(name, web, queries, every, evidence=evidence)
            case RedditSettings():
                return self._reddit(settings)
            case PrometheusSettings():
                return PrometheusSource(
                    name,
                    self._web(settings, settings.url),
                    settings.queries,
                    settings.width,
                    settings.backfill,
                    settings.overlap,
                )
            case OpenSearchSettings():
                return self._opensearch(settings)
            case SqlSettings():
                return self._sql(settings)

    def _reddit(self, settings: RedditSettings) -> Source:
        return RedditSource(
            settings.name,
            self._web(settings, reddit.ADDRESS),
            self._web(settings, reddit.LOGIN_ADDRESS),
            settings.client_id,
            self._needed(settings, "client_secret"),
            settings.subreddits,
            settings.backfill,
            settings.overlap,
        )

    def _opensearch(self, settings: OpenSearchSettings) -> Source:
        return OpenSearchSource(
            settings.name,
            self._web(settings, settings.url),
            settings.index,
            settings.queries,
            settings.time_field,
            settings.width,
            settings.backfill,
            settings.overlap,
        )

    def _sql(self, settings: SqlSettings) -> Source:
        return SqlSource(
            settings.name,
            self._needed(settings, "url"),
            settings.query,
            settings.reached,
            settings.zeros_for,
            settings.width,
            settings.backfill,
            settings.overlap,
        )

    def _web(self, settings: LiveSettings, base: str) -> Web:
        host = urlsplit(base).netloc
        pace = self._paces.setdefault(host, Pace(*LIMITS[settings.type]))
        return Web(
            settings.name,
            base,
            headers=self._headers(settings),
            contact=settings.contact,
            pace=pace,
            refusals=weibo_hotsearch.REFUSALS if settings.type == "weibo_hotsearch" else None,
        )

    def _headers(self, settings: LiveSettings) -> dict[str, str]:
        headers = {}
        if token := self._secret(settings, "token"):
            headers["Authorization"] = f"Bearer {token}"
        if login := self._secret(settings, "login"):
            headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
        if cookie := self._secret(settings, "cookie"):
            headers["Cookie"] = cookie
        if any(not value.isascii() or not value.isprintable() for value in headers.values()):
            raise ConfigError(
                f"sources.{settings.name}: a secret has characters no header can hold"
            )
        return headers

    def _secret(self, settings: LiveSettings, name: str) -> str | None:
        return named_secret(settings, name, self.base, place=f"sources.{settings.name}")

    def _needed(self, settings: LiveSettings, name: str) -> str:
        secret = self._secret(settings, name)
        if secret is None:
            raise ConfigError(f"sources.{settings.name}: {name}_env or {name}_file must be given")
        return secret
