"""How many incidents as strong as one would be seen by chance: what a z is worth in one series.

The larger of two: what a normal with as many independent looks as a year holds would give, and the
tail of the series' own candidates, exponential beyond where candidates begin, since what cascades
and wanders has heavier tails than any normal. What is far beyond all noise, and the strongest few
besides, have no say in it: a year with twenty-four outages is not a year of noise.

References
----------
Balkema, A. A., de Haan, L. (1974). Residual life time at great age. The Annals of Probability 2(5).
Benjamini, Y., Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the Royal
Statistical Society B 57(1).
"""

from __future__ import annotations

from math import erfc, exp, sqrt
from typing import NamedTuple

import numpy as np

from detector.model.series import Floats

#: Independent looks in a year.
LOOKS = 40_000.0
#: Where the tail begins, and beyond what nothing is noise.
BEGINS, BEYOND = 3.2, 7.5
#: The strongest of the rest that have no say: so many, and so many a year; of
#: sums of several sources more, since what one of them does alone is less in them.
SKIP, SKIP_A_YEAR, SKIP_TOGETHER = 2, 8.0, 12.0
#: Mean excess of a normal's tail, how much more it is where the rate wanders as far as `WANDERS` or
#: farther, and how many candidates that counts as.
NORMAL_EXCESS, MORE, WANDERS, HOLD = 0.3, 0.4, 0.6, 8.0


class Tail(NamedTuple):
    """The tail of a series' own candidates.

    Attributes
    ----------
    years : observed.
    rate : candidates a year beyond `BEGINS`.
    excess : how far beyond they are, in the mean.
    """

    years: float
    rate: float
    excess: float

    @classmethod
    def of(cls, z: Floats, years: float, wandering: float, skip: float = SKIP_A_YEAR) -> Tail:
        """Return the tail of candidates' ``z``, in any order, over so many ``years``.

        ``wandering`` is the relative spread of the rate over some minutes; ``skip`` says how many a
        year have no say.
        """
        before = NORMAL_EXCESS + MORE * min(wandering / WANDERS, 1.0)
        body = np.sort(z[(z > BEGINS) & (z < BEYOND)])[::-1]
        kept = body[SKIP + int(skip * years) :]
        excess = (float((kept - BEGINS).sum()) + HOLD * before) / (len(kept) + HOLD)
        return cls(years, len(kept) / max(years, 1e-9), excess)

    def false_a_year(self, z: float) -> float:
        """Return how many incidents a year reach ``z`` by chance."""
        normal = LOOKS * 0.5 * erfc(z / sqrt(2.0))
        if z <= BEGINS:
            return max(normal, self.rate)
        return max(normal, self.rate * exp(-(z - BEGINS) / self.excess))


def q_values(false_a_year: Floats, years: float) -> Floats:
    """Return for each the share of noise among all that are at least as sure, at most 1."""
    order = np.argsort(false_a_year, kind="stable")
    expected = false_a_year[order] * max(years, 1e-9)
    share = expected / np.arange(1, len(order) + 1)
    out = np.empty(len(order))
    out[order] = np.minimum(np.minimum.accumulate(share[::-1])[::-1], 1.0)
    return out
