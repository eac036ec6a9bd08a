"""The expected range: the band around the expected counts in which ordinary bins lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from detector.model.series import Floats

#: Share of ordinary bins inside the band.
INSIDE = 0.9
#: Share of the bins that count as ordinary when the dispersion is estimated.
TRIMMED = 0.995
FEWEST = 30


def dispersion_of(
    counts: Floats, expected: Floats, ordinary: NDArray[np.bool_] | None = None
) -> float:
    """Return variance over mean of ordinary counts, at least 1 (Poisson).

    Pearson's statistic over the ``ordinary`` bins (all where None), the wildest left out. 1 where
    fewer than `FEWEST` bins are known.
    """
    known = np.isfinite(counts) & np.isfinite(expected) & (expected > 0)
    if ordinary is not None:
        known &= ordinary
    if known.sum() < FEWEST:
        return 1.0
    pearson = (counts[known] - expected[known]) ** 2 / expected[known]
    return max(float(pearson[pearson <= np.quantile(pearson, TRIMMED)].mean()), 1.0)


def band(expected: Floats, dispersion: float) -> tuple[Floats, Floats]:
    """Return the lower and upper edge of the `INSIDE` band, shape (n,); nan where unknown.

    Quantiles of the gamma distribution with the counts' mean and variance: a smooth stand-in for
    the negative binomial that can be drawn.
    """
    known = np.isfinite(expected) & (expected > 0)
    shape = np.where(known, expected, 1.0) / dispersion
    edges = (gammaincinv(shape, q) * dispersion for q in ((1 - INSIDE) / 2, (1 + INSIDE) / 2))
    low, high = (np.where(known, edge, np.where(expected == 0, 0.0, np.nan)) for edge in edges)
    return low, high
