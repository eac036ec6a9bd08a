"""Live detection: counts in, changes of surges out, one bin or a year at a time.

`update` is a pure function of a frozen state and the next counts; its result does not depend on how
the bins are chunked. What to expect of it when: in the first hour nothing is expected and nothing
reported. On the first day the daily rhythm is unknown, and only surges that dwarf any ordinary
rhythm are reported (about ten times). In the first week what recurs weekly is unknown and a surge
must be about four times the usual. From the second week on the profile is known, and its error
shrinks with every week. After four weeks without an observed bin the series starts cold.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.detection.baseline import learning
from detector.detection.baseline.calendar import events_in, offset_from_utc
from detector.detection.baseline.learning import WeekTables
from detector.detection.baseline.profile import slot_seconds
from detector.detection.calibration import base_threshold
from detector.detection.kernels import bin_run, bin_update, lasting_surge, surge_course
from detector.detection.kernels.bin_update import BIN, NO_PARTIAL_BINS, SAID_ROWS
from detector.detection.kernels.series_record import MOST, ChangeLog, Records, room_for
from detector.detection.series_state import (
    SeriesState,
    Tables,
    begin,
    cold,
    copied,
    dump,
    dump_record,
    dump_tables,
    load,
    load_parts,
)
from detector.model.series import Floats
from detector.model.surge import Change, ChangeKind, Onset, Surge
from detector.model.times import to_seconds

__all__ = [
    "SeriesState",
    "Step",
    "Tables",
    "begin",
    "dump",
    "dump_record",
    "dump_tables",
    "load",
    "load_parts",
    "update",
]

#: After so long without an observed bin a series begins cold.
STALE_AFTER = timedelta(minutes=bin_run.STALE_MINUTES)
#: Changes gathered per kernel call.
_ROOM = 64


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
        return self._row(bin_update.EXPECTED)

    @property
    def evidence(self) -> Floats:
        """Shape (n,), nats after each bin."""
        return self._row(bin_update.EVIDENCE)

    @property
    def threshold(self) -> Floats:
        """Shape (n,), what the evidence was compared with."""
        return self._row(bin_update.THRESHOLD)

    @property
    def weighed(self) -> Floats:
        """Shape (n,), what a bin weighs as evidence; nan where it was not weighed."""
        return self._row(bin_update.WEIGHED)

    @property
    def dispersion(self) -> Floats:
        """Shape (n,), variance over mean of the counts; nan where a bin was not weighed."""
        return self._row(bin_update.DISPERSION)

    @property
    def variance(self) -> Floats:
        """Shape (n,), relative variance of the expectation; nan where a bin was not weighed."""
        return self._row(bin_update.VARIANCE)


def update(state: SeriesState, counts: Floats, partial: Floats = NO_PARTIAL_BINS) -> Step:
    """Take the next ``len(counts)`` bins.

    Parameters
    ----------
    state : as left by the bins before; it is not changed.
    counts : shape (n,), posts per bin, >= 0; nan where not observed.
    partial : shape (3, m), partial bins in order of time: the bin (its position in ``counts``, or n
        for the one that still fills), whole seconds from then to the bin's right edge, > 0, and
        what the bin held by then, >= 0. An alarm that this is enough for is raised then.

    Returns
    -------
    Step
        The same whatever the chunking: bins taken one by one or all at once, partial bins given
        before their bin or with it.

    Raises
    ------
    ValueError
        If a count is negative or infinite, a shape is wrong, or a partial bin ends outside its bin.
    """
    counts = np.ascontiguousarray(counts, dtype=np.float64)
    if counts.ndim != 1 or not bin_run.are_counts(counts):
        raise ValueError("counts must have one axis and be >= 0 (nan where not observed)")
    partial = _checked(partial, len(counts), state)
    filling = int(np.searchsorted(partial[BIN], len(counts)))
    after, said = state, np.empty((SAID_ROWS, len(counts)))
    changes: list[Change] = []
    if len(counts):
        records = copied(state.records)
        tables, changes = _take(state, records, counts, partial[:, :filling], said)
        after = SeriesState(state.options, state.start, state.width, records, tables)
    if filling < partial.shape[1]:
        after, noticed = _look_ahead(after, partial[:, filling:])
        changes += noticed
    return Step(after, tuple(changes), said)


def _checked(partial: Floats, n: int, state: SeriesState) -> Floats:
    """Return partial bins of ``n`` bins and the one behind, as an array that kernels are made for.

    Raises ``ValueError`` where they are none.
    """
    if partial is NO_PARTIAL_BINS:
        return partial
    partial = np.array(partial, dtype=np.float64, order="C")
    shaped = partial.ndim == 2 and partial.shape[0] == 3
    width = int(state.width.total_seconds())
    if not (shaped and bin_update.are_partial_bins(partial, n, width)):
        raise ValueError("partial bins must end within their bins, in order, with counts >= 0")
    return partial


def _take(
    state: SeriesState, records: Records, counts: Floats, partial: Floats, said: Floats
) -> tuple[Tables, list[Change]]:
    """Take bins into ``records``, write what is said of them; return tables and changes."""
    width, tables = int(state.width.total_seconds()), state.tables
    partial = np.array(partial, order="C")  # machine code is made for arrays of one kind
    changes: list[Change] = []
    rows = room_for(min(_ROOM, MOST * (len(counts) + 1)))
    base = base_threshold(state.options.max_false_pages_per_week)
    first = to_seconds(state.start)
    done = 0
    while done < len(counts):
        now = first + int(records["bins"][0]) * width
        offset, until = offset_from_utc(state.options.time_zone, now)
        stop = min(len(counts), done + -(-(until - now) // width))
        taken, found, why = bin_run.take_bins(
            records,
            tables.profile,
            counts,
            done,
            stop,
            events_in(state.options.known_events, now, width, stop - done),
            partial,
            now + offset,
            width,
            base,
            bin_run.rises(width),
            rows,
            said,
        )
        done += taken
        if found:
            changes += changes_in(rows[:found], state.start, state.width)
        if why == bin_run.DAY_FULL:
            tables = _next_day(records, tables, width)
        elif why == bin_run.STALE:
            changes += _given_up(state, records)
            fresh = cold(state.options, state.start, state.width, int(records["bins"][0]))
            records[:] = fresh.records
            tables = fresh.tables
    return tables, changes


def _look_ahead(state: SeriesState, partial: Floats) -> tuple[SeriesState, list[Change]]:
    """Judge the bin that still fills, on a copy: nothing is learnt from a partial bin."""
    ahead, partial = copied(state.records), partial.copy()
    if ahead["open"][0] or ahead["early"][0]:
        return state, []
    partial[BIN] = 0.0
    _, noticed = _take(state, ahead, np.full(1, np.nan), partial, np.empty((SAID_ROWS, 1)))
    if not noticed:
        return state, []
    records = copied(state.records)
    for name in ("early", "early_count", "alarm_evidence"):
        records[name] = ahead[name]
    return replace(state, records=records), noticed


def skip(state: SeriesState, n: int) -> SeriesState:
    """Return the state after ``n`` bins that were not observed, however many.

    The same as `update` over so many nan, in the time that `STALE_AFTER` takes: what is known over
    less is forgotten by then.
    """
    walked = min(n, STALE_AFTER // state.width)
    after = update(state, np.full(walked, np.nan)).state
    records = copied(after.records)
    records["bins"] += n - walked
    records["gap"] += n - walked
    return replace(after, records=records)


def _next_day(records: Records, tables: Tables, width: int) -> Tables:
    """Return the tables after the day that ``records`` has gathered."""
    slot_minutes = slot_seconds(width) / 60.0
    sums, days, weeks = tables.sums.copy(), tables.days.copy(), tables.weeks.copy()
    old = WeekTables(sums, days, weeks, tables.profile)
    profile = learning.end_day(records, old, slot_minutes, width / 60.0)
    return Tables(sums, days, weeks, profile)


def _given_up(state: SeriesState, records: Records) -> list[Change]:
    """Return the close of the surges of a series that was not observed for four weeks."""
    log = ChangeLog(room_for(MOST), np.zeros(1, np.int64))
    seen = int(records["bins"][0] - records["gap"][0])
    if records["open"][0]:
        surge_course.close(records[0], seen, log)
    if records["lasting"][0]:
        lasting_surge.close(records[0], seen, log)
    return changes_in(log.rows[: log.length[0]], state.start, state.width)


def changes_in(rows: NDArray[np.void], start: datetime, width: timedelta) -> list[Change]:
    """Return the changes that a kernel wrote down, for bins of ``width`` from ``start`` on."""
    return [_change_of(row, start, width) for row in rows]


def _change_of(row: Any, start: datetime, width: timedelta) -> Change:
    fields = dict(zip(row.dtype.names, row.item(), strict=True))

    def edge(b: int) -> datetime:
        return start + b * width

    closed = fields["kind"] == surge_course.CLOSED
    noticed = edge(fields["noticed"] + 1) - timedelta(seconds=fields["early"])
    at = noticed if fields["kind"] == surge_course.OPENED else edge(fields["bin"] + 1)
    surge = Surge(
        onset=Onset(edge(fields["onset"]), edge(fields["earliest"]), edge(fields["latest"])),
        noticed_at=noticed,
        evidence=fields["evidence"],
        peak_at=edge(fields["peak"]),
        peak_count=fields["peak_count"],
        expected_at_peak=fields["peak_expected"],
        excess=fields["excess"],
        ended_at=edge(fields["ended"]) if closed else None,
        resolved_at=at if closed else None,
        lasting_since=edge(fields["settled"] + 1) if fields["settled"] >= 0 else None,
    )
    kinds = (ChangeKind.OPENED, ChangeKind.REVISED, ChangeKind.CLOSED)
    return Change(kinds[fields["kind"]], at, surge)
