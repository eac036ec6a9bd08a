"""Live detection: counts in, changes of surges out, one bin or a year at a time.

`update` is a pure function of a frozen state and the next counts; its result does not depend on
how the bins are chunked. What to expect of it when: in the first hour nothing is expected and
nothing reported. On the first day the daily rhythm is unknown, and only surges that dwarf any
ordinary rhythm are reported (about ten times). In the first week what recurs weekly is unknown and
a surge must be about four times the usual. From the second week on the profile is known, and its
error shrinks with every week. After four weeks without an observed bin the series starts cold.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from detector.detection import bins, calendar, course, early, learning, onset
from detector.detection.calibration import base_threshold
from detector.detection.early import BIN, NO_MARKS
from detector.detection.findings import Step, change_of
from detector.detection.memory import blank
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
from detector.domain.surge import Change
from detector.domain.times import to_seconds

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


def update(state: SeriesState, counts: Floats, marks: Floats = NO_MARKS) -> Step:
    """Take the next ``len(counts)`` bins.

    Parameters
    ----------
    state : as left by the bins before; it is not changed.
    counts : shape (n,), posts per bin, >= 0; nan where not observed.
    marks : shape (3, n_marks), in order of time: the bin (its position in ``counts``, or n for the
        one that still fills), whole seconds from the mark to the bin's right edge, > 0, and what
        the bin held up to the mark, >= 0. An alarm that this is enough for is raised at the mark.

    Returns
    -------
    Step
        The same whatever the chunking: bins taken one by one or all at once, marks given before
        their bin or with it.

    Raises
    ------
    ValueError
        If a count is negative or infinite, a shape is wrong, or a mark lies outside its bin.
    """
    counts = np.ascontiguousarray(counts, dtype=np.float64)
    if counts.ndim != 1 or not bins.can_be(counts):
        raise ValueError("counts must have one axis and be >= 0 (nan where not observed)")
    marks = _checked(marks, len(counts), state)
    filling = int(np.searchsorted(marks[BIN], len(counts)))
    after, outs = state, np.empty((6, len(counts)))
    changes: list[Change] = []
    if len(counts):
        hot = copied(state.hot)
        tables, changes = _take(state, hot, counts, marks[:, :filling], outs)
        after = SeriesState(state.options, state.start, state.width, hot, tables)
    if filling < marks.shape[1]:
        after, noticed = _look_ahead(after, marks[:, filling:])
        changes += noticed
    return Step(after, tuple(changes), outs)


def _checked(marks: Floats, n: int, state: SeriesState) -> Floats:
    """Return marks of ``n`` bins and the one behind, as an array of the kind kernels are made for.

    Raises ``ValueError`` where they are none.
    """
    if marks is NO_MARKS:
        return marks
    marks = np.array(marks, dtype=np.float64, order="C")
    shaped = marks.ndim == 2 and marks.shape[0] == 3
    if not (shaped and early.can_be(marks, n, int(state.width.total_seconds()))):
        raise ValueError("marks must lie within their bins, in order, with counts >= 0")
    return marks


def _take(
    state: SeriesState, hot: Any, counts: Floats, marks: Floats, outs: Floats
) -> tuple[Tables, list[Change]]:
    """Take bins into ``hot``, write what they say to ``outs``; return tables and changes."""
    width, tables = int(state.width.total_seconds()), state.tables
    marks = np.array(marks, order="C")  # machine code is made for arrays of one kind
    changes: list[Change] = []
    base = base_threshold(state.options.max_false_pages_per_week)
    room = blank(min(_ROOM, 2 * len(counts) + 2))
    first = to_seconds(state.start)
    done = 0
    while done < len(counts):
        now = first + int(hot["bins"][0]) * width
        offset, until = calendar.offset_from_utc(state.options.time_zone, now)
        stop = min(len(counts), done + -(-(until - now) // width))
        factors, spreads = calendar.known_factors(
            state.options.known_events, now, width, stop - done
        )
        taken, n, why = bins.run(
            hot,
            tables.profile,
            counts,
            done,
            stop,
            factors,
            spreads,
            marks,
            now + offset,
            width,
            slot_seconds(width),
            base,
            rises(width),
            room,
            outs,
        )
        done += taken
        if n:
            changes.extend(change_of(state.start, state.width, c) for c in room[:n])
        if why == bins.DAY_FULL:
            tables = _next_day(hot, tables, width)
        elif why == bins.STALE:
            changes.extend(_given_up(state, hot, room))
            fresh = cold(state.options, state.start, state.width, int(hot["bins"][0]))
            hot[:] = fresh.hot
            tables = fresh.tables
    return tables, changes


def _look_ahead(state: SeriesState, marks: Floats) -> tuple[SeriesState, list[Change]]:
    """Judge the marks of the bin that still fills, on a copy: nothing is learnt at a mark."""
    ahead, marks = copied(state.hot), marks.copy()
    if ahead["open"][0] or ahead["early"][0]:
        return state, []
    marks[BIN] = 0.0
    _, noticed = _take(state, ahead, np.full(1, np.nan), marks, np.empty((6, 1)))
    if not noticed:
        return state, []
    hot = copied(state.hot)
    for name in ("early", "early_count", "alarm_evidence"):
        hot[name] = ahead[name]
    return replace(state, hot=hot), noticed


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


def _next_day(hot: Any, tables: Tables, width: int) -> Tables:
    """Return the tables after the day that ``hot`` has gathered."""
    slot_minutes = slot_seconds(width) / 60.0
    sums, days, weeks = tables.sums.copy(), tables.days.copy(), tables.weeks.copy()
    profile = learning.end_day(hot, sums, days, weeks, tables.profile, slot_minutes, width / 60.0)
    return Tables(sums, days, weeks, profile)


def _given_up(state: SeriesState, hot: Any, room: Any) -> list[Change]:
    """Return the close of a surge whose series was not observed for four weeks."""
    if not hot["open"][0]:
        return []
    course.close(hot[0], int(hot["bins"][0] - hot["gap"][0]), room, 0)
    return [change_of(state.start, state.width, room[0])]


@lru_cache(maxsize=64)
def rises(width: int) -> Floats:
    """Return what estimating a start needs of bins of ``width`` seconds."""
    return onset.rise_table(width / 60.0)
