"""Start and end of an incident, from both sides of it, in bins.

The start has a posterior over rises of 0 to 420 minutes: a multiple of what is expected that grows,
or posts that come on top of it and grow (a multiple that grows on a moving baseline is an hour
off). Short rises are tried bin by bin, long ones in cells. The end is the split between a share of
the last level and the usual rate. Positions are of bins; intervals are closed and hold the truth
nine times in ten.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from detector.detection.kernels.compiled import compiled
from detector.model.series import Floats, Ints

#: Lengths of the rise, minutes: bin by bin, and in cells of `CELL` minutes.
SHORT = (0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0)
LONG = (90.0, 120.0, 180.0, 240.0, 300.0, 360.0, 420.0)
CELL = 5.0
#: How often a surge begins at once.
STEPS = 0.3
#: Sizes of the rise, as multiples of the expected: smallest, largest, how many.
SMALLEST, LARGEST, SIZES = 0.25, 2000.0, 20
#: Largest size of a rise that takes hours.
LARGEST_LONG = 60.0
#: Posts above the expected (over the dispersion) behind which one more counts half.
ENOUGH = 60.0
#: Share of the posterior in the interval of a start and of an end; measured.
COVER, END_COVER = 0.9, 0.9
#: Share of the mean expected count that every moment counts for, when surges begin.
FLOOR = 0.1
#: Least expected count, as this part of the surge's mean rate.
IDLE = 100.0
#: How much less likely a start is where nothing was observed: the first that is seen is later.
UNSEEN = 0.02
#: Shares of the last level that the surge may still have before its end.
SHARES = (1.0, 0.6, 0.35, 0.2)


class Edge(NamedTuple):
    """Positions of bins: the estimate and its closed 90 % interval."""

    at: int
    earliest: int
    latest: int

    def shifted(self, by: int) -> Edge:
        """Return the same ``by`` bins later."""
        return Edge(self.at + by, self.earliest + by, self.latest + by)


def start_of(
    counts: Floats, expected: Floats, dispersion: float, minutes: float, longest: float
) -> Edge:
    """Return the start of the surge that ``counts`` end in the middle of.

    Parameters
    ----------
    counts, expected : shape (n,), from well before the surge to its first fall; zero both where
        not observed.
    dispersion : variance over mean.
    minutes : width of a bin.
    longest : minutes of the longest rise to try.
    """
    expected = floored(counts, expected)
    weight = weights(counts, expected, dispersion)
    y, mu = counts * weight / dispersion, expected * weight / dispersion
    short = np.array([r for r in SHORT if r <= max(longest, 5.0)])
    cell = max(round(CELL / minutes), 1)
    long = np.array([r for r in LONG if r <= longest])
    values = [multiple_rises(y, mu, np.rint(short / minutes).astype(np.int64))]
    usual = [np.log(STEPS if r == 0 else (1 - STEPS) / (len(short) + len(long))) for r in short]
    if len(long):
        wide, usual_wide = (_gathered(v, cell) for v in (y, mu))
        rises = np.rint(long / (minutes * cell)).astype(np.int64)
        for added in (False, True):
            of_cells = rises_in_cells(wide, usual_wide, rises, added=added) - np.log(cell)
            values.append(np.repeat(of_cells, cell, axis=1)[:, : len(y)])
        usual += [np.log((1 - STEPS) / (len(short) + len(long)) / 2.0)] * (2 * len(long))
    table = np.concatenate(values) + np.array(usual)[:, None]
    top = table.max()
    prior = expected + FLOOR * max(float(expected.mean()), 1e-9)
    prior = np.where(expected > 0.0, prior, UNSEEN * prior)
    return _edge(np.exp(table - top).sum(axis=0) * prior, COVER)


def floored(counts: Floats, expected: Floats) -> Floats:
    """Return ``expected``, nowhere under a small share of the surge's own rate.

    Where nobody ever writes a rise of any multiple is nothing, and would begin at any time.
    """
    above = float((counts - expected).clip(min=0.0).sum()) / max(len(counts), 1)
    return np.where(expected > 0.0, np.maximum(expected, max(above / IDLE, 1e-6)), 0.0)


def _gathered(values: Floats, cell: int) -> Floats:
    n = -(-len(values) // cell)
    padded = np.zeros(n * cell)
    padded[: len(values)] = values
    return np.asarray(padded.reshape(n, cell).sum(axis=1))


def _edge(share: Floats, cover: float) -> Edge:
    """Return the median of a posterior and its shortest interval that holds ``cover``."""
    held = np.concatenate([[0.0], np.cumsum(share / share.sum())])
    n = len(share)
    ends = np.minimum(np.searchsorted(held, held[:-1] + cover - 1e-12), n)
    lengths = np.where(held[ends] - held[:-1] >= cover - 1e-9, ends - np.arange(n), 2 * n)
    first = int(np.argmin(lengths))
    last = max(int(ends[first]) - 1, first)
    if lengths[first] > n:
        first, last = 0, n - 1
    at = int(np.searchsorted(held, 0.5)) - 1
    top = int(np.argmax(share))
    at = top if share[top] > 0.5 * share.sum() else at
    return Edge(min(max(at, first), last), first, last)


@compiled
def weights(counts: Floats, expected: Floats, dispersion: float) -> Floats:
    """Return how much each bin may say: less, the more posts above the expected came before it."""
    out, surplus = np.empty(counts.shape[0]), 0.0
    for i in range(counts.shape[0]):
        surplus = max(surplus + counts[i] - expected[i], 0.0)
        out[i] = 1.0 / (1.0 + surplus / (dispersion * ENOUGH))
    return out


@compiled
def multiple_rises(y: Floats, mu: Floats, lengths: Ints) -> Floats:
    """Return the log-likelihood ratio of every length of rise and start, at the best size.

    Shape (len(lengths), n). The rate is ``mu * (1 + size * r)``, r growing to 1 over the rise.
    """
    n = y.shape[0]
    after_y, after_mu = np.zeros(n + 1), np.zeros(n + 1)
    for i in range(n - 1, -1, -1):
        after_y[i], after_mu[i] = after_y[i + 1] + y[i], after_mu[i + 1] + mu[i]
    out = np.empty((lengths.shape[0], n))
    for r in range(lengths.shape[0]):
        length = lengths[r]
        logs, up = np.empty((length + 1, SIZES)), np.empty((length + 1, SIZES))
        for k in range(length + 1):
            for a in range(SIZES):
                size = SMALLEST * (LARGEST / SMALLEST) ** (a / (SIZES - 1.0))
                up[k, a] = size * (k + 1.0) / (length + 1.0)
                logs[k, a] = np.log(1.0 + up[k, a])
        total = np.empty(SIZES)
        for s in range(n):
            behind = min(s + length, n)
            for a in range(SIZES):
                total[a] = after_y[behind] * logs[length, a] - after_mu[behind] * up[length, a]
            for i in range(s, behind):
                for a in range(SIZES):
                    total[a] += y[i] * logs[i - s, a] - mu[i] * up[i - s, a]
            out[r, s] = total.max()
    return out


@compiled
def rises_in_cells(y: Floats, mu: Floats, lengths: Ints, added: bool) -> Floats:
    """Return the same for long rises; ``added`` ones come on top: ``mu + size * mean(mu) * r``."""
    n = y.shape[0]
    mean = max(mu.mean(), 1e-9)
    out = np.empty((lengths.shape[0], n))
    for r in range(lengths.shape[0]):
        for s in range(n):
            best = 0.0
            for a in range(SIZES):
                size = SMALLEST * (LARGEST_LONG / SMALLEST) ** (a / (SIZES - 1.0))
                total = 0.0
                for i in range(s, n):
                    up = size * min((i - s + 0.5) / lengths[r], 1.0)
                    usual = max(mu[i], 1e-6 * mean)
                    more = up * mean if added else up * usual
                    total += y[i] * np.log(1.0 + more / usual) - more
                best = max(best, total)
            out[r, s] = best
    return out


def end_of(counts: Floats, expected: Floats, dispersion: float, height: float) -> Edge:
    """Return the end (exclusive) of a surge that goes on when ``counts`` begin.

    Parameters
    ----------
    counts, expected : shape (n,), from within the surge's last regime to well after it.
    height : excess posts per bin of the last regime.
    """
    n = len(counts)
    gains = np.zeros((len(SHARES), n + 1))
    usual = np.maximum(floored(counts, expected), 1e-9)
    seen = expected > 0.0
    for k, share in enumerate(SHARES):
        more = max(share * height, 0.05 * float(usual.mean()))
        gains[k, 1:] = np.cumsum(np.where(seen, counts * np.log1p(more / usual) - more, 0.0))
    gains /= dispersion
    posterior = np.exp(gains - gains.max()).sum(axis=0)
    return _edge(posterior, END_COVER)
