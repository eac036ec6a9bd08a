"""Where complaints come from and where alerts go to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

import pandas as pd

from detector.domain.alert import Alert
from detector.domain.feed import FeedAlert


@dataclass(frozen=True, slots=True, eq=False)
class Pull:
    """What one look at a source brought.

    Attributes
    ----------
    cursor : where the next look continues; opaque to everybody but the source.
    posts : rows of the posts table (``time, text`` and its optional columns), or None.
    counts : rows of the counts table (``time, service, count``, optionally ``source`` and, for a
        trending list, ``floor`` and ``title``), or None.
    width : bin width of ``counts``, None without counts.
    evidence : rows of the posts table, ``service`` among them, that show what ``counts`` are about:
        they are read and quoted, and counted nowhere. None if there are none.
    observed : half-open UTC spans ``[start, end)`` in which the source was looked at. For posts a
        bin inside them without a post is zero; outside them nothing is known.
    exhausted : whether the source has said all that it will ever say (a file read by ``replay``).
    awaited : whether something was to be expected. A source that has not begun, or that is pushed
        to when others please, is not missed.
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

    def pull(self, cursor: str | None, *, until: datetime) -> Pull:
        """Return what is new since ``cursor`` (None: from the beginning) and before ``until``.

        Pulling twice from the same cursor gives the same rows or more, so a crash between pull
        and commit loses nothing. Raises `InputError` when what it finds cannot be read.
        """


class Sink(Protocol):
    """A place that alerts go to."""

    @property
    def name(self) -> str:
        """The receiver's name in ``config.toml``."""

    def send(self, alert: Alert) -> None:
        """Hand ``alert`` over, or raise `Rejected` (do not retry) or `Unreachable` (retry)."""


@runtime_checkable
class FeedSink(Protocol):
    """A sink that can also be told about sources; `feeds.receivers` may name it."""

    def send_feed(self, alert: FeedAlert) -> None:
        """Hand ``alert`` over; raises as `Sink.send`."""


@runtime_checkable
class Refreshing(Protocol):
    """A sink whose receiver forgets what is not repeated (Alertmanager)."""

    def refresh(self, alerts: Sequence[Alert], *, now: datetime) -> None:
        """Say again what the receiver was told and still stands; raises as `Sink.send`.

        Called once per turn, without alerts where nothing stands.
        """
