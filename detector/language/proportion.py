"""Shares and ratios of shares, each with its interval."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.special import betaincinv, ndtri

LEVEL = 0.9
"""How often a lone interval holds the truth."""

CROWD_LEVEL = 0.99
"""The same for ratios, of which a surge brings dozens at once."""


class Interval(NamedTuple):
    """An estimate and its closed interval; nan where nothing was counted."""

    at: float
    low: float
    high: float


def wilson(hits: int, n: int) -> Interval:
    """Return the share ``hits / n`` with its score interval.

    References
    ----------
    Wilson (1927), *Probable inference, the law of succession, and statistical inference*, JASA.
    """
    if n == 0:
        return Interval(math.nan, math.nan, math.nan)
    z = float(ndtri((1 + LEVEL) / 2))
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(0.0, middle - reach), min(1.0, middle + reach))


def ratio_of_shares(hits: int, n: int, usual_hits: int, usual_n: int) -> Interval:
    """Return ``(hits / n) / (usual_hits / usual_n)`` with its interval.

    Given the sum of hits, one side's hits are binomial when hits are Poisson; the interval of that
    binomial probability (Jeffreys) is the interval of the ratio. It is a little too wide when the
    shares are large. The estimate adds half a hit to both sides, unless there is none to speak of.
    The upper end is infinite when the usual share may be zero; all is nan when either ``n`` is.

    References
    ----------
    Przyborowski and Wilenski (1940), *Homogeneity of results in testing samples from Poisson
    series*, Biometrika; Brown, Cai and DasGupta (2001), *Interval estimation for a binomial
    proportion*, Statistical Science.
    """
    if n == 0 or usual_n == 0:
        return Interval(math.nan, math.nan, math.nan)
    scale = usual_n / n
    tail = (1 - CROWD_LEVEL) / 2
    ends = (float(betaincinv(hits + 0.5, usual_hits + 0.5, p)) for p in (tail, 1 - tail))
    low, high = (math.inf if p >= 1 else p / (1 - p) * scale for p in ends)
    at = (hits + 0.5) / (usual_hits + 0.5) * scale
    if hits == 0:
        at, low = 0.0, 0.0
    return Interval(at, low, math.inf if usual_hits == 0 else high)
