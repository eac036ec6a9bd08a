"""Sets of half-open spans of time: what was observed, and what was not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.model.times import from_seconds

Seconds = NDArray[np.float64]

_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Disjoint spans ``[start, end)`` in order, in seconds since 1970.

    Attributes
    ----------
    starts, ends : shape (n,), float64, read-only; ``starts[i] < ends[i] < starts[i + 1]``.
    """

    starts: Seconds
    ends: Seconds

    @classmethod
    def none(cls) -> Spans:
        """Return the empty set."""
        return cls.of(())

    @classmethod
    def of(cls, pairs: Iterable[tuple[datetime, datetime]]) -> Spans:
        """Return the union of ``pairs``; empty and reversed ones hold nothing."""
        merged: list[list[float]] = []
        for start, end in sorted((a.timestamp(), b.timestamp()) for a, b in pairs):
            if end <= start:
                continue
            if merged and start <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([start, end])
        starts, ends = np.array(merged, dtype=np.float64).reshape(-1, 2).T
        starts.flags.writeable = ends.flags.writeable = False
        return cls(starts, ends)

    def __len__(self) -> int:
        return len(self.starts)

    def pairs(self) -> tuple[tuple[datetime, datetime], ...]:
        """Return the spans as aware UTC instants."""
        return tuple(
            (from_seconds(a), from_seconds(b)) for a, b in zip(self.starts, self.ends, strict=True)
        )

    def hold(self, times: pd.Series) -> NDArray[np.bool_]:
        """Return, per aware UTC instant in ``times``, whether a span holds it."""
        return self.hold_seconds(seconds_of(times))

    def hold_seconds(self, seconds: Seconds) -> NDArray[np.bool_]:
        """Return, per instant in seconds since 1970, whether a span holds it."""
        if not len(self):
            return np.zeros(len(seconds), dtype=np.bool_)
        before = np.searchsorted(self.starts, seconds, side="right") - 1
        held: NDArray[np.bool_] = (before >= 0) & (seconds < self.ends[np.maximum(before, 0)])
        return held

    def hold_whole(self, lefts: Seconds, width: float | Seconds) -> NDArray[np.bool_]:
        """Return, per bin ``[left, left + width)`` in seconds, whether one span holds all of it.

        Edges are compared to the millisecond: an instant read back from a float may be off by less.
        """
        if not len(self):
            return np.zeros(len(lefts), dtype=np.bool_)
        before = np.searchsorted(self.starts, lefts + _TOLERANCE, side="right") - 1
        ends = self.ends[np.maximum(before, 0)]
        held: NDArray[np.bool_] = (before >= 0) & (lefts + width <= ends + _TOLERANCE)
        return held

    def touch(self, lefts: Seconds, width: float) -> NDArray[np.bool_]:
        """Return, per bin ``[left, left + width)`` in seconds, whether a span holds any of it."""
        first = np.searchsorted(self.ends, lefts, side="right")
        last = np.searchsorted(self.starts, lefts + width, side="left")
        touched: NDArray[np.bool_] = first < last
        return touched

    def between(self, start: float, end: float) -> tuple[tuple[float, float], ...]:
        """Return the parts of the spans inside ``[start, end)``, in seconds since 1970."""
        if start >= end:
            return ()
        first = int(np.searchsorted(self.ends, start, side="right"))
        last = int(np.searchsorted(self.starts, end, side="left"))
        return tuple(
            (max(float(a), start), min(float(b), end))
            for a, b in zip(self.starts[first:last], self.ends[first:last], strict=True)
        )

    def ending_after(self, start: float) -> Spans:
        """Return the spans that end after ``start`` (seconds since 1970), whole."""
        first = int(np.searchsorted(self.ends, start, side="right"))
        return Spans(self.starts[first:], self.ends[first:]) if first else self

    def without(self, other: Spans) -> Spans:
        """Return the part of these spans that ``other`` does not hold."""
        kept: list[tuple[datetime, datetime]] = []
        for start, end in zip(self.starts, self.ends, strict=True):
            left = start
            for a, b in other.between(start, end):
                kept.append((from_seconds(left), from_seconds(a)))
                left = b
            kept.append((from_seconds(left), from_seconds(end)))
        return Spans.of(kept)


def seconds_of(times: pd.Series) -> Seconds:
    """Return aware UTC instants as float64 seconds since 1970, to the microsecond."""
    micros = times.dt.as_unit("us").astype("int64").to_numpy()
    return np.asarray(micros / 1e6, dtype=np.float64)
