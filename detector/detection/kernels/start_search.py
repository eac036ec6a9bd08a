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

from typing import NamedTuple

from detector.detection.kernels.compiled import compiled
from detector.detection.kernels.explanations import least_evidence
from detector.detection.kernels.series_record import CANDIDATES, SeriesRecord

#: A surplus of less than this is rounding.
ROUNDING = 1.0 + 1e-9


class Weighed(NamedTuple):
    """What one bin adds to every candidate.

    Attributes
    ----------
    posts, mass : (clipped) posts and expected posts, divided by the dispersion.
    mass_back, mass_ahead : what ``mass`` would be if the clock were an hour back, or ahead.
    variance : relative variance of the expected rate.
    """

    posts: float
    mass: float
    mass_back: float
    mass_ahead: float
    variance: float


class Burst(NamedTuple):
    """What a burst may explain.

    Attributes
    ----------
    surplus : of the newest ``bins`` together, divided by the dispersion, >= 0.
    bins : that a burst may take.
    """

    surplus: float
    bins: int


class Horizon(NamedTuple):
    """How far back is searched.

    Attributes
    ----------
    oldest : candidates that start before this bin are forgotten.
    fresh : bins after a move of the clock in which a habit may not have followed.
    """

    oldest: int
    fresh: int


@compiled
def _steeper(record: SeriesRecord, a: int, b: int, c: int) -> bool:
    """Whether the rate from a to b is at least that from b to c: then b is not needed."""
    x_ab = record.surplus[a] - record.surplus[b]
    l_ab = record.mass[a] - record.mass[b]
    x_bc = record.surplus[b] - record.surplus[c]
    l_bc = record.mass[b] - record.mass[c]
    return bool(x_ab * l_bc >= x_bc * l_ab)


@compiled
def _drop(record: SeriesRecord, i: int) -> None:
    for j in range(i + 1, record.candidates):
        record.start[j - 1] = record.start[j]
        record.surplus[j - 1] = record.surplus[j]
        record.mass[j - 1] = record.mass[j]
        record.mass_variance[j - 1] = record.mass_variance[j]
        record.burst[j - 1] = record.burst[j]
        record.mass_back[j - 1] = record.mass_back[j]
        record.mass_ahead[j - 1] = record.mass_ahead[j]
    record.candidates -= 1


@compiled
def _prune(record: SeriesRecord) -> None:
    """Drop candidates off the lower hull; the newest is on it by definition."""
    while record.candidates >= 3 and _steeper(
        record, record.candidates - 3, record.candidates - 2, record.candidates - 1
    ):
        _drop(record, record.candidates - 2)
    while record.candidates >= 2 and (
        record.surplus[0] - record.surplus[1] <= record.mass[0] - record.mass[1]
        or record.candidates == CANDIDATES
    ):
        _drop(record, 0)


@compiled
def observe(record: SeriesRecord, weighed: Weighed, burst: Burst, horizon: Horizon) -> None:
    """Add one bin to every candidate, start a new one, and set ``record.evidence``."""
    n = record.candidates
    record.start[n] = record.bins
    record.surplus[n] = 0.0
    record.mass[n] = 0.0
    record.mass_variance[n] = 0.0
    record.burst[n] = 0.0
    record.mass_back[n] = 0.0
    record.mass_ahead[n] = 0.0
    record.candidates = n + 1
    for i in range(n + 1):
        record.surplus[i] += weighed.posts
        record.mass[i] += weighed.mass
        record.mass_variance[i] += weighed.mass * weighed.variance
        record.mass_back[i] += weighed.mass_back
        record.mass_ahead[i] += weighed.mass_ahead
        young = record.start[i] > record.bins - burst.bins
        own = record.surplus[i] - record.mass[i] if young else burst.surplus
        record.burst[i] = max(record.burst[i], own)
    best = 0.0
    for i in range(n, -1, -1):
        if record.surplus[i] - record.burst[i] > record.mass[i] * ROUNDING:
            best = max(best, least_evidence(record, i, best, burst.bins, horizon.fresh))
    record.evidence = best
    while record.candidates > 0 and record.start[0] < horizon.oldest:
        _drop(record, 0)
    if record.candidates > 0:
        _prune(record)
        last = record.candidates - 1
        if record.surplus[last] <= record.mass[last]:
            _drop(record, last)


@compiled
def forget(record: SeriesRecord) -> None:
    """Begin the search anew, as after an incident."""
    record.candidates = 0
    record.evidence = 0.0
