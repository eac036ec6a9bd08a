"""How far counts stray from what is expected when nothing happens, at every time scale.

Two things: the noise of counting (variance over mean, from differences of neighbours), and the
wandering of the rate itself, which no amount of posts averages away: its relative spread over 1, 2,
4, ... cells. What is judged is compared with the wandering of its own length.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from detector.detection.kernels.compiled import compiled
from detector.model.series import Floats

#: Dyadic scales: from one cell to 512, 43 hours in cells of five minutes.
SCALES = 10
#: What wandering is taken for before any was seen, and how many stretches that counts as.
PRIOR, HOLD = 0.12, 8.0
#: Posts (over the dispersion) and stretches from which on a scale is measured.
ENOUGH_POSTS, ENOUGH_STRETCHES = 8.0, 8
#: Least wandering at any scale: no rate is known better.
LEAST = 0.04
#: The quantile that the upper tail is taken at: that of the strongest so many stretches, within.
TAIL_STRETCHES, TAIL_LEAST, TAIL_MOST = 6.0, 0.95, 0.98
#: Most that a series under two days old may claim.
YOUNG = 0.35


class Noise(NamedTuple):
    """Noise of one series.

    Attributes
    ----------
    dispersion : variance over mean of the counts, at least 1.
    wandering : shape (SCALES,), relative standard deviation of the rate over 2**k cells.
    """

    dispersion: float
    wandering: Floats

    def over(self, cells: float) -> float:
        """Return the wandering over so many cells."""
        scale = np.log2(max(cells, 1.0))
        return float(np.interp(scale, np.arange(SCALES), self.wandering))


@compiled
def dispersion_of_neighbours(counts: Floats, expected: Floats) -> float:
    """Return variance over mean from differences of neighbours; large ones are cut."""
    dispersion = 1.0
    for _ in range(4):
        total = base = 0.0
        for i in range(1, counts.shape[0]):
            mean = expected[i] + expected[i - 1]
            if np.isnan(counts[i]) or np.isnan(counts[i - 1]) or not mean > 0.0:
                continue
            off = counts[i] - expected[i] - counts[i - 1] + expected[i - 1]
            total += min(off * off, 12.0 * dispersion * max(mean, 0.5))
            base += mean
        if base < 5.0:
            return 1.0
        dispersion = max(1.0, total / base)
    return dispersion


def wandering(counts: Floats, expected: Floats, dispersion: float, trim: float) -> Floats:
    """Return the relative wandering at every scale, shape (SCALES,).

    Parameters
    ----------
    counts, expected : shape (n,), of cells that may speak; nan elsewhere.
    trim : share of the stretches that stray most, left out.
    """
    seen = np.isfinite(counts) & np.isfinite(expected)
    y, mu = np.where(seen, counts, 0.0), np.where(seen, expected, 0.0)
    out = np.full(SCALES, np.nan)
    for k in range(SCALES):
        span = 2**k
        n = len(y) // span
        if n < 2:
            break
        full = seen[: n * span].reshape(n, span).sum(axis=1) >= 0.75 * span
        got, usual = (v[: n * span].reshape(n, span).sum(axis=1) for v in (y, mu))
        enough = full & (usual >= ENOUGH_POSTS * dispersion)
        if enough.sum() >= ENOUGH_STRETCHES:
            out[k] = _spread(got[enough], usual[enough], dispersion, trim)
    return _completed(out)


def _spread(y: Floats, mu: Floats, dispersion: float, trim: float) -> float:
    """Return the relative spread beyond counting, the ``trim`` that stray most left out."""
    off, counting = np.log((y + 0.5) / (mu + 0.5)) ** 2, dispersion / mu
    variance = PRIOR**2
    for _ in range(3):
        z2 = off / (counting + variance)
        kept = z2 <= np.quantile(z2, 1.0 - trim)
        # a normal's variance without its tails is smaller by this much
        share = _share_without_tails(trim)
        weight = 1.0 / (counting + variance)[kept]
        found = float(np.average(off[kept] / share - counting[kept], weights=weight))
        held = (max(found, 0.0) * kept.sum() + HOLD * PRIOR**2) / (kept.sum() + HOLD)
        variance = held
    return float(np.sqrt(max(variance, _upper_tail(y, mu, dispersion))))


def _upper_tail(y: Floats, mu: Floats, dispersion: float) -> float:
    """Return the variance of the rate that the upper tail tells: what cascades is skewed."""
    n = len(y)
    if n < 4 * ENOUGH_STRETCHES:
        return 0.0
    share = min(max(TAIL_LEAST, 1.0 - TAIL_STRETCHES / n), TAIL_MOST)
    up = y > mu
    ratio = np.where(up, np.log(np.maximum(y, 1e-9) / mu), 0.0)
    counting = np.where(up, 2.0 * (y * ratio - y + mu) / dispersion, 0.0)
    at = int(np.argsort(counting)[int(share * (n - 1))])
    normal = NormalDist().inv_cdf(share) ** 2
    return max(float(ratio[at] ** 2 * (1.0 / normal - 1.0 / max(counting[at], 1e-9))), 0.0)


def _share_without_tails(trim: float) -> float:
    """Return the variance of a standard normal whose outermost ``trim`` is left out."""
    grid = np.linspace(-6.0, 6.0, 4001)
    density = np.exp(-0.5 * grid**2)
    order = np.argsort(np.abs(grid), kind="stable")
    held = np.cumsum(density[order]) / density.sum()
    kept = order[held <= 1.0 - trim]
    return float((density[kept] * grid[kept] ** 2).sum() / density[kept].sum())


def _completed(found: Floats) -> Floats:
    """Return ``found`` where measured; a shorter scale strays no less than the next longer one."""
    out = found.copy()
    known = np.flatnonzero(np.isfinite(out))
    if not len(known):
        return np.full(SCALES, max(PRIOR, LEAST))
    out[known[-1] + 1 :] = out[known[-1]]
    for k in range(SCALES - 2, -1, -1):
        out[k] = out[k + 1] if np.isnan(out[k]) else max(out[k], 0.9 * out[k + 1])
    return np.maximum(out, LEAST)
