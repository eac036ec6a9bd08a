"""What becomes history, and when: bins leave quarantine into their day, days into the profile."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.detection import (
    baseline,
    calibration,
    profile,
    recurrence,
)
from detector.detection.compiled import compiled
from detector.detection.series_record import RING, bins_of
from detector.model.series import Floats

#: Minutes that a bin waits before the profile learns it, so that a surge found late is not learnt.
QUARANTINE = 120.0
#: Fewest bins that wait.
FEWEST = 4


@compiled
def note_clock(hot: Any, ahead: int) -> None:
    """Remember by how many seconds local time is ahead of the bins, and since when."""
    if ahead != hot.ahead:
        hot.ahead_before = hot.ahead
        hot.turned = hot.bins
        hot.ahead = ahead


@compiled
def quarantine(minutes: float) -> int:
    """Return how many bins of so many ``minutes`` wait before the profile learns the first."""
    return max(bins_of(QUARANTINE, minutes, RING - 2), FEWEST)


@compiled
def learn_late(hot: Any, usual: Floats, waiting: int) -> bool:
    """Move the bin that leaves quarantine into its day; False if it belongs to the next day."""
    slots = usual.shape[2]
    b = hot.bins - waiting
    if b < 0:
        return True
    j = b % RING
    day = hot.week_slot[j] // slots
    if day != hot.day:
        if hot.day >= 0:
            return False
        hot.day = day
    hot.day_ahead = hot.ahead if b >= hot.turned else hot.ahead_before
    s = hot.week_slot[j] % slots
    if not np.isnan(hot.clip[j]):
        hot.day_count[s] += hot.clip[j]
        hot.day_bins[s] += 1.0
    weekday = (day + 3) % 7
    vague = usual[1, weekday, s] - recurrence.UNSEEN_SPREAD**2 > recurrence.VAGUE
    if not vague and not np.isnan(hot.count[j]) and not np.isnan(hot.expected[j]):
        hot.raw_count[s] += hot.count[j]
        hot.raw_expected[s] += hot.expected[j] * usual[2, weekday, s] / usual[0, weekday, s]
    return True


@compiled
def _rescale(hot: Any, bins: Floats, old: Floats, new: Floats, slot_minutes: float) -> None:
    """Say of the new profile what the level was learnt against the old one."""
    before, after, slow_before, slow_after = 1e-9, 1e-9, 1e-9, 1e-9
    slots = bins.shape[0]
    for s in range(slots):
        fade = 0.5 ** ((slots - s) * slot_minutes / (60.0 * baseline.LEVEL_HALF_LIFE))
        before += fade * bins[s] * old[s]
        after += fade * bins[s] * new[s]
        slow_before += bins[s] * old[s]
        slow_after += bins[s] * new[s]
    hot.level_weight *= after / before
    hot.slow_weight *= slow_after / slow_before


@compiled
def end_day(
    hots: Any,
    sums: Floats,
    days: Floats,
    weeks: NDArray[np.float32],
    usual: Floats,
    slot_minutes: float,
    minutes: float,
) -> Floats:
    """Fold the gathered day into ``sums``, ``days``, ``weeks`` in place; return the new profile."""
    hot = hots[0]
    slots = usual.shape[2]
    weekday = (hot.day + 3) % 7
    row = hot.day_count[:slots]
    bins = hot.day_bins[:slots]
    level = profile.day_level(
        row, bins, usual[0, weekday], usual[1, weekday], baseline.slow_level(hot)
    )
    profile.fold(sums[0], sums[1], days, row, bins, level, hot.day)
    dispersion = baseline.dispersion_of(hot)
    new = profile.refit(sums[0], sums[1], days, dispersion, slot_minutes)
    oldest = (hot.day + 3) // 7 % recurrence.WEEKS
    weeks[0, oldest, weekday] = hot.raw_count[:slots]
    weeks[1, oldest, weekday] = hot.raw_expected[:slots]
    slot_seconds = 60.0 * slot_minutes
    hot.week_ahead[oldest, weekday] = round(hot.day_ahead / slot_seconds)
    now = round(hot.ahead / slot_seconds)
    recurrence.recur(weeks, hot.week_ahead, now, dispersion, new)
    _rescale(hot, bins, usual[0, weekday], new[0, weekday], slot_minutes)
    calibration.end_day(hot, baseline.slow_level(hot) / dispersion / minutes)
    hot.day = -1
    hot.day_count[:] = 0.0
    hot.day_bins[:] = 0.0
    hot.raw_count[:] = 0.0
    hot.raw_expected[:] = 0.0
    return new
