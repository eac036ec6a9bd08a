"""Many series at once: the next bins of all of them in one call of machine code.

Of ten thousand series in a run nearly all have nothing to say. Those go through together; one
that has, or for which a day ends, is taken by itself. Nothing but time depends on which it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Self

import numpy as np
from numpy.typing import NDArray

from detector.detection import live
from detector.detection.baseline.calendar import events_in, offset_from_utc
from detector.detection.baseline.profile import slot_seconds
from detector.detection.calibration import base_threshold
from detector.detection.kernels import bin_run
from detector.detection.kernels.bin_run import Bins, LocalTime, Sought, rises
from detector.detection.kernels.bin_update import SAID_ROWS
from detector.detection.kernels.compiled import compiled, floats_at
from detector.detection.kernels.series_record import MOST, RECORD, ChangeLog, Records, room_for
from detector.detection.options import DetectionOptions
from detector.detection.series_state import SeriesState, Tables
from detector.model.series import Floats, Ints
from detector.model.surge import Change
from detector.model.times import from_seconds, to_seconds


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """The states of many series side by side, of the same options and bins of the same width.

    A state taken out of it keeps the records of the whole fleet in memory for as long as it lives.

    Attributes
    ----------
    options, width : of every series.
    starts : shape (n,), left edges of the first bins, seconds since 1970.
    records : shape (n,), dtype `RECORD`: what changes with every bin, read-only.
    tables : n, what changes daily.
    profiles : shape (n,), where in memory their profiles begin, for machine code.
    """

    options: DetectionOptions
    width: timedelta
    starts: Ints = field(repr=False)
    records: Records = field(repr=False)
    tables: tuple[Tables, ...] = field(repr=False)
    profiles: Ints = field(repr=False)

    def __post_init__(self) -> None:
        self.records.flags.writeable = False

    @classmethod
    def of(cls, states: Sequence[SeriesState]) -> Self:
        """Return the states as a fleet.

        Raises
        ------
        ValueError
            If there are none, or they differ in their options or the width of their bins.
        """
        kinds = {(state.options, state.width) for state in states}
        if len(kinds) != 1:
            raise ValueError(f"a fleet has one kind of options and width, not {len(kinds)}")
        ((options, width),) = kinds
        return cls(
            options,
            width,
            np.array([to_seconds(state.start) for state in states]),
            _joined([state.records for state in states]),
            tuple(state.tables for state in states),
            np.array([state.tables.profile.ctypes.data for state in states]),
        )

    def __len__(self) -> int:
        return len(self.tables)

    def __getitem__(self, i: int) -> SeriesState:
        """Return the state of series ``i``."""
        start = from_seconds(int(self.starts[i]))
        return SeriesState(self.options, start, self.width, self.records[i, None], self.tables[i])


@dataclass(frozen=True, slots=True, eq=False)
class FleetStep:
    """What `update` found out.

    Attributes
    ----------
    fleet : after the last bin.
    changes : of the series that have any, by their place in the fleet.
    said : shape (n, 6, n_bins), what was said of each bin, as in `live.Step`.
    """

    fleet: Fleet
    changes: Mapping[int, tuple[Change, ...]]
    said: Floats = field(repr=False)


def update(fleet: Fleet, counts: Floats) -> FleetStep:
    """Take the next bins of every series; each comes out as `live.update` leaves it.

    Parameters
    ----------
    fleet : as left by the bins before; it is not changed.
    counts : shape (n, n_bins), posts per bin, >= 0; nan where not observed.

    Raises
    ------
    ValueError
        If a count is negative or infinite, or the shape is wrong.
    """
    counts = np.ascontiguousarray(counts, dtype=np.float64)
    if counts.ndim != 2 or len(counts) != len(fleet) or not bin_run.are_counts(counts.ravel()):
        raise ValueError("counts must have a row per series and be >= 0 (nan where not observed)")
    records, tables = _joined([fleet.records]), list(fleet.tables)
    profiles = fleet.profiles.copy()
    said = np.empty((len(fleet), SAID_ROWS, counts.shape[1]))
    changes = {}
    for i in np.flatnonzero(~_take_quiet(fleet, records, counts, said)).tolist():
        step = live.update(fleet[i], counts[i])
        records[i : i + 1], tables[i], said[i] = step.state.records, step.state.tables, step.said
        profiles[i] = step.state.tables.profile.ctypes.data
        if step.changes:
            changes[i] = step.changes
    return FleetStep(
        replace(fleet, records=records, tables=tuple(tables), profiles=profiles), changes, said
    )


def _joined(records: Sequence[Records]) -> Records:
    """Return a writable copy of records; through bytes, as numpy copies them field by field."""
    return np.concatenate([of_some.view(np.uint8) for of_some in records]).view(RECORD)


def _take_quiet(fleet: Fleet, records: Records, counts: Floats, said: Floats) -> NDArray[np.bool_]:
    """Take bins into ``records``, write what is said of them; return for which that was all."""
    width, options = int(fleet.width.total_seconds()), fleet.options
    now = fleet.starts + records["bins"] * width
    first, behind = int(now.min()), int(now.max()) + counts.shape[1] * width
    offset, until = offset_from_utc(options.time_zone, first)
    events = events_in(options.known_events, first, behind - first, 1)
    if behind > until or events.size:
        return np.zeros(len(fleet), np.bool_)
    return run(
        records,
        fleet.profiles,
        counts,
        now + offset - first,
        LocalTime(first, width),
        Sought(base_threshold(options.max_false_pages_per_week), rises(width)),
        ChangeLog(room_for(MOST * (counts.shape[1] + 1)), np.zeros(1, np.int64)),
        said,
    )


@compiled
def run(
    records: Records,
    profiles: Ints,
    counts: Floats,
    later: Ints,
    local_time: LocalTime,
    sought: Sought,
    changes: ChangeLog,
    said: Floats,
) -> NDArray[np.bool_]:
    """Take all bins of every series; return which of them are through and had nothing to say.

    The records of the others are of no use any more. As `bin_run.run`, but that the first axis of
    ``records``, ``counts``, ``later`` and ``said`` is the series. ``profiles`` (shape (n,)) are the
    addresses of their profiles, ``later`` by how many seconds their first bin begins later.
    """
    quiet = np.empty(records.shape[0], np.bool_)
    slots = -(-86400 // slot_seconds(local_time.width))
    no_events, no_partial = np.empty((2, 0)), np.empty((3, 0))
    for i in range(records.shape[0]):
        bins = Bins(counts[i], 0, counts.shape[1], no_events, no_partial)
        first = local_time.first + later[i]
        _, why = bin_run.run(
            records[i : i + 1],
            floats_at(profiles[i], (3, 7, slots)),
            bins,
            LocalTime(first, local_time.width),
            sought,
            changes,
            said[i],
        )
        quiet[i] = changes.length[0] == 0 and why == bin_run.TAKEN
    return quiet
