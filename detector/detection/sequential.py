"""The search over start times: since when are the counts too high to be usual.

For a candidate start let x be the posts since then and l the expected ones, both divided by the
dispersion. The expected rate is itself uncertain, by a relative error c; with k = 1/c^2 the rate's
most likely factor under "nothing happened" is theta = (x + k) / (l + k), and the evidence

    x ln(x / l) - x - x ln(theta) + l theta + k (theta - 1 - ln(theta))

is the log-likelihood ratio of "some higher rate since the start" to "the usual rate, known to
within c". It is Poisson's for short surges and saturates for long faint ones.

Two explanations besides an outage are dearer than "the usual rate" and cheaper than a false page: a
burst, and a level that has moved a little for good. What they leave unexplained, and their cost,
must reach the threshold too.

References
----------
Ward, Dilillo, Eckley, Fearnhead (2023), Poisson-FOCuS, JASA. Candidates are the vertices of the
lower convex hull of the cumulative sums, as there.
"""

from __future__ import annotations

from math import log
from typing import Any

from detector.detection.compiled import compiled
from detector.detection.memory import CANDIDATES

#: Evidence for "a burst, and nothing else": bursts are that much more usual than false pages may
#: be (about one a week against one in thirty), so what is left without one must say the rest.
BURST_COST = 3.0
#: The same for "the level has moved", and by how much it then does (relative spread): a step of
#: forty per cent that stays comes once in twenty weeks or so.
MOVED_COST, MOVED_SPREAD = 3.0, 0.15
#: A surplus of less than this is rounding.
ROUNDING = 1.0 + 1e-9
#: A bound is taken this much wider, for the same reason.
SLACK = 1.0 + 1e-9


@compiled
def evidence_of(x: float, mass: float, variance: float) -> float:
    """Return the evidence in nats for ``x`` posts where ``mass`` were expected; 0 if not higher.

    Parameters
    ----------
    x, mass : posts and expected posts, divided by the dispersion; ``mass`` > 0.
    variance : relative variance of the expected rate, > 0.
    """
    if x <= mass:
        return 0.0
    k = 1.0 / variance
    theta = (x + k) / (mass + k)
    lifted = log(theta)
    return x * (log(x / mass) - lifted) - x + mass * theta + k * (theta - 1.0 - lifted)


@compiled
def bound_of(x: float, mass: float, variance: float) -> float:
    """Return what `evidence_of` cannot pass, for ``x`` > ``mass``.

    Its first derivative at ``mass`` is zero and its second is k / (x (x + k)), which falls with x.
    """
    over = x - mass
    return SLACK * (0.5 * over * over / (mass * (1.0 + mass * variance)) + 1e-12 * x) + 1e-9


@compiled
def _evidence_above(best: float, hot: Any, i: int, doubt: float) -> float:
    """Return the evidence of candidate ``i``; where it cannot pass ``best``, something less."""
    x, mass = hot.surplus[i], hot.mass[i]
    rest = x - hot.burst[i]
    if min(bound_of(x, mass, doubt), bound_of(rest, mass, doubt) + BURST_COST) <= best:
        return 0.0
    whole = evidence_of(x, mass, doubt)
    if whole <= best or whole <= BURST_COST:
        return whole
    return min(whole, evidence_of(rest, mass, doubt) + BURST_COST)


@compiled
def _evidence_if_moved(hot: Any, enough: float) -> float:
    """Return the highest evidence of any start where the level may have moved, paid for.

    Once it reaches ``enough`` the search for more is over.
    """
    best = 0.0
    for i in range(hot.candidates - 1, -1, -1):
        x, mass = hot.surplus[i], hot.mass[i]
        if x > mass * ROUNDING and best + MOVED_COST < enough:
            doubt = hot.doubt[i] / mass + MOVED_SPREAD * MOVED_SPREAD
            if bound_of(x, mass, doubt) > best:
                best = max(best, evidence_of(x, mass, doubt))
    return min(best + MOVED_COST, enough)


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
    hot: Any, x: float, mass: float, burst: float, burst_bins: int, variance: float, oldest: int
) -> None:
    """Add one bin to every candidate, start a new one, and set ``hot.evidence``.

    Parameters
    ----------
    hot : the record, changed in place.
    x, mass : the bin's (clipped) posts and expected posts, divided by the dispersion.
    burst : surplus of the newest ``burst_bins`` bins together, in the same units, >= 0.
    burst_bins : bins that a burst may take.
    variance : relative variance of the expected rate.
    oldest : candidates that start before this bin are forgotten.
    """
    n = hot.candidates
    hot.start[n] = hot.bins
    hot.surplus[n] = 0.0
    hot.mass[n] = 0.0
    hot.doubt[n] = 0.0
    hot.burst[n] = 0.0
    hot.candidates = n + 1
    for i in range(n + 1):
        hot.surplus[i] += x
        hot.mass[i] += mass
        hot.doubt[i] += mass * variance
        young = hot.start[i] > hot.bins - burst_bins
        own = hot.surplus[i] - hot.mass[i] if young else burst
        hot.burst[i] = max(hot.burst[i], own)
    best = 0.0
    for i in range(n, -1, -1):
        if hot.surplus[i] - hot.burst[i] > hot.mass[i] * ROUNDING:
            doubt = hot.doubt[i] / hot.mass[i]
            best = max(best, _evidence_above(best, hot, i, doubt))
    hot.evidence = _evidence_if_moved(hot, best) if best > MOVED_COST else best
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
