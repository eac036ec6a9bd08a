"""Regimes of counts: ruptures, with a cost that knows counts, in windows around excess.

A regime is a stretch whose rate is a constant multiple of what was expected. The cost of a stretch
is minus the log-likelihood ratio of its best multiple against one, Poisson divided by the
dispersion (quasi-likelihood), so bins of any expectation compare, night with noon. ruptures ends
with the number of samples and its breaks are ends; ours are first bins of a regime.

PELT prunes nothing where nothing happens, so a whole history is out of its reach. Only windows
around an excess at some time scale are segmented: the time grows linearly with the history.

Whoever prefers another search or another cost passes it: any estimator of ruptures, or a cost of
their own. It is given what the cells of a window stray from the expected, in standard deviations,
shape (n, 1), of constant variance as costs of ruptures suppose; a cost that says ``counts = True``
is given counts and expected instead, shape (n, 2), as `CountCost` is.

References
----------
Truong, C., Oudre, L., Vayatis, N. (2020). Selective review of offline change point detection
methods. Signal Processing 167.
Killick, R., Fearnhead, P., Eckley, I. A. (2012). Optimal detection of changepoints with a linear
computational cost. Journal of the American Statistical Association 107(500).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any, Protocol

import numpy as np
import ruptures
from ruptures.base import BaseCost, BaseEstimator

from detector.detection.hindsight.grid import cell_sums
from detector.detection.hindsight.noise import Noise
from detector.detection.kernels.compiled import compiled
from detector.model.series import Floats, Ints

#: Cells are gathered into at most so many blocks before they are segmented: edges are found again
#: in bins afterwards, and the time for one window stays bounded.
MOST_BLOCKS = 64
#: Nats that a further change point has to gain.
PENALTY = 7.0
#: Standard deviations of an excess, at any scale, from which on it has a window.
EXCESS_Z = 3.2
#: Scale of the wandering that is noise to regimes: 2**k cells.
OF_REGIMES = 3
#: Minutes on either side of an excess that belong to its window.
PADDING = 60.0


class Segmenter(Protocol):
    """Parts a window into regimes."""

    def edges(self, counts: Floats, expected: Floats, noise: Noise) -> list[int]:
        """Return the first cells of the regimes and the number of cells, from 0 on."""


class CountCost(BaseCost):  # type: ignore[misc]  # ruptures ships no annotations
    """Cost of stretches of counts, for ``custom_cost`` of ruptures.

    Parameters
    ----------
    dispersion : variance over mean.
    """

    model = "counts"
    min_size = 1
    counts = True

    def __init__(self, dispersion: float = 1.0) -> None:
        self.dispersion = dispersion

    def fit(self, signal: Floats) -> CountCost:
        """Take the signal, shape (n, 2): counts and expected, zero both where not observed."""
        self.signal = signal
        sums = np.vstack([np.zeros(2), np.cumsum(signal, axis=0)]) / self.dispersion
        self._posts, self._expected = sums[:, 0].tolist(), sums[:, 1].tolist()
        return self

    def error(self, start: int, end: int) -> float:
        """Return the cost of ``[start, end)``, nats, <= 0."""
        return -evidence(
            self._posts[end] - self._posts[start], self._expected[end] - self._expected[start]
        )


def evidence(posts: float, expected: float) -> float:
    """Return the log-likelihood ratio of the best rate against the expected, either side, nats."""
    if expected <= 0.0:
        return 0.0
    if posts <= 0.0:
        return expected
    return float(posts * log(posts / expected) - posts + expected)


@dataclass(frozen=True, slots=True)
class PeltOfCounts:
    """The default: PELT with `CountCost`, which is exact.

    Attributes
    ----------
    penalty : nats that a further change point has to gain.
    """

    penalty: float = PENALTY

    def edges(self, counts: Floats, expected: Floats, noise: Noise) -> list[int]:
        """Return the first cells of the regimes and the number of cells, from 0 on."""
        signal = np.column_stack([counts, expected])
        # the shortest wandering is noise too: without it every mood of the crowd is a regime
        spread = noise.wandering[OF_REGIMES] ** 2 * float(expected.mean())
        cost = CountCost(noise.dispersion + spread)
        search = ruptures.Pelt(custom_cost=cost, min_size=1, jump=1).fit(signal)
        return [0, *search.predict(pen=self.penalty)]


@dataclass(frozen=True, slots=True)
class RupturesSegmenter:
    """An estimator of ruptures, or a cost, of the user's own.

    Attributes
    ----------
    estimator : of ruptures, e.g. ``KernelCPD(kernel="linear", min_size=2)`` or ``Binseg("l2")``; or
        a cost (`ruptures.base.BaseCost`), which PELT is then run with.
    penalty : for its ``predict(pen=...)``.
    """

    estimator: Any
    penalty: float = 14.0

    def __post_init__(self) -> None:
        if not isinstance(self.estimator, BaseEstimator | BaseCost):
            kind = type(self.estimator).__name__
            raise TypeError(f"an estimator or a cost of ruptures is wanted, not {kind}")

    def edges(self, counts: Floats, expected: Floats, noise: Noise) -> list[int]:
        """Return the first cells of the regimes and the number of cells, from 0 on."""
        search = self.estimator
        if isinstance(search, BaseCost):
            search = ruptures.Pelt(custom_cost=search, min_size=search.min_size, jump=1)
        cost = getattr(search, "cost", None)
        signal = (
            np.column_stack([counts, expected])
            if getattr(cost, "counts", False)
            else strays(counts, expected, noise)
        )
        least = max(getattr(search, "min_size", 1), 1) * 2
        if len(signal) < max(least, getattr(search, "jump", 1) + least):
            return [0, len(signal)]
        ends = [int(end) for end in search.fit(signal).predict(pen=self.penalty)]
        return [0, *ends]


def segmenter_of(search: object | None, penalty: float | None) -> Segmenter:
    """Return what parts windows: ``search`` of ruptures, our own where it is None.

    ``penalty`` is of either; None takes the default. Raises `TypeError` for what is no such thing.
    """
    if search is None:
        return PeltOfCounts() if penalty is None else PeltOfCounts(penalty)
    return RupturesSegmenter(search) if penalty is None else RupturesSegmenter(search, penalty)


def strays(counts: Floats, expected: Floats, noise: Noise) -> Floats:
    """Return how far counts stray, in standard deviations, shape (n, 1); variance about one."""
    root = 2.0 * (np.sqrt(counts + 0.375) - np.sqrt(expected + 0.375))
    spread = np.sqrt(noise.dispersion + noise.wandering[OF_REGIMES] ** 2 * expected)
    return np.asarray((root / spread)[:, None])


def window_edges(counts: Floats, expected: Floats, noise: Noise, segmenter: Segmenter) -> list[int]:
    """Return the edges of regimes in one window; counts and expected are zero where not observed.

    A long window is segmented in blocks of several cells.
    """
    n = len(counts)
    step = -(-n // MOST_BLOCKS)
    if step == 1:
        return sorted({0, n, *segmenter.edges(counts, expected, noise)})
    blocks = segmenter.edges(cell_sums(counts, step), cell_sums(expected, step), noise)
    rough = sorted({0, n, *(min(edge * step, n) for edge in blocks)})
    inner = [
        int(best_split(counts, expected, rough[i - 1], rough[i + 1], rough[i], step))
        for i in range(1, len(rough) - 1)
    ]
    return sorted({0, n, *inner})


@compiled
def best_split(
    counts: Floats, expected: Floats, first: int, end: int, near: int, reach: int
) -> int:
    """Return the cell within ``reach`` of ``near`` that best parts ``[first, end)`` in two."""
    total, usual = counts[first:end].sum(), expected[first:end].sum()
    best, at = -np.inf, near
    low = max(first + 1, near - reach)
    y, mu = counts[first:low].sum(), expected[first:low].sum()
    for i in range(low, min(end, near + reach + 1)):
        gain = 0.0
        if y > 0.0 and mu > 0.0:
            gain += y * np.log(y / mu)
        if total - y > 0.0 and usual - mu > 0.0:
            gain += (total - y) * np.log((total - y) / (usual - mu))
        if gain > best:
            best, at = gain, i
        y += counts[i]
        mu += expected[i]
    return at


@compiled
def excess_flags(
    counts: Floats, expected: Floats, dispersion: float, wandering: Floats, least: float
) -> Floats:
    """Return 1 for the cells of which an excess at some scale is ``least`` SDs or more, else 0."""
    n = counts.shape[0]
    posts, usual = np.zeros(n + 1), np.zeros(n + 1)
    for i in range(n):
        posts[i + 1] = posts[i] + counts[i]
        usual[i + 1] = usual[i] + expected[i]
    marks = np.zeros(n + 1)
    for k in range(wandering.shape[0]):
        span = 2**k
        for first in range(0, n - span + 1, max(1, span // 4)):
            y = (posts[first + span] - posts[first]) / dispersion
            mu = (usual[first + span] - usual[first]) / dispersion
            if mu <= 0.0 or y <= mu:
                continue
            ratio = np.log(y / mu)
            counting = 2.0 * (y * ratio - y + mu)
            if counting > 0.0 and ratio > 0.0:
                z2 = 1.0 / (1.0 / counting + (wandering[k] / ratio) ** 2)
                if z2 >= least * least:
                    marks[first] += 1.0
                    marks[first + span] -= 1.0
    out, depth = np.empty(n), 0.0
    for i in range(n):
        depth += marks[i]
        out[i] = 1.0 if depth > 0.5 else 0.0
    return out


def windows(flags: Floats, padding: int) -> Ints:
    """Return the stretches around what is flagged, ``padding`` on either side; shape (m, 2)."""
    steps = np.diff(np.concatenate([[0.0], flags, [0.0]]))
    firsts, ends = np.flatnonzero(steps > 0).tolist(), np.flatnonzero(steps < 0).tolist()
    joined: list[tuple[int, int]] = []
    for first, end in zip(firsts, ends, strict=True):
        a, b = max(0, first - padding), min(len(flags), end + padding)
        if joined and a <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(b, joined[-1][1]))
        else:
            joined.append((a, b))
    return np.array(joined, dtype=np.int64).reshape(-1, 2)
