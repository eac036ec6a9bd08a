"""Live detection: counts in, changes of surges out, one bin or a year at a time.

`update` is a pure function of a frozen state and the next counts; its result does not depend on
how the bins are chunked. What to expect of it when: in the first hour nothing is expected and
nothing reported. On the first day the daily rhythm is unknown, and only surges that dwarf any
ordinary rhythm are reported (about ten times). In the first week what recurs weekly is unknown and
a surge must be about four times the usual. From the second week on the profile is known, and its
error shrinks with every week. After four weeks without an observed bin the series starts cold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from detector.detection import course, learning, onset
from detector.detection import step as kernel
from detector.detection.calibration import base_threshold
from detector.detection.memory import CHANGE, HOT
from detector.detection.options import KnownEvent
from detector.detection.state import SeriesState, begin, cold, dump, load, slot_seconds
from detector.domain.series import Floats
from detector.domain.surge import Change, ChangeKind, Onset, Surge
from detector.domain.times import from_seconds, to_seconds

__all__ = ["SeriesState", "Step", "begin", "dump", "load", "update"]

#: Changes gathered per kernel call.
_ROOM = 64


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
    # as bytes: numpy copies records field by field
    hot = state.hot.view(np.uint8).copy().view(HOT)
    sums, days, weeks, profile = state.sums, state.days, state.weeks, state.profile
    outs = np.empty((len(counts), 3))
    changes: list[Change] = []
    base = base_threshold(state.options.max_false_pages_per_week)
    room = np.zeros(_ROOM, CHANGE)
    first = to_seconds(state.start)
    done = 0
    while done < len(counts):
        now = first + int(hot["bins"][0]) * width
        offset, until = _offset(state.options.time_zone, now)
        stop = min(len(counts), done + -(-(until - now) // width))
        factors, spreads = _events(state.options.known_events, now, width, stop - done)
        taken, n, why = kernel.run(
            hot,
            profile,
            counts[done:stop],
            factors,
            spreads,
            now + offset,
            width,
            slot_seconds(width),
            base,
            _rises(width),
            room,
            outs[done:stop],
        )
        done += taken
        changes.extend(_change(state, c) for c in room[:n])
        if why == kernel.DAY_FULL:
            sums, days, weeks = sums.copy(), days.copy(), weeks.copy()
            profile = learning.end_day(hot, sums, days, weeks, profile, slot_seconds(width) / 60.0)
        elif why == kernel.STALE:
            changes.extend(_given_up(state, hot, room))
            fresh = cold(state.options, state.start, state.width, int(hot["bins"][0]))
            hot, sums, days = fresh.hot.copy(), fresh.sums, fresh.days
            weeks, profile = fresh.weeks, fresh.profile
    return Step(
        SeriesState(state.options, state.start, state.width, hot, sums, days, weeks, profile),
        tuple(changes),
        outs[:, 0].copy(),
        outs[:, 1].copy(),
        outs[:, 2].copy(),
    )


def _given_up(state: SeriesState, hot: Any, room: Any) -> list[Change]:
    """Return the close of a surge whose series was not observed for four weeks."""
    if not hot["open"][0]:
        return []
    course.close(hot[0], int(hot["bins"][0] - hot["gap"][0]), room, 0)
    return [_change(state, room[0])]


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
