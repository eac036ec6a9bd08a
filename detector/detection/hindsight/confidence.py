"""How many incidents as strong as one would be seen by chance: what a z is worth in one series.

The larger of two: what a normal with as many independent looks as a year holds would give, and
the tail of the series' own candidates (Hill's estimator), since what cascades and wanders has
heavier tails than any normal. The ranks that the tail is taken from grow with the length of the
series, so that a year with twenty-four outages is not taken for a year of noise.

References
----------
Hill, B. M. (1975). A simple general approach to inference about the tail of a distribution. The
Annals of Statistics 3(5).
Benjamini, Y., Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the Royal
Statistical Society B 57(1).
"""

from __future__ import annotations

from math import erfc, sqrt
from typing import NamedTuple

import numpy as np

from detector.model.series import Floats

#: Independent looks in a year.
LOOKS = 40_000.0
#: Ranks of the own tail: the strongest so many, and one in this share of a year, are left out.
SKIP, SKIP_A_YEAR, TAIL = 3, 30.0, 24


class Tail(NamedTuple):
    """The tail of a series' own candidates.

    Attributes
    ----------
    years : observed.
    z, rate : where the tail begins, and how many a year are beyond; 0 without a tail.
    index : of the power law.
    """

    years: float
    z: float
    rate: float
    index: float

    @classmethod
    def of(cls, z: Floats, years: float) -> Tail:
        """Return the tail of candidates' ``z``, in any order, over so many ``years``."""
        ordered = np.sort(z[z > 0])[::-1]
        skip = SKIP + int(SKIP_A_YEAR * years)
        body = ordered[skip : skip + TAIL]
        if len(body) < TAIL // 2 or years <= 0:
            return cls(years, 0.0, 0.0, 0.0)
        base = float(body[-1])
        index = 1.0 / max(float(np.mean(np.log(body / base))), 0.02)
        return cls(years, base, (skip + len(body)) / years, index)

    def false_a_year(self, z: float) -> float:
        """Return how many incidents a year reach ``z`` by chance."""
        normal = LOOKS * 0.5 * erfc(z / sqrt(2.0))
        if self.rate <= 0.0 or z <= self.z:
            return normal
        return max(normal, self.rate * (z / self.z) ** -self.index)


def q_values(false_a_year: Floats, years: float) -> Floats:
    """Return for each the share of noise among all that are at least as sure, at most 1."""
    order = np.argsort(false_a_year, kind="stable")
    expected = false_a_year[order] * max(years, 1e-9)
    share = expected / np.arange(1, len(order) + 1)
    out = np.empty(len(order))
    out[order] = np.minimum(np.minimum.accumulate(share[::-1])[::-1], 1.0)
    return out
