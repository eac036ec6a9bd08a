"""The two-sided baseline of a whole series, fitted again with what was found masked.

A fit takes the bins that may speak and gives what was usual in each. The first one knows nothing of
what is out of the ordinary: levels are medians of days, shapes leave the highest days out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from detector.detection.hindsight.grid import Grid, cell_sums
from detector.detection.hindsight.level_changes import LevelStep, changed_blocks, exact_bin
from detector.detection.hindsight.two_sided import (
    BLOCK_HOURS,
    LEVEL_HOURS,
    MEDIAN_BLOCKS,
    DayShape,
    Flags,
    filled,
    median_level,
    per_bin,
    shape,
    smooth_level,
)
from detector.detection.kernels.compiled import compiled
from detector.model.series import Floats, Ints

#: Doubt about the shape of a day when no other day is known; it shrinks with every other day.
UNKNOWN_SHAPE = 0.45
#: Posts (over the dispersion) that must be missing from a run of zeros for the source to be down.
DOWN = 16.0
#: Hours around a change of level in which its bin is looked for.
PLACE_HOURS = 18


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What was usual.

    Attributes
    ----------
    expected : shape (n,), posts in every bin of the grid.
    share : shape (n,), the shape of day and week by itself.
    level, steady : shape (n,), the level that follows, and the median one of the days around.
    doubt : shape (cells,), relative doubt about the shape where few other days are known.
    steps : changes of level.
    """

    expected: Floats
    share: Floats
    level: Floats
    steady: Floats
    doubt: Floats
    steps: tuple[LevelStep, ...]


def first_fit(grid: Grid, counts: Floats, use: Flags) -> Baseline:
    """Return the baseline when nothing is known yet."""
    day = grid.bins(24 * 60)
    ones = np.ones(len(counts))
    level = _medians(counts, ones, use, day, 5, ())
    known = replace(grid, counts=counts)
    for _ in range(2):
        form = shape(known, level, use, 1.0, first=True)
        share = per_bin(form.share, grid.day, grid.slot)
        steps = level_steps(grid, counts, share, use)
        level = _medians(counts, share, use, grid.bins(60 * BLOCK_HOURS), MEDIAN_BLOCKS, steps)
    return _baseline(grid, form, level, level, steps)


def fit_again(
    grid: Grid, counts: Floats, use: Flags, odd: Flags, before: Baseline, dispersion: float
) -> Baseline:
    """Return the baseline, given the one ``before`` and the bins in ``use``.

    Bins of ``odd`` days say how much there was, but not what a day looks like.
    """
    known = replace(grid, counts=counts)
    form = shape(known, before.level, use & ~odd, dispersion, first=False)
    share = per_bin(form.share, grid.day, grid.slot)
    steps = level_steps(grid, counts, share, np.isfinite(counts))
    steady = _medians(counts, share, use, grid.bins(60 * BLOCK_HOURS), MEDIAN_BLOCKS, steps)
    level = _smooth(grid, counts, share, use, steady, steps, dispersion)
    return _baseline(grid, form, level, steady, steps)


def _baseline(
    grid: Grid, form: DayShape, level: Floats, steady: Floats, steps: tuple[LevelStep, ...]
) -> Baseline:
    share = per_bin(form.share, grid.day, grid.slot)
    known = per_bin(form.known, grid.day, grid.slot)[:: grid.per_cell]
    doubt = UNKNOWN_SHAPE / (1.0 + known)
    return Baseline(level * share, share, level, steady, doubt, steps)


def _blocks(counts: Floats, share: Floats, use: Flags, span: int) -> tuple[Floats, Floats]:
    """Return the posts and the shares of every ``span`` bins, of those in ``use``."""
    posts = np.where(use, counts, np.nan)
    return cell_sums(posts, span), cell_sums(np.where(use, share, np.nan), span)


def _edges(steps: tuple[LevelStep, ...], span: int, blocks: int) -> Ints:
    inside = [min(max(round(step.at / span), 0), blocks) for step in steps]
    return np.array([0, *inside, blocks], dtype=np.int64)


