"""Clocks: the only place that reads the wall's time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from detector.model.spans import Spans
from detector.model.times import from_seconds


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """Return the aware UTC time of the data that the sources have by now."""

    @property
    def finished(self) -> bool:
        """Whether the time that this clock runs over has passed."""


class WallClock:
    """The wall's time; it never ends."""

    finished = False

    def now(self) -> datetime:
        """Return the wall's time."""
        return datetime.now(UTC)


class AcceleratedClock:
    """A clock that runs ``speed`` times as fast as the wall's, and only inside ``spans``.

    However long its reader was busy, two readings lie at most ``leap`` apart: the accelerated
    time waits for whoever works in it, as real time would not. Every span's end is read, so that
    what happened at the end of one is not found a year late, at the start of the next.

    Parameters
    ----------
    spans : the time to run over; what lies between is skipped.
    speed : seconds of its time per second of the wall's.
    leap : the longest step between two readings.
    resumed_at : where an earlier run stopped, None to start with the first span.
    """

    def __init__(
        self, spans: Spans, speed: float, *, leap: timedelta, resumed_at: datetime | None
    ) -> None:
        self._spans = spans
        self._speed = speed
        self._leap = leap.total_seconds()
        self._now = float(spans.starts[0])
        if resumed_at is not None:
            self._now = max(self._now, resumed_at.timestamp())
        self._read_at = time.monotonic()

    def now(self) -> datetime:
        """Return the accelerated time; after the last span, its end."""
        read_at = time.monotonic()
        left = min((read_at - self._read_at) * self._speed, self._leap)
        self._read_at = read_at
        end_of_all = float(self._spans.ends[-1])
        for start, end in self._spans.between(self._now, end_of_all)[:1]:
            self._now = min(start + left, end)
        return from_seconds(min(self._now, end_of_all))

    @property
    def finished(self) -> bool:
        """Whether the last span has passed, as of the last reading."""
        return self._now >= float(self._spans.ends[-1])


def wall_now() -> datetime:
    """Return the wall's time, for what is measured on it: retries and leases."""
    return WallClock().now()
