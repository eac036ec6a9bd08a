"""Axes: from times and counts to pixels, and the ticks that people read with ease."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from math import floor, isfinite, log10

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
