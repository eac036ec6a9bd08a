"""The search over start times: since when are the counts too high to be usual.

Every possible start competes with what it has collected since; the evidence is that of the start
which the cheapest other explanation (`explanations`) explains worst.

References
----------
Ward, Dilillo, Eckley, Fearnhead (2023), Poisson-FOCuS, JASA. Candidates are the vertices of the
lower convex hull of the cumulative sums, as there: exact for "the usual rate", and close for the
other explanations, which never make it say more than a search over all starts would.
"""

from __future__ import annotations

from typing import Any

from detector.detection.compiled import compiled
from detector.detection.explanations import least_evidence
from detector.detection.series_record import CANDIDATES

#: A surplus of less than this is rounding.
ROUNDING = 1.0 + 1e-9


@compiled
def _steeper(hot: Any, a: int, b: int, c: int) -> bool:
    """Whether the rate from a to b is at least that from b to c: then b is not needed."""
    x_ab = hot.surplus[a] - hot.surplus[b]
    l_ab = hot.mass[a] - hot.mass[b]
    x_bc = hot.surplus[b] - hot.surplus[c]
    l_bc = hot.mass[b] - hot.mass[c]
    return bool(x_ab * l_bc >= x_bc * l_ab)


@compiled
def _drop(hot: Any, i: int) -> None:
    for j in range(i + 1, hot.candidates):
        hot.start[j - 1] = hot.start[j]
        hot.surplus[j - 1] = hot.surplus[j]
        hot.mass[j - 1] = hot.mass[j]
        hot.doubt[j - 1] = hot.doubt[j]
        hot.burst[j - 1] = hot.burst[j]
        hot.back[j - 1] = hot.back[j]
        hot.fore[j - 1] = hot.fore[j]
    hot.candidates -= 1


@compiled
def _prune(hot: Any) -> None:
    """Drop candidates off the lower hull; the newest is on it by definition."""
    while hot.candidates >= 3 and _steeper(
        hot, hot.candidates - 3, hot.candidates - 2, hot.candidates - 1
    ):
        _drop(hot, hot.candidates - 2)
    while hot.candidates >= 2 and (
        hot.surplus[0] - hot.surplus[1] <= hot.mass[0] - hot.mass[1] or hot.candidates == CANDIDATES
    ):
        _drop(hot, 0)


@compiled
def observe(
    hot: Any,
    x: float,
    mass: float,
    back: float,
    fore: float,
    burst: float,
    burst_bins: int,
    variance: float,
    oldest: int,
    fresh: int,
) -> None:
    """Add one bin to every candidate, start a new one, and set ``hot.evidence``.

    Parameters
    ----------
    hot : the record, changed in place.
    x, mass : the bin's (clipped) posts and expected posts, divided by the dispersion.
    back, fore : what ``mass`` would be if the clock were an hour back, or ahead.
    burst : surplus of the newest ``burst_bins`` bins together, in the same units, >= 0.
    burst_bins : bins that a burst may take.
    variance : relative variance of the expected rate.
    oldest : candidates that start before this bin are forgotten.
    fresh : bins after a move of the clock in which a habit may not have followed.
    """
    n = hot.candidates
    hot.start[n] = hot.bins
    hot.surplus[n] = 0.0
    hot.mass[n] = 0.0
    hot.doubt[n] = 0.0
    hot.burst[n] = 0.0
    hot.back[n] = 0.0
    hot.fore[n] = 0.0
    hot.candidates = n + 1
    for i in range(n + 1):
        hot.surplus[i] += x
        hot.mass[i] += mass
        hot.doubt[i] += mass * variance
        hot.back[i] += back
        hot.fore[i] += fore
        young = hot.start[i] > hot.bins - burst_bins
        own = hot.surplus[i] - hot.mass[i] if young else burst
        hot.burst[i] = max(hot.burst[i], own)
    best = 0.0
    for i in range(n, -1, -1):
        if hot.surplus[i] - hot.burst[i] > hot.mass[i] * ROUNDING:
            best = max(best, least_evidence(hot, i, best, burst_bins, fresh))
    hot.evidence = best
    while hot.candidates > 0 and (hot.start[0] < oldest):
        _drop(hot, 0)
    if hot.candidates > 0:
        last = hot.candidates - 1
        _prune(hot)
        last = hot.candidates - 1
        if hot.surplus[last] <= hot.mass[last]:
            _drop(hot, last)


@compiled
def forget(hot: Any) -> None:
    """Begin the search anew, as after an incident."""
    hot.candidates = 0
    hot.evidence = 0.0
