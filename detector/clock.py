"""Clocks: the only place that reads the wall's time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from detector.domain.spans import Spans
from detector.domain.times import from_seconds


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


@dataclass(frozen=True, slots=True)
class AcceleratedClock:
    """A clock that runs ``speed`` times as fast as the wall's, and only inside ``spans``.

    Parameters
    ----------
    spans : the time to run over; what lies between is skipped.
    speed : seconds of its time per second of the wall's.
    resumed_at : where an earlier run stopped, None to start with the first span.
    started : the monotonic clock's reading when it was started.
    """

    spans: Spans
    speed: float
    resumed_at: datetime | None
    started: float

    @classmethod
    def start(cls, spans: Spans, speed: float, *, resumed_at: datetime | None) -> AcceleratedClock:
        """Return a clock that starts now."""
        return cls(spans, speed, resumed_at, time.monotonic())

    def now(self) -> datetime:
        """Return the accelerated time; after the last span, its end."""
        left = (time.monotonic() - self.started) * self.speed
        first = float(self.spans.starts[0])
        since = max(first, self.resumed_at.timestamp()) if self.resumed_at else first
        for start, end in self.spans.between(since, float(self.spans.ends[-1])):
            if left < end - start:
                return from_seconds(start + left)
            left -= end - start
        return from_seconds(float(self.spans.ends[-1]))

    @property
    def finished(self) -> bool:
        """Whether the last span has passed."""
        return self.now().timestamp() >= self.spans.ends[-1]


def wall_now() -> datetime:
    """Return the wall's time, for what is measured on it: retries and leases."""
    return WallClock().now()

