"""What a source is: what it is asked, what a poll brings, how it is configured and built."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Protocol, TypeVar

import msgspec
import pandas as pd
from pydantic import Field

from detector.errors import InputError
from detector.fields import Duration, JudgedWidth, LongDuration, Name
from detector.integrations import IntegrationSettings
from detector.sources.pace import Pace
from detector.store.base import Inbox
from detector.text.phrasing import Phrasing

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)

C = TypeVar("C", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, eq=False)
class Poll:
    """What one poll of a source brought.

    Attributes
    ----------
    cursor : where the next poll continues; opaque to everybody but the source.
    posts : rows of the posts table (``time, text`` and its optional columns), or None.
    counts : rows of the counts table (``time, service, count``, optionally ``source`` and, for a
        trending list, ``floor`` and ``title``), or None.
    width : bin width of ``counts``, None without counts.
    evidence : rows of the posts table, ``service`` among them, that show what ``counts`` are about:
        they are read and quoted, and counted nowhere. None if there are none.
    observed : half-open UTC spans ``[start, end)`` that the source was observed in. For posts a
        bin inside them without a post is zero; outside them nothing is known.
    exhausted : whether the source has said all that it will ever say (a file read by ``replay``).
    awaited : whether something was to be expected. A source that has not begun, or that receives
        pushes only when others please, is not missed.
    """

    cursor: str | None
    posts: pd.DataFrame | None = None
    counts: pd.DataFrame | None = None
    width: timedelta | None = None
    evidence: pd.DataFrame | None = None
    observed: tuple[tuple[datetime, datetime], ...] = ()
    exhausted: bool = False
    awaited: bool = True


class Source(Protocol):
    """A place that complaints come from."""

    @property
    def name(self) -> str:
        """The name in ``config.toml``; it becomes the ``source`` of the counts."""

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return what is new since ``cursor`` (None: from the beginning) and before ``until``.

        Polling twice from the same cursor gives the same rows or more, so a crash between poll
        and commit loses nothing. Raises `InputError` when what it finds cannot be read.
        """


@dataclass(frozen=True, slots=True)
class Limit:
    """How often a host is asked at most.

    Attributes
    ----------
    requests, per : so many in any so many seconds, somewhat less than the host allows.
    a_day : what the host allows in a day by its public limits; None if it sets none.
    """

    requests: int
    per: float
    a_day: int | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """A day of one source when all is quiet; catching up after a downtime takes more.

    Attributes
    ----------
    requests : in a day; 0 for a connection that stays open.
    allowed : what the host allows, None if it says nothing.
    cost : of a day, in the currency of ``price_per_call``; None if there is no price.
    outage : further requests in an hour while every service that is asked for has an outage.
    """

    requests: float
    allowed: int | None = None
    cost: float | None = None
    outage: float = 0.0

    @property
    def fits(self) -> bool:
        """Whether the host allows it."""
        return self.allowed is None or self.requests <= self.allowed

    def words(self, say: Phrasing) -> str:
        """Return all of it in the words of ``say``."""
        if not self.requests:
            return say.texts("integration.open_connection")
        phrase = self._requests(say)
        if self.cost is not None:
            cost = say.format.number(self.cost, digits=2)
            phrase = say.texts("integration.cost", said=phrase, cost=cost)
        if self.outage:
            more = say.format.number(round(self.outage))
            phrase = say.texts("integration.in_an_outage", said=phrase, more=more)
        return phrase

    def _requests(self, say: Phrasing) -> str:
        count = say.format.number(round(self.requests))
        if self.allowed is None:
            return say.texts("integration.requests", count=count)
        key = "requests_allowed" if self.fits else "requests_refused"
        allowed = say.format.number(self.allowed)
        return say.texts(f"integration.{key}", count=count, allowed=allowed)


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What sources are built from beside their own settings.

    Attributes
    ----------
    base : relative paths start here.
    every : time from one run of the pipeline to the next.
    web_url : where this program's API is reached.
    inbox : opens the inbox that pushed rows wait in.
    """

    base: Path
    every: timedelta
    web_url: str
    inbox: Callable[[], Inbox]
    _paces: dict[str, Pace] = field(default_factory=dict, init=False)

    def pace(self, host: str, limit: Limit | None) -> Pace:
        """Return the pace of ``host``, which all sources share that ask it."""
        limit = limit or Limit(60, 60.0)
        return self._paces.setdefault(host, Pace(limit.requests, limit.per))


class SourceSettings(IntegrationSettings):
    """An entry of ``[[sources]]``.

    Attributes
    ----------
    reads, history, up_when : what the source brings, how far back it can make up for time that was
        missed, and what shows that it is up; in a few words, for the documentation.
    simulated : whether it is made up and can therefore run on an accelerated clock.
    """

    section: ClassVar[str] = "sources"
    reads: ClassVar[str]
    history: ClassVar[str]
    up_when: ClassVar[str]
    simulated: ClassVar[bool] = False

    @abstractmethod
    def build(self, context: SourceContext) -> Source:
        """Return the source. Raises `ConfigError` when a secret is missing or a key is wrong."""

    @abstractmethod
    def describe(self, context: SourceContext, say: Phrasing) -> str:
        """Return what will be polled, in the words of ``say``; for ``check``."""


Address = Annotated[str, Field(pattern=r"^https?://[^/@\s]+(/[^@\s]*)?$")]
Queries = Annotated[Mapping[Name, Name], Field(min_length=1)]


class PolledSettings(SourceSettings):
    """A source that is read over a network.

    Attributes
    ----------
    limit : how often its host is asked; None for a connection that stays open.
    """

    limit: ClassVar[Limit | None] = None

    contact: str | None = None
    """Your e-mail address or web page, sent with every request so that the host can reach you."""

    def requests_per_poll(self) -> int:
        """Return how many requests a poll makes when little happened since the last one."""
        return 1

    def rhythm(self) -> timedelta:
        """Return how often the source asks at most."""
        return timedelta(0)

    def quota(self, *, every: timedelta) -> Quota:
        """Return what a day of runs that begin ``every`` so often asks for."""
        requests = self.requests_per_poll() * (_DAY / max(every, self.rhythm()))
        return Quota(requests, None if self.limit is None else self.limit.a_day)

    def describe(self, context: SourceContext, say: Phrasing) -> str:
        """Return the requests of a day, in words."""
        return self.quota(every=context.every).words(say)


class SearchedSettings(PolledSettings):
    """Posts that are searched by time."""

    backfill: LongDuration = timedelta(hours=1)
    """How far back the first poll goes."""

    overlap: Duration = timedelta(minutes=10)
    """How far back each later poll goes, for posts that appear late."""


class CountedSettings(PolledSettings):
    """Counts that somebody else makes."""

    width: JudgedWidth = timedelta(minutes=1)
    """Bin width, 10 s to 2 h."""

    backfill: LongDuration = timedelta(days=7)
    """How far back the first poll goes."""

    overlap: Duration = timedelta(minutes=5)
    """How far back each later poll goes, for counts that are revised."""

    def rhythm(self) -> timedelta:
        """Return the bin width: a poll per bin is enough."""
        return self.width


def decode_cursor(text: str, kind: type[C], *, of: str) -> C:
    """Return the stored cursor that ``text`` is.

    Parameters
    ----------
    kind : of cursor.
    of : whose it should be, in words.

    Raises
    ------
    InputError : it is none, or that of something else.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise InputError(f"the stored cursor is not one of {of}: {error}") from error
