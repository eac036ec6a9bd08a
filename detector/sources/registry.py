"""Live sources from their settings: their clients, their hosts' limits, their secrets."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from detector.config.live import (
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
from detector.config.receivers import PluginReceiverSettings
from detector.config.sources import PluginSourceSettings
from detector.errors import ConfigError
from detector.fields import named_secret, with_secrets
from detector.notify.receiver import Receiver
from detector.sources import (
    hackernews,
    reddit,
    weibo_hotsearch,
    x,
)
from detector.sources.base import GuardedSource, Source
from detector.sources.bluesky import JetstreamSource
from detector.sources.hackernews import HackerNewsSource
from detector.sources.http import Pace, Web
from detector.sources.mastodon import MastodonSource
from detector.sources.opensearch import OpenSearchSource
from detector.sources.prometheus import PrometheusSource
from detector.sources.reddit import RedditSource
from detector.sources.sql import SqlSource
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


# Sources and sinks that other packages bring, found by entry points.
#
# A package announces a source under ``detector.sources`` or a sink under ``detector.receivers``: a
# callable ``(name, options) -> Source`` or ``-> Sink``. ``docs/plugins.md`` shows one.


SOURCES = "detector.sources"
SINKS = "detector.receivers"


def plugged_source(settings: PluginSourceSettings, base: Path) -> Source:
    """Return the source that ``settings`` ask for; its polls are held to the contract.

    Raises
    ------
    ConfigError : no such plug-in is installed, it cannot be loaded, or it refuses its options.
    """
    place = f"sources.{settings.name}"
    source = _make(SOURCES, settings.plugin, settings.name, settings.options, base, place)
    _must_have(source, "poll", place)
    return GuardedSource(settings.name, source)


def plugged_sink(settings: PluginReceiverSettings, base: Path) -> Receiver:
    """Return the sink that ``settings`` ask for. Raises as `plugged_source`."""
    place = f"receivers.{settings.name}"
    sink: Receiver = _make(SINKS, settings.plugin, settings.name, settings.options, base, place)
    _must_have(sink, "send", place)
    return sink


def _make(
    group: str, plugin: str, name: str, options: Mapping[str, Any], base: Path, place: str
) -> Any:
    factory = _factory(group, plugin, place)
    known = with_secrets(options, base, place=f"{place}.options")
    try:
        return factory(name, known)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        # The message alone: an option may be a secret, and a traceback would show it.
        why = type(error).__name__
        raise ConfigError(f"{place}.options: the plug-in {plugin!r} refuses them ({why})") from None


def _factory(group: str, plugin: str, place: str) -> Callable[[str, Mapping[str, Any]], Any]:
    found = {point.name: point for point in entry_points(group=group)}
    if plugin not in found:
        known = ", ".join(sorted(found)) or "none"
        raise ConfigError(
            f"{place}.plugin: no plug-in {plugin!r} is installed under {group!r}; there is: {known}"
        )
    return _loaded(found[plugin], place)


def _loaded(point: EntryPoint, place: str) -> Callable[[str, Mapping[str, Any]], Any]:
    try:
        factory: Callable[[str, Mapping[str, Any]], Any] = point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"{place}.plugin: {point.name!r} ({point.value}) cannot be loaded: {error}"
        ) from error
    return factory


def _must_have(made: object, method: str, place: str) -> None:
    if not callable(getattr(made, method, None)):
        kind = type(made).__name__
        raise ConfigError(f"{place}.plugin: it made a {kind}, which has no {method}()")


# What live sources will ask of their places, and what that costs, before anything is asked.


DAY, HOUR = timedelta(days=1), timedelta(hours=1)
#: What places allow in a day, by their public limits; those that are one's own set none.
ALLOWED = {
    "hackernews": 240_000,  # 10,000 an hour
    "mastodon": 86_400,  # 300 in 5 minutes
    "reddit": 144_000,  # 100 a minute
    "x": 28_800,  # 300 in 15 minutes
}


@dataclass(frozen=True, slots=True)
class Quota:
    """A day of one source when all is quiet; catching up after a downtime takes more.

    Attributes
    ----------
    requests : in a day; 0 for a connection that stays open.
    allowed : what the place allows, None if it says nothing.
    cost : of a day, in the currency of ``price_per_call``; None if there is no price.
    loud : requests in an hour that come on top while everything that is asked for is loud.
    """

    requests: float
    allowed: int | None = None
    cost: float | None = None
    loud: float = 0.0

    @property
    def fits(self) -> bool:
        """Whether the place allows it."""
        return self.allowed is None or self.requests <= self.allowed

    def __str__(self) -> str:
        if not self.requests:
            return "one connection that stays open"
        text = f"{self.requests:,.0f} requests a day"
        if self.allowed is not None:
            text += f" of {self.allowed:,} allowed" + ("" if self.fits else ": TOO MANY")
        if self.cost is not None:
            text += f", which cost {self.cost:,.2f}"
        return f"{text}; up to {self.loud:,.0f} more an hour in an outage" if self.loud else text


def quota_of(settings: LiveSettings, *, every: timedelta) -> Quota:
    """Return what ``settings`` ask for in a day of turns that begin ``every`` so often."""
    requests = _per_poll(settings) * (DAY / max(every, _rhythm(settings)))
    price = settings.price_per_call if isinstance(settings, XSettings) else None
    cost = None if price is None else requests * price
    searched = isinstance(settings, XSettings) and settings.evidence
    loud = requests * (HOUR / DAY) if searched else 0.0
    return Quota(requests, ALLOWED.get(settings.type), cost, loud)


def _rhythm(settings: LiveSettings) -> timedelta:
    """Return how often the source asks at most."""
    match settings:
        case XSettings(every=every):
            return every
        case WeiboHotSearchSettings(width=width):
            return width
        case PrometheusSettings(width=width) | OpenSearchSettings(width=width):
            return width
        case SqlSettings(width=width):
            return width
    return timedelta(0)


def _per_poll(settings: LiveSettings) -> int:
    """Return how many requests a poll makes when little has happened since the last."""
    match settings:
        case BlueskySettings():
            return 0
        case MastodonSettings(tags=tags):
            # A page that holds something is followed by one that shows that there is no more.
            return 2 * len(tags)
        case XSettings(queries=queries) | PrometheusSettings(queries=queries):
            return len(queries)
        case HackerNewsSettings() | OpenSearchSettings() | RedditSettings():
            return 1
        case SqlSettings() | WeiboHotSearchSettings():
            return 1
