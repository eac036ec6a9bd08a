"""Regimes of counts around a candidate: ruptures with a cost that knows counts.

A regime is a stretch whose rate is a constant multiple of what was expected. The cost of a stretch
is minus the log-likelihood ratio of its best multiple against one, Poisson divided by the
dispersion (quasi-likelihood), so bins of any expectation compare, night with noon. ruptures ends
with the number of samples and its breaks are ends; ours are first bins of a regime.

References
----------
Truong, C., Oudre, L., Vayatis, N. (2020). Selective review of offline change point detection
methods. Signal Processing 167.
Killick, R., Fearnhead, P., Eckley, I. A. (2012). Optimal detection of changepoints with a linear
computational cost. Journal of the American Statistical Association 107(500).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import log

import numpy as np
import ruptures
from ruptures.base import BaseCost

from detector.model.series import Floats

MOST_BLOCKS = 120
"""Bins are gathered into at most so many blocks before they are segmented: the edges are found
again at the width of a bin afterwards, and the time for one candidate stays bounded."""

PENALTY = 6.0
"""Nats that a further change point has to gain."""


@dataclass(frozen=True, slots=True)
class Regime:
    """Bins ``[first, end)`` at ``ratio`` times the expected; ``evidence`` nats against one."""

    first: int
    end: int
    ratio: float
    evidence: float


class CountCost(BaseCost):  # type: ignore[misc]  # ruptures ships no annotations
    """Cost of stretches of counts, for ``custom_cost`` of ruptures.

    Parameters
    ----------
    dispersion : variance over mean.
    """

    model = "counts"
    min_size = 1

    def __init__(self, dispersion: float) -> None:
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


def regimes(counts: Floats, expected: Floats, dispersion: float) -> tuple[Regime, ...]:
    """Return the regimes that ``counts`` is made of, in order, without gaps.

    Parameters
    ----------
    counts, expected : shape (n_bins,), n_bins > 0; a bin where either is nan does not speak.
    dispersion : variance over mean.
    """
    spoken = ~(np.isnan(counts) | np.isnan(expected))
    both = np.column_stack([counts, expected]) * 1.0
    both[~spoken] = 0.0
    step = -(-len(counts) // MOST_BLOCKS)
    firsts = np.arange(0, len(counts), step)
    blocks = np.add.reduceat(both, firsts, axis=0)
    ends = [len(blocks)]
    if len(blocks) > 1:
        search = ruptures.Pelt(custom_cost=CountCost(dispersion), min_size=1, jump=1).fit(blocks)
        ends = search.predict(pen=PENALTY)
    edges = [0, *[int(min(e * step, len(counts))) for e in ends]]
    return tuple(_regime(both, a, b, dispersion) for a, b in pairwise(edges))


def _regime(both: Floats, first: int, end: int, dispersion: float) -> Regime:
    posts, expected = both[first:end].sum(axis=0).tolist()
    ratio = posts / expected if expected > 0 else 1.0
    return Regime(first, end, ratio, evidence(posts / dispersion, expected / dispersion))
