"""What happened, seen afterwards: the live path's surges with both ends refined by hindsight.

The live path runs once over the history. Around each surge the expected counts are re-levelled
from the hours before *and* after it; ruptures parts the stretch into regimes; start and end are
estimated anew from data on both sides. All of it happens around surges only, so the time grows
linearly with the length of the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from detector.detection import live
from detector.detection.hindsight.refinement import (
    Flags,
    Start,
    end_of,
    levelled,
    speaks_until,
    start_of,
)
from detector.detection.hindsight.segmentation import Regime, regimes
from detector.detection.kernels.bin_update import NO_PARTIAL_BINS
from detector.detection.kernels.surge_course import BEFORE, REVISION
from detector.detection.options import DetectionOptions
from detector.model.series import CountSeries, Floats
from detector.model.surge import Onset, Surge

SIDE = 360.0
"""Minutes on either side of a surge that are looked at."""
PAST = 60.0
"""Minutes after the live path said that it was over that are searched for the end."""
HEIGHT = 10.0
"""Minutes over which the height of a surge is taken."""
GUARD = 10.0
"""Minutes next to a surge that do not count as quiet."""


@dataclass(frozen=True, slots=True)
class HindsightSurge:
    """A surge as it is known afterwards; fields as in `detector.model.surge.Surge`.

    Attributes
    ----------
    noticed_at, resolved_at : when the live path said so, None if it never did.
    evidence : nats at the live alarm.
    """

    onset: Onset
    noticed_at: datetime | None
    evidence: float
    peak_at: datetime
    peak_count: float
    expected_at_peak: float
    excess: float
    ended_at: datetime | None
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True, eq=False)
class _History:
    """A series with what the live path knew of it; ``quiet`` bins are in no surge."""

    series: CountSeries
    expected: Floats
    dispersion: Floats
    quiet: Flags

    @property
    def minutes(self) -> float:
        return self.series.width.total_seconds() / 60.0

    def bins(self, minutes: float) -> int:
        return max(round(minutes / self.minutes), 1)

    def position(self, instant: datetime) -> int:
        return round((instant - self.series.start) / self.series.width)

    def at(self, position: int) -> datetime:
        return self.series.start + position * self.series.width


def analyze_series(
    series: CountSeries, options: DetectionOptions, marks: Floats = NO_PARTIAL_BINS
) -> tuple[HindsightSurge, ...]:
    """Return every surge of ``series`` as it is known at the end, in the order of the alarms.

    Parameters
    ----------
    series : the whole history.
    options : as for the live path; ``noticed_at`` is what it would have said with them.
    marks : what the bins held up to marks, as `live.update` takes them.
    """
    state = live.begin(options, start=series.start, width=series.width)
    step = live.update(state, series.counts, marks)
    told = {change.surge.noticed_at: change.surge for change in step.changes}
    surges = list(told.values())
    quiet = ~(np.isnan(series.counts) | np.isnan(step.expected))
    history = _History(series, step.expected, step.dispersion, quiet)
    guard = history.bins(GUARD)
    for surge in surges:
        first, end = _span(history, surge)
        quiet[max(0, first - guard) : end + guard] = False
    return tuple(_refined(history, surge) for surge in surges)


def _span(h: _History, surge: Surge) -> tuple[int, int]:
    """Return the bins of the live surge, from its earliest start."""
    end = len(h.series.counts) if surge.ended_at is None else h.position(surge.ended_at)
    return h.position(surge.onset.earliest), end


def _refined(h: _History, surge: Surge) -> HindsightSurge:
    first, end = _span(h, surge)
    low, high = max(0, first - h.bins(SIDE)), min(len(h.quiet), end + h.bins(SIDE))
    counts, quiet = h.series.counts[low:high], h.quiet[low:high]
    noticed = -((h.series.start - surge.noticed_at) // h.series.width)
    dispersion = _dispersion(h, low, noticed)
    expected = levelled(counts, h.expected[low:high], quiet, (first - low, end - low), dispersion)
    parts = regimes(counts, expected, dispersion)
    start = _start(h, surge, counts, expected, dispersion, parts, low, noticed - low)
    until = None if surge.ended_at is None else low + _end(h, surge, counts, expected, start, low)
    return _told(h, surge, _shift(start, low), until, expected, low)


def _shift(start: Start, by: int) -> Start:
    return Start(start.at + by, start.earliest + by, start.latest + by)


def _dispersion(h: _History, low: int, noticed: int) -> float:
    """Return what the live path had learnt when it noticed: more than some hours can tell."""
    learnt = h.dispersion[low:noticed]
    learnt = learnt[~np.isnan(learnt)]
    return float(learnt[-1]) if len(learnt) else 1.0


def _start(
    h: _History,
    surge: Surge,
    counts: Floats,
    expected: Floats,
    dispersion: float,
    parts: Sequence[Regime],
    low: int,
    noticed: int,
) -> Start:
    """Return the start from the stretch that can speak about it: until the surge first falls."""
    live_start, earliest = (h.position(t) - low for t in (surge.onset.at, surge.onset.earliest))
    until = speaks_until(parts, live_start, min(len(counts), noticed + h.bins(REVISION)))
    search = max(0, min(earliest, noticed - h.bins(BEFORE)))
    return start_of(counts, expected, dispersion, (search, max(until, noticed)), noticed, h.minutes)


def _end(
    h: _History, surge: Surge, counts: Floats, expected: Floats, start: Start, low: int
) -> int:
    known = surge.resolved_at or surge.noticed_at
    until = min(len(counts), h.position(known) - low + h.bins(PAST))
    return end_of(counts[:until], expected[:until], start.at, h.bins(HEIGHT))


def _told(
    h: _History, surge: Surge, start: Start, until: int | None, expected: Floats, low: int
) -> HindsightSurge:
    end = len(h.quiet) if until is None else until
    counts = h.series.counts[start.at : end]
    above = np.nan_to_num(counts - expected[start.at - low : end - low])
    peak = start.at + int(np.argmax(np.nan_to_num(counts)))
    return HindsightSurge(
        onset=Onset(h.at(start.at), h.at(start.earliest), h.at(start.latest)),
        noticed_at=surge.noticed_at,
        evidence=surge.evidence,
        peak_at=h.at(peak),
        peak_count=float(np.nan_to_num(h.series.counts[peak])),
        expected_at_peak=float(np.nan_to_num(expected[peak - low])),
        excess=max(float(above.sum()), 0.0),
        ended_at=None if until is None else h.at(until),
        resolved_at=surge.resolved_at,
    )
