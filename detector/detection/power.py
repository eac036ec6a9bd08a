"""The power card: how small a surge this service's detection still notices in time.

Surges of known size are added to the service's own recent counts, at times of day spread evenly,
and the live path is asked when it notices them. So the answer holds for this service's volume,
noise, season and options, not for a textbook's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from detector.detection import live
from detector.detection.options import DetectionOptions
from detector.model.series import CountSeries, Floats
from detector.model.surge import ChangeKind

RECENT = timedelta(days=7)
"""Surges are added to at most so much of the end of the history."""
LARGEST = 1000.0
"""Largest surge that is tried: so many times the expected count and so many posts more."""
STEPS = 10
"""Halvings of the range of sizes, on a logarithmic scale: to about one per cent."""


@dataclass(frozen=True, slots=True)
class Power:
    """The smallest surge that is noticed in time.

    Attributes
    ----------
    within : from the surge's start to the notice.
    probability : share of such surges that is noticed within that time, at least.
    posts_per_bin : posts that the surge adds to every bin; nan if no size is noticed in time.
    times_expected : the surge as a multiple of the expected count, 1 is none; nan likewise.
    trials : how many surges the answer rests on.
    """

    within: timedelta
    probability: float
    posts_per_bin: float
    times_expected: float
    trials: int


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """A place in the history: the state before it, what came then, and the luck of the surge."""

    state: live.SeriesState
    counts: Floats
    expected: Floats
    luck: int


def power_card(
    series: CountSeries,
    options: DetectionOptions,
    *,
    within: Sequence[timedelta] = (
        timedelta(minutes=10),
        timedelta(minutes=30),
        timedelta(hours=1),
    ),
    probability: float = 0.9,
    trials: int = 48,
    seed: int = 0,
) -> tuple[Power, ...]:
    """Return, per time in ``within``, the smallest surge noticed in it.

    Parameters
    ----------
    series : the history; places with a surge of their own or a gap are left out.
    options : as for the live path.
    within : times from start to notice; rounded down to whole bins, one at least.
    probability : in (0, 1).
    trials : places to try, more is steadier and slower.
    seed : of the places and of the surges; the same seed gives the same card.
    """
    bins = [max(int(w / series.width), 1) for w in within]
    rng = np.random.default_rng(seed)
    places, dispersion = _trials(series, options, trials, max(bins, default=1), rng)
    return tuple(
        _power(w, _smallest(places, n, probability, dispersion), places, probability)
        for w, n in zip(within, bins, strict=True)
    )


def _power(within: timedelta, added: float, places: Sequence[_Trial], probability: float) -> Power:
    expected = float(np.mean([p.expected.mean() for p in places])) if places else np.nan
    return Power(within, probability, added, 1.0 + added / expected, len(places))


def _trials(
    series: CountSeries, options: DetectionOptions, trials: int, bins: int, rng: Generator
) -> tuple[list[_Trial], float]:
    """Return places to add surges at, and the dispersion of the recent counts."""
    n = len(series.counts)
    first = max(n - int(RECENT / series.width), min(n, int(timedelta(days=1) / series.width)))
    spread = np.linspace(first, max(n - bins, first), trials, endpoint=False)
    jitter = rng.uniform(0, max((n - bins - first) / max(trials, 1), 0.0), trials)
    state = live.begin(options, start=series.start, width=series.width)
    found: list[_Trial] = []
    x: list[Floats] = []
    mu: list[Floats] = []
    for at in np.floor(spread + jitter).astype(np.int64).tolist():
        if at + bins > n:
            continue
        step = live.update(state, series.counts[state.bins : at])
        state, window = step.state, series.counts[at : at + bins]
        usual = live.update(state, window)
        x.append(window)
        mu.append(usual.expected)
        clear = not (np.isnan(window).any() or np.isnan(usual.expected).any())
        # while a surge is open a further one could not be noticed on its own
        if clear and not usual.changes and not state.is_open:
            found.append(_Trial(state, window, usual.expected, int(rng.integers(2**31))))
    return found, _dispersion(x, mu)


def _dispersion(x: Sequence[Floats], mu: Sequence[Floats]) -> float:
    if not x:
        return 1.0
    counts, expected = np.concatenate(x), np.concatenate(mu)
    return _variance_over_mean(counts, expected, ~(np.isnan(counts) | np.isnan(expected)))


def _smallest(places: Sequence[_Trial], bins: int, probability: float, dispersion: float) -> float:
    """Return the least posts per bin that are noticed within ``bins``, by bisection; or nan."""
    if not places:
        return np.nan
    mean = float(np.mean([p.expected.mean() for p in places]))
    low, high = np.log(0.01 * mean + 1e-4), np.log(LARGEST * (mean + 1.0))
    if _share_noticed(places, bins, float(np.exp(high)), dispersion) < probability:
        return np.nan
    for _ in range(STEPS):
        middle = (low + high) / 2
        if _share_noticed(places, bins, float(np.exp(middle)), dispersion) >= probability:
            high = middle
        else:
            low = middle
    return float(np.exp(high))


def _share_noticed(places: Sequence[_Trial], bins: int, added: float, dispersion: float) -> float:
    return float(np.mean([_noticed(p, bins, added, dispersion) for p in places]))


def _noticed(place: _Trial, bins: int, added: float, dispersion: float) -> bool:
    """Whether a surge that starts with the place's first bin raises the alarm within ``bins``."""
    counts = place.counts[:bins] + _posts(place.luck, added, dispersion, bins)
    changes = live.update(place.state, counts).changes
    return any(c.kind is ChangeKind.OPENED for c in changes)


def _posts(luck: int, mean: float, dispersion: float, bins: int) -> Floats:
    """Return counts of that mean and dispersion; every size meets the same luck."""
    rng = np.random.default_rng(luck)
    scale = dispersion - 1.0
    rates = rng.gamma(mean / scale, scale, bins) if scale > 0.01 else np.full(bins, mean)
    return rng.poisson(rates).astype(np.float64)


def _variance_over_mean(counts: Floats, expected: Floats, quiet: NDArray[np.bool_]) -> float:
    """Return variance over mean in the ``quiet`` bins, single bins cut at four SD; at least 1."""
    x, mu = counts[quiet], expected[quiet]
    if mu.sum() < 1.0:
        return 1.0
    dispersion = 1.0
    for _ in range(3):
        error = np.minimum((x - mu) ** 2, 16.0 * dispersion * np.maximum(mu, 0.3))
        dispersion = max(float(error.sum() / mu.sum()), 1.0)
    return dispersion
