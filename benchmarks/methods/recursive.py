"""Methods with one running number: EWMA, CUSUM, Page-Hinkley.

References
----------
Page, E. S. (1954). Continuous inspection schemes. Biometrika 41.
Roberts, S. W. (1959). Control chart tests based on geometric moving averages. Technometrics 1.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from detector.model.series import Floats

SMOOTHING = 0.15
ALLOWANCE = 0.5


@njit(cache=True)
def _standardised(count: float, mean: float, phi: float) -> float:
    """Return the residual in SD of one bin, the baseline's ten per cent included."""
    return float((count - mean) / np.sqrt(phi * mean + (0.1 * mean) ** 2 + 0.02))


@njit(cache=True)
def ewma(
    counts: Floats, mean: Floats, phi: Floats, begin: int, threshold: float
) -> tuple[int, int]:
    """Alarm when the smoothed residual exceeds k of its SD; start where it last rose above one."""
    level, start = 0.0, begin
    spread = np.sqrt(SMOOTHING / (2 - SMOOTHING))
    for t in range(begin, len(counts)):
        if np.isnan(counts[t]) or np.isnan(mean[t]):
            continue
        before = level
        level += SMOOTHING * (_standardised(counts[t], mean[t], phi[t]) - level)
        if before <= spread < level:
            start = t
        if level > threshold * spread:
            return t, start
    return -1, -1


@njit(cache=True)
def page_hinkley(
    counts: Floats, mean: Floats, phi: Floats, begin: int, threshold: float
) -> tuple[int, int]:
    """Alarm when residuals above the allowance add up to ``threshold``; start at the last zero."""
    total, start = 0.0, begin
    for t in range(begin, len(counts)):
        if np.isnan(counts[t]) or np.isnan(mean[t]):
            continue
        if total == 0.0:
            start = t
        total = max(0.0, total + _standardised(counts[t], mean[t], phi[t]) - ALLOWANCE)
        if total > threshold:
            return t, start
    return -1, -1


@njit(cache=True)
def doubling(
    counts: Floats, mean: Floats, phi: Floats, begin: int, threshold: float
) -> tuple[int, int]:
    """Quasi-Poisson CUSUM for twice the rate, bins cut at four sigma."""
    total, start = 0.0, begin
    for t in range(begin, len(counts)):
        if np.isnan(counts[t]) or np.isnan(mean[t]):
            continue
        if total == 0.0:
            start = t
        count = min(counts[t], 2 * mean[t] + 4 * np.sqrt(phi[t] * 2 * mean[t]) + 1.0)
        total = max(0.0, total + (count * np.log(2.0) - mean[t]) / phi[t])
        if total > threshold:
            return t, start
    return -1, -1
