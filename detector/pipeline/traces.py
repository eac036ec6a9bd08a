"""What a replay saw of every series, kept for reports: counts, and polls of trending lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np

from detector.model.series import Floats, SeriesKey, lay_out
from detector.model.spans import Spans
from detector.model.times import from_seconds
from detector.pipeline.counting.series_batch import CountBatch, ListBatch
from detector.views.curve import Curve
from detector.views.expected_range import dispersion_of

#: Bins that a stretch of a trending list is laid out in at most.
MOST_BINS = 50_000


class Trace(Protocol):
    """One series of a history."""

    @property
    def key(self) -> SeriesKey:
        """Which series."""

    @property
    def width(self) -> timedelta:
        """Length of a bin."""

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From the first bin to the end of the last."""

    def curve(self, start: datetime, end: datetime) -> Curve:
        """Return what was seen in ``[start, end)``."""


@dataclass(frozen=True, slots=True, eq=False)
class CountTrace:
    """A series of counts, with what the live path expected in each bin."""

    key: SeriesKey
    whole: Curve

    @classmethod
    def of(cls, batches: Sequence[CountBatch], expected: Sequence[Floats]) -> CountTrace:
        """Return the series that ``batches`` make up, in their order, and what was expected."""
        counts: Floats = np.concatenate([batch.counts for batch in batches])
        start, width = from_seconds(batches[0].start), batches[0].width
        return cls(batches[0].key, Curve(start, width, counts, np.concatenate(expected)))

    @property
    def width(self) -> timedelta:
        """Length of a bin."""
        return self.whole.width

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From the first bin to the end of the last."""
        return self.whole.start, self.whole.end

    def calm(self, spans: Spans) -> CountTrace:
        """Return the trace, its dispersion measured on the bins outside ``spans``."""
        whole = self.whole
        step = whole.width.total_seconds()
        lefts: Floats = whole.start.timestamp() + step * np.arange(
            len(whole.counts), dtype=np.float64
        )
        quiet = ~spans.touch(lefts, step)
        dispersion = dispersion_of(whole.counts, whole.expected, quiet)
        measured = Curve(whole.start, whole.width, whole.counts, whole.expected, dispersion)
        return CountTrace(self.key, measured)

    def curve(self, start: datetime, end: datetime) -> Curve:
        """Return the bins that begin in ``[start, end)``."""
        return self.whole.between(start, end)


@dataclass(frozen=True, slots=True, eq=False)
class ListTrace:
    """A service on a trending list.

    Attributes
    ----------
    listed, heat, floor : shape (n,), of the looks that show it: left edge of the bin (seconds
        since 1970, ascending), its heat, the lowest heat on the list.
    looked : when the list was looked at.
    """

    key: SeriesKey
    width: timedelta
    listed: Floats
    heat: Floats
    floor: Floats
    looked: Spans

    @classmethod
    def of(cls, batches: Sequence[ListBatch]) -> ListTrace:
        """Return what ``batches``, in their order, show of one service."""
        listed = np.concatenate([p.listed for p in batches])
        heat = np.concatenate([p.heat for p in batches])
        floor = np.concatenate([p.floor for p in batches])
        looked = Spans.of(pair for p in batches for pair in p.looked.pairs())
        return cls(batches[0].key, batches[0].width, listed, heat, floor, looked)

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From the first look to the last."""
        if not len(self.looked):
            first = from_seconds(float(self.listed[0]))
            return first, from_seconds(float(self.listed[-1])) + self.width
        return from_seconds(float(self.looked.starts[0])), from_seconds(float(self.looked.ends[-1]))

    def curve(self, start: datetime, end: datetime) -> Curve:
        """Return the looks in ``[start, end)``; in a long stretch several share a bin.

        Of those the hottest stands for the bin. The floor is that of the last look that shows it.
        """
        look = self.width.total_seconds()
        each = look * max(1, -(-(end - start).total_seconds() // (look * MOST_BINS)))
        first = start.timestamp() // each * each
        n = max(int(-(-(end.timestamp() - first) // each)), 0)
        counts, floor = self._laid_out(first, each, n)
        lefts: Floats = first + each * np.arange(n, dtype=np.float64)
        return Curve(
            from_seconds(first),
            timedelta(seconds=each),
            counts,
            _held(floor),
            observed=self.looked.touch(lefts, each),
            listed=True,
        )

    def _laid_out(self, first: float, each: float, n: int) -> tuple[Floats, Floats]:
        inside = (self.listed >= first) & (self.listed < first + each * n)
        listed, heat, floor = self.listed[inside], self.heat[inside], self.floor[inside]
        hottest = np.argsort(heat, kind="stable")
        bins = first + np.floor((listed - first) / each) * each
        counts = lay_out(bins[hottest], heat[hottest], start=first, width=each, n=n)
        return counts, lay_out(bins, floor, start=first, width=each, n=n)


def _held(values: Floats) -> Floats:
    """Return ``values``, each nan replaced by the number before it, else the first behind it."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return values
    before = np.searchsorted(known, np.arange(len(values)), side="right") - 1
    held: Floats = values[known[np.maximum(before, 0)]]
    return held
