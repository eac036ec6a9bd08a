"""The state of one series: a frozen value, made, stored and read back here.

What a state knows: the hot record (hours) and shared tables (the profile and what it is made of),
which change once a day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from detector.detection.clock import rest_clock
from detector.detection.memory import HOT, SLOTS
from detector.detection.options import DetectionOptions
from detector.detection.recurrence import WEEKS
from detector.domain.series import Floats
from detector.domain.times import to_seconds

#: Layout of a dumped state; another layout cannot be continued.
FORMAT = 2
#: Relative variance of a profile of which nothing is known.
COLD_VARIANCE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class SeriesState:
    """Everything that the next bin needs.

    Attributes
    ----------
    options : how to detect.
    start : left edge of bin 0, aware UTC.
    width : length of every bin.
    hot : shape (1,), dtype ``HOT``: what changes with every bin, read-only.
    sums : shape (2, 7, n_slots), discounted posts and exposure; changes daily, read-only.
    days : shape (7,), discounted number of days behind ``sums``, read-only.
    weeks : shape (2, 4, 7, n_slots), posts and expected posts of past weeks, read-only.
    profile : shape (3, 7, n_slots), time-of-week profile, its relative variance, and the profile
        without what recurs weekly, read-only.
    """

    options: DetectionOptions
    start: datetime
    width: timedelta
    hot: Any = field(repr=False)
    sums: Floats = field(repr=False)
    days: Floats = field(repr=False)
    weeks: NDArray[np.float32] = field(repr=False)
    profile: Floats = field(repr=False)

    def __post_init__(self) -> None:
        for array in (self.hot, self.sums, self.days, self.weeks, self.profile):
            array.flags.writeable = False

    @property
    def bins(self) -> int:
        """Bins seen so far, observed or not."""
        return int(self.hot["bins"][0])

    @property
    def end(self) -> datetime:
        """Left edge of the next bin."""
        return self.start + self.bins * self.width


def begin(options: DetectionOptions, *, start: datetime, width: timedelta) -> SeriesState:
    """Return the state before the first bin.

    Parameters
    ----------
    options : how to detect.
    start : left edge of the first bin, aware UTC, whole seconds.
    width : length of a bin: a minute to an hour, whole seconds.

    Raises
    ------
    ValueError
        If ``start`` is naive or ``width`` is out of range.
    """
    to_seconds(start)
    seconds = width.total_seconds()
    if not 10 <= seconds <= 7200 or seconds != int(seconds):
        raise ValueError(f"bins must be whole seconds, between 10 s and 2 h, not {width}")
    return cold(options, start, width)


def cold(
    options: DetectionOptions, start: datetime, width: timedelta, bins: int = 0
) -> SeriesState:
    """Return a state that has seen ``bins`` bins and remembers nothing of them."""
    slots = -(-86400 // slot_seconds(int(width.total_seconds())))
    hot = np.zeros(1, HOT)
    hot["bins"] = bins
    hot["day"] = -1
    hot["previous"] = np.nan
    for ring in ("count", "expected", "clip"):
        hot[ring] = np.nan
    rest_clock(hot[0])
    profile = np.ones((3, 7, slots))
    profile[1] = COLD_VARIANCE
    weeks = np.zeros((2, WEEKS, 7, slots), np.float32)
    return SeriesState(
        options, start, width, hot, np.zeros((2, 7, slots)), np.zeros(7), weeks, profile
    )


def slot_seconds(width: int) -> int:
    """Return the length of the profile's slots for bins of ``width`` seconds, in seconds."""
    return max(86400 // SLOTS, width)


def dump(state: SeriesState) -> bytes:
    """Return the state as bytes that `load` reads back exactly."""
    return msgspec.msgpack.encode(
        {
            "format": FORMAT,
            "options": state.options,
            "start": state.start,
            "width": state.width.total_seconds(),
            "hot": state.hot.tobytes(),
            "sums": state.sums.tobytes(),
            "days": state.days.tobytes(),
            "weeks": state.weeks.tobytes(),
            "profile": state.profile.tobytes(),
        }
    )


def load(data: bytes) -> SeriesState:
    """Return the state that `dump` wrote.

    Raises
    ------
    ValueError
        If ``data`` is not a state, or one of another format.
    """
    try:
        fields = msgspec.msgpack.decode(data)
        if fields["format"] != FORMAT:
            raise ValueError(f"detection state of format {fields['format']}, expected {FORMAT}")
        hot = np.frombuffer(fields["hot"], HOT)
        return SeriesState(
            msgspec.convert(fields["options"], DetectionOptions),
            msgspec.convert(fields["start"], datetime),
            timedelta(seconds=fields["width"]),
            hot,
            np.frombuffer(fields["sums"]).reshape(2, 7, -1),
            np.frombuffer(fields["days"]),
            np.frombuffer(fields["weeks"], np.float32).reshape(2, WEEKS, 7, -1),
            np.frombuffer(fields["profile"]).reshape(3, 7, -1),
        )
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise ValueError(f"not a detection state: {error}") from error
