"""When a surge began, to the second: what the posts' own times add to the counts.

The counts say in which bins the start may lie; the posts say where in them. The likelihood is that
of `onset`, on cells so narrow that it is the point process' own: for a rate that goes from the
expected to a higher one, at once or along a ramp, it peaks at the first post that belongs to the
surge.

References
----------
Daley, Vere-Jones (2003), An Introduction to the Theory of Point Processes I, section 7.2.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from detector.detection import onset as starts
from detector.domain.surge import Onset
from detector.domain.times import from_seconds, to_seconds

#: Share of the posterior in the 90 % interval; measured: to the second no surge is quite a ramp.
COVER = 0.94
#: Most cells that the posts are laid out in, and bins after the alarm that still speak.
CELLS = 300
REVISION = timedelta(minutes=20)


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
    likelihood = starts.start_likelihood(counts, usual, 1.0, cell / 60.0)
    at, low, high = starts.estimate(likelihood[: max(search // cell, 1)], cell / 60, COVER).tolist()
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
