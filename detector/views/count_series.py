"""Counts of services over time, melted into steps that keep the peaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

import numpy as np
import pandas as pd

from detector.model.series import Floats
from detector.model.times import floor_to
from detector.store.base import Viewer

MINUTE = timedelta(minutes=1)
#: Steps that people can read off a chart, seconds.
STEPS = (60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)


@dataclass(frozen=True, slots=True, eq=False)
class SourceSeries:
    """What one source counted of one service, in steps ``[time, time + step)``.

    Attributes
    ----------
    service, source : of what, from where.
    times : left edges, ascending, seconds since 1970; steps without an observed bin are left out.
    count : the highest count of a bin in the step; ``low`` : the lowest.
    total : the sum of the step's bins.
    expected : mean expected count of a bin, nan where unknown.
    evidence : the highest, nats, nan where there is none (trending lists).
    bins : how many bins of the step were observed.

    All arrays have shape (n_steps,) and are read-only.
    """

    service: str
    source: str
    times: Floats
    count: Floats
    low: Floats
    total: Floats
    expected: Floats
    evidence: Floats
    bins: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One service over ``[start, end)``, by source.

    Attributes
    ----------
    start, end : what was asked for, ``start`` moved to the left edge of its step.
    step : width of a step; at least the width of a bin.
    sources : by name.
    """

    service: str
    start: datetime
    end: datetime
    step: timedelta
    sources: tuple[SourceSeries, ...]


def series(
    store: Viewer,
    service: str,
    start: datetime,
    end: datetime,
    *,
    step: timedelta | None = None,
    points: int = 720,
) -> Series:
    """Return what was counted of ``service`` in ``[start, end)``.

    Parameters
    ----------
    step : width of a step; None takes the finest one that gives at most ``points`` steps.
    """
    step = step or fitting_step(start, end, points)
    start = floor_to(start, step)
    found = store.curve(start=start, end=end, step=step, service=service)
    return Series(service, start, end, step, _by_source(found))


def fitting_step(start: datetime, end: datetime, points: int) -> timedelta:
    """Return the finest readable step that cuts ``[start, end)`` into at most ``points`` steps."""
    needed = (end - start).total_seconds() / max(points, 1)
    day = STEPS[-1]
    seconds = next((s for s in STEPS if s >= needed), ceil(needed / day) * day)
    return timedelta(seconds=seconds)


def _by_source(found: pd.DataFrame) -> tuple[SourceSeries, ...]:
    groups = found.groupby(["service", "source"], sort=True)
    return tuple(_one(str(name), str(source), rows) for (name, source), rows in groups)


def _one(service: str, source: str, rows: pd.DataFrame) -> SourceSeries:
    seconds = rows["time"].dt.as_unit("us").astype("int64").to_numpy() / 1e6
    numbers = (rows[name].to_numpy() for name in _NUMBERS)
    return SourceSeries(service, source, _read_only(seconds), *map(_read_only, numbers))


_NUMBERS: Sequence[str] = ("count", "low", "total", "expected", "evidence", "bins")


def _read_only(values: np.ndarray) -> Floats:
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array
