"""Bins of one series one after another, until something is due that the kernel leaves to Python."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.detection import calibration, onset
from detector.detection.baseline import learning, level
from detector.detection.baseline.calendar import FACTOR, SPREAD
from detector.detection.baseline.profile import slot_seconds
from detector.detection.calibration import Base
from detector.detection.kernels import bin_update, lasting_surge, surge_course
from detector.detection.kernels.bin_update import BIN, QUIET, Bin, Rule
from detector.detection.kernels.compiled import compiled
from detector.detection.kernels.series_record import (
    MOST,
    RECORD,
    RING,
    ChangeLog,
    Records,
    SeriesRecord,
)
from detector.model.series import Floats

#: Why `run` came back.
TAKEN, DAY_FULL, STALE = 0, 1, 2
#: Minutes without an observed bin after which nothing that was known holds: four weeks.
STALE_MINUTES = 40320.0


class Bins(NamedTuple):
    """The bins ``[begin, end)`` of ``counts``, and what is known of them.

    Attributes
    ----------
    counts : shape (n,), posts per bin; nan where not observed.
    events : shape (2, end - begin), as `calendar.events_in` has them.
    partial : shape (3, m), partial bins as `bin_update` takes them.
    """

    counts: Floats
    begin: int
    end: int
    events: Floats
    partial: Floats


class LocalTime(NamedTuple):
    """When the bins are, by the clock of the service.

    Attributes
    ----------
    first : left edge of the first bin, local seconds since 1970.
    width : of a bin, seconds.
    """

    first: int
    width: int


class Sought(NamedTuple):
    """What is sought: how much evidence is enough, and the table that starts are estimated with."""

    base: Base
    rises: Floats


@lru_cache(maxsize=64)
def rises(width: int) -> Floats:
    """Return what estimating a start needs of bins of ``width`` seconds."""
    return onset.rise_table(width / 60.0)


@compiled
def are_counts(counts: Floats) -> bool:
    """Whether all are counts: >= 0 and finite, or nan."""
    wrong = 0
    for count in counts:
        wrong += count < 0.0 or count == np.inf
    return wrong == 0


@compiled
def take_bins(
    records: Records,
    profile: Floats,
    counts: Floats,
    begin: int,
    end: int,
    events: Floats,
    partial: Floats,
    first_local: int,
    width: int,
    base: Base,
    rises: Floats,
    rows: NDArray[np.void],
    said: Floats,
) -> tuple[int, int, int]:
    """Do what `run` does, for Python: the number of changes comes between what `run` returns.

    Plain arguments, as taking tuples apart at the door costs a tenth of what a single bin takes.
    """
    changes = ChangeLog(rows, np.zeros(1, np.int64))
    bins = Bins(counts, begin, end, events, partial)
    local_time, sought = LocalTime(first_local, width), Sought(base, rises)
    taken, why = run(records, profile, bins, local_time, sought, changes, said)
    return taken, int(changes.length[0]), why


@compiled
def run(
    records: Records,
    profile: Floats,
    bins: Bins,
    local_time: LocalTime,
    sought: Sought,
    changes: ChangeLog,
    said: Floats,
) -> tuple[int, int]:
    """Take bins until a day or ``changes`` is full or the series is stale.

    Partial bins, in order, are judged before their bin; a bin that is lost after an alarm in it
    says nothing more of it.

    Parameters
    ----------
    records : shape (1,), changed in place.
    profile : shape (3, 7, n_slots), as in `learning.WeekTables`.
    changes : emptied first.
    said : shape (`bin_update.SAID_ROWS`, n), written to in the places of the bins.

    Returns
    -------
    The number of bins taken, and why it came back.
    """
    record: SeriesRecord = records[0]
    minutes, per_slot = local_time.width / 60.0, slot_seconds(local_time.width)
    waiting = learning.quarantine(minutes)
    first = local_time.first + local_time.width // 2
    slot = level.slot_at(profile, first + record.clock, per_slot)
    course = surge_course.Course(minutes, surge_course.new_search(sought.rises), changes)
    rule = Rule(minutes, calibration.threshold_now(record, sought.base))
    partial, n_partial = bins.partial, bins.partial.shape[1]
    copies = np.empty(1 if n_partial > 0 else 0, RECORD)
    m = int(np.searchsorted(partial[BIN], bins.begin))
    changes.length[0] = 0
    for i in range(bins.end - bins.begin):
        at = bins.begin + i
        count = bins.counts[at]
        said[bin_update.THRESHOLD, at] = rule.threshold
        if changes.length[0] + MOST > changes.rows.shape[0]:
            return i, TAKEN
        stale = record.gap * minutes >= STALE_MINUTES
        if stale and not np.isnan(count):
            return i, STALE
        local = first + record.clock + i * local_time.width
        learning.note_clock(record, local - record.bins * local_time.width)
        if not learning.learn_late(record, profile, waiting, minutes):
            return i, DAY_FULL
        if not slot.begins <= local < slot.ends:
            slot = level.slot_at(profile, local, per_slot)
        factor, spread = 1.0, 0.0
        if bins.events.shape[1] > 0:
            factor, spread = bins.events[FACTOR, i], bins.events[SPREAD, i]
        filling = m < n_partial and partial[BIN, m] == at
        if filling and record.open == 0 and record.early == 0 and not stale:
            bin_ = Bin(count, slot, factor, spread)
            bin_update.raise_early(records, copies, partial, m, bin_, rule, course)
        while m < n_partial and partial[BIN, m] == at:
            m += 1
        lost = np.isnan(count) and record.early > 0 and record.open == 0
        if lost:
            count = record.early_count
        what = bin_update.take(record, Bin(count, slot, factor, spread), rule, said, at)
        if what != QUIET:
            before = changes.length[0]
            expected, dispersion = said[bin_update.EXPECTED, at], said[bin_update.DISPERSION, at]
            bin_update.follow_up(record, what, count, expected, dispersion, course)
            if lost:
                changes.length[0] = before
        if lost:
            bin_update.forget_lost(record, course, said[:, at])
        if record.lasting == 1 and not np.isnan(record.count[record.bins % RING]):
            lasting_surge.follow(record, minutes, changes)
        record.bins += 1
    return bins.end - bins.begin, TAKEN
