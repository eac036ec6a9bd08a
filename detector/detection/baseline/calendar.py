"""What is known of the bins to come: how far local time is ahead of UTC, and known events."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from detector.detection.options import KnownEvent
from detector.model.series import Floats
from detector.model.times import from_seconds, to_seconds

#: Relative spread of the expected count inside a known event whose factor is (not) known.
EVENT_SPREAD, UNKNOWN_EVENT_SPREAD = 0.5, 1.5
#: Rows of what known events say of every bin: times the usual volume, and the relative spread.
FACTOR, SPREAD = 0, 1
#: No known events; it can be written to, as machine code is made for arrays of one kind.
NO_EVENTS: Floats = np.empty((2, 0))


@lru_cache(maxsize=4096)
def offset_from_utc(zone: str, now: int) -> tuple[int, int]:
    """Return the zone's offset from UTC at ``now`` and a time up to which it holds, seconds."""
    info = ZoneInfo(zone)

    def at(seconds: int) -> int:
        delta = from_seconds(seconds).astimezone(info).utcoffset()
        return int(delta.total_seconds()) if delta is not None else 0

    offset = at(now)
    until = now - now % 86400 + 86400
    if at(until - 1) == offset:
        return offset, until
    low, high = now, until - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(middle) == offset else (low, middle)
    return offset, high


def events_in(known: tuple[KnownEvent, ...], now: int, width: int, n: int) -> Floats:
    """Return shape (2, n), the rows `FACTOR` and `SPREAD`, or `NO_EVENTS`."""
    if not known:
        return NO_EVENTS
    near = [e for e in known if to_seconds(e.start) < now + n * width and to_seconds(e.end) > now]
    if not near:
        return NO_EVENTS
    events = np.stack([np.ones(n), np.zeros(n)])
    lefts = now + width * np.arange(n)
    for event in near:
        inside = (lefts + width > to_seconds(event.start)) & (lefts < to_seconds(event.end))
        events[FACTOR, inside] = 1.0 if event.factor is None else event.factor
        events[SPREAD, inside] = UNKNOWN_EVENT_SPREAD if event.factor is None else EVENT_SPREAD
    return events
