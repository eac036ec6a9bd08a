"""What recurs every week: a rise seen at the same weekday and time before may be a fixed date.

The last four weeks are remembered as they were, incidents included. For each weekday and slot two
explanations compete: an independent outage now and then, of any size; or a weekly bump of some
moderate size, present (nearly) every week. Their posterior gives the factor to expect and how
uncertain it is. One earlier rise of two or three times makes the same hour of the next week
doubtful; two make it a bump; a rise of five times and more is never taken for one.
"""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from detector.detection.compiled import compiled
from detector.domain.series import Floats

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


@compiled
def _density(x: float, mean: float, dispersion: float) -> float:
    """Return the density of a count ``x`` around ``mean``: normal, counting and own spread."""
    variance = dispersion * mean + (SLOT_SPREAD * mean) ** 2 + 0.25
    return exp(-0.5 * (x - mean) ** 2 / variance) / sqrt(2.0 * np.pi * variance)


@compiled
def _rise(x: float, mean: float, dispersion: float) -> float:
    """Return by how many standard deviations ``x`` lies above ``mean``."""
    return (x - mean) / sqrt(dispersion * mean + (SLOT_SPREAD * mean) ** 2 + 0.25)


@compiled
def bump(x: Floats, mass: Floats, dispersion: float) -> tuple[float, float]:
    """Return mean and variance of the factor to expect in a slot.

    Parameters
    ----------
    x, mass : shape (WEEKS,), posts and expected posts of the slot in past weeks; mass 0: no week.
    dispersion : variance over mean of the counts.
    """
    alone = 1.0
    for w in range(x.shape[0]):
        if mass[w] > 0.0:
            usual = _density(x[w], mass[w], dispersion)
            outage = 1.0 / (OUTAGE_RANGE * x[w]) if x[w] > LEAST_RISE * mass[w] else 0.0
            alone *= (1.0 - OUTAGE) * usual + OUTAGE * outage + 1e-300
    seen = 0
    for w in range(x.shape[0]):
        if x[w] > LEAST_RISE * mass[w]:
            seen += 1
    total = (1.0 - BUMP) * alone
    first = total
    second = total
    norm = 0.0
    for g in range(1, GRID + 1):
        norm += exp(-0.5 * (g * STEP / BUMP_SPREAD) ** 2)
    for g in range(1, GRID + 1):
        factor = exp(g * STEP)
        prior = BUMP * exp(-0.5 * (g * STEP / BUMP_SPREAD) ** 2) / norm
        if seen >= 2:
            prior += BUMP * LARGE / GRID
        for w in range(x.shape[0]):
            if mass[w] > 0.0:
                prior *= (1.0 - SKIP) * _density(x[w], factor * mass[w], dispersion) + (
                    SKIP * _density(x[w], mass[w], dispersion)
                )
        total += prior
        first += prior * factor
        second += prior * factor * factor
    mean = first / total
    return mean, max(second / total - mean * mean, 0.0)


@compiled
def recur(weeks: NDArray[np.float32], dispersion: float, profile: Floats) -> None:
    """Multiply ``profile`` by what recurs, in place.

    Parameters
    ----------
    weeks : shape (2, WEEKS, 7, n_slots), posts and expected posts of past weeks.
    dispersion : variance over mean of the counts.
    profile : shape (3, 7, n_slots): rate, relative variance, and the rate without what recurs.
    """
    slots = profile.shape[2]
    x = np.empty(WEEKS)
    mass = np.empty(WEEKS)
    for d in range(7):
        for s in range(slots):
            highest = 0.0
            seen = 0.0
            for w in range(WEEKS):
                x[w] = 0.0
                mass[w] = 0.0
                for near in range(max(s - 1, 0), min(s + 2, slots)):
                    share = 1.0 if near == s else 0.5
                    x[w] += share * weeks[0, w, d, near]
                    mass[w] += share * weeks[1, w, d, near]
                seen += mass[w]
                if mass[w] > 0.0:
                    highest = max(highest, _rise(x[w], mass[w], dispersion))
            if seen <= 0.0:
                profile[1, d, s] += UNSEEN_SPREAD * UNSEEN_SPREAD
            elif highest > NOTABLE:
                mean, variance = bump(x, mass, dispersion)
                profile[0, d, s] *= mean
                profile[1, d, s] += variance / (mean * mean)
