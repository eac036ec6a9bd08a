"""What is known of the bins to come: how far local time is ahead of UTC, and known events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from detector.detection import (
    baseline,
    bin_update,
    calibration,
    learning,
    onset,
    surge_course,
)
from detector.detection.bin_update import BIN, NO_MARKS
from detector.detection.calibration import base_threshold
from detector.detection.compiled import compiled
from detector.detection.options import KnownEvent
from detector.detection.series_record import HOT, blank
from detector.detection.series_state import (
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
from detector.model.series import Floats
from detector.model.surge import (
    Change,
    ChangeKind,
    Onset,
    Surge,
)
from detector.model.times import from_seconds, to_seconds

_NOTHING: Floats = np.empty(0)
_NOTHING.flags.writeable = False


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


def known_factors(
    known: tuple[KnownEvent, ...], now: int, width: int, n: int
) -> tuple[Floats, Floats]:
    """Return the factor and the spread of each bin, or empty arrays where there is no event."""
    if not known:
        return _NOTHING, _NOTHING
    near = [e for e in known if to_seconds(e.start) < now + n * width and to_seconds(e.end) > now]
    if not near:
        return _NOTHING, _NOTHING
    factors, spreads = np.ones(n), np.zeros(n)
    lefts = now + width * np.arange(n)
    for event in near:
        inside = (lefts + width > to_seconds(event.start)) & (lefts < to_seconds(event.end))
        factors[inside] = 1.0 if event.factor is None else event.factor
        spreads[inside] = (
            bin_update.UNKNOWN_EVENT_SPREAD if event.factor is None else bin_update.EVENT_SPREAD
        )
    return factors, spreads


# Bins one after another, until something is due that the kernel leaves to Python.


#: Why `run` came back.
TAKEN, DAY_FULL, STALE = 0, 1, 2
#: Minutes without an observed bin after which nothing that was known holds: four weeks.
STALE_MINUTES = 40320.0


@compiled
def can_be(counts: Floats) -> bool:
    """Whether all are counts: >= 0 and finite, or nan."""
    wrong = 0
    for count in counts:
        wrong += count < 0.0 or count == np.inf
    return wrong == 0


@compiled
def run(
    hots: Any,
    profile: Floats,
    counts: Floats,
    begin: int,
    end: int,
    factors: Floats,
    spreads: Floats,
    marks: Floats,
    first_local: int,
    width: int,
    slot_seconds: int,
    base: calibration.Base,
    rises: Floats,
    changes: Any,
    outs: Floats,
) -> Any:
    """Take the bins ``[begin, end)`` until a day or ``changes`` is full or the series is stale.

    Of ``marks``, in order, those in these bins are judged first (`early`); a bin that is lost after
    an alarm in it says nothing more of it.

    Returns the number of bins taken, the number of changes, and why it came back.
    """
    hot = hots[0]
    n = 0
    minutes = width / 60.0
    waiting = learning.quarantine(minutes)
    slot = baseline.slot_at(profile, first_local + hot.clock + width // 2, slot_seconds)
    search = surge_course.new_search(rises)
    threshold = calibration.threshold_now(hot, base)
    others = np.empty(1 if marks.shape[1] > 0 else 0, HOT)
    m = int(np.searchsorted(marks[bin_update.BIN], begin))
    for i in range(end - begin):
        count = counts[begin + i]
        outs[2, begin + i] = threshold
        if n + 2 > changes.shape[0]:
            return i, n, TAKEN
        if hot.gap * minutes >= STALE_MINUTES and not np.isnan(count):
            return i, n, STALE
        local = first_local + hot.clock + i * width + width // 2
        learning.note_clock(hot, local - hot.bins * width)
        if not learning.learn_late(hot, profile, waiting):
            return i, n, DAY_FULL
        if not slot.begins <= local < slot.ends:
            slot = baseline.slot_at(profile, local, slot_seconds)
        factor = factors[i] if factors.shape[0] > 0 else 1.0
        spread = spreads[i] if spreads.shape[0] > 0 else 0.0
        marked = m < marks.shape[1] and marks[bin_update.BIN, m] == begin + i
        if marked and hot.open == 0 and hot.early == 0 and hot.gap * minutes < STALE_MINUTES:
            n = bin_update.judge(
                hots,
                others,
                marks,
                m,
                slot,
                factor,
                spread,
                threshold,
                minutes,
                search,
                changes,
                n,
            )
        while m < marks.shape[1] and marks[bin_update.BIN, m] == begin + i:
            m += 1
        lost = np.isnan(count) and hot.early > 0 and hot.open == 0
        if lost:
            count = hot.early_count
        at = begin + i
        what = bin_update.take(hot, count, slot, factor, spread, threshold, minutes, outs, at)
        said = n
        if what != bin_update.QUIET:
            usual, dispersion = outs[0, at], outs[4, at]
            said = bin_update.follow_up(
                hot, what, count, usual, dispersion, minutes, search, changes, n
            )
        if lost:
            bin_update.lose(hot, search, outs[:, at])
        else:
            n = said
        hot.bins += 1
    return end - begin, n, TAKEN


# What the detector found out in the bins that it took: said of every bin, and of surges.


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What `live.update` found out.

    Attributes
    ----------
    state : the state after the last bin.
    changes : what happened to surges, in time order.
    said : shape (6, n), what was said of each bin: the rows are the properties below.
    """

    state: SeriesState
    changes: tuple[Change, ...]
    said: Floats = field(repr=False)

    def _row(self, i: int) -> Floats:
        row: Floats = self.said[i]
        return row

    @property
    def expected(self) -> Floats:
        """Shape (n,), posts expected in each bin as known before it; nan while cold."""
        return self._row(0)

    @property
    def evidence(self) -> Floats:
        """Shape (n,), nats after each bin."""
        return self._row(1)

    @property
    def threshold(self) -> Floats:
        """Shape (n,), what the evidence was compared with."""
        return self._row(2)

    @property
    def weighed(self) -> Floats:
        """Shape (n,), what a bin weighs as evidence; nan where it was not weighed."""
        return self._row(3)

    @property
    def dispersion(self) -> Floats:
        """Shape (n,), variance over mean of the counts; nan where a bin was not weighed."""
        return self._row(4)

    @property
    def variance(self) -> Floats:
        """Shape (n,), relative variance of the expectation; nan where a bin was not weighed."""
        return self._row(5)


