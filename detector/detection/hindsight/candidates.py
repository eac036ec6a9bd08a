"""Stretches that may be incidents: runs of regimes that together stand out the most.

How much a stretch stands out is a z: the standard deviations of counting and those of the wandering
of its own length, combined. A burst of a minute or three is no incident: the three minutes that
hold the most posts are put back at the rate of the rest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from detector.detection.hindsight.noise import Noise
from detector.detection.hindsight.segmentation import Segmenter, excess_flags, window_edges, windows
from detector.detection.kernels.compiled import compiled
from detector.model.series import Floats, Ints

#: What is a run of regimes worth looking at, standard deviations.
LEAST_Z = 3.0
#: Minutes over which a stretch must be weak to be cut in two, and what is weak: this share of the
#: excess of the whole.
WEAK_MINUTES, WEAK = 120.0, 0.2
#: Minutes from which on a weak regime at an end is none of it.
WEAK_END = 60.0
#: A burst lasts so many minutes.
BURST = 3.0
#: In bins wider than this, minutes, a burst holds no more than so many posts times the minute's
#: rate to the power.
WIDE, WIDE_BURST, WIDE_POWER = 7.5, 60.0, 0.36


class Candidate(NamedTuple):
    """Cells ``[first, end)`` that stand out.

    Attributes
    ----------
    posts, expected : over the stretch, a burst put back.
    z : standard deviations, counting and wandering combined.
    edges : first cells of its regimes, and ``end``.
    """

    first: int
    end: int
    posts: float
    expected: float
    z: float
    edges: tuple[int, ...]

    @property
    def ratio(self) -> float:
        """Posts over expected."""
        return self.posts / max(self.expected, 1e-9)


@compiled
def z_of(posts: float, expected: float, dispersion: float, wandering: float) -> float:
    """Return how far ``posts`` are above ``expected``, standard deviations; 0 where not above."""
    if expected <= 0.0 or posts <= expected:
        return 0.0
    ratio = np.log(posts / expected)
    counting = 2.0 * (posts * ratio - posts + expected) / dispersion
    if counting <= 0.0:
        return 0.0
    return float(1.0 / np.sqrt(1.0 / counting + (wandering / ratio) ** 2))


@compiled
def heaviest(counts: Floats, expected: Floats, span: int) -> tuple[float, float]:
    """Return posts and expected of the ``span`` bins in a row with the largest excess."""
    n = counts.shape[0]
    best, posts, usual = -np.inf, 0.0, 0.0
    y = mu = 0.0
    for i in range(n):
        y += counts[i]
        mu += expected[i]
        if i >= span:
            y -= counts[i - span]
            mu -= expected[i - span]
        if y - mu > best:
            best, posts, usual = y - mu, y, mu
    return posts, usual


@compiled
def without_burst(
    posts: float, expected: float, burst: tuple[float, float], minutes: float
) -> float:
    """Return ``posts`` with the burst put back at the rate of the rest.

    Parameters
    ----------
    burst : posts and expected of the heaviest bins.
    minutes : width of a bin.
    """
    y, mu = burst
    if minutes > WIDE:
        a_minute = mu / max(2.0 * minutes, 1.0)
        return float(max(posts - min(y - mu, WIDE_BURST * max(a_minute, 1e-3) ** WIDE_POWER), 0.0))
    rest = expected - mu
    if rest <= 1e-9 * expected or rest <= 0.0:
        return float(min(posts, expected))
    return float((posts - y) * expected / rest) if y > mu else posts


class Cells(NamedTuple):
    """What is looked at: counts and expected, zero both where not observed.

    Attributes
    ----------
    counts, expected : shape (cells,).
    bins, bins_expected : shape (n,), the same in bins of the grid.
    per_cell : bins of a cell.
    minutes : width of a bin.
    spread : shape (cells,), relative doubt about the expected, beside the wandering.
    """

    counts: Floats
    expected: Floats
    bins: Floats
    bins_expected: Floats
    per_cell: int
    minutes: float
    spread: Floats

    @property
    def burst_bins(self) -> int:
        """Bins that a burst may touch."""
        return 2 if self.minutes > BURST else max(round(BURST / self.minutes), 1)

    def cells_in(self, minutes: float) -> int:
        """Return how many cells come nearest to ``minutes``, at least one."""
        return max(round(minutes / (self.minutes * self.per_cell)), 1)


def candidates(cells: Cells, noise: Noise, segmenter: Segmenter, least: float) -> list[Candidate]:
    """Return what stands out by ``least`` standard deviations or more, in order, disjoint."""
    flags = excess_flags(cells.counts, cells.expected, noise.dispersion, noise.wandering, least)
    found: list[Candidate] = []
    for a, b in windows(flags, cells.cells_in(60.0)).tolist():
        within = window_edges(cells.counts[a:b], cells.expected[a:b], noise, segmenter)
        found += _runs(cells, noise, np.array(within) + a)
    return found


def _runs(cells: Cells, noise: Noise, edges: Ints) -> list[Candidate]:
    """Return the runs of regimes that stand out, the strongest first taken out."""
    pieces = _pieces(cells, edges)
    found: list[Candidate] = []
    stack = [(0, len(edges) - 1)]
    while stack:
        low, high = stack.pop()
        i, j, z = best_run(*pieces, low, high, noise.dispersion, noise.wandering, cells.minutes)
        if z < LEAST_Z:
            continue
        i, j = _without_weak_ends(pieces[0], pieces[1], edges, i, j, cells.cells_in(WEAK_END))
        stack += [(low, i), (j, high)]
        cut = _weak_inside(pieces[0], pieces[1], edges, i, j, cells.cells_in(WEAK_MINUTES))
        if cut is not None:
            stack += [(i, cut[0]), (cut[1], j)]
            continue
        found.append(_candidate(cells, noise, edges, i, j))
    return sorted(found)


def _pieces(cells: Cells, edges: Ints) -> tuple[Floats, Floats, Floats, Floats]:
    """Return posts, expected, its squares and bursts of every regime; bursts are shape (m, 2)."""
    end = int(edges[-1])
    posts, usual, squares = (
        np.add.reduceat(v[:end], edges[:-1])
        for v in (cells.counts, cells.expected, cells.expected**2)
    )
    k = cells.per_cell
    bursts = [
        heaviest(cells.bins[a * k : b * k], cells.bins_expected[a * k : b * k], cells.burst_bins)
        for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]
    return posts, usual, squares, np.array(bursts)


@compiled
def best_run(
    posts: Floats,
    usual: Floats,
    squares: Floats,
    bursts: Floats,
    low: int,
    high: int,
    dispersion: float,
    wandering: Floats,
    minutes: float,
) -> tuple[int, int, float]:
    """Return the run ``[i, j)`` of regimes in ``[low, high)`` with the largest z."""
    first, end, best = low, low, 0.0
    for i in range(low, high):
        y = mu = square = 0.0
        heavy = (0.0, 0.0)
        for j in range(i, high):
            y += posts[j]
            mu += usual[j]
            square += squares[j]
            if j == i or bursts[j, 0] - bursts[j, 1] > heavy[0] - heavy[1]:
                heavy = (bursts[j, 0], bursts[j, 1])
            scale = np.log2(max(mu * mu / max(square, 1e-12), 1.0))
            k = min(int(scale), wandering.shape[0] - 1)
            z = z_of(without_burst(y, mu, heavy, minutes), mu, dispersion, wandering[k])
            if z > best:
                first, end, best = i, j + 1, z
    return first, end, best


def _without_weak_ends(
    posts: Floats, usual: Floats, edges: Ints, i: int, j: int, least: int
) -> tuple[int, int]:
    """Return the run ``[i, j)`` without weak regimes of ``least`` cells or more at its ends."""

    def weak(k: int) -> bool:
        whole = posts[i:j].sum() / max(usual[i:j].sum(), 1e-9)
        own = posts[k] / max(usual[k], 1e-9)
        return bool(edges[k + 1] - edges[k] >= least and own - 1.0 < WEAK * (whole - 1.0))

    while j - i > 1 and weak(i):
        i += 1
    while j - i > 1 and weak(j - 1):
        j -= 1
    return i, j


def _weak_inside(
    posts: Floats, usual: Floats, edges: Ints, i: int, j: int, least: int
) -> tuple[int, int] | None:
    """Return the longest weak run of regimes inside ``[i, j)``, None if under ``least`` cells."""
    whole = posts[i:j].sum() / max(usual[i:j].sum(), 1e-9)
    weak = [
        p / max(u, 1e-9) < 1.0 + WEAK * (whole - 1.0)
        for p, u in zip(posts[i:j], usual[i:j], strict=True)
    ]
    best, first = None, None
    longest = least - 1
    for k, low in enumerate([*weak, False]):
        if low and first is None:
            first = k
        elif not low and first is not None:
            length = int(edges[i + k] - edges[i + first])
            if length > longest and first > 0 and k < j - i:
                best, longest = (i + first, i + k), length
            first = None
    return best


def _candidate(cells: Cells, noise: Noise, edges: Ints, i: int, j: int) -> Candidate:
    first, end = int(edges[i]), int(edges[j])
    seen = np.flatnonzero(cells.expected[first:end] > 0.0)
    if len(seen):
        first, end = first + int(seen[0]), first + int(seen[-1]) + 1
    inner = (int(e) for e in edges[i + 1 : j] if first < e < end)
    return weighed(cells, noise, first, end, (first, *inner, end))


def weighed(cells: Cells, noise: Noise, first: int, end: int, edges: tuple[int, ...]) -> Candidate:
    """Return the cells ``[first, end)`` as a candidate."""
    k = cells.per_cell
    posts, usual = float(cells.counts[first:end].sum()), float(cells.expected[first:end].sum())
    burst = heaviest(
        cells.bins[first * k : end * k], cells.bins_expected[first * k : end * k], cells.burst_bins
    )
    kept = without_burst(posts, usual, burst, cells.minutes)
    length = effective_cells(cells.expected[first:end])
    doubt = float(np.hypot(noise.over(length), _mean_doubt(cells, first, end)))
    return Candidate(first, end, kept, usual, z_of(kept, usual, noise.dispersion, doubt), edges)


def effective_cells(expected: Floats) -> float:
    """Return how many cells speak: an empty night makes a stretch no longer."""
    return float(expected.sum() ** 2 / max((expected**2).sum(), 1e-12))


def _mean_doubt(cells: Cells, first: int, end: int) -> float:
    weights = cells.expected[first:end]
    if weights.sum() <= 0.0:
        return 0.0
    return float(np.average(cells.spread[first:end], weights=weights))