def _without_mixed(shares: Floats, steps: tuple[LevelStep, ...], span: int) -> Floats:
    """Return ``shares`` with nothing in the blocks that a change of level runs through."""
    out = shares.copy()
    for step in steps:
        if step.at % span:
            out[step.at // span] = 0.0
    return out


def _medians(
    counts: Floats,
    share: Floats,
    use: Flags,
    span: int,
    reach: int,
    steps: tuple[LevelStep, ...],
) -> Floats:
    """Return the median level around every bin."""
    posts, shares = _blocks(counts, share, use, span)
    shares = _without_mixed(shares, steps, span)
    whole = posts.sum() / max(shares.sum(), 1e-9)
    level = median_level(posts, shares, _edges(steps, span, len(posts)), reach)
    return _in_bins(level, steps, span, len(counts), max(whole, 1e-9))


def _smooth(
    grid: Grid,
    counts: Floats,
    share: Floats,
    use: Flags,
    before: Floats,
    steps: tuple[LevelStep, ...],
    dispersion: float,
) -> Floats:
    """Return the level that follows, in every bin."""
    span = grid.bins(60.0)
    reach = max(round(LEVEL_HOURS * 3600 / (span * grid.width)), 1)
    posts, shares = _blocks(counts, share, use, span)
    shares = _without_mixed(shares, steps, span)
    usual = before[np.minimum(np.arange(len(posts)) * span + span // 2, len(before) - 1)]
    level = smooth_level(posts, shares, usual, _edges(steps, span, len(posts)), reach, dispersion)
    return _in_bins(level, steps, span, len(counts), float(before.mean()))


def _in_bins(
    level: Floats, steps: tuple[LevelStep, ...], span: int, n: int, fallback: float
) -> Floats:
    """Return a level of blocks in bins: straight between their middles, regime by regime."""
    blocks = len(level)
    edges = _edges(steps, span, blocks)
    bins = [0, *(step.at for step in steps), n]
    out = np.empty(n)
    for (a, b), (first, end) in zip(pairwise(edges.tolist()), pairwise(bins), strict=True):
        if b <= a:
            out[first:end] = fallback
            continue
        middles = (np.arange(a, b) + 0.5) * span
        out[first:end] = np.interp(
            np.arange(first, end) + 0.5, middles, filled(level[a:b], fallback)
        )
    return np.maximum(out, 1e-12)


def level_steps(grid: Grid, counts: Floats, share: Floats, use: Flags) -> tuple[LevelStep, ...]:
    """Return the changes of level, by bin."""
    span = grid.bins(60 * BLOCK_HOURS)
    posts, shares = _blocks(counts, share, use, span)
    blocks = changed_blocks(posts, shares)
    edges = [0, *blocks, len(posts)]
    levels = [_median_ratio(posts[a:b], shares[a:b]) for a, b in pairwise(edges)]
    reach = grid.bins(60 * PLACE_HOURS)
    steps: list[LevelStep] = []
    for i, block in enumerate(blocks):
        left = _median_ratio(
            *(v[max(edges[i], block - MEDIAN_BLOCKS) : block] for v in (posts, shares))
        )
        right = _median_ratio(
            *(v[block : min(edges[i + 2], block + MEDIAN_BLOCKS)] for v in (posts, shares))
        )
        if not (left > 0 and right > 0) or not levels:
            continue
        low, high = max(0, block * span - reach), min(len(counts), block * span + reach)
        at = low + exact_bin(counts[low:high], share[low:high], (left, right))
        if 0 < at < len(counts) and (not steps or at > steps[-1].at):
            steps.append(LevelStep(at, right / left))
    return tuple(steps)


def _median_ratio(posts: Floats, shares: Floats) -> float:
    seen = (shares > 0) & (posts > 0)
    return float(np.median(posts[seen] / shares[seen])) if seen.any() else 0.0


@compiled
def runs_of_nothing(counts: Floats, expected: Floats, least: float) -> Ints:
    """Return the runs of zeros from which ``least`` posts or more are missing, shape (m, 2)."""
    n, m = counts.shape[0], 0
    out = np.empty((n // 2 + 1, 2), dtype=np.int64)
    first, missing = -1, 0.0
    for i in range(n + 1):
        if i < n and (np.isnan(counts[i]) or counts[i] == 0.0):
            if counts[i] == 0.0:
                first = i if first < 0 else first
                missing += expected[i]
            continue
        if first >= 0 and missing >= least:
            out[m, 0], out[m, 1] = first, i
            m += 1
        first, missing = -1, 0.0
    return out[:m]
