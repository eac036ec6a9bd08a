"""Looking back, side by side: `detector.segment`, its live path, and what analysts try first.

Every method sees a whole series and names spans. An outage is found if a span comes within fifteen
minutes of it; a span that comes near no outage is false. The simple methods share a seasonal
median: the same weekday and quarter of an hour over the whole series, scaled by the day. Their
residuals are divided by their standard deviation (of counts, and of what remains of it); a segment
or a run of cells above ``RAISED`` of them is a span.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import ruptures

from benchmarks import ours
from benchmarks.running import Prepared
from benchmarks.tables import number
from benchmarks.trial import Arena
from detector.detection.hindsight.whole_series import find_in
from detector.detection.options import DetectionOptions
from detector.detection.truth_matching import MINUTE, Outage, outages_of
from detector.model.series import CountSeries, Floats, SeriesKey
from detector.model.times import from_seconds

#: Seconds of a cell and of a slot of the week; standard deviations from which on a span is raised.
CELL, SLOT, RAISED = 300, 900, 4.0
#: Seconds within which a span is near an outage; days of a part that a search of ruptures is given.
NEAR, PART_DAYS = 900.0, 2
PENALTY = 20.0


@dataclass(frozen=True, slots=True)
class Span:
    """What a method names: start, end and the interval of the start, seconds since 1970."""

    start: float
    end: float
    earliest: float
    latest: float


Method = Callable[[Prepared], list[Span]]


def series_of(one: Prepared) -> CountSeries:
    """Return a service's counts as the detector takes them."""
    width = timedelta(seconds=one.width)
    return CountSeries(SeriesKey(one.service, ""), from_seconds(one.start), width, one.counts)


def hindsight(one: Prepared) -> list[Span]:
    """Return what `detector.segment` finds."""
    series = series_of(one)
    return [
        Span(
            s.onset.at.timestamp(),
            (s.ended_at or series.end).timestamp(),
            s.onset.earliest.timestamp(),
            s.onset.latest.timestamp(),
        )
        for s in find_in(series).incidents
    ]


def live(one: Prepared) -> list[Span]:
    """Return what the live path finds."""
    return [
        Span(c.start, c.end, c.earliest, c.latest) for c in ours.claims([one], DetectionOptions())
    ]


