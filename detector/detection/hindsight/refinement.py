"""Both ends of a surge, estimated from data on both sides of it.

Everything here works on a stretch of bins around one surge: arrays of shape (n,), positions in the
stretch, half-open spans. Bins with a nan count or a nan expectation do not speak.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.detection.hindsight.segmentation import Regime
from detector.detection.onset import estimate, start_likelihood
from detector.model.series import Floats

CERTAINTY = 60.0
"""Posts (over the dispersion) that the live level counts as against those of a side."""
STILL = 0.2
"""Share of its height at which a surge still goes on."""
FALLEN = 0.5
"""A regime under so much of the highest before it no longer speaks about the start."""

Flags = NDArray[np.bool_]


class Start(NamedTuple):
    """Positions: first bin, and the closed 90 % interval."""

    at: int
    earliest: int
    latest: int


def dispersion_of(counts: Floats, expected: Floats, quiet: Flags) -> float:
    """Return variance over mean in the ``quiet`` bins, single bins cut at four SD; at least 1."""
    x, mu = counts[quiet], expected[quiet]
    if mu.sum() < 1.0:
        return 1.0
    dispersion = 1.0
    for _ in range(3):
        error = np.minimum((x - mu) ** 2, 16.0 * dispersion * np.maximum(mu, 0.3))
        dispersion = max(float(error.sum() / mu.sum()), 1.0)
    return dispersion


def levelled(
    counts: Floats, expected: Floats, quiet: Flags, surge: tuple[int, int], dispersion: float
) -> Floats:
    """Return the expected counts, levelled to what was counted before and after the surge.

    The factor of each side is shrunk towards one; across the surge it goes straight from the one
    to the other.
    """
    first, end = surge
    before, after = quiet.copy(), quiet.copy()
    before[first:], after[:end] = False, False
    left = _factor(counts[before], expected[before], dispersion)
    right = _factor(counts[after], expected[after], dispersion) if after.any() else left
    factor = np.interp(np.arange(len(counts)), [first, max(end, first + 1)], [left, right])
    return np.asarray(expected * factor)


def _factor(counts: Floats, expected: Floats, dispersion: float) -> float:
    hold = CERTAINTY * dispersion
    return float((counts.sum() + hold) / (expected.sum() + hold))


def start_of(
    counts: Floats,
    expected: Floats,
    dispersion: float,
    span: tuple[int, int],
    noticed: int,
    minutes: float,
) -> Start:
    """Return the start of a surge that was noticed when bin ``noticed`` began or before.

    It is what the live path would say, had it expected this.

    Parameters
    ----------
    counts, expected : shape (n,).
    dispersion : variance over mean of the counts.
    span : bins that speak.
    noticed : first bin that began after the surge had been noticed, in ``span``.
    minutes : width of a bin.
    """
    first, end = span
    likelihood = start_likelihood(counts[first:end], expected[first:end], dispersion, minutes)
    at, earliest, latest = estimate(likelihood[: noticed - first], minutes).tolist()
    return Start(first + at, first + earliest, first + latest)


def speaks_until(parts: Sequence[Regime], raised_from: int, most: int) -> int:
    """Return where the surge raised from ``raised_from`` first falls, ``most`` at the latest.

    The model of a start is a rise and a plateau; what comes after a fall would only mislead it.
    """
    highest = 0.0
    for part in parts:
        if part.end <= raised_from:
            continue
        if part.first >= most:
            break
        excess = part.ratio - 1.0
        if highest > 0 and excess < FALLEN * highest:
            return part.first
        highest = max(highest, excess)
    return most


def end_of(counts: Floats, expected: Floats, first: int, height_bins: int) -> int:
    """Return the first bin after the surge: the split that best parts surge from usual.

    Before it the rate is taken to be at least a fifth of the surge's height above the expected,
    after it the expected. The height is the highest mean excess over ``height_bins`` bins.
    """
    x, mu = counts[first:], expected[first:]
    seen = ~(np.isnan(x) | np.isnan(mu))
    excess = np.where(seen, x - mu, 0.0)
    held = np.convolve(excess, np.ones(height_bins) / height_bins, "valid")
    height = float(held.max()) if len(held) else float(excess.max())
    usual = np.where(seen, np.maximum(mu, 1e-6), 1.0)
    still = usual + np.maximum(STILL * height, 0.1 * usual)
    gain = np.where(seen, np.where(seen, x, 0.0) * np.log(still / usual) - (still - usual), 0.0)
    return first + int(np.argmax(np.cumsum(gain))) + 1
