"""When a surge has ended.

The last hour must look more like the usual rate than like the usual rate and a fifth of the surge's
height. The end itself is the bin that best parts the one from the other.
"""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from detector.detection.compiled import compiled
from detector.detection.memory import RING, bins_of

#: Fewest bins that must look usual.
FEWEST = 3
#: Share of the surge's height that still counts as the surge.
STILL = 0.2
#: Minutes that must look usual, and minutes over which the height is taken.
HOLD_MINUTES = 60.0
HEIGHT_MINUTES = 10.0


@compiled
def window_excess(hot: Any, bins: int) -> float:
    """Return the mean excess per bin over the newest ``bins`` bins; nan if one was not observed."""
    total = 0.0
    for i in range(bins):
        j = (hot.bins - i) % RING
        total += hot.count[j] - hot.expected[j]
    return float(total / bins)


@compiled
def follow(hot: Any, count: float, expected: float, minutes: float) -> None:
    """Let the open surge see one observed bin: peak, height, excess."""
    hot.excess = max(hot.excess + count - expected, 0.0)
    if count > hot.peak_count:
        hot.peak = hot.bins
        hot.peak_count = count
        hot.peak_expected = expected
    bins = bins_of(HEIGHT_MINUTES, minutes, RING - 2)
    height = window_excess(hot, bins)
    if height > hot.height:
        hot.height = height


@compiled
def usual_again(hot: Any, minutes: float) -> bool:
    """Whether the last hour is over: observed in full and closer to usual than to the surge."""
    bins = max(bins_of(HOLD_MINUTES, minutes, RING - 2), FEWEST)
    if hot.bins - hot.onset < bins:
        return False
    ratio = 0.0
    for i in range(bins):
        j = (hot.bins - i) % RING
        if np.isnan(hot.count[j]):
            return False
        usual = hot.expected[j]
        still = usual + max(STILL * hot.height, 0.1 * usual)
        ratio += hot.count[j] * log(still / usual) - (still - usual)
    return ratio <= 0.0


@compiled
def end_of(hot: Any) -> int:
    """Return the first bin after the surge: the split that best parts surge from usual."""
    first = max(hot.onset + 1, hot.bins - RING + 1)
    best = 0.0
    total = 0.0
    end = int(hot.bins + 1)
    for b in range(hot.bins, first - 1, -1):
        j = b % RING
        if np.isnan(hot.count[j]):
            continue
        usual = hot.expected[j]
        still = usual + max(STILL * hot.height, 0.1 * usual)
        total += (still - usual) - hot.count[j] * log(still / usual)
        if total > best:
            best = total
            end = int(b)
    return end