def residuals(one: Prepared) -> Floats:
    """Return what every cell strays from the seasonal median, in standard deviations; 0 unseen."""
    per = max(CELL // one.width, 1)
    n = len(one.counts) // per
    cells = one.counts[: n * per].reshape(n, per)
    seen = np.isfinite(cells).sum(axis=1)
    counts = np.where(seen > 0, np.nansum(cells, axis=1) * per / np.maximum(seen, 1), np.nan)
    at = one.start + np.arange(n) * one.width * per
    day, slot = at // 86400, at % 604800 // SLOT
    _, days = np.unique(day, return_inverse=True)
    level = np.array(
        [np.nanmedian(counts[days == d]) if (days == d).any() else 0 for d in range(days.max() + 1)]
    )
    level = np.maximum(level, max(0.1 * float(np.nanmean(counts)), 1e-3))[days]
    usual = np.zeros(n)
    for s in np.unique(slot):
        inside = slot == s
        usual[inside] = np.nanmean(
            np.sort((counts / level)[inside])[: max(int(0.75 * inside.sum()), 1)]
        )
    expected = np.maximum(np.nan_to_num(usual) * level, 0.05)
    z = (counts - expected) / np.sqrt(expected)
    spread = 1.48 * float(np.nanmedian(np.abs(z - np.nanmedian(z))))
    return np.asarray(np.nan_to_num(z / max(spread, 1.0)))


def seasonal_median(one: Prepared) -> list[Span]:
    """Return the runs of two cells or more that stray by ``RAISED``."""
    z = residuals(one)
    edges = np.diff(np.concatenate([[0], (z > RAISED).astype(np.int8), [0]]))
    runs = zip(np.flatnonzero(edges > 0).tolist(), np.flatnonzero(edges < 0).tolist(), strict=True)
    return _joined(one, [(a, b) for a, b in runs if b - a >= 2])


def segmented(build: Callable[[], Any], penalty: float = PENALTY) -> Method:
    """Return the method that lets a search of ruptures part the residuals, piece by piece."""

    def method(one: Prepared) -> list[Span]:
        z = residuals(one)
        part = PART_DAYS * 86400 // CELL
        raised = []
        for first in range(0, len(z), part):
            signal = z[first : first + part, None]
            if len(signal) < 4:
                continue
            ends = build().fit(signal).predict(pen=penalty)
            for a, b in pairwise([0, *ends]):
                if signal[a:b].mean() * np.sqrt(b - a) > RAISED and signal[a:b].mean() > 1.0:
                    raised.append((first + a, first + b))
        return _joined(one, raised)

    return method


def _joined(one: Prepared, cells: list[tuple[int, int]]) -> list[Span]:
    """Return runs of cells as spans; those within an hour of each other are one."""
    out: list[tuple[int, int]] = []
    for a, b in cells:
        if out and a - out[-1][1] <= 3600 // CELL:
            out[-1] = (out[-1][0], b)
        else:
            out.append((a, b))
    width = max(CELL // one.width, 1) * one.width
    times = ((one.start + a * width, one.start + b * width) for a, b in out)
    return [Span(a, b, a, a) for a, b in times]


METHODS: dict[str, Method] = {
    "`detector.segment`": hindsight,
    "the live path": live,
    "seasonal median, residuals over 4 SD": seasonal_median,
    "ruptures PELT (l2) on residuals": segmented(lambda: ruptures.Pelt("l2", min_size=3, jump=3)),
    "ruptures KernelCPD (linear) on residuals": segmented(
        lambda: ruptures.KernelCPD("linear", min_size=2)
    ),
    "ruptures Binseg (l2) on residuals": segmented(
        lambda: ruptures.Binseg("l2", min_size=3, jump=3)
    ),
}


def rows(a: Arena, methods: dict[str, Method] | None = None) -> list[list[str]]:
    """Return one row per method."""
    return [_row(a, name, method) for name, method in (methods or METHODS).items()]


def _row(a: Arena, name: str, method: Method) -> list[str]:
    method(a.busy[0])  # machine code is made before the time is taken
    began = time.process_time()
    found = {one.service: method(one) for one in a.busy}
    seconds = time.process_time() - began
    quiet = sum(len(method(one)) for one in a.quiet)
    bins = sum(len(one.counts) for one in a.busy)
    months = sum(len(one.counts) * one.width for one in a.quiet) / (30 * 86400)
    pairs = list(_pairs(outages_of(a.track.truth), found))
    hit = [(o, s) for o, s in pairs if s is not None]
    false = _false(pairs, found)
    held = [s.earliest <= o.start <= s.latest for o, s in hit]
    starts = [abs(s.start - o.start) / MINUTE for o, s in hit]
    ends = [abs(s.end - o.end) / MINUTE for o, s in hit if o.ends]
    return [
        a.name,
        name,
        number(len(hit) / max(len(pairs), 1)),
        number(false / max(len(a.busy), 1)),
        number(quiet / max(months, 1e-9)),
        _two(starts),
        number(float(np.mean(held))) if held else "–",
        _two(ends),
        number(seconds / bins * 1e6, 1),
    ]


def _pairs(
    outages: Sequence[Outage], found: dict[str, list[Span]]
) -> Iterator[tuple[Outage, Span | None]]:
    for outage in outages:
        near = [s for s in found.get(outage.service, []) if _near(outage, s)]
        yield outage, min(near, key=lambda s: abs(s.start - outage.start), default=None)


def _near(outage: Outage, span: Span) -> bool:
    return span.start <= outage.end + NEAR and span.end >= outage.start - NEAR


def _false(pairs: list[tuple[Outage, Span | None]], found: dict[str, list[Span]]) -> int:
    """Return how many spans come near no outage."""
    return sum(
        not any(o.service == service and _near(o, span) for o, _ in pairs)
        for service, spans in found.items()
        for span in spans
    )


def _two(errors: list[float]) -> str:
    if not errors:
        return "–"
    return " / ".join(number(float(np.percentile(errors, p)), 1) for p in (50, 90))
