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
def rise_table(minutes: float) -> Floats:
    """Return what each bin of a rise is multiplied by, for all sizes and lengths.

    Shape (2, SIZES, m): the logarithm of the multiple, and the multiple less one. Along the last
    axis for each of `RISES` the first bin behind the rise, then its bins from last to first. It
    depends on nothing but the width of a bin and takes long, so callers keep it.
    """
    wide = 0
    for r in range(len(RISES)):
        wide += round(RISES[r] / minutes) + 1
    table = np.empty((2, SIZES, wide))
    for a in range(SIZES):
        size = SMALLEST * (LARGEST / SMALLEST) ** (a / (SIZES - 1.0))
        at = 0
        for r in range(len(RISES)):
            length = round(RISES[r] / minutes)
            for k in range(length, -1, -1):
                table[1, a, at] = size * (k + 1.0) / (length + 1.0)
                table[0, a, at] = log(1.0 + table[1, a, at])
                at += 1
    return table


@compiled
def room(n: int) -> Floats:
    """Return space for the log-likelihoods of ``n`` starts, for each rise and size."""
    return np.empty((len(RISES), SIZES, n))


@compiled
def weigh(sums: Floats, rises: Floats, b: int, count: float, expected: float, width: float) -> None:
    """Let bin ``b`` speak to the starts up to it; bins come in order, from 0.

    Parameters
    ----------
    sums : from `room`, changed in place.
    rises : from `rise_table`.
    count, expected : of the bin; it does not speak where the count is nan.
    width : of a bin, minutes.
    """
    sums[:, :, b] = 0.0
    if np.isnan(count):
        return
    at = 0
    for r in range(len(RISES)):
        length = round(RISES[r] / width)
        young = max(b - length + 1, 0)
        for a in range(SIZES):
            row = sums[r, a]
            behind = count * rises[0, a, at] - expected * rises[1, a, at]
            for s in range(young):
                row[s] += behind
            first = at + length - b
            for s in range(young, b + 1):
                row[s] += count * rises[0, a, first + s] - expected * rises[1, a, first + s]
        at += length + 1


@compiled
def likelihood_of(sums: Floats, n: int, dispersion: float) -> Floats:
    """Return the log-likelihood ratio of the first ``n`` starts that `weigh` has summed up."""
    by_rise = np.empty((len(RISES), n))
    for r in range(len(RISES)):
        best = by_rise[r]
        best[:] = sums[r, 0, :n]
        for a in range(1, SIZES):
            row = sums[r, a]
            for s in range(n):
                best[s] = max(best[s], row[s])
        best /= dispersion
    out = np.empty(n)
    for s in range(n):
        top_value = by_rise[:, s].max()
        total = 0.0
        for r in range(len(RISES)):
            total += exp(by_rise[r, s] - top_value)
        out[s] = top_value + log(total / len(RISES))
    return out


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
    rises = rise_table(minutes)
    sums = room(n)
    for b in range(n):
        weigh(sums, rises, b, count[b], expected[b], minutes)
    return likelihood_of(sums, n, dispersion)


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
