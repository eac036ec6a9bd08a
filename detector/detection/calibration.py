"""The threshold that keeps false pages as rare as asked for.

Two parts. On a series that behaves as the baseline says, the highest evidence of a week grows with
the logarithm of how rarely it may be passed: `base_threshold`, measured once by simulation. And a
series that does not behave, because its own past is full of evidence that was no outage, is
compared with that past: `threshold_now`. A series without a past has to show more.
"""

from __future__ import annotations

from functools import lru_cache
from math import log
from typing import Any

import numpy as np

from detector.detection.compiled import compiled
from detector.detection.memory import DAYS

#: Evidence in nats that is passed so often per week, simulated: at once a week and more on calm
#: series of three levels and three dispersions, at 0.03 on series with all that is no outage
#: (bursts, weekly bumps, steps, moved clocks). Between, and below, by the logarithm.
CURVE = ((0.03, 6.25), (1.0, 4.2), (3.0, 3.65), (10.0, 3.1))
#: Days needed before the past counts, and the quantile of their maxima that stands for it. The
#: threshold is at least `FACTOR` times that quantile plus what the base exceeds `BELOW` by.
LEAST_DAYS, QUANTILE, FACTOR, BELOW = 4, 0.7, 1.5, 5.5
#: Evidence in nats that a series without a past must show on top, fading over its first days: the
#: profile's shape is a guess then, and guesses are wrong together. The rest fades over five weeks,
#: as weekdays and what recurs become known.
YOUNG_EVIDENCE, YOUNG_DAYS = 4.0, 8
UNSURE_EVIDENCE, UNSURE_DAYS = 1.67, 35


@lru_cache(maxsize=256)
def base_threshold(max_false_pages_per_week: float) -> float:
    """Return the evidence in nats that raises an alarm on a series that behaves.

    Parameters
    ----------
    max_false_pages_per_week : tolerated false alarms per service and week, > 0.
    """
    asked = max_false_pages_per_week
    (rare, high), (usual, low) = CURVE[:2]
    if asked < rare:
        return high + (high - low) / log(usual / rare) * log(rare / asked)
    rates = [log(rate) for rate, _ in CURVE]
    return float(np.interp(log(asked), rates, [evidence for _, evidence in CURVE]))


@compiled
def threshold_now(hot: Any, base: float) -> float:
    """Return the threshold of a series given its past daily maxima, at least ``base``."""
    age = hot.past_days
    base += YOUNG_EVIDENCE * max(YOUNG_DAYS - age, 0) / YOUNG_DAYS
    base += UNSURE_EVIDENCE * max(UNSURE_DAYS - age, 0) / UNSURE_DAYS
    if age < LEAST_DAYS:
        return base
    n = min(age, DAYS)
    ordered = hot.maxima[:n].copy()
    ordered.sort()
    return max(base, FACTOR * float(ordered[int(QUANTILE * (n - 1))]) + base - BELOW)


@compiled
def end_day(hot: Any) -> None:
    """Remember the highest evidence of the day that ends."""
    hot.maxima[hot.past_days % DAYS] = hot.highest
    hot.past_days += 1
    hot.highest = 0.0
