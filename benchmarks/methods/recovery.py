"""When a rival's incident is over: the same rule for all of them."""

from __future__ import annotations

import numpy as np
from numba import njit

from detector.model.series import Floats

HOLD = 60
LOOK = 10


@njit(cache=True)
def end_of(counts: Floats, mean: Floats, phi: Floats, alarm: int) -> tuple[int, int]:
    """Return (estimated end, bin after which it is known) of the incident raised at ``alarm``.

    It closes when an hour of observed bins sums to the expected again, within a quarter and two
    SD. The end is the right edge of the last ten bins in which half more than expected was seen.
    Both are the series' end if that never happens.
    """
    n = len(counts)
    x, lam = np.zeros(n - alarm + 1), np.zeros(n - alarm + 1)
    variance, last = 0.0, alarm + 1
    for i in range(n - alarm):
        t = alarm + i
        seen = not (np.isnan(counts[t]) or np.isnan(mean[t]))
        x[i + 1] = x[i] + (counts[t] if seen else 0.0)
        lam[i + 1] = lam[i] + (mean[t] if seen else 0.0)
        short = max(0, i + 1 - LOOK)
        near, usual = x[i + 1] - x[short], lam[i + 1] - lam[short]
        if near > 1.5 * usual + 2 * np.sqrt(phi[t] * usual + 0.25):
            last = t + 1
        if i + 1 >= HOLD and seen:
            hour, expected = x[i + 1] - x[i + 1 - HOLD], lam[i + 1] - lam[i + 1 - HOLD]
            variance = phi[t] * expected
            if hour <= 1.25 * expected + 2 * np.sqrt(variance):
                return last, t + 1
    return n, n
