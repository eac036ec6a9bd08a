"""The frame of a figure: pixels, scales and columns, shared by all its parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from detector.domain.series import Floats
from detector.reports.curve import Columns, Curve, columns
from detector.reports.scale import Scale, count_ticks
from detector.reports.usual import band

#: Pixels a column takes at least.
COLUMN = 3.0
#: Few posts make a saw of many columns: on average a column holds so many, if `FEWEST` are left.
POSTS = 5.0
FEWEST = 60
LANE = 15.0


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels of a figure. ``lanes`` rows of labels stand above the plot."""

    width: float = 860.0
    height: float = 260.0
    lanes: int = 2

    @property
    def left(self) -> float:
        """Left edge of the plot."""
        return 46.0

    @property
    def right(self) -> float:
        """Right edge of the plot."""
        return self.width - 10.0

    @property
    def top(self) -> float:
        """Upper edge of the plot."""
        return 8.0 + LANE * self.lanes

    @property
    def foot(self) -> float:
        """Lower edge of the plot."""
        return self.height - 24.0


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """What all parts of a figure share."""

    columns: Columns
    band: tuple[Floats, Floats]
    x: Scale
    y: Scale
    ticks: tuple[float, ...]
    size: Size

    @classmethod
    def of(
        cls, curve: Curve, size: Size, *, box: tuple[float, float, float, float] | None = None
    ) -> Plot:
        """Return the frame for ``curve``; ``box``: left, right, top, foot, without axes."""
        left, right, top, foot = box or (size.left, size.right, size.top, size.foot)
        posts = float(np.nansum(curve.counts))
        cols = columns(curve, most=int(min((right - left) / COLUMN, max(FEWEST, posts / POSTS))))
        edges = band(cols.expected, curve.dispersion)
        drawn = [cols.high, cols.expected] if curve.listed or box else [cols.high, edges[1]]
        highest = max((float(v[np.isfinite(v)].max(initial=0.0)) for v in drawn), default=1.0)
        ticks = count_ticks(highest, about=4 if foot - top > 80 else 2)
        ceiling = (highest or 1.0) if box else ticks[-1]
        x = Scale(curve.start.timestamp(), curve.end.timestamp(), left, right)
        return cls(cols, edges, x, Scale(0.0, ceiling, foot, top), ticks, size)

    def at(self, instant: datetime) -> float:
        """Return the pixel of ``instant``, at the edge where it lies outside."""
        return self.x.inside(instant.timestamp())

    def seconds(self, pixels: float) -> float:
        """Return the instant ``pixels`` right of the left edge, seconds since 1970."""
        x = self.x
        return x.low + pixels / (x.far - x.near) * (x.high - x.low)

    @property
    def lefts(self) -> Floats:
        """Left edges of the columns in pixels, shape (m,)."""
        return self._pixels(self.columns.left)

    @property
    def rights(self) -> Floats:
        """Right edges of the columns in pixels, shape (m,)."""
        return self._pixels(self.columns.left + self.columns.width)

    def _pixels(self, seconds: Floats) -> Floats:
        x = self.x
        share = (np.clip(seconds, x.low, x.high) - x.low) / ((x.high - x.low) or 1.0)
        pixels: Floats = x.near + share * (x.far - x.near)
        return pixels

    def heights(self, values: Floats) -> Floats:
        """Return the pixels of counts; what is higher than the plot ends at its upper edge."""
        y = self.y
        pixels: Floats = y.near + np.clip(values / y.high, 0.0, 1.0) * (y.far - y.near)
        return pixels
