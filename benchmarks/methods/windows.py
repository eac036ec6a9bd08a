"""Methods that look at sums over a fixed window of the last bins.

Spread includes ten per cent of the mean, as a standard deviation taken from history would: it sees
the baseline's errors too.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from detector.model.series import Floats

WINDOW = 15
ERROR = 0.1
FEW = 10.0


@njit(cache=True)
def _sums(
    counts: Floats, mean: Floats, phi: Floats, end: int, bins: int
) -> tuple[float, float, float]:
    """Return observed, expected and its variance over the ``bins`` observed bins up to ``end``."""
    x = lam = variance = 0.0
    for t in range(max(0, end - bins + 1), end + 1):
        if not (np.isnan(counts[t]) or np.isnan(mean[t])):
            x += counts[t]
            lam += mean[t]
            variance += phi[t] * mean[t]
    return x, lam, variance


@njit(cache=True)
def buckets(
    counts: Floats, mean: Floats, phi: Floats, begin: int, threshold: float
) -> tuple[int, int]:
    """Alarm at the end of a fixed 15-minute bucket that holds ``threshold`` times the mean.

    Ten posts are added to both, else one post would be an outage of a service with few.
    """
    for t in range(begin, len(counts)):
        if (t + 1) % WINDOW == 0 and t - begin >= WINDOW:
            x, lam, _ = _sums(counts, mean, phi, t, WINDOW)
            if x + FEW >= threshold * (lam + FEW):
                return t, t - WINDOW + 1
    return -1, -1


@njit(cache=True)
def _in_a_row(
    counts: Floats,
    mean: Floats,
    phi: Floats,
    begin: int,
    threshold: float,
    bins: int,
    wanted: int,
) -> tuple[int, int]:
    """Alarm when ``wanted`` successive windows of ``bins``, one apart, exceed mean + k SD."""
    run, last = 0, -1
    for t in range(begin, len(counts)):
        if np.isnan(counts[t]) or np.isnan(mean[t]) or t - last < bins:
            continue
        x, lam, variance = _sums(counts, mean, phi, t, bins)
        spread = np.sqrt(variance + (ERROR * lam) ** 2 + 0.25)
        if x > lam + threshold * spread:
            run += 1
            last = t
            if run >= wanted:
                return t, max(begin, t - bins * wanted + 1)
        elif run > 0:
            run, last = 0, t - bins + 1
    return -1, -1


@njit(cache=True)
def two_in_a_row(
    counts: Floats, mean: Floats, phi: Floats, begin: int, threshold: float
) -> tuple[int, int]:
    """Two windows of five bins in a row above mean + k SD."""
    return _in_a_row(counts, mean, phi, begin, threshold, 5, 2)


@njit(cache=True)
def three_in_a_row(
    counts: Floats, mean: Floats, phi: Floats, begin: int, threshold: float
) -> tuple[int, int]:
    """Three windows of five bins in a row above mean + k SD."""
    return _in_a_row(counts, mean, phi, begin, threshold, 5, 3)


@njit(cache=True)
def point_by_point(
    counts: Floats, mean: Floats, phi: Floats, begin: int, threshold: float
) -> tuple[int, int]:
    """One sliding 15-minute count against a Poisson mean: alarm above mean + k root mean."""
    for t in range(begin, len(counts)):
        if np.isnan(counts[t]) or np.isnan(mean[t]):
            continue
        x, lam, _ = _sums(counts, mean, phi, t, WINDOW)
        if x > lam + threshold * np.sqrt(lam + 0.25):
            return t, max(begin, t - WINDOW + 1)
    return -1, -1
