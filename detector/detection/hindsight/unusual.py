"""Days unlike those around: a holiday, a strike, a day that was lived hours later.

A local day is unusual when far more or far fewer posts were counted than the median level of the
days around it tells, or when the hours of it are spread about what is expected of them as those of
no ordinary day. Incidents are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import log
from typing import NamedTuple

import numpy as np

from detector.detection.hindsight.baseline_passes import Baseline
from detector.detection.hindsight.candidates import Cells
from detector.detection.hindsight.findings import LevelChange, UnusualDays
from detector.detection.hindsight.grid import Grid
from detector.detection.hindsight.two_sided import Flags
from detector.model.series import Floats, Ints

#: Smallest change of the logarithm of a day's count, and of the spread of its hours, that is
#: unusual; both also in so many of what is common.
CHANGED, SPREAD, TIMES = 0.22, 0.18, 3.5
#: The change also in so many standard deviations of counting.
COUNTING = 4.5
#: Posts that a day must have been expected to bring, and an hour to say something of its spread.
ENOUGH, AN_HOUR = 100.0, 10.0
#: Hours that must say something for their spread to be told.
HOURS = 12
#: How near to the level before a level must come back to have been a stretch of unusual days.
BACK = 0.25
#: Fewest days of a series; most days in a row; what lasts longer is a level.
FEWEST, LONGEST = 7, 14


class Days(NamedTuple):
    """What is known of every local day, shape (days,) each.

    Attributes
    ----------
    unusual, many : whether it is unlike others, and whether by how many were counted.
    posts, usual : counted outside incidents, and what the median level around it tells.
    """

    unusual: Flags
    many: Flags
    posts: Floats
    usual: Floats


def days_of(grid: Grid, base: Baseline, cells: Cells, incidents: Sequence[tuple[int, int]]) -> Days:
    """Return what is known of every day; ``incidents`` are spans of cells."""
    day = grid.day[:: grid.per_cell]
    keep = np.ones(len(day), dtype=bool)
    for a, b in incidents:
        keep[a:b] = False
    steady = grid.to_cells(np.where(cells.bins_expected > 0, base.steady * base.share, 0.0))
    posts, usual, followed = (
        np.bincount(day, weights=v * keep, minlength=grid.days).astype(np.float64)
        for v in (cells.counts, steady, cells.expected)
    )
    enough = (usual > ENOUGH) & (grid.days >= FEWEST)
    if not enough.any():
        return Days(enough, enough, posts, usual)
    change = np.where(enough, np.log((posts + 0.5) / (usual + 0.5)), 0.0)
    spread = _hourly_spread(day, cells, keep, posts / np.maximum(followed, 1e-9))
    common = 1.48 * float(np.median(np.abs(change[enough])))
    counting = COUNTING * np.sqrt(2.0 / np.maximum(usual, 1.0))
    many = np.abs(change) > np.maximum(max(CHANGED, TIMES * common), counting)
    odd = spread > max(SPREAD, 2.5 * float(np.median(spread[enough])))
    return Days(enough & (many | odd), many, posts, usual)


def unusual_days(
    grid: Grid, base: Baseline, cells: Cells, incidents: Sequence[tuple[int, int]]
) -> tuple[UnusualDays, ...]:
    """Return the unusual days, consecutive ones as one; ``incidents`` are spans of cells."""
    return _together(grid, days_of(grid, base, cells, incidents))


def _hourly_spread(day: Ints, cells: Cells, keep: Flags, ratio: Floats) -> Floats:
    """Return the spread of the logarithm of hours about their day, beyond counting noise."""
    hour = np.arange(len(day)) // cells.cells_in(60.0)
    y, mu = (np.bincount(hour, weights=v * keep) for v in (cells.counts, cells.expected))
    of_day = day[np.minimum(np.arange(len(y)) * cells.cells_in(60.0), len(day) - 1)]
    mu = mu * np.maximum(ratio[of_day], 1e-9)
    seen = mu > AN_HOUR
    off = np.where(seen, np.log((y + 0.5) / (mu + 0.5)) ** 2 - 2.0 / np.maximum(mu, AN_HOUR), 0.0)
    total = np.bincount(of_day, weights=off, minlength=len(ratio))
    number = np.bincount(of_day, weights=seen.astype(np.float64), minlength=len(ratio))
    spread = np.sqrt(np.maximum(total / np.maximum(number, 1.0), 0.0))
    return np.where(number >= HOURS, spread, 0.0)


def passing(
    changes: Sequence[LevelChange],
) -> tuple[tuple[LevelChange, ...], tuple[UnusualDays, ...]]:
    """Return the ``changes`` that stay, and those that were undone within two weeks, as days."""
    kept: list[LevelChange] = []
    days: list[UnusualDays] = []
    for change in changes:
        last = kept[-1] if kept else None
        soon = last is not None and change.at - last.at <= timedelta(days=LONGEST)
        if last is not None and soon and abs(log(last.ratio * change.ratio)) < BACK:
            kept.pop()
            days.append(UnusualDays(last.at, change.at, last.ratio, shifted=False))
        else:
            kept.append(change)
    return tuple(kept), tuple(days)


def _together(grid: Grid, days: Days) -> tuple[UnusualDays, ...]:
    out: list[UnusualDays] = []
    steps = np.diff(np.concatenate([[0], days.unusual.astype(np.int8), [0]]))
    for a, b in zip(
        np.flatnonzero(steps > 0).tolist(), np.flatnonzero(steps < 0).tolist(), strict=True
    ):
        if b - a > LONGEST:
            continue
        first = int(np.searchsorted(grid.day, a)) * grid.width + grid.start
        end = int(np.searchsorted(grid.day, b)) * grid.width + grid.start
        ratio = float(days.posts[a:b].sum() / max(days.usual[a:b].sum(), 1e-9))
        start = datetime.fromtimestamp(0, UTC) + timedelta(seconds=first)
        until = datetime.fromtimestamp(0, UTC) + timedelta(seconds=end)
        out.append(UnusualDays(start, until, ratio, shifted=not bool(days.many[a:b].any())))
    return tuple(out)
