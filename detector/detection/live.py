"""Live detection: counts in, changes of surges out, one bin or a year at a time.

The state is a frozen value; `update` is a pure function whose result does not depend on how the
bins are chunked. What a state knows: the hot record (hours) and two shared tables (the profile and
the sums it is made of), which change once a day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from detector.detection import step as kernel
from detector.detection.clock import rest_clock
from detector.detection.memory import CHANGE, HOT, SLOTS
from detector.detection.recurrence import WEEKS
from detector.detection.options import DetectionOptions, KnownEvent
from detector.domain.series import Floats
from detector.domain.surge import Change, ChangeKind, Onset, Surge
from detector.domain.times import from_seconds, to_seconds

#: Layout of a dumped state; another layout cannot be continued.
FORMAT = 1
#: Seconds without an observed bin after which the series starts cold again.
STALE = 28 * 86400
#: Changes gathered per kernel call.
_ROOM = 64


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
    weeks: Floats = field(repr=False)
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


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What `update` found out.

    Attributes
    ----------
    state : the state after the last bin.
    changes : what happened to surges, in time order.
    expected : shape (n,), posts expected in each bin as known before it; nan while cold.
    evidence : shape (n,), nats after each bin.
    threshold : shape (n,), what the evidence was compared with.
    """

    state: SeriesState
    changes: tuple[Change, ...]
    expected: Floats
    evidence: Floats
    threshold: Floats


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
    slots = -(-86400 // _slot_seconds(int(seconds)))
    hot = np.zeros(1, HOT)
    hot["day"] = -1
    hot["previous"] = np.nan
    rest_clock(hot[0])
    profile = np.ones((3, 7, slots))
    weeks = np.zeros((2, WEEKS, 7, slots))
    profile[1] = 0.5
    return SeriesState(
        options, start, width, hot, np.zeros((2, 7, slots)), np.zeros(7), weeks, profile
    )


def update(state: SeriesState, counts: Floats) -> Step:
    """Take the next ``len(counts)`` bins.

    Parameters
    ----------
    state : as left by the bins before; it is not changed.
    counts : shape (n,), posts per bin, >= 0; nan where not observed.

    Returns
    -------
    Step
        The same whatever the chunking: bins taken one by one or all at once.

    Raises
    ------
    ValueError
        If a count is negative or infinite, or the shape is wrong.
    """
    counts = np.ascontiguousarray(counts, dtype=np.float64)
    if counts.ndim != 1 or (counts < 0).any() or np.isinf(counts).any():
        raise ValueError("counts must have one axis and be >= 0 (nan where not observed)")
    width = int(state.width.total_seconds())
    hot = state.hot.copy()
    sums, days, weeks, profile = state.sums, state.days, state.weeks, state.profile
    outs = np.empty((len(counts), 2))
    changes: list[Change] = []
    threshold = threshold_of(state.options, state.width)
    room = np.zeros(_ROOM, CHANGE)
    first = to_seconds(state.start)
    done = 0
    while done < len(counts):
        now = first + int(hot["bins"][0]) * width
        offset, until = _offset(state.options.time_zone, now)
        stop = min(len(counts), done + -(-(until - now) // width))
        factors, spreads = _events(state.options.known_events, now, width, stop - done)
        taken, n, full = kernel.run(
            hot,
            profile,
            counts[done:stop],
            factors,
            spreads,
            now + offset,
            width,
            _slot_seconds(width),
            threshold,
            room,
            outs[done:stop],
        )
        done += taken
        changes.extend(_change(state, c) for c in room[:n])
        if full:
            sums, days, weeks = sums.copy(), days.copy(), weeks.copy()
            profile = kernel.end_day(hot, sums, days, weeks, profile, _slot_seconds(width) / 60.0)
    return Step(
        SeriesState(state.options, state.start, state.width, hot, sums, days, weeks, profile),
        tuple(changes),
        outs[:, 0].copy(),
        outs[:, 1].copy(),
        np.full(len(counts), threshold),
    )


def threshold_of(options: DetectionOptions, width: timedelta) -> float:
    """Return the evidence, in nats, that raises an alarm."""
    return 9.0


def _slot_seconds(width: int) -> int:
    return max(86400 // SLOTS, width)


@lru_cache(maxsize=4096)
def _offset(zone: str, now: int) -> tuple[int, int]:
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


def _events(events: tuple[KnownEvent, ...], now: int, width: int, n: int) -> tuple[Floats, Floats]:
    """Return the factor and the spread of each bin, or empty arrays where there is no event."""
    near = [e for e in events if to_seconds(e.start) < now + n * width and to_seconds(e.end) > now]
    if not near:
        return np.empty(0), np.empty(0)
    factors, spreads = np.ones(n), np.zeros(n)
    lefts = now + width * np.arange(n)
    for event in near:
        inside = (lefts + width > to_seconds(event.start)) & (lefts < to_seconds(event.end))
        factors[inside] = 1.0 if event.factor is None else event.factor
        spreads[inside] = (
            kernel.UNKNOWN_EVENT_SPREAD if event.factor is None else kernel.EVENT_SPREAD
        )
    return factors, spreads


def _change(state: SeriesState, found: Any) -> Change:
    def edge(b: int) -> datetime:
        return state.start + int(b) * state.width

    closed = found["kind"] == kernel.CLOSED
    at = edge(found["bin"] + 1)
    surge = Surge(
        onset=Onset(edge(found["onset"]), edge(found["earliest"]), edge(found["latest"])),
        noticed_at=edge(found["noticed"] + 1),
        evidence=float(found["evidence"]),
        peak_at=edge(found["peak"]),
        peak_count=float(found["peak_count"]),
        expected_at_peak=float(found["peak_expected"]),
        excess=float(found["excess"]),
        ended_at=edge(found["ended"]) if closed else None,
        resolved_at=at if closed else None,
    )
    kinds = (ChangeKind.OPENED, ChangeKind.REVISED, ChangeKind.CLOSED)
    return Change(kinds[int(found["kind"])], at, surge)


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
            np.frombuffer(fields["weeks"]).reshape(2, WEEKS, 7, -1),
            np.frombuffer(fields["profile"]).reshape(3, 7, -1),
        )
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise ValueError(f"not a detection state: {error}") from error
