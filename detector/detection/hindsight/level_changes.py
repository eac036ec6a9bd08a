"""Changes of level: the moments from which a source counts more, or less, for good.

They are looked for on data that nothing was masked in, since masking what is raised would hide
them. Five days on either side are compared by their medians, so that no outage of a day or two is
taken for one; the place is that of the best split, and the bin the likelihood's.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from detector.detection.kernels.compiled import compiled
from detector.model.series import Floats

#: Blocks on either side that are compared, and the fewest that will do.
SIDE, LEAST = 20, 10
#: Smallest change of the logarithm, in itself and in standard errors.
SMALLEST, CERTAIN = 0.22, 6.0
#: Share of the change that must have come about between one day and the next.
ABRUPT = 0.6
#: Blocks of a day.
DAY = 4


@dataclass(frozen=True, slots=True)
class LevelStep:
    """From bin ``at`` on ``ratio`` times as many are counted as before."""

    at: int
    ratio: float


def changed_blocks(posts: Floats, shares: Floats) -> tuple[int, ...]:
    """Return the first blocks of new levels, in order.

    Parameters
    ----------
    posts, shares : shape (blocks,) of six hours each, counted, and expected at a level of one.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.log(np.where(shares > 0, (posts + 0.5) / (shares + 1e-9), np.nan))
    seen = np.flatnonzero(np.isfinite(ratios) & (posts > 0))
    if len(seen) < 2 * LEAST:
        return ()
    return tuple(int(seen[i]) for i in _splits(ratios[seen]))


def _splits(ratios: Floats) -> list[int]:
    """Return where ``ratios``, shape (n,), all known, change: the surest first parts the rest."""
    edges = [0, len(ratios)]
    while True:
        found = [at for a, b in pairwise(edges) if (at := int(_split(ratios, a, b))) >= 0]
        if not found:
            return edges[1:-1]
        edges = sorted({*edges, *found})


@compiled
def _split(ratios: Floats, first: int, end: int) -> int:
    """Return the surest change within ``[first, end)``, -1 if there is none."""
    best, at = 0.0, -1
    for b in range(first + LEAST, end - LEAST + 1):
        left, right = ratios[max(first, b - SIDE) : b], ratios[b : min(end, b + SIDE)]
        difference = abs(np.median(right) - np.median(left))
        if difference <= max(SMALLEST, best):
            continue
        if difference > CERTAIN * 1.25 * np.hypot(_spread(left), _spread(right)):
            best, at = difference, b
    return -1 if at < 0 else _placed(ratios, first, end, at)


@compiled
def _spread(side: Floats) -> float:
    """Return the standard error of a mean of ``side``, by its median deviation."""
    deviation = np.median(np.abs(side - np.median(side)))
    return float(1.48 * deviation / np.sqrt(side.shape[0]))


@compiled
def _placed(ratios: Floats, first: int, end: int, near: int) -> int:
    """Return the best split around ``near``, -1 if the change is no abrupt one."""
    low, high = max(first, near - SIDE), min(end, near + SIDE)
    part = ratios[low:high]
    least, at = np.inf, -1
    for i in range(DAY, part.shape[0] - DAY + 1):
        left, right = part[:i], part[i:]
        loss = np.abs(left - np.median(left)).sum() + np.abs(right - np.median(right)).sum()
        if loss < least:
            least, at = loss, low + i
    if at - first < LEAST or end - at < LEAST:
        return -1
    whole = np.median(ratios[at:high]) - np.median(ratios[low:at])
    near_by = np.median(ratios[at : at + DAY]) - np.median(ratios[at - DAY : at])
    abrupt = abs(whole) > SMALLEST and near_by / whole > ABRUPT
    return at if abrupt else -1


def exact_bin(counts: Floats, shares: Floats, levels: tuple[float, float]) -> int:
    """Return the bin from which on the second of two ``levels`` explains the counts better.

    Parameters
    ----------
    counts, shares : shape (n,), around the change; nan counts do not speak.
    """
    before, after = levels
    seen = np.isfinite(counts)
    gain = np.where(
        seen,
        np.where(seen, counts, 0.0) * np.log(after / before) - (after - before) * shares,
        0.0,
    )
    behind = np.concatenate([np.cumsum(gain[::-1])[::-1], [0.0]])
    return int(np.argmax(behind))
