"""The start of an incident as it is shown: to the minute."""

from __future__ import annotations

from datetime import timedelta

from detector.model.surge import Onset
from detector.model.times import floor_to

_MINUTE = timedelta(minutes=1)


def to_the_minute(onset: Onset) -> Onset:
    """Return the start as it is shown: to the minute, unless it is known better than that.

    The interval grows to whole minutes, so that it stays one of at least 90 %.
    """
    if onset.latest - onset.earliest < _MINUTE:
        return onset
    earliest, at, latest = (floor_to(t, _MINUTE) for t in (onset.earliest, onset.at, onset.latest))
    return Onset(at, earliest, latest if latest == onset.latest else latest + _MINUTE)
