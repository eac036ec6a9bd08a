"""Live detection: counts in, changes of surges out, one bin or a year at a time.

`update` is a pure function of a frozen state and the next counts; its result does not depend on
how the bins are chunked. What to expect of it when: in the first hour nothing is expected and
nothing reported. On the first day the daily rhythm is unknown, and only surges that dwarf any
ordinary rhythm are reported (about ten times). In the first week what recurs weekly is unknown and
a surge must be about four times the usual. From the second week on the profile is known, and its
error shrinks with every week. After four weeks without an observed bin the series starts cold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from detector.detection import bins, course, learning, onset, step
from detector.detection.calibration import base_threshold
from detector.detection.memory import blank
from detector.detection.options import KnownEvent
from detector.detection.state import (
    SeriesState,
    Tables,
    begin,
    cold,
    copied,
    dump,
    dump_hot,
    dump_tables,
    load,
    load_parts,
    slot_seconds,
)
from detector.domain.series import Floats
from detector.domain.surge import Change, ChangeKind, Onset, Surge
from detector.domain.times import from_seconds, to_seconds

__all__ = [
    "SeriesState",
    "Step",
    "Tables",
    "begin",
    "dump",
    "dump_hot",
    "dump_tables",
    "load",
    "load_parts",
    "update",
]

#: After so long without an observed bin a series begins cold.
STALE = timedelta(minutes=bins.STALE_MINUTES)
#: Changes gathered per kernel call.
_ROOM = 64
_NOTHING: Floats = np.empty(0)
_NOTHING.flags.writeable = False


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
    weighed, dispersion, variance : shape (n,), what a bin weighs as evidence, variance over mean
        of the counts, relative variance of the expectation; nan where it was not weighed.
    """

    state: SeriesState
    changes: tuple[Change, ...]
    expected: Floats
    evidence: Floats
    threshold: Floats
    weighed: Floats
    dispersion: Floats
    variance: Floats


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
    if counts.ndim != 1 or not bins.can_be(counts):
        raise ValueError("counts must have one axis and be >= 0 (nan where not observed)")
    width = int(state.width.total_seconds())
    hot, tables = copied(state.hot), state.tables
    outs = np.empty((6, len(counts)))
    changes: list[Change] = []
    base = base_threshold(state.options.max_false_pages_per_week)
    room = blank(min(_ROOM, 2 * len(counts) + 2))
    first = to_seconds(state.start)
    done = 0
    while done < len(counts):
        now = first + int(hot["bins"][0]) * width
        offset, until = _offset(state.options.time_zone, now)
        stop = min(len(counts), done + -(-(until - now) // width))
        factors, spreads = _events(state.options.known_events, now, width, stop - done)
        taken, n, why = bins.run(
            hot,
            tables.profile,
            counts,
            done,
            stop,
            factors,
            spreads,
            now + offset,
            width,
            slot_seconds(width),
            base,
            _rises(width),
            room,
            outs,
        )
        done += taken
        if n:
            changes.extend(change_of(state.start, state.width, c) for c in room[:n])
        if why == bins.DAY_FULL:
            tables = _next_day(hot, tables, slot_seconds(width) / 60.0)
        elif why == bins.STALE:
            changes.extend(_given_up(state, hot, room))
            fresh = cold(state.options, state.start, state.width, int(hot["bins"][0]))
            hot, tables = copied(fresh.hot), fresh.tables
    after = SeriesState(state.options, state.start, state.width, hot, tables)
    return Step(after, tuple(changes), *outs)


def skip(state: SeriesState, n: int) -> SeriesState:
    """Return the state after ``n`` bins that were not observed, however many.

    The same as `update` over so many nan, in the time that `STALE` takes: what is remembered over
    less is forgotten by then.
    """
    walked = min(n, STALE // state.width)
    after = update(state, np.full(walked, np.nan)).state
    hot = copied(after.hot)
    hot["bins"] += n - walked
    hot["gap"] += n - walked
    return replace(after, hot=hot)


def _next_day(hot: Any, tables: Tables, slot_minutes: float) -> Tables:
    """Return the tables after the day that ``hot`` has gathered."""
    sums, days, weeks = tables.sums.copy(), tables.days.copy(), tables.weeks.copy()
    profile = learning.end_day(hot, sums, days, weeks, tables.profile, slot_minutes)
    return Tables(sums, days, weeks, profile)


def _given_up(state: SeriesState, hot: Any, room: Any) -> list[Change]:
    """Return the close of a surge whose series was not observed for four weeks."""
    if not hot["open"][0]:
        return []
    course.close(hot[0], int(hot["bins"][0] - hot["gap"][0]), room, 0)
    return [change_of(state.start, state.width, room[0])]


@lru_cache(maxsize=64)
def _rises(width: int) -> Floats:
    """Return what estimating a start needs of bins of ``width`` seconds."""
    return onset.rise_table(width / 60.0)


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
    if not events:
        return _NOTHING, _NOTHING
    near = [e for e in events if to_seconds(e.start) < now + n * width and to_seconds(e.end) > now]
    if not near:
        return _NOTHING, _NOTHING
    factors, spreads = np.ones(n), np.zeros(n)
    lefts = now + width * np.arange(n)
    for event in near:
        inside = (lefts + width > to_seconds(event.start)) & (lefts < to_seconds(event.end))
        factors[inside] = 1.0 if event.factor is None else event.factor
        spreads[inside] = step.UNKNOWN_EVENT_SPREAD if event.factor is None else step.EVENT_SPREAD
    return factors, spreads


def change_of(start: datetime, width: timedelta, found: Any) -> Change:
    """Return a change that a kernel wrote down, for bins of ``width`` from ``start`` on."""

    def edge(b: int) -> datetime:
        return start + int(b) * width

    closed = found["kind"] == course.CLOSED
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
