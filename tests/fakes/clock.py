"""A clock that moves when told to."""

from __future__ import annotations

from datetime import datetime, timedelta


class FakeClock:
    """Calling it tells the time, like the wall clock that ``app`` hands out."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> datetime:
        self.now += by
        return self.now
