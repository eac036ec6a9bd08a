"""What becomes history, and when: bins leave quarantine into their day, days into the profile."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.detection import calibration
from detector.detection.baseline import level, recurrence
from detector.detection.baseline.profile import day_level, fold, refit
from detector.detection.kernels.compiled import compiled
from detector.detection.kernels.series_record import DAYS, RING, Records, SeriesRecord, bins_of
from detector.model.series import Floats

#: Minutes that a bin waits before the profile learns it, so that a surge found late is not learnt.
QUARANTINE = 120.0
#: Fewest bins that wait.
FEWEST = 4
#: Minutes that a bin waits before level, dispersion and own spread learn it: what turns out to be
#: the beginning of a surge is masked by then.
LATE = 15.0
#: Days of a lasting surge at most after which the profile learns from it.
KNOWN_DAYS = 7
#: Days in a row on which zeros recur, and days for which they are remembered.
DAILY, REMEMBERED_DAYS = 3, 8
#: Days from which on their median is a level that may come back.
LEAST_DAYS = 7


@compiled
def note_clock(record: SeriesRecord, ahead: int) -> None:
    """Remember by how many seconds local time is ahead of the bins, and since when."""
    if ahead != record.ahead:
        record.ahead_before = record.ahead
        record.ahead_since = record.bins
        record.ahead = ahead


@compiled
def late_bins(minutes: float) -> int:
    """Return how many bins of so many ``minutes`` wait before level and spreads learn the first."""
    return bins_of(LATE, minutes, RING // 2)


@compiled
def learn_ordinary(record: SeriesRecord, minutes: float) -> None:
    """Let level, dispersion and own spread see the bin that is `LATE` old, if it was ordinary.

    The difference of two neighbours is only known where both were. The own spread sees hours too
    that are held back because something may be going on, or it would never know how wide it is.
    """
    b = record.bins - late_bins(minutes)
    j = b % RING
    if b < 0 or np.isnan(record.expected[j]):
        return
    posts, count, known = record.clip[j], record.count[j], record.known[j]
    if np.isnan(posts) or np.isnan(count):
        record.previous = np.nan
        return
    dispersion = level.dispersion_of(record)
    variance = known + level.own_variance(record)
    expectation = level.Expectation(record.expected[j], dispersion, known, variance)
    if record.rate[j] < 0.0:
        record.previous = np.nan
        level.learn_own(record, posts, expectation, minutes)
        return
    level.learn_level(record, posts, record.rate[j], dispersion)
    wide = level.clipped(count, record.expected[j], dispersion, level.WIDE_CLIP, variance)
    level.learn_dispersion(record, wide, minutes)
    level.learn_own(record, posts, expectation, minutes)


@compiled
def take_back(record: SeriesRecord, first: int, minutes: float) -> None:
    """Let the level forget what it has learnt of the bins from ``first`` on."""
    learnt_at = first + late_bins(minutes)
    if learnt_at <= record.bins:
        record.level_events = record.old_events[(learnt_at - 1) % RING]
        record.level_weight = record.old_weight[(learnt_at - 1) % RING]


@compiled
def quarantine(minutes: float) -> int:
    """Return how many bins of so many ``minutes`` wait before the profile learns the first."""
    return max(bins_of(QUARANTINE, minutes, RING - 2), FEWEST)


@compiled
def _is_unusual(record: SeriesRecord, minutes: float) -> bool:
    """Whether a surge lasts, and not as long yet as what was usual before has been known."""
    known = min(record.past_days, KNOWN_DAYS) * 1440.0
    return bool(record.lasting == 1 and (record.bins - record.settled) * minutes < known)


@compiled
def learn_late(record: SeriesRecord, profile: Floats, waiting: int, minutes: float) -> bool:
    """Move the bin that leaves quarantine into its day; False if it belongs to the next day."""
    slots = profile.shape[2]
    b = record.bins - waiting
    if b < 0:
        return True
    j = b % RING
    day = record.week_slot[j] // slots
    if day != record.day:
        if record.day >= 0:
            return False
        record.day = day
    record.day_ahead = record.ahead if b >= record.ahead_since else record.ahead_before
    s = record.week_slot[j] % slots
    if not np.isnan(record.clip[j]) and not _is_unusual(record, minutes):
        record.day_count[s] += record.clip[j]
        record.day_bins[s] += 1.0
    elif record.known[j] < 0.0:
        record.day_dead[s] += 1.0
    weekday = (day + 3) % 7
    vague = profile[1, weekday, s] - recurrence.UNSEEN_SPREAD**2 > recurrence.VAGUE
    if not vague and not np.isnan(record.count[j]) and not np.isnan(record.expected[j]):
        record.raw_count[s] += record.count[j]
        recurring = profile[0, weekday, s]
        record.raw_expected[s] += record.expected[j] * profile[2, weekday, s] / recurring
    return True


@compiled
def _rescale(
    record: SeriesRecord, bins: Floats, old: Floats, new: Floats, slot_minutes: float
) -> None:
    """Say of the new profile what the level was learnt against the old one."""
    before, after, slow_before, slow_after = 1e-9, 1e-9, 1e-9, 1e-9
    slots = bins.shape[0]
    for s in range(slots):
        fade = 0.5 ** ((slots - s) * slot_minutes / (60.0 * level.LEVEL_HALF_LIFE))
        before += fade * bins[s] * old[s]
        after += fade * bins[s] * new[s]
        slow_before += bins[s] * old[s]
        slow_after += bins[s] * new[s]
    record.level_weight *= after / before
    record.slow_weight *= slow_after / slow_before


@compiled
def _recurring_zeros(record: SeriesRecord, slots: int) -> Floats:
    """Return, by slot, the bins of the day in which zeros recur: they are its shape, nothing died.

    They recur if they came on each of the last `DAILY` days, this one included, or a week ago.
    """
    zeros = np.zeros(slots)
    for s in range(slots):
        days = (record.dead_days[s] << 1) & ((1 << REMEMBERED_DAYS) - 1)
        if record.day_dead[s] > 0.0:
            days |= 1
            daily = days & ((1 << DAILY) - 1) == (1 << DAILY) - 1
            if daily or (days >> 7) & 1 == 1:
                zeros[s] = record.day_dead[s]
        record.dead_days[s] = days
    return zeros


@compiled
def _note_long_level(record: SeriesRecord) -> None:
    """Let the long level be the median of the past days, once there are `LEAST_DAYS`."""
    n = min(record.past_days + 1, DAYS)
    if n >= LEAST_DAYS:
        ordered = record.day_levels[:n].copy()
        ordered.sort()
        record.long_level = ordered[n // 2]


class WeekTables(NamedTuple):
    """What changes once a day.

    Attributes
    ----------
    sums : shape (2, 7, n_slots), discounted posts and exposure.
    days : shape (7,), discounted number of days behind ``sums``.
    weeks : shape (2, WEEKS, 7, n_slots), posts and expected posts of past weeks.
    profile : shape (3, 7, n_slots), time-of-week profile, its relative variance, and the profile
        without what recurs weekly.
    """

    sums: Floats
    days: Floats
    weeks: NDArray[np.float32]
    profile: Floats


@compiled
def end_day(records: Records, tables: WeekTables, slot_minutes: float, minutes: float) -> Floats:
    """Fold the gathered day into all ``tables`` but the profile; return the new profile."""
    record: SeriesRecord = records[0]
    sums, days, weeks, old = tables
    slots = old.shape[2]
    weekday = (record.day + 3) % 7
    row = record.day_count[:slots]
    observed = record.day_bins[:slots]
    bins = observed + _recurring_zeros(record, slots)
    of_day = day_level(row, bins, old[0, weekday], old[1, weekday], level.slow_level(record))
    fold(sums[0], sums[1], days, row, bins, of_day, record.day)
    dispersion = level.dispersion_of(record)
    exposure = sums[1].sum()
    new = refit(sums[0], sums[1], days, dispersion, slot_minutes)
    record.day_levels[record.past_days % DAYS] = of_day
    record.day_levels[:] *= sums[1].sum() / exposure
    record.home *= sums[1].sum() / exposure
    oldest = (record.day + 3) // 7 % recurrence.WEEKS
    weeks[0, oldest, weekday] = record.raw_count[:slots]
    weeks[1, oldest, weekday] = record.raw_expected[:slots]
    slot_seconds = 60.0 * slot_minutes
    record.week_ahead[oldest, weekday] = round(record.day_ahead / slot_seconds)
    now = round(record.ahead / slot_seconds)
    recurrence.recur(weeks, record.week_ahead, now, dispersion, new)
    _rescale(record, observed, old[0, weekday], new[0, weekday], slot_minutes)
    _note_long_level(record)
    calibration.end_day(record, level.slow_level(record) / dispersion / minutes)
    record.day = -1
    record.day_count[:] = 0.0
    record.day_bins[:] = 0.0
    record.day_dead[:] = 0.0
    record.raw_count[:] = 0.0
    record.raw_expected[:] = 0.0
    return new
