"""Seeded counts for the detection tests: a daily rhythm, over-dispersion, and what a test adds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.random import Generator

from detector.detection.live import Step, update
from detector.detection.options import DetectionOptions
from detector.detection.series_state import begin
from detector.model.series import Floats
from detector.model.surge import ChangeKind, Surge

MONDAY = datetime(2024, 9, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = 1440


def rhythm(minutes: Floats, level: float) -> Floats:
    """Return the usual rate at minutes of local time: night at a quarter of the afternoon."""
    shape = np.exp(0.7 * np.cos(2 * np.pi * (minutes % DAY - 840) / DAY))
    return np.asarray(level * shape / 1.13)


def drawn(rate: Floats, dispersion: float, rng: Generator) -> Floats:
    """Return negative binomial counts (Poisson at dispersion 1)."""
    if dispersion > 1:
        rate = rng.gamma(np.maximum(rate, 1e-12) / (dispersion - 1), dispersion - 1)
    return rng.poisson(rate).astype(np.float64)


def usual(days: float, level: float = 5.0, dispersion: float = 1.5, seed: int = 0) -> Floats:
    """Return 1-minute counts of ordinary days from a Monday."""
    minutes = np.arange(int(days * DAY), dtype=np.float64)
    return drawn(rhythm(minutes, level), dispersion, np.random.default_rng(seed))


def detect(
    counts: Floats,
    *,
    start: datetime = MONDAY,
    width: timedelta = MINUTE,
    options: DetectionOptions | None = None,
) -> Step:
    """Return one step over all of ``counts`` from a cold start."""
    return update(begin(options or DetectionOptions(), start=start, width=width), counts)


def surges(step: Step) -> list[Surge]:
    """Return each surge as it was last told of."""
    last = {c.surge.noticed_at: c.surge for c in step.changes}
    return list(last.values())


def opened(step: Step) -> int:
    """Return how many surges were opened."""
    return sum(c.kind is ChangeKind.OPENED for c in step.changes)
