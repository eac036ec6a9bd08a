"""Bins one after another, until something is due that the kernel leaves to Python."""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.detection import calibration, course, early, learning, slots, step
from detector.detection.compiled import compiled
from detector.detection.memory import HOT
from detector.domain.series import Floats

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
    slot = slots.slot_at(profile, first_local + hot.clock + width // 2, slot_seconds)
    search = course.new_search(rises)
    threshold = calibration.threshold_now(hot, base)
    others = np.empty(1 if marks.shape[1] > 0 else 0, HOT)
    m = int(np.searchsorted(marks[early.BIN], begin))
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
            slot = slots.slot_at(profile, local, slot_seconds)
        factor = factors[i] if factors.shape[0] > 0 else 1.0
        spread = spreads[i] if spreads.shape[0] > 0 else 0.0
        marked = m < marks.shape[1] and marks[early.BIN, m] == begin + i
        if marked and hot.open == 0 and hot.early == 0 and hot.gap * minutes < STALE_MINUTES:
            n = early.judge(
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
        while m < marks.shape[1] and marks[early.BIN, m] == begin + i:
            m += 1
        lost = np.isnan(count) and hot.early > 0 and hot.open == 0
        if lost:
            count = hot.early_count
        at = begin + i
        what = step.take(hot, count, slot, factor, spread, threshold, minutes, outs, at)
        said = n
        if what != step.QUIET:
            usual, dispersion = outs[0, at], outs[4, at]
            said = step.follow_up(hot, what, count, usual, dispersion, minutes, search, changes, n)
        if lost:
            early.lose(hot, search, outs[:, at])
        else:
            n = said
        hot.bins += 1
    return end - begin, n, TAKEN
