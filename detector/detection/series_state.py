"""The state of one series: a frozen value, made, stored and read back here.

It has a record, which changes with every bin, and tables (the profile and what it is made of),
which change once a day and are shared by the states of that day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detector.detection.baseline.clock_shift import rest_clock
from detector.detection.baseline.profile import slot_seconds
from detector.detection.baseline.recurrence import WEEKS
from detector.detection.kernels.series_record import RECORD, Records
from detector.detection.options import DetectionOptions
from detector.detection.packing import pack, unpack
from detector.model.series import Floats
from detector.model.times import to_seconds

T = TypeVar("T")

#: Layout of a dumped state; another layout cannot be continued.
FORMAT = 9
#: Relative variance of a profile of which nothing is known.
COLD_VARIANCE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """What changes once a day, shared by the states of that day; all read-only.

    Attributes
    ----------
    sums : shape (2, 7, n_slots), discounted posts and exposure.
    days : shape (7,), discounted number of days behind ``sums``.
    weeks : shape (2, 4, 7, n_slots), posts and expected posts of past weeks.
    profile : shape (3, 7, n_slots), time-of-week profile, its relative variance, and the profile
        without what recurs weekly.
    """

    sums: Floats = field(repr=False)
    days: Floats = field(repr=False)
    weeks: NDArray[np.float32] = field(repr=False)
    profile: Floats = field(repr=False)

    def __post_init__(self) -> None:
        for array in (self.sums, self.days, self.weeks, self.profile):
            array.flags.writeable = False


@dataclass(frozen=True, slots=True, eq=False)
class SeriesState:
    """Everything that the next bin needs.

    Attributes
    ----------
    options : how to detect.
    start : left edge of bin 0, aware UTC.
    width : length of every bin.
    records : shape (1,), dtype `RECORD`: what changes with every bin, read-only.
    tables : what changes daily.
    """

    options: DetectionOptions
    start: datetime
    width: timedelta
    records: Records = field(repr=False)
    tables: Tables = field(repr=False)

    def __post_init__(self) -> None:
        self.records.flags.writeable = False

    @property
    def bins(self) -> int:
        """Bins seen so far, observed or not."""
        return int(self.records["bins"][0])

    @property
    def end(self) -> datetime:
        """Left edge of the next bin."""
        return self.start + self.bins * self.width

    @property
    def is_open(self) -> bool:
        """Whether a surge is open."""
        return bool(self.records["open"][0])

    @property
    def recent_counts(self) -> Floats:
        """Shape (RING,), counts of the last bins, bin b at ``b % RING``; nan where not observed."""
        counts: Floats = self.records["count"][0]
        return counts


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
    records = np.zeros(1, RECORD)
    records["bins"] = bins
    records["day"] = -1
    records["previous"] = np.nan
    for ring in ("count", "expected", "clip"):
        records[ring] = np.nan
    rest_clock(records[0])
    profile = np.ones((3, 7, slots))
    profile[1] = COLD_VARIANCE
    weeks = np.zeros((2, WEEKS, 7, slots), np.float32)
    tables = Tables(np.zeros((2, 7, slots)), np.zeros(7), weeks, profile)
    return SeriesState(options, start, width, records, tables)


def copied(records: Records) -> Records:
    """Return a writable copy; through bytes, as numpy copies records field by field."""
    return np.frombuffer(bytearray(records.tobytes()), RECORD)


def dump(state: SeriesState) -> bytes:
    """Return the state as bytes that `load` reads back exactly."""
    return pack(FORMAT, state)


def load(data: bytes) -> SeriesState:
    """Return the state that `dump` wrote.

    Raises
    ------
    ValueError
        If ``data`` is not a state, or one of another format.
    """
    return _read(data, SeriesState)


def dump_record(state: SeriesState) -> bytes:
    """Return what changes with every bin, a fifth of the state."""
    return pack(FORMAT, (state.options, state.start, state.width, state.records))


def dump_tables(tables: Tables) -> bytes:
    """Return what changes once a day."""
    return pack(FORMAT, tables)


def load_parts(record: bytes, tables: bytes) -> SeriesState:
    """Return the state that `dump_record` and `dump_tables` wrote; raises as `load` does."""
    quick = _read(record, tuple[DetectionOptions, datetime, timedelta, Records])
    return SeriesState(*quick, tables=_read(tables, Tables))


def _read(data: bytes, kind: type[T]) -> T:
    try:
        return unpack(data, FORMAT, kind)
    except ValueError as error:
        raise ValueError(f"not a detection state: {error}") from error
