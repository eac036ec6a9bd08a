"""What else would explain a stretch that stands out: the same hours elsewhere, and what is around.

Each explanation says how many times the expected it accounts for; the z of the stretch shrinks by
the share of the logarithm of its ratio that is explained. A lower bound of what the others show is
taken, at low counts they would explain everything by chance; and never more than `MOST` times.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from detector.detection.hindsight.candidates import Candidate, Cells, effective_cells
from detector.detection.hindsight.noise import Noise
from detector.detection.kernels.compiled import compiled
from detector.model.series import Floats

#: Days, and weeks, before and after whose same hours are looked at.
NEIGHBOURS, WEEKS = (-2, -1, 1, 2), (-21, -14, -7, 7, 14, 21)
#: Most times the expected that another day's same hours account for; one much larger than the
#: stretch itself is an event of its own.
MOST, MUCH_LARGER = 2.5, 1.5
#: Most that the days next to it account for: a clock that moved does no more; what fails at the
#: same hour on three days in a row has failed three times.
MOST_BESIDE = 1.6
#: Hours next to a stretch, without the first, that are its flanks; and of one side alone.
FLANK_HOURS, NEXT_TO, ONE_SIDE_HOURS = 4.0, 1.0, 36.0
#: Parts that the one side is looked at in; the second lowest speaks.
PARTS = 4
#: Hours on either side whose spread replaces the general one where it is larger.
AROUND_HOURS = 14.0
#: Times the general spread from which on the hours around are those of a day unlike others.
UNLIKE = 1.5
#: Standard errors under what was found at which that spread is taken.
LOCAL_SDS = 1.0
#: Nats by which a step must beat a smooth hump to be no part of an unusual day.
ABRUPT = 12.0


class WeighedCandidate(NamedTuple):
    """A candidate after everything ordinary has had its say.

    Attributes
    ----------
    candidate : as found.
    z : what is left of its z.
    explained : share of the logarithm of its ratio that something ordinary accounts for.
    by : what accounts for the most of it: ``neighbours``, ``weeks``, ``flanks``, ``one_side``,
        ``unusual_day``; empty where nothing does.
    """

    candidate: Candidate
    z: float
    explained: float
    by: str


class RunningSums(NamedTuple):
    """Running sums of counts and expected, shape (cells + 1,)."""

    posts: Floats
    usual: Floats

    @classmethod
    def of(cls, counts: Floats, expected: Floats) -> RunningSums:
        """Return the sums of two arrays of cells."""
        return cls(*(np.concatenate([[0.0], np.cumsum(v)]) for v in (counts, expected)))

    def ratio_at_least(self, first: int, end: int, dispersion: float) -> float:
        """Return a lower bound (one SD) of the ratio in ``[first, end)``; nan without any."""
        first, end = max(first, 0), min(end, len(self.posts) - 1)
        if end <= first:
            return np.nan
        posts, usual = (float(v[end] - v[first]) for v in self)
        if usual <= 0.0:
            return np.nan
        return float(max(posts - np.sqrt(dispersion * (posts + 1.0)), 0.0) / usual)


def judged(
    c: Candidate, cells: Cells, noise: Noise, sums: RunningSums, per_day: int
) -> WeighedCandidate:
    """Return ``c`` with what is left of it."""
    whole = np.log(max(c.ratio, 1.0 + 1e-9))
    told = {
        "neighbours": _elsewhere(c, sums, noise, [d * per_day for d in NEIGHBOURS], MOST_BESIDE),
        "weeks": _elsewhere(c, sums, noise, [d * per_day for d in WEEKS], MOST),
        "flanks": _flanks(c, cells, sums, noise),
        "one_side": _one_side(c, cells, sums, noise),
    }
    by, times = max(told.items(), key=lambda item: item[1])
    share = min(np.log(max(times, 1.0)) / whole, 1.0)
    z = c.z * (1.0 - share)
    local = _local_spread(c, cells, noise)
    usual = noise.over(effective_cells(cells.expected[c.first : c.end]))
    if local > UNLIKE * usual and not is_abrupt(c, cells, noise):
        kept = 1.0 / np.sqrt(1.0 / max(c.z, 1e-9) ** 2 + (local / whole) ** 2) * (1.0 - share)
        if kept < z:
            by, z = ("unusual_day" if kept < 0.8 * z else by), kept
    return WeighedCandidate(c, float(z), float(share), by if z < 0.8 * c.z else "")


def _elsewhere(
    c: Candidate, sums: RunningSums, noise: Noise, shifts: list[int], most: float
) -> float:
    """Return the ratio that the same hours at two or more of the ``shifts`` have at least."""
    ratios = [
        sums.ratio_at_least(c.first + by, c.end + by, noise.dispersion)
        for by in shifts
        if c.first + by >= 0 and c.end + by <= len(sums.posts) - 1
    ]
    known = sorted(r for r in ratios if np.isfinite(r) and r < MUCH_LARGER * c.ratio)
    return min(known[-2], most) if len(known) > 1 else 1.0


def _flanks(c: Candidate, cells: Cells, sums: RunningSums, noise: Noise) -> float:
    """Return how raised the hours on both sides are, at least."""
    gap, reach = cells.cells_in(60 * NEXT_TO), cells.cells_in(60 * FLANK_HOURS)
    left = sums.ratio_at_least(c.first - gap - reach, c.first - gap, noise.dispersion)
    right = sums.ratio_at_least(c.end + gap, c.end + gap + reach, noise.dispersion)
    both = min(left, right)
    return min(both, MOST) if np.isfinite(both) else 1.0


def _one_side(c: Candidate, cells: Cells, sums: RunningSums, noise: Noise) -> float:
    """Return how raised a day and a half on one side is, at least, whatever happened in a part."""
    reach = cells.cells_in(60 * ONE_SIDE_HOURS)
    part = reach // PARTS
    known = []
    for first in (c.first - reach, c.end):
        if first < 0 or first + reach > len(sums.posts) - 1:
            continue
        parts = [
            sums.ratio_at_least(first + i * part, first + (i + 1) * part, noise.dispersion)
            for i in range(PARTS)
        ]
        seen = sorted(r for r in parts if np.isfinite(r))
        if len(seen) == PARTS:
            known.append(seen[1])
    return min(max(known), MOST) if known else 1.0


def _local_spread(c: Candidate, cells: Cells, noise: Noise) -> float:
    """Return the relative spread of stretches as long as ``c`` in the hours around it."""
    gap, reach = cells.cells_in(60 * NEXT_TO), cells.cells_in(60 * AROUND_HOURS)
    span = min(max(c.end - c.first, cells.cells_in(60.0)), cells.cells_in(180.0))
    found = []
    for a, b in ((c.first - gap - reach, c.first - gap), (c.end + gap, c.end + gap + reach)):
        a, b = max(a, 0), min(b, len(cells.counts))
        n = (b - a) // span
        if n <= 0:
            continue
        y, mu = (
            v[a : a + n * span].reshape(n, span).sum(axis=1) for v in (cells.counts, cells.expected)
        )
        enough = mu > 4.0 * noise.dispersion
        found += list(
            np.log((y[enough] + 0.5) / (mu[enough] + 0.5)) ** 2 - noise.dispersion / mu[enough]
        )
    if len(found) < 4:
        return 0.0
    # the single largest is left out: it may be another outage; of the rest a lower bound
    kept = sorted(found)[:-1]
    sure = np.mean(kept) - LOCAL_SDS * np.std(kept) / np.sqrt(len(kept))
    return float(np.sqrt(max(sure, 0.0)))


def is_abrupt(c: Candidate, cells: Cells, noise: Noise) -> bool:
    """Return whether ``c`` begins or ends too abruptly for a hump of a day unlike others."""
    k = cells.per_cell
    side = max(2 * (c.end - c.first) * k // 3, round(60.0 / cells.minutes))
    a, b = max(0, c.first * k - side), min(len(cells.bins), c.end * k + side)
    y, mu = cells.bins[a:b], cells.bins_expected[a:b]
    step = -(-(b - a) // 240)
    if step > 1:
        n = len(y) // step * step
        y, mu = (v[:n].reshape(-1, step).sum(axis=1) for v in (y, mu))
    spread = noise.dispersion + noise.wandering[0] ** 2 * float(mu.mean())
    return bool(step_gain(y, mu) - hump_gain(y, mu) > ABRUPT * spread)


@compiled
def step_gain(counts: Floats, expected: Floats) -> float:
    """Return the log-likelihood ratio of the best step up and down again against the expected."""
    n = counts.shape[0]
    posts, usual = np.zeros(n + 1), np.zeros(n + 1)
    for i in range(n):
        posts[i + 1], usual[i + 1] = posts[i] + counts[i], usual[i] + expected[i]
    best = 0.0
    for a in range(n):
        for b in range(a + 1, n + 1):
            y, mu = posts[b] - posts[a], usual[b] - usual[a]
            if y > mu > 0.0:
                best = max(best, y * np.log(y / mu) - y + mu)
    return best


@compiled
def hump_gain(counts: Floats, expected: Floats) -> float:
    """Return the log-likelihood ratio of the best smooth hump against the expected."""
    n = counts.shape[0]
    best = 0.0
    for w in range(8):
        width = max(n * 0.04 * 1.4**w, 1.0)
        for m in range(0, n, max(1, int(width / 3))):
            for a in range(14):
                size = 0.2 * 1.45**a
                total = 0.0
                for i in range(n):
                    up = size * np.exp(-(((i - m) / width) ** 2))
                    total += counts[i] * np.log(1.0 + up) - expected[i] * up
                best = max(best, total)
    return best
