"""A series laid out for looking back: bins of a minute or wider, cells of about five, local days.

Positions count bins of the grid from 0; spans are half-open. Bins narrower than a minute are
gathered into minutes (or the next whole multiple of their width); edges of incidents are found
again in the series' own bins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.detection.baseline.calendar import offset_from_utc
from detector.detection.kernels.compiled import compiled
from detector.model.series import CountSeries, Floats, Ints
from detector.model.times import to_seconds

DAY = 86400
#: Width of a bin of the grid, at least, and about that of a cell, seconds.
BIN, CELL = 60, 300
#: Share of a grid bin's own bins that must have been observed.
ENOUGH = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """One series on the grid.

    Attributes
    ----------
    start : left edge of bin 0, seconds since 1970.
    width : of a bin, seconds.
    own : bins of the series per bin of the grid.
    per_cell : bins of the grid per cell.
    counts : shape (n,), nan where not observed.
    day : shape (n,), local day of each bin, counted from the first one.
    slot : shape (n,), which bin of its local day it is.
    """

    start: int
    width: int
    own: int
    per_cell: int
    counts: Floats
    day: Ints
    slot: Ints

    @property
    def slots(self) -> int:
        """Bins of a day."""
        return -(-DAY // self.width)

    @property
    def days(self) -> int:
        """Local days that the series touches."""
        return int(self.day[-1]) + 1

    @property
    def cells(self) -> int:
        """Whole cells, and the last one even if it is not whole."""
        return -(-len(self.counts) // self.per_cell)

    def to_cells(self, values: Floats) -> Floats:
        """Return the sums over cells of ``values``, shape (n,); nan counts as nothing."""
        return cell_sums(values, self.per_cell)

    def bins(self, minutes: float) -> int:
        """Return how many bins come nearest to ``minutes``, at least one."""
        return max(round(minutes * 60 / self.width), 1)

    def in_cells(self, minutes: float) -> int:
        """Return how many cells come nearest to ``minutes``, at least one."""
        return max(round(minutes * 60 / (self.width * self.per_cell)), 1)


def lay_on_grid(series: CountSeries, zone: str) -> Grid:
    """Return ``series``, which has at least one bin, on the grid of ``zone``'s local days."""
    width = int(series.width.total_seconds())
    own = -(-BIN // width)
    counts = series.counts if own == 1 else gathered(series.counts, own)
    wide, start = width * own, to_seconds(series.start)
    local = start + wide * np.arange(len(counts), dtype=np.int64)
    local += _offsets(zone, start, wide, len(counts))
    day = local // DAY
    return Grid(
        start, wide, own, max(round(CELL / wide), 1), counts, day - day[0], local % DAY // wide
    )


def gathered(counts: Floats, own: int) -> Floats:
    """Return ``counts`` in bins of ``own`` bins each, scaled to the whole where some are nan."""
    n = -(-len(counts) // own)
    padded = np.full(n * own, np.nan)
    padded[: len(counts)] = counts
    rows = padded.reshape(n, own)
    seen = np.isfinite(rows).sum(axis=1)
    sums = np.nansum(rows, axis=1)
    return np.where(seen >= ENOUGH * own, sums * own / np.maximum(seen, 1), np.nan)


def _offsets(zone: str, start: int, width: int, n: int) -> Ints:
    """Return how far local time is ahead of UTC in every bin, seconds."""
    out, at = np.empty(n, dtype=np.int64), 0
    while at < n:
        offset, until = offset_from_utc(zone, start + at * width)
        end = min(n, max(-((start - until) // width), at + 1))
        out[at:end] = offset
        at = end
    return out


@compiled
def cell_sums(values: Floats, per_cell: int) -> Floats:
    """Return the sums of every ``per_cell`` values, nan counting as nothing."""
    n = values.shape[0]
    out = np.zeros((n + per_cell - 1) // per_cell)
    for i in range(n):
        if not np.isnan(values[i]):
            out[i // per_cell] += values[i]
    return out
