"""Whether the wish holds: false pages asked for against delivered, on much quiet history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import ours
from benchmarks.baseline import Expectation
from benchmarks.running import Prepared
from benchmarks.synthetic import DISPERSIONS, LEVELS, Recipe, generate
from benchmarks.tracks import dense
from detector.detection.options import DetectionOptions
from detector.model.series import Floats

SEEDS = (13, 14, 15, 16, 17, 18, 19, 20)
"""Seeds of the quiet tracks; `detector.detection.calibration` was measured on others."""
WEEK_MINUTES = 10080


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """Delivered false alarms.

    Attributes
    ----------
    asked : ``max_false_pages_per_week``.
    alarms, weeks : shape (3, 3), alarms and observed service-weeks by `LEVELS` and `DISPERSIONS`.
    by_week : false alarms per service-week in each week of a series' life.
    """

    asked: float
    alarms: NDArray[np.int64]
    weeks: Floats
    by_week: tuple[float, ...]

    @property
    def delivered(self) -> float:
        """False alarms per service-week over all services."""
        return float(self.alarms.sum() / self.weeks.sum())

    @property
    def by_level(self) -> Floats:
        """Shape (3,), the same over the services of each of `LEVELS`."""
        return np.asarray(self.alarms.sum(axis=1) / self.weeks.sum(axis=1))

    @property
    def by_dispersion(self) -> Floats:
        """Shape (3,), the same over the services of each of `DISPERSIONS`."""
        return np.asarray(self.alarms.sum(axis=0) / self.weeks.sum(axis=0))

    @property
    def by_cell(self) -> Floats:
        """Shape (3, 3), the same by level and dispersion."""
        return np.asarray(self.alarms / self.weeks)


def quiet(seeds: Sequence[int], *, services: int, days: int) -> list[Prepared]:
    """Return the services of generated tracks with everything that is no outage, and no outage."""
    nothing = Expectation(np.empty(0), np.empty(0))
    return [
        Prepared(*one, nothing, None)
        for seed in seeds
        for one in dense(generate(Recipe(seed, services, days, outages=0)).counts)
    ]


def granted(asked: float, services: Sequence[Prepared]) -> Wish:
    """Return what is delivered on ``services``, as `quiet` names them."""
    options = DetectionOptions(max_false_pages_per_week=asked)
    alarms = np.zeros((len(LEVELS), len(DISPERSIONS)), np.int64)
    weeks = np.zeros(alarms.shape)
    lives = -(-max(len(one.counts) for one in services) // WEEK_MINUTES)
    in_week = np.zeros(lives)
    for one in services:
        number = int(one.service.removeprefix("svc"))
        cell = number % len(LEVELS), number // len(LEVELS) % len(DISPERSIONS)
        found = [s.noticed_at.timestamp() - one.start for s in ours.surges(one, options)]
        alarms[cell] += len(found)
        weeks[cell] += np.sum(~np.isnan(one.counts)) * one.width / (60 * WEEK_MINUTES)
        for seconds in found:
            in_week[min(int(seconds // (60 * WEEK_MINUTES)), lives - 1)] += 1
    return Wish(asked, alarms, weeks, tuple(in_week / (weeks.sum() / lives)))
