"""Days unlike those around: a holiday, a strike, a day that was lived hours later.

A local day is unusual when far more or far fewer posts were counted than the median level of the
days around it tells, or when the hours of it are spread about what is expected of them as those of
no ordinary day. Incidents are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from detector.detection.hindsight.baseline_passes import Baseline
from detector.detection.hindsight.candidates import Cells
from detector.detection.hindsight.findings import UnusualDays
from detector.detection.hindsight.grid import Grid
from detector.detection.hindsight.two_sided import Flags
from detector.model.series import Floats, Ints

#: Smallest change of the logarithm of a day's count, and of the spread of its hours, that is
#: unusual; both also in so many of what is common.
CHANGED, SPREAD, TIMES = 0.22, 0.18, 3.5
#: Posts that a day must have been expected to bring.
ENOUGH = 100.0
#: Most days in a row; what lasts longer is a level.
LONGEST = 14


def unusual_days(
    grid: Grid, base: Baseline, cells: Cells, incidents: Sequence[tuple[int, int]]
) -> tuple[UnusualDays, ...]:
    """Return the unusual days, consecutive ones as one; ``incidents`` are spans of cells."""
    if grid.days < 7:
        return ()
    k = grid.per_cell
    day = grid.day[::k]
    keep = np.ones(len(day), dtype=bool)
    for a, b in incidents:
        keep[a:b] = False
    steady = grid.to_cells(np.where(cells.bins_expected > 0, base.steady * base.share, 0.0))
    posts, usual, followed = (
        np.bincount(day, weights=v * keep, minlength=grid.days)
        for v in (cells.counts, steady, cells.expected)
    )
    enough = usual > ENOUGH
    change = np.where(enough, np.log((posts + 0.5) / (usual + 0.5)), 0.0)
    spread = _hourly_spread(grid, day, cells, keep, posts / np.maximum(followed, 1e-9))
    many = np.abs(change) > max(
        CHANGED,
        TIMES * 1.48 * float(np.median(np.abs(change[enough]))) if enough.any() else CHANGED,
    )
    typical = float(np.median(spread[enough])) if enough.any() else 0.0
    odd = spread > max(SPREAD, 2.5 * typical)
    return _together(grid, enough & (many | odd), many, posts, usual)


def _hourly_spread(grid: Grid, day: Ints, cells: Cells, keep: Flags, ratio: Floats) -> Floats:
    """Return the spread of the logarithm of hours about their day, beyond counting noise."""
    hour = np.arange(len(day)) // cells.cells_in(60.0)
    y, mu = (np.bincount(hour, weights=v * keep) for v in (cells.counts, cells.expected))
    of_day = day[np.minimum(np.arange(len(y)) * cells.cells_in(60.0), len(day) - 1)]
    mu = mu * np.maximum(ratio[of_day], 1e-9)
    seen = mu > 3.0
    off = np.where(seen, np.log((y + 0.5) / (mu + 0.5)) ** 2 - 1.5 / np.maximum(mu, 3.0), 0.0)
    total = np.bincount(of_day, weights=off, minlength=grid.days)
    number = np.bincount(of_day, weights=seen.astype(np.float64), minlength=grid.days)
    return np.sqrt(np.maximum(total / np.maximum(number, 1.0), 0.0))


def _together(
    grid: Grid, flags: Flags, many: Flags, posts: Floats, usual: Floats
) -> tuple[UnusualDays, ...]:
    out: list[UnusualDays] = []
    steps = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    for a, b in zip(np.flatnonzero(steps > 0), np.flatnonzero(steps < 0), strict=True):
        if b - a > LONGEST:
            continue
        first = int(np.searchsorted(grid.day, a)) * grid.width + grid.start
        end = int(np.searchsorted(grid.day, b)) * grid.width + grid.start
        ratio = float(posts[a:b].sum() / max(usual[a:b].sum(), 1e-9))
        start = datetime.fromtimestamp(0, UTC) + timedelta(seconds=first)
        until = datetime.fromtimestamp(0, UTC) + timedelta(seconds=end)
        out.append(UnusualDays(start, until, ratio, shifted=not bool(many[a:b].any())))
    return tuple(out)
