"""The seasonal baseline that every rival method is given: causal, robust, none of ours.

Time-of-day profiles (weekday, weekend, pooled) are refitted at midnight from earlier days, the
younger the heavier; a factor tells what the same hour of the week did before; a level with a
half-life of eight hours follows slow change and stands still while counts are far above it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter1d

from detector.model.series import Floats

WARM_UP_DAYS = 7
"""Rivals are silent before: they are judged on what they know, not on how they start."""


class Expectation(NamedTuple):
    """What is expected of one service: posts per bin and variance/mean, shape (n_bins,) each."""

    mean: Floats
    phi: Floats


def expect(counts: Floats, per_day: int) -> Expectation:
    """Return what was expected of every bin before it came; nan on the first day.

    Parameters
    ----------
    counts : shape (n_bins,), nan where not observed; bin 0 is a Monday midnight or taken for one.
    per_day : bins per day.
    """
    n_days = -(-len(counts) // per_day)
    padded = np.full(n_days * per_day, np.nan)
    padded[: len(counts)] = counts
    calm = _calm(padded.reshape(n_days, per_day))
    profile = np.full((n_days, per_day), np.nan)
    for day in range(1, n_days):
        profile[day] = _profile(calm[:day], day)
    flat = profile.ravel()[: len(counts)]
    mean, phi = _follow(counts, flat, np.log(2) / (per_day / 3), np.log(2) / (per_day * 7))
    return Expectation(mean, phi)


def _calm(days: Floats) -> Floats:
    """Return the days with single bins clipped against the hour around them."""
    seen = np.nan_to_num(days, nan=0.0)
    there = (~np.isnan(days)).astype(float)
    spread = max(days.shape[1] / 48, 1.0)
    local = _smooth(seen.ravel(), spread) / np.maximum(_smooth(there.ravel(), spread), 1e-6)
    cap = (local + 4 * np.sqrt(local) + 1).reshape(days.shape)
    return np.asarray(np.where(np.isnan(days), np.nan, np.minimum(days, cap)))


def _smooth(values: Floats, spread: float, mode: str = "nearest") -> Floats:
    return np.asarray(gaussian_filter1d(values, spread, axis=-1, mode=mode, truncate=3.0))


def _profile(past: Floats, day: int) -> Floats:
    """Return the expected day from ``past`` days, shape (day, per_day), robust to lone days."""
    n, per_day = past.shape
    mean_of_day = np.nanmean(np.where(np.isnan(past).all(1, keepdims=True), 0.0, past), axis=1)
    usual = np.median(mean_of_day[-14:])
    cap = 3 * np.nanmedian(past[-28:], axis=0) + 3 * usual
    past = np.minimum(past, cap)
    age = day - np.arange(n)
    weight = 0.5 ** (age / 14) * ~((mean_of_day <= 0.02 * usual) & (usual > 0))
    weekend = np.arange(n) % 7 >= 5
    same = weekend == (day % 7 >= 5)
    pooled = _kernel(past, weight, per_day, prior=None)
    kind = _kernel(past, weight * same, per_day, prior=pooled)
    last_weeks = (np.arange(n) % 7 == day % 7) & (n > 7)
    return kind * _recurring(past, weight * last_weeks, kind, per_day)


def _kernel(past: Floats, weight: Floats, per_day: int, prior: Floats | None) -> Floats:
    """Return the weighted mean over days, smoothed so far that some thirty posts support it."""
    seen = ~np.isnan(past)
    posts = (weight[:, None] * np.where(seen, past, 0.0)).sum(0)
    bins = (weight[:, None] * seen).sum(0)
    rate = max(float(posts.mean()), 1e-6)
    spread = float(np.clip(60.0 / rate, per_day / 144, per_day / 24))
    trust = 0.0 if prior is None else 0.3
    known = 0.0 if prior is None else prior
    posts, bins = _smooth(posts, spread, "wrap"), _smooth(bins, spread, "wrap")
    return np.asarray((posts + trust * known) / np.maximum(bins + trust, 1e-6))


def _recurring(past: Floats, weight: Floats, usual: Floats, per_day: int) -> Floats:
    """Return the shrunken factor of the same weekday and time in earlier weeks."""
    seen = ~np.isnan(past)
    width = max(per_day / 144, 1.0)
    posts = _smooth((weight[:, None] * np.where(seen, past, 0.0)).sum(0), width) * 3 * width
    expected = _smooth((weight[:, None] * seen).sum(0) * usual, width) * 3 * width
    return np.asarray(np.clip((posts + 15.0) / (expected + 15.0), 0.5, 4.0))


@njit(cache=True)
def _follow(
    counts: Floats, profile: Floats, level_decay: float, phi_decay: float
) -> tuple[Floats, Floats]:
    """Return profile times level, and the variance/mean, each known before the bin comes."""
    n = len(counts)
    mean, phis = np.full(n, np.nan), np.full(n, np.nan)
    posts, expected, spread, spread_n = 0.0, 0.0, 150.0, 100.0
    lately, lately_expected, frozen, missed = 1.0, 1.0, 0, 0.0
    for t in range(n):
        if np.isnan(profile[t]):
            continue
        p = max(profile[t], 1e-4)
        phi = max(spread / spread_n, 1.0)
        mu = p * (posts + 20.0) / (expected + 20.0)
        mean[t], phis[t] = mu, phi
        if np.isnan(counts[t]):
            continue
        x = min(counts[t], mu + 3 * np.sqrt(phi * mu) + 1)
        lately += 0.03 * (x - lately)
        lately_expected += 0.03 * (mu - lately_expected)
        frozen = frozen + 1 if lately > 1.5 * lately_expected + 0.2 else 0
        missed = missed + mu if counts[t] == 0 else 0.0
        if 0 < frozen < 8 * 60 or missed > 12:
            continue
        posts += x - level_decay * posts
        expected += p - level_decay * expected
        spread += (x - mu) ** 2 / mu * min(mu, 1.0) - phi_decay * spread
        spread_n += min(mu, 1.0) - phi_decay * spread_n
    return mean, phis
