"""What recurs every week: a rise seen at the same weekday and time before may be a fixed date.

The last four weeks are remembered as they were, incidents included. For each weekday and slot two
explanations compete: an independent outage now and then, of any size; or a weekly bump of some
moderate size, present (nearly) every week. Their posterior gives the factor to expect and how
uncertain it is. One earlier rise of two or three times makes the same hour of the next week
doubtful; two make it a bump; a rise of five times and more is never taken for one.

When the clock moves, what recurs may move with it (a show) or not (a job that runs in UTC, a show
abroad). Until weeks by the new clock have told, both are expected at even odds.
"""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from detector.detection.kernels.compiled import compiled
from detector.model.series import Floats, Ints

#: Weeks remembered.
WEEKS = 4
#: Prior probability that a slot belongs to a weekly bump, and that a week's slot holds an outage.
BUMP, OUTAGE = 0.004, 0.012
#: Spread of a bump's log factor; an outage's log factor is uniform up to this; a bump skips a week.
BUMP_SPREAD, OUTAGE_RANGE, SKIP = 0.4, 3.7, 0.05
#: Relative spread of a slot's count beyond counting; grid of bump factors in log steps.
SLOT_SPREAD, GRID, STEP = 0.12, 30, 0.1
#: Share of bumps of any size on the grid; they are only considered once two weeks have shown one.
LARGE = 0.2
#: Relative spread of a slot that has not been seen a week ago: what recurs there is not known yet.
UNSEEN_SPREAD = 0.35
#: A profile less certain than this (relative variance) cannot tell what is above it.
VAGUE = 0.1
#: Smallest factor of an outage; standard deviations below which nothing is worth a closer look.
LEAST_RISE, NOTABLE = 1.2, 2.0
#: A little less than the square of `NOTABLE`.
NEARLY = 3.99


@compiled
def _variance(mean: float, dispersion: float) -> float:
    """Return the variance of a slot's count around ``mean``: counting and own spread."""
    return dispersion * mean + (SLOT_SPREAD * mean) ** 2 + 0.25


@compiled
def _density(x: float, mean: float, dispersion: float) -> float:
    """Return the normal density of a count ``x`` around ``mean``."""
    variance = _variance(mean, dispersion)
    return exp(-0.5 * (x - mean) ** 2 / variance) / sqrt(2.0 * np.pi * variance)


@compiled
def _notable(x: float, mean: float, dispersion: float) -> bool:
    """Whether ``x`` lies more than `NOTABLE` standard deviations above ``mean``."""
    return (x - mean) / sqrt(_variance(mean, dispersion)) > NOTABLE


@compiled
def _bump_grid() -> Floats:
    """Return shape (2, GRID): factors of a bump, and their prior."""
    grid = np.empty((2, GRID))
    norm = 0.0
    for g in range(1, GRID + 1):
        norm += exp(-0.5 * (g * STEP / BUMP_SPREAD) ** 2)
    for g in range(1, GRID + 1):
        grid[0, g - 1] = exp(g * STEP)
        grid[1, g - 1] = BUMP * exp(-0.5 * (g * STEP / BUMP_SPREAD) ** 2) / norm
    return grid


@compiled
def bump(x: Floats, mass: Floats, dispersion: float) -> tuple[float, float]:
    """Return mean and variance of the factor to expect in a slot.

    Parameters
    ----------
    x, mass : shape (WEEKS,), posts and expected posts of the slot in past weeks; mass 0: no week.
    dispersion : variance over mean of the counts.
    """
    return _bump_on(_bump_grid(), x, mass, dispersion)


@compiled
def _bump_on(grid: Floats, x: Floats, mass: Floats, dispersion: float) -> tuple[float, float]:
    seen = 0
    for w in range(x.shape[0]):
        if x[w] > LEAST_RISE * mass[w]:
            seen += 1
    bumps = grid[1] + (BUMP * LARGE / GRID if seen >= 2 else 0.0)
    alone = 1.0
    for w in range(x.shape[0]):
        if mass[w] > 0.0:
            usual = _density(x[w], mass[w], dispersion)
            outage = 1.0 / (OUTAGE_RANGE * x[w]) if x[w] > LEAST_RISE * mass[w] else 0.0
            alone *= (1.0 - OUTAGE) * usual + OUTAGE * outage + 1e-300
            for g in range(GRID):
                raised = _density(x[w], grid[0, g] * mass[w], dispersion)
                bumps[g] *= (1.0 - SKIP) * raised + SKIP * usual
    total = (1.0 - BUMP) * alone
    first = total
    second = total
    for g in range(GRID):
        factor = grid[0, g]
        total += bumps[g]
        first += bumps[g] * factor
        second += bumps[g] * factor * factor
    mean = first / total
    return mean, max(second / total - mean * mean, 0.0)


