"""Poisson FOCuS with a known rate before the change, one-sided, in three dresses.

The likelihood ratio of "the rate rose at s to any size" is maximised over all s. Only starts on the
lower convex hull of (expected so far, observed so far) can be best for some size, so the others are
pruned; the hull has about log(n) points.

References
----------
Ward, K. et al. (2023). Poisson-FOCuS: an efficient online method for detecting count bursts with
application to gamma ray burst detection. Journal of the American Statistical Association.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from detector.model.series import Floats


@njit(cache=True)
def search(
    counts: Floats,
    mean: Floats,
    phi: Floats,
    begin: int,
    threshold: float,
    raised: float,
    clip: float,
) -> tuple[int, int]:
    """Return (alarm, start); the null is raised ``raised`` times, bins are cut at ``clip`` SD."""
    n = len(counts)
    at = np.empty(n - begin + 1, np.int64)
    posts, expected = np.empty(n - begin + 1), np.empty(n - begin + 1)
    size, x, lam = 0, 0.0, 0.0
    for t in range(begin, n):
        if np.isnan(counts[t]) or np.isnan(mean[t]):
            continue
        mu = raised * mean[t]
        count = min(counts[t], mu + clip * np.sqrt(phi[t] * mu) + 1.0)
        while size > 0 and _slope(x, lam, posts, expected, size - 1) <= 1.0:
            size -= 1
        while size > 1 and _slope(x, lam, posts, expected, size - 1) <= (
            posts[size - 1] - posts[size - 2]
        ) / (expected[size - 1] - expected[size - 2]):
            size -= 1
        if size == 0:
            x, lam = 0.0, 0.0
        at[size], posts[size], expected[size] = t, x, lam
        size += 1
        x += count / phi[t]
        lam += mu / phi[t]
        best, start = 0.0, -1
        for i in range(size):
            rise, base = x - posts[i], lam - expected[i]
            if rise > base:
                evidence = rise * np.log(rise / base) - rise + base
                if evidence > best:
                    best, start = evidence, at[i]
        if best >= threshold:
            return t, start
    return -1, -1


@njit(cache=True)
def _slope(x: float, lam: float, posts: Floats, expected: Floats, i: int) -> float:
    """Return observed over expected since candidate ``i``."""
    return float((x - posts[i]) / (lam - expected[i]))


@njit(cache=True)
def raw(counts: Floats, mean: Floats, phi: Floats, begin: int, threshold: float) -> tuple[int, int]:
    """Take any rise, whatever its size, however few bins it rests on."""
    return search(counts, mean, phi, begin, threshold, 1.0, 1e9)


@njit(cache=True)
def clipped(
    counts: Floats, mean: Floats, phi: Floats, begin: int, threshold: float
) -> tuple[int, int]:
    """Take any rise; bins cut at three sigma."""
    return search(counts, mean, phi, begin, threshold, 1.0, 3.0)


@njit(cache=True)
def raised_and_clipped(
    counts: Floats, mean: Floats, phi: Floats, begin: int, threshold: float
) -> tuple[int, int]:
    """Take no rise under half the base rate for one; bins cut at three sigma above that."""
    return search(counts, mean, phi, begin, threshold, 1.5, 3.0)
