"""When a surge began: a likelihood over start times, for rises of several lengths.

A surge is modelled as the expected rate times ``1 + size * r``, where ``r`` grows linearly from
the start for some minutes and then stays. The likelihood is maximised over the size and summed
over the lengths of the rise; its mode is the start, and the starts within a stated drop are the
90 % interval.
"""

from __future__ import annotations

from math import exp, log

import numpy as np
from numpy.typing import NDArray

from detector.detection.compiled import compiled
from detector.domain.series import Floats

Ints = NDArray[np.int64]

#: Lengths of the rise, minutes.
RISES = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0)
#: Drop of the log-likelihood that bounds the 90 % interval, nats.
DROP = 3.0
#: Smallest and largest size of a rise that is tried, as a multiple of the expected rate, and steps.
SMALLEST, LARGEST, SIZES = 0.25, 400.0, 24


@compiled
def start_likelihood(count: Floats, expected: Floats, dispersion: float, minutes: float) -> Floats:
    """Return the log-likelihood ratio of a start at each bin, shape (n,), in nats.

    Parameters
    ----------
    count, expected : shape (n,); bins with a nan count do not speak.
    dispersion : variance over mean of the counts.
    minutes : width of a bin.
    """
    n = count.shape[0]
    by_rise = np.empty((len(RISES), n))
    best_size = np.empty(n)
    for r in range(len(RISES)):
        length = round(RISES[r] / minutes)
        best_size[:] = -np.inf
        grid = np.empty(length + 1)
        logs = np.empty(length + 1)
        for a in range(SIZES):
            size = SMALLEST * (LARGEST / SMALLEST) ** (a / (SIZES - 1.0))
            for k in range(length + 1):
                grid[k] = size * (k + 1.0) / (length + 1.0)
                logs[k] = log(1.0 + grid[k])
            plateau = 0.0
            for s in range(n - 1, -1, -1):
                top = s + length
                if top < n and not np.isnan(count[top]):
                    plateau += count[top] * logs[length] - expected[top] * size
                total = plateau
                for k in range(min(length, n - s)):
                    if not np.isnan(count[s + k]):
                        total += count[s + k] * logs[k] - expected[s + k] * grid[k]
                best_size[s] = max(best_size[s], total)
        by_rise[r] = best_size / dispersion
    out = np.empty(n)
    for s in range(n):
        top_value = by_rise[:, s].max()
        total = 0.0
        for r in range(len(RISES)):
            total += exp(by_rise[r, s] - top_value)
        out[s] = top_value + log(total / len(RISES))
    return out


@compiled
def estimate(likelihood: Floats) -> Ints:
    """Return start, earliest and latest as positions: the mode and those within `DROP` of it."""
    at = int(np.argmax(likelihood))
    first = at
    last = at
    for s in range(likelihood.shape[0]):
        if likelihood[s] >= likelihood[at] - DROP:
            first = min(first, s)
            last = max(last, s)
    return np.array([at, first, last])
