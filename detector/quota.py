"""What live sources will ask of their places, and what that costs, before anything is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

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
    requests = _per_pull(settings) * (DAY / max(every, _rhythm(settings)))
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


def _per_pull(settings: LiveSettings) -> int:
    """Return how many requests a pull makes when little has happened since the last."""
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
