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
def _padded(count: Floats, expected: Floats, more: int) -> tuple[Floats, Floats]:
    """Return both with zeros for bins that do not speak, and ``more`` such bins behind them."""
    n = count.shape[0]
    seen, usual = np.zeros(n + more), np.zeros(n + more)
    for i in range(n):
        if not np.isnan(count[i]):
            seen[i] = count[i]
            usual[i] = expected[i]
    return seen, usual


@compiled
def _add(total: Floats, count: Floats, lifted: float, expected: Floats, grid: float) -> None:
    """Add what one bin of the rise says to every start at once; a loop that becomes vectors."""
    for s in range(total.shape[0]):
        total[s] += count[s] * lifted - expected[s] * grid


@compiled
def logs_of_rises(minutes: float) -> Floats:
    """Return the logarithm of each bin's multiple, for all sizes and rises.

    Shape (SIZES, m): for each of `RISES` the bins of the rise and the first one behind it. It
    depends on nothing but the width of a bin and takes longer than all else, so it is kept.
    """
    wide = 0
    for r in range(len(RISES)):
        wide += round(RISES[r] / minutes) + 1
    logs = np.empty((SIZES, wide))
    for a in range(SIZES):
        size = SMALLEST * (LARGEST / SMALLEST) ** (a / (SIZES - 1.0))
        at = 0
        for r in range(len(RISES)):
            length = round(RISES[r] / minutes)
            for k in range(length + 1):
                logs[a, at] = log(1.0 + size * (k + 1.0) / (length + 1.0))
                at += 1
    return logs


@compiled
def start_likelihood(count: Floats, expected: Floats, dispersion: float, minutes: float) -> Floats:
    """Return the log-likelihood ratio of a start at each bin, shape (n,), in nats.

    Parameters
    ----------
    count, expected : shape (n,); bins with a nan count do not speak.
    dispersion : variance over mean of the counts.
    minutes : width of a bin.
    """
    return likelihood_with(logs_of_rises(minutes), count, expected, dispersion, minutes)


@compiled
def likelihood_with(
    logs: Floats, count: Floats, expected: Floats, dispersion: float, minutes: float
) -> Floats:
    """Return `start_likelihood`, given `logs_of_rises`."""
    n = count.shape[0]
    by_rise = np.empty((len(RISES), n))
    seen, usual = _padded(count, expected, round(RISES[-1] / minutes) + 1)
    total = np.empty(n)
    at = 0
    for r in range(len(RISES)):
        length = round(RISES[r] / minutes)
        best_size = np.full(n, -np.inf)
        for a in range(SIZES):
            size = SMALLEST * (LARGEST / SMALLEST) ** (a / (SIZES - 1.0))
            plateau = 0.0
            lifted = logs[a, at + length]
            for s in range(n - 1, -1, -1):
                plateau += seen[s + length] * lifted - usual[s + length] * size
                total[s] = plateau
            for k in range(length):
                grid = size * (k + 1.0) / (length + 1.0)
                _add(total, seen[k : k + n], logs[a, at + k], usual[k : k + n], grid)
            for s in range(n):
                best_size[s] = max(best_size[s], total[s])
        at += length + 1
        by_rise[r] = best_size / dispersion
    out = np.empty(n)
    for s in range(n):
        top_value = by_rise[:, s].max()
        total_weight = 0.0
        for r in range(len(RISES)):
            total_weight += exp(by_rise[r, s] - top_value)
        out[s] = top_value + log(total_weight / len(RISES))
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
