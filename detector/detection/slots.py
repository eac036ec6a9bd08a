"""What the profile says of the moment: one slot of the week, read once and kept while it lasts."""

from __future__ import annotations

from math import log
from typing import NamedTuple

from detector.detection.compiled import compiled
from detector.domain.series import Floats

#: Seconds that clocks move by.
HOUR = 3600
DAY = 86400


class Other(NamedTuple):
    """How a slot an hour away compares.

    Attributes
    ----------
    more : its rate over that of the slot itself, less one.
    log_ratio : logarithm of its rate over that of the slot itself.
    """

    more: float
    log_ratio: float


class Slot(NamedTuple):
    """A slot of the week as the profile has it.

    Attributes
    ----------
    begins, ends : local seconds since 1970 between which it lasts.
    number : day since 1970 times slots per day, plus the slot of the day.
    rate, variance : the profile and its relative variance.
    back, ahead : how it would be if the clock were an hour back, an hour ahead.
    """

    begins: int
    ends: int
    number: int
    rate: float
    variance: float
    back: Other
    ahead: Other


@compiled
def slot_at(profile: Floats, local: int, slot_seconds: int) -> Slot:
    """Return the slot of ``profile`` that the local second ``local`` since 1970 lies in."""
    slots = profile.shape[2]
    day = local // DAY
    s = local % DAY // slot_seconds
    weekday = (day + 3) % 7
    rate = profile[0, weekday, s]
    begins = day * DAY + s * slot_seconds
    now, hour = weekday * slots + s, round(HOUR / slot_seconds)
    return Slot(
        begins,
        min(begins + slot_seconds, (day + 1) * DAY),
        day * slots + s,
        rate,
        profile[1, weekday, s],
        _other(profile, now - hour, rate),
        _other(profile, now + hour, rate),
    )


@compiled
def _other(profile: Floats, week_slot: int, rate: float) -> Other:
    """Compare a slot of the week, which may lie in the week before or after, with ``rate``."""
    slots = profile.shape[2]
    wrapped = week_slot % (7 * slots)
    ratio = profile[0, wrapped // slots, wrapped % slots] / rate
    return Other(ratio - 1.0, log(ratio))
