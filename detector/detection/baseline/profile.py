"""The time-of-week profile: how the volume of a usual week is shaped, and how well that is known.

Every day leaves discounted sums per weekday and slot. From them the profile is estimated from
coarse to fine: each finer estimate is a gamma posterior whose prior is the coarser one, so that a
young or thin history says little and says so (the relative variance travels with the estimate).
"""

from __future__ import annotations

import numpy as np

from detector.detection.kernels.compiled import compiled
from detector.detection.kernels.series_record import SLOTS
from detector.model.series import Floats

#: Half-life of a day's weight in the profile, days.
HALF_LIFE_DAYS = 14.0
#: Half-width of the triangular kernels, minutes, and the relative spread allowed around the
#: coarser estimate: all days together coarse and medium, weekday or weekend, single weekday.
HALF_WIDTHS = (120.0, 40.0, 60.0, 20.0)
SPREADS = (0.7, 0.2, 0.45, 0.05)
#: Relative spread of one day around the profile, which more posts do not reduce.
DAY_SPREAD = 0.15
#: Relative change of the level from its slow average that a day may bring.
DRIFT = 0.2
#: Standard errors from which a single slot is not what its neighbours say: an opening, a closing.
EDGE = 3.0


@compiled
def slot_seconds(width: int) -> int:
    """Return the length of the profile's slots for bins of ``width`` seconds, in seconds."""
    return max(86400 // SLOTS, width)


@compiled
def fold(
    count: Floats, mass: Floats, days: Floats, row: Floats, bins: Floats, level: float, day: int
) -> None:
    """Add one day in place.

    Parameters
    ----------
    count, mass : shape (7, n_slots), discounted posts and discounted posts a flat profile expects.
    days : shape (7,), discounted number of days.
    row, bins : shape (n_slots,), posts and observed bins of the day.
    level : mean posts per bin of the day, its profile removed.
    day : days since 1970-01-01, a Thursday.
    """
    keep = 0.5 ** (1.0 / HALF_LIFE_DAYS)
    weekday = (day + 3) % 7
    observed = 0.0
    slots = count.shape[1]
    for d in range(7):
        days[d] *= keep
        for s in range(slots):
            count[d, s] *= keep
            mass[d, s] *= keep
    most = 0.0
    for s in range(slots):
        count[weekday, s] += row[s]
        mass[weekday, s] += level * bins[s]
        observed += bins[s]
        most = max(most, bins[s])
    if most > 0:
        days[weekday] += observed / (most * slots)


@compiled
def _sums(values: Floats, many: int, out: Floats) -> None:
    """Write to each of ``out`` the sum of so many ``values`` from there on, a running sum."""
    total = 0.0
    for i in range(many):
        total += values[i]
    for i in range(out.shape[0]):
        out[i] = total
        total += values[i + many] - values[i]


@compiled
def _smooth(values: Floats, half: int, out: Floats) -> None:
    """Sum ``values`` under a circular triangle of half-width ``half`` slots and height one.

    The triangle is the correlation of two boxes, so running sums make it linear.
    """
    if half <= 1:
        out[:] = values
        return
    box = np.empty(values.shape[0])
    _sums(np.concatenate((values, values[:half])), half, box)
    _sums(np.concatenate((box[1 - half :], box, box[:1])), half, out)
    for i in range(out.shape[0]):
        out[i] = max(out[i] / half, 0.0)


@compiled
def _refine(
    count: Floats,
    mass: Floats,
    n_days: float,
    spread: float,
    dispersion: float,
    rate: Floats,
    variance: Floats,
) -> None:
    """Replace the coarser ``rate`` and ``variance`` by the posterior given finer sums, in place."""
    for i in range(rate.shape[0]):
        prior = variance[i] + spread * spread
        if mass[i] <= 0.0 or n_days <= 0.0:
            variance[i] = prior
            continue
        # the posterior mean weighs the finer ratio by its own error, counting and day-to-day
        events = mass[i] * rate[i] / dispersion
        error = 1.0 / max(events, 1e-9) + DAY_SPREAD * DAY_SPREAD / n_days
        weight = prior / (prior + error)
        shape = 1.0 / error
        ratio = (count[i] / mass[i] / rate[i] * shape + 1.0 / prior) / (shape + 1.0 / prior)
        rate[i] *= ratio
        variance[i] = prior * (1.0 - weight)


@compiled
def _sharpen(
    count: Floats, mass: Floats, n_days: float, dispersion: float, rate: Floats, variance: Floats
) -> None:
    """Believe single slots that differ from the smooth estimate beyond doubt, in place."""
    if n_days <= 0.0:
        return
    for i in range(rate.shape[0]):
        if mass[i] <= 0.0:
            continue
        error = dispersion / max(mass[i] * rate[i], 1e-9) + DAY_SPREAD * DAY_SPREAD / n_days
        off = count[i] / mass[i] / rate[i] - 1.0
        spread = off * off - EDGE * EDGE * error
        if spread <= 0.0:
            continue
        prior = variance[i] + spread
        weight = prior / (prior + error)
        rate[i] *= 1.0 + off * weight
        variance[i] = prior * (1.0 - weight)


@compiled
def refit(
    count: Floats, mass: Floats, days: Floats, dispersion: float, slot_minutes: float
) -> Floats:
    """Return shape (3, 7, n_slots): the profile, its relative variance, the profile again.

    The mean of the profile over the week is one, and ``mass`` is changed in place to fit. The third
    table is left as it is when the first is multiplied by what recurs.
    """
    slots = count.shape[1]
    out = np.empty((3, 7, slots))
    rate = np.ones(slots)
    variance = np.zeros(slots)
    smooth_count = np.empty(slots)
    smooth_mass = np.empty(slots)
    all_count = count.sum(axis=0)
    all_mass = mass.sum(axis=0)
    all_days = days.sum()
    for stage in range(2):
        half = round(HALF_WIDTHS[stage] / slot_minutes)
        _smooth(all_count, half, smooth_count)
        _smooth(all_mass, half, smooth_mass)
        _refine(smooth_count, smooth_mass, all_days, SPREADS[stage], dispersion, rate, variance)
    for kind in range(2):
        first, last = (0, 5) if kind == 0 else (5, 7)
        kind_rate = rate.copy()
        kind_variance = variance.copy()
        half = round(HALF_WIDTHS[2] / slot_minutes)
        _smooth(count[first:last].sum(axis=0), half, smooth_count)
        _smooth(mass[first:last].sum(axis=0), half, smooth_mass)
        n_days = days[first:last].sum()
        # the first weekend is as unknown as the first day
        spread = SPREADS[2] if n_days > 0.0 else SPREADS[0]
        _refine(smooth_count, smooth_mass, n_days, spread, dispersion, kind_rate, kind_variance)
        kind_count, kind_mass = count[first:last].sum(axis=0), mass[first:last].sum(axis=0)
        _sharpen(kind_count, kind_mass, n_days, dispersion, kind_rate, kind_variance)
        half = round(HALF_WIDTHS[3] / slot_minutes)
        for d in range(first, last):
            out[0, d] = kind_rate
            out[1, d] = kind_variance
            _smooth(count[d], half, smooth_count)
            _smooth(mass[d], half, smooth_mass)
            _refine(
                smooth_count, smooth_mass, days[d], SPREADS[3], dispersion, out[0, d], out[1, d]
            )
    mean = out[0].mean()
    out[0] /= mean
    mass *= mean  # days of old are told in terms of the same profile as those to come
    out[2] = out[0]
    return out


@compiled
def day_level(row: Floats, bins: Floats, rate: Floats, variance: Floats, slow: float) -> float:
    """Return the level that a day is divided by, posts per bin at a profile of one, > 0.

    A day that is higher than the slow level times its profile is so because the level has moved
    or because the profile is wrong; the two share the difference by their variances.
    """
    expected = 0.0
    doubt = 0.0
    for s in range(row.shape[0]):
        expected += rate[s] * bins[s]
        doubt += rate[s] * bins[s] * variance[s]
    if expected <= 0.0:
        return slow
    doubt /= expected
    ratio = (row.sum() + 1.0) / (expected * slow + 1.0)
    share = DRIFT * DRIFT / (DRIFT * DRIFT + doubt)
    return float(slow * ratio**share)