@compiled
def _around(weeks: NDArray[np.float32]) -> Floats:
    """Return ``weeks`` with half of each slot's neighbours of the same day added to it.

    Shape (2, WEEKS, 7 * n_slots), posts and expected posts.
    """
    slots = weeks.shape[3]
    out = np.empty((2, WEEKS, 7 * slots))
    for kind in range(2):
        for w in range(WEEKS):
            for d in range(7):
                row = weeks[kind, w, d]
                near = out[kind, w, d * slots : (d + 1) * slots]
                near[0] = row[0] + 0.5 * row[1]
                for s in range(1, slots - 1):
                    near[s] = 0.5 * row[s - 1] + row[s] + 0.5 * row[s + 1]
                near[slots - 1] = 0.5 * row[slots - 2] + row[slots - 1]
    return out


@compiled
def _seen_and_rising(around: Floats, dispersion: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return for each slot of the week what any week expected, and if any may be notable."""
    seen = np.zeros(around.shape[2])
    rising = np.zeros(around.shape[2], np.bool_)
    for w in range(WEEKS):
        for at in range(around.shape[2]):
            mass = around[1, w, at]
            above = around[0, w, at] - mass
            # without a root, so that all slots are done at once
            nearly = above * above > NEARLY * _variance(mass, dispersion)
            rising[at] |= (above > 0.0) & (mass > 0.0) & nearly
            seen[at] += mass
    return seen, rising


@compiled
def _gather(around: Floats, moved: Ints, at: int, x: Floats, mass: Floats) -> bool:
    """Read the past of a slot of the week into ``x`` and ``mass``; return if it was ever seen.

    ``moved`` says by how many slots the clock has moved since each week: the same moment of those
    weeks is then found so many slots earlier. What lies in another week counts as not seen.
    """
    seen = False
    for w in range(WEEKS):
        then = at - moved[w]
        inside = 0 <= then < around.shape[2]
        x[w] = around[0, w, then] if inside else 0.0
        mass[w] = around[1, w, then] if inside else 0.0
        seen = seen or mass[w] > 0.0
    return seen


@compiled
def _expect(grid: Floats, x: Floats, mass: Floats, dispersion: float) -> tuple[float, float]:
    """Return mean and variance of the factor to expect, one where nothing was notable."""
    for w in range(WEEKS):
        if mass[w] > 0.0 and _notable(x[w], mass[w], dispersion):
            return _bump_on(grid, x, mass, dispersion)
    return 1.0, 0.0


@compiled
def recur(
    weeks: NDArray[np.float32], ahead: Ints, now: int, dispersion: float, profile: Floats
) -> None:
    """Multiply ``profile`` by what recurs, in place.

    Parameters
    ----------
    weeks : shape (2, WEEKS, 7, n_slots), posts and expected posts of past weeks.
    ahead : shape (WEEKS, 7), slots that the clock was ahead on each of those days, from any zero.
    now : slots that it is ahead now.
    dispersion : variance over mean of the counts.
    profile : shape (3, 7, n_slots): rate, relative variance, and the rate without what recurs.
    """
    slots = profile.shape[2]
    x = np.empty(WEEKS)
    mass = np.empty(WEEKS)
    grid = _bump_grid()
    around = _around(weeks)
    seen, rising = _seen_and_rising(around, dispersion)
    still = np.zeros(WEEKS, np.int64)
    moved = np.empty(WEEKS, np.int64)
    for d in range(7):
        turned = False
        for w in range(WEEKS):
            moved[w] = now - ahead[w, d]
            turned = turned or (moved[w] != 0 and weeks[1, w, d].sum() > 0.0)
        for s in range(slots):
            at = d * slots + s
            if seen[at] <= 0.0:
                profile[1, d, s] += UNSEEN_SPREAD * UNSEEN_SPREAD
                continue
            if not rising[at] and not turned:
                continue
            _gather(around, still, at, x, mass)
            mean, variance = _expect(grid, x, mass, dispersion)
            if turned and _gather(around, moved, at, x, mass):
                unmoved, doubt = _expect(grid, x, mass, dispersion)
                apart = mean - unmoved
                mean = 0.5 * (mean + unmoved)
                variance = 0.5 * (variance + doubt) + 0.25 * apart * apart
            profile[0, d, s] *= mean
            profile[1, d, s] += variance / (mean * mean)
