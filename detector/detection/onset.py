"""When a surge began: a posterior over start times, from counts, and to the second from posts.

A surge is modelled as the expected rate times ``1 + size * r``, where ``r`` grows linearly from
the start for some minutes and then stays. The likelihood is maximised over the size and averaged
over the lengths of the rise.

No surge is exactly that, and the more posts it has the more they would insist on the difference:
the top of a large surge would move its start about. So the first `ENOUGH` posts above the expected
say what they have to say, and those behind them ever less.

The counts say in which bins the start may lie; the posts' own times say where in them
(`refine_onset`). The likelihood is that of the bins, on cells so narrow that it is the point
process' own: for a rate that goes from the expected to a higher one, at once or along a ramp, it
peaks at the first post that belongs to the surge (Daley and Vere-Jones 2003, *An Introduction to
the Theory of Point Processes I*, section 7.2).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import exp, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.detection.kernels.compiled import compiled
from detector.model.series import Floats, Ints
from detector.model.surge import Onset
from detector.model.times import from_seconds, to_seconds

#: Lengths of the rise, minutes; how often it is the first, a step; the others are equally usual.
RISES = (0.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)
STEPS = 0.25
#: Smallest and largest size of a rise that is tried, as a multiple of the expected rate, and steps.
SMALLEST, LARGEST, SIZES = 0.25, 400.0, 16
#: Posts above the expected (over the dispersion) behind which one more counts half: the shape of a
#: surge is known to about a seventh, and so many posts tell its height as well.
ENOUGH = 50.0
#: Share of the posterior in the 90 % interval; measured, as the model is a little too careful.
COVER = 0.87
#: Minutes by which a start becomes less likely beforehand by a factor of e, the further back: what
#: began long ago would have been noticed.
FADE = 50.0

#: Share of the posterior in the 90 % interval; measured: to the second no surge is quite a ramp.
UNBINNED_COVER = 0.94
#: Most cells that the posts are laid out in, and bins after the alarm that still speak.
CELLS = 300
REVISION = timedelta(minutes=20)


class Sums(NamedTuple):
    """What the bins so far have said to every start, not divided by the dispersion.

    Attributes
    ----------
    rows : shape (len(RISES), n, SIZES), what was said up to the end of the rise; behind it less
        what `flat` then was.
    flat : shape (SIZES,), what all bins have said to a surge at its height.
    surplus : shape (1,), posts above the expected since there last were none.
    """

    rows: Floats
    flat: Floats
    surplus: Floats


@compiled
def rise_table(minutes: float) -> Floats:
    """Return what each bin of a rise is multiplied by, for all sizes and lengths.

    Shape (2, m, SIZES): the logarithm of the multiple, and the multiple less one. Along the middle
    axis for each of `RISES` its bins from first to last, then the first bin behind it. It depends
    on nothing but the width of a bin and takes long, so callers keep it.
    """
    wide = 0
    for r in range(len(RISES)):
        wide += round(RISES[r] / minutes) + 1
    table = np.empty((2, wide, SIZES))
    at = 0
    for r in range(len(RISES)):
        length = round(RISES[r] / minutes)
        for k in range(length + 1):
            for a in range(SIZES):
                size = SMALLEST * (LARGEST / SMALLEST) ** (a / (SIZES - 1.0))
                table[1, at, a] = size * (k + 1.0) / (length + 1.0)
                table[0, at, a] = log(1.0 + table[1, at, a])
            at += 1
    return table


@compiled
def room(n: int) -> Sums:
    """Return space for what is said to ``n`` starts."""
    return Sums(np.empty((len(RISES), n, SIZES)), np.empty(SIZES), np.empty(1))


@compiled
def _weight(sums: Sums, surplus: float, dispersion: float) -> float:
    """Return how much a bin may say that has ``surplus`` posts above the expected."""
    sums.surplus[0] = max(sums.surplus[0] + surplus, 0.0)
    return float(1.0 / (1.0 + sums.surplus[0] / (dispersion * ENOUGH)))


@compiled
def weigh(
    sums: Sums,
    rises: Floats,
    b: int,
    count: float,
    expected: float,
    dispersion: float,
    width: float,
) -> None:
    """Let bin ``b`` speak to the starts up to it; bins come in order, from 0.

    Parameters
    ----------
    sums : from `room`, changed in place.
    rises : from `rise_table`.
    count, expected : of the bin; it does not speak where the count is nan.
    dispersion : variance over mean of the counts.
    width : of a bin, minutes.
    """
    if b == 0:
        sums.flat[:] = 0.0
        sums.surplus[:] = 0.0
    observed = not np.isnan(count)
    share = _weight(sums, count - expected, dispersion) if observed else 0.0
    posts = share * count if observed else 0.0
    usual = share * expected if observed else 0.0
    at = 0
    for r in range(len(RISES)):
        length = round(RISES[r] / width)
        rows = sums.rows[r]
        rows[b] = 0.0
        if b >= length:
            for a in range(SIZES):
                rows[b - length, a] -= sums.flat[a]
        for s in range(max(b - length + 1, 0), b + 1):
            for a in range(SIZES):
                rows[s, a] += posts * rises[0, at + b - s, a] - usual * rises[1, at + b - s, a]
        at += length + 1
    for a in range(SIZES):
        sums.flat[a] += posts * rises[0, 0, a] - usual * rises[1, 0, a]


@compiled
def _best_size(row: Floats, flat: Floats, share: float, near: int) -> int:
    """Return the most likely of the sizes, climbing from ``near``: there is one summit only."""
    best = row[near] + share * flat[near]
    for step in (-1, 1):
        while 0 <= near + step < SIZES:
            value = row[near + step] + share * flat[near + step]
            if value <= best:
                break
            best = value
            near += step
    return near


@compiled
def _summit(row: Floats, flat: Floats, share: float, at: int) -> float:
    """Return the maximum over all sizes, of the parabola through the best of those tried."""
    middle = min(max(at, 1), SIZES - 2)
    below = row[middle - 1] + share * flat[middle - 1]
    top = row[middle] + share * flat[middle]
    above = row[middle + 1] + share * flat[middle + 1]
    bend = below - 2.0 * top + above
    if at != middle or bend >= 0.0:
        return float(max(below, top, above))
    return float(top - 0.125 * (above - below) ** 2 / bend)


@compiled
def likelihood_of(sums: Sums, n: int, dispersion: float, width: float) -> Floats:
    """Return the log-likelihood ratio of the first ``n`` starts that `weigh` has summed up."""
    by_rise = np.empty((n, len(RISES)))
    for r in range(len(RISES)):
        over = n - round(RISES[r] / width)
        usual = log(STEPS if r == 0 else (1.0 - STEPS) / (len(RISES) - 1.0))
        size = SIZES // 2
        for s in range(n):
            row, share = sums.rows[r, s], 1.0 if s < over else 0.0
            size = _best_size(row, sums.flat, share, size)
            by_rise[s, r] = _summit(row, sums.flat, share, size) / dispersion + usual
    out = np.empty(n)
    for s in range(n):
        top_value = by_rise[s].max()
        total = 0.0
        for r in range(len(RISES)):
            total += exp(by_rise[s, r] - top_value)
        out[s] = top_value + log(total)
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
        weigh(sums, rises, b, count[b], expected[b], dispersion, minutes)
    return likelihood_of(sums, n, dispersion, minutes)


@compiled
def estimate(likelihood: Floats, minutes: float, cover: float = COVER) -> Ints:
    """Return start, earliest and latest as positions, for bins of ``minutes``.

    The interval is the shortest that holds ``cover`` of the posterior. The start is where in it the
    logarithm of the error is least to be expected: one minute or two is as much as ten or twenty.
    """
    n = likelihood.shape[0]
    share = likelihood + np.arange(n) * (minutes / FADE)
    share = np.exp(share - share.max())
    share /= share.sum()
    first, last = 0, n - 1
    end, held = 0, 0.0
    for low in range(n):
        while end < n and held < cover:
            held += share[end]
            end += 1
        if held < cover:
            break
        if end - 1 - low < last - first:
            first, last = low, end - 1
        held -= share[low]
    return np.array([_least_error(share, first, last), first, last])


@compiled
def _least_error(share: Floats, first: int, last: int) -> int:
    """Return the position from ``first`` to ``last`` with the least expected ``log(1 + error)``."""
    loss = np.log(np.arange(1.0, share.shape[0] + 1.0))
    at, least = first, np.inf
    for s in range(first, last + 1):
        total = 0.0
        for t in range(share.shape[0]):
            total += share[t] * loss[abs(s - t)]
        if total < least:
            at, least = s, total
    return at


def refine_onset(
    times: NDArray[np.int64], expected: float, onset: Onset, *, width: timedelta, until: datetime
) -> Onset:
    """Return ``onset`` with a start and a 90 % interval as fine as ``times``.

    Looked for between a bin before the earliest start and the end of the bin of the latest one.
    Returned as it is where the posts cannot say more: none of them lies there, nothing is
    expected, or their times are no finer than the bins.

    Parameters
    ----------
    times : shape (n,), whole seconds since 1970, in any order; those outside are ignored.
    expected : posts per bin if nothing happened.
    onset : as estimated from bins of ``width``.
    width : of the bins, whole seconds.
    until : what came later does not speak; after the latest start.
    """
    bin_seconds = int(width.total_seconds())
    first, last = to_seconds(onset.earliest) - bin_seconds, to_seconds(until)
    search = to_seconds(onset.latest) + bin_seconds - first
    heard = np.asarray(times, dtype=np.int64) - first
    heard = heard[(heard >= 0) & (heard < last - first)]
    cell = _cell(heard, bin_seconds, last - first)
    if not (heard < search).any() or expected <= 0 or cell >= bin_seconds:
        return onset
    n = (last - first) // cell
    counts = np.bincount(heard // cell, minlength=n)[:n].astype(np.float64)
    usual = np.full(n, expected * cell / bin_seconds)
    likelihood = start_likelihood(counts, usual, 1.0, cell / 60.0)
    at, low, high = estimate(
        likelihood[: max(search // cell, 1)], cell / 60, UNBINNED_COVER
    ).tolist()
    return Onset(
        from_seconds(first + at * cell),
        # the start lies somewhere in a cell, and so do the posts
        from_seconds(first + max(low - 1, 0) * cell),
        from_seconds(min(first + (high + 2) * cell, last)),
    )


def _cell(heard: NDArray[np.int64], bin_seconds: int, span: int) -> int:
    """Return the narrowest cell, seconds: of the times' own resolution, a bin's whole part."""
    resolution = int(np.gcd.reduce(heard)) if len(heard) else bin_seconds
    if resolution == 0:
        return bin_seconds
    for cell in range(resolution, bin_seconds, resolution):
        if bin_seconds % cell == 0 and span <= CELLS * cell:
            return cell
    return bin_seconds