def change_of(start: datetime, width: timedelta, found: Any) -> Change:
    """Return a change that a kernel wrote down, for bins of ``width`` from ``start`` on."""
    said = dict(zip(found.dtype.names, found.item(), strict=True))

    def edge(b: int) -> datetime:
        return start + b * width

    closed = said["kind"] == surge_course.CLOSED
    noticed = edge(said["noticed"] + 1) - timedelta(seconds=said["early"])
    at = noticed if said["kind"] == surge_course.OPENED else edge(said["bin"] + 1)
    surge = Surge(
        onset=Onset(edge(said["onset"]), edge(said["earliest"]), edge(said["latest"])),
        noticed_at=noticed,
        evidence=said["evidence"],
        peak_at=edge(said["peak"]),
        peak_count=said["peak_count"],
        expected_at_peak=said["peak_expected"],
        excess=said["excess"],
        ended_at=edge(said["ended"]) if closed else None,
        resolved_at=at if closed else None,
    )
    kinds = (ChangeKind.OPENED, ChangeKind.REVISED, ChangeKind.CLOSED)
    return Change(kinds[said["kind"]], at, surge)


# Live detection: counts in, changes of surges out, one bin or a year at a time.
#
# `update` is a pure function of a frozen state and the next counts; its result does not depend on
# how the bins are chunked. What to expect of it when: in the first hour nothing is expected and
# nothing reported. On the first day the daily rhythm is unknown, and only surges that dwarf any
# ordinary rhythm are reported (about ten times). In the first week what recurs weekly is
# unknown and a surge must be about four times the usual. From the second week on the profile is
# known, and its error shrinks with every week. After four weeks without an observed bin the series
# starts cold.


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
STALE_AFTER = timedelta(minutes=STALE_MINUTES)
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
    if counts.ndim != 1 or not can_be(counts):
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
    if not (shaped and bin_update.can_be(marks, n, int(state.width.total_seconds()))):
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
        offset, until = offset_from_utc(state.options.time_zone, now)
        stop = min(len(counts), done + -(-(until - now) // width))
        factors, spreads = known_factors(state.options.known_events, now, width, stop - done)
        taken, n, why = run(
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
        if why == DAY_FULL:
            tables = _next_day(hot, tables, width)
        elif why == STALE:
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

    The same as `update` over so many nan, in the time that `STALE_AFTER` takes: what is known over
    less is forgotten by then.
    """
    walked = min(n, STALE_AFTER // state.width)
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
    surge_course.close(hot[0], int(hot["bins"][0] - hot["gap"][0]), room, 0)
    return [change_of(state.start, state.width, room[0])]


@lru_cache(maxsize=64)
def rises(width: int) -> Floats:
    """Return what estimating a start needs of bins of ``width`` seconds."""
    return onset.rise_table(width / 60.0)
