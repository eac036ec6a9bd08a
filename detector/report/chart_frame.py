"""The frame of a figure, shared by all its parts: pixels, scales, ticks, columns, SVG shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from html import escape
from math import floor, isfinite, log10

import numpy as np
from numpy.typing import NDArray

from detector.model.series import Floats
from detector.views.curve import Columns, Curve, columns
from detector.views.expected_range import band

_STEPS = tuple(
    timedelta(minutes=m)
    for m in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 20160)
)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240)
_DAY = timedelta(days=1)
# Not strftime's: those follow the machine's language.
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line from ``[low, high]`` to the pixels ``[near, far]``."""

    low: float
    high: float
    near: float
    far: float

    def __call__(self, value: float) -> float:
        """Return the pixel of ``value``."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.near + share * (self.far - self.near)

    def inside(self, value: float) -> float:
        """Return the pixel of ``value``, at the edge where it lies outside."""
        return self(min(max(value, self.low), self.high))


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis of time; ``strong`` where a day begins."""

    at: float
    text: str
    strong: bool


def count_ticks(highest: float, *, about: int = 4) -> tuple[float, ...]:
    """Return round numbers from 0 to the first not below ``highest``, about ``about`` steps."""
    highest = highest if isfinite(highest) and highest > 0 else 1.0
    raw = highest / about
    unit = 10.0 ** floor(log10(raw))
    step = next(s * unit for s in (1, 2, 2.5, 5, 10) if s * unit >= raw * 0.999)
    steps = -(-highest * 0.999 // step)
    return tuple(round(i * step, 10) for i in range(int(steps) + 1))


def count_text(value: float) -> str:
    """Return a tick's number: ``0.5``, ``250``, ``1,200``, ``50k``, ``3.5M``."""
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    if value >= 1e4:
        return f"{value / 1e3:g}k"
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def time_ticks(
    start: datetime,
    end: datetime,
    zone: tzinfo,
    *,
    most: int,
    weekdays: Sequence[str] = WEEKDAYS,
) -> tuple[Tick, ...]:
    """Return at most ``most`` + 1 ticks in ``[start, end]`` at round local times of ``zone``.

    ``weekdays`` are the names of the days from Monday on.
    """
    if (end - start) > timedelta(days=20) * most:
        return _month_ticks(start, end, zone, most)
    step = next((s for s in _STEPS if (end - start) / s <= most), _STEPS[-1])
    midnight = start.astimezone(zone).replace(
        hour=0, minute=0, second=0, microsecond=0, tzinfo=None
    )
    ticks = []
    for i in range(int((end - start + 2 * _DAY) / step) + 2):
        # Counted in wall time, so that ticks stay on round hours when clocks change.
        local = (midnight + i * step).replace(tzinfo=zone)
        if start <= local <= end:
            at_midnight = local.hour == local.minute == 0
            text = _day(local, weekdays) if at_midnight else f"{local:%H:%M}"
            ticks.append(Tick(local.timestamp(), text, at_midnight and step < _DAY))
    return tuple(ticks)


def dated(
    ticks: tuple[Tick, ...],
    zone: tzinfo,
    *,
    after: float,
    weekdays: Sequence[str] = WEEKDAYS,
) -> tuple[Tick, ...]:
    """Return ``ticks``; where none says the day, the first one from ``after`` on does.

    Parameters
    ----------
    after : seconds since 1970; before it there is no room for the longer text.
    """
    if any(":" not in tick.text for tick in ticks):
        return ticks
    first = next((i for i, tick in enumerate(ticks) if tick.at >= after), None)
    if first is None:
        return ticks
    at = ticks[first].at
    text = f"{_day(datetime.fromtimestamp(at, zone), weekdays)}, {ticks[first].text}"
    return (*ticks[:first], Tick(at, text, strong=False), *ticks[first + 1 :])


def _month_ticks(start: datetime, end: datetime, zone: tzinfo, most: int) -> tuple[Tick, ...]:
    first, last = start.astimezone(zone), end.astimezone(zone)
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    step = next((m for m in _MONTHS if len(months) / m <= most), _MONTHS[-1])
    ticks = []
    for month in months:
        local = datetime(month // 12, month % 12 + 1, 1, tzinfo=zone)
        if month % step == 0 and start <= local <= end:
            ticks.append(Tick(local.timestamp(), f"{local:%Y-%m}", strong=local.month == 1))
    return tuple(ticks)


def _day(local: datetime, weekdays: Sequence[str]) -> str:
    return f"{weekdays[local.weekday()]} {local.month}-{local.day:02d}"


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


def number(value: float) -> str:
    """Return ``value`` to a tenth of a pixel, as short as it can be written."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield the half-open stretches ``[first, end)`` in which ``flags`` hold."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(first), int(end)


def line(lefts: Floats, rights: Floats, heights: Floats) -> str:
    """Return a line through the middles of columns, from edge to edge of each stretch.

    Parameters
    ----------
    lefts, rights : shape (n,), edges of the columns in pixels.
    heights : shape (n,), pixels; nan breaks the line.
    """
    return "".join(
        "M" + "L".join(_points(lefts, rights, heights, first, end))
        for first, end in runs(np.isfinite(heights))
    )


def area(lefts: Floats, rights: Floats, low: Floats, high: Floats) -> str:
    """Return the area between ``low`` and ``high``, shape (n,), pixels; nan of either breaks it."""
    parts = []
    for first, end in runs(np.isfinite(low) & np.isfinite(high)):
        upper = _points(lefts, rights, high, first, end)
        lower = _points(lefts, rights, low, first, end)
        parts.append("M" + "L".join([*upper, *reversed(lower)]) + "Z")
    return "".join(parts)


def _points(lefts: Floats, rights: Floats, heights: Floats, first: int, end: int) -> list[str]:
    middles = (lefts[first:end] + rights[first:end]) / 2
    x = [lefts[first], *middles, rights[end - 1]]
    y = [heights[first], *heights[first:end], heights[end - 1]]
    return [f"{number(a)} {number(b)}" for a, b in zip(x, y, strict=True)]


def rect(x: float, y: float, width: float, height: float, fill: str | None = None) -> str:
    """Return a rectangle."""
    paint = f' fill="{fill}"' if fill else ""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" '
        f'height="{number(height)}"{paint}/>'
    )


def rule(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Return a straight line of class ``kind``."""
    return f'<path class="{kind}" d="M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"/>'


def text(x: float, y: float, text: str, anchor: str, kind: str) -> str:
    """Return ``text``, escaped, of class ``od-`` + ``kind``."""
    return (
        f'<text class="od-{kind}" x="{number(x)}" y="{number(y)}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )
