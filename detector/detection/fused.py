"""What is remembered of several sources judged together, and what each of them said."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from detector.detection.live import Step
from detector.detection.memory import HOT, RING
from detector.detection.options import DetectionOptions
from detector.detection.pooling import ROWS
from detector.detection.state import begin as begin_series
from detector.domain.series import Floats

#: Layout of a dumped state; another layout cannot be continued.
FORMAT = 2


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What one source said of consecutive bins.

    Attributes
    ----------
    start : left edge of the first bin, seconds since 1970.
    width : of its bins, seconds.
    rows : shape (`ROWS`, n): counts, expected, weighed, dispersion, variance.
    ends : right edges of the bins in which its own surges were over, seconds since 1970.
    """

    start: float
    width: float
    rows: Floats
    ends: tuple[float, ...] = ()

    @classmethod
    def of(cls, start: float, width: float, counts: Floats, step: Step) -> Said:
        """Return what ``step`` made of ``counts``."""
        rows = np.stack([counts, step.expected, step.weighed, step.dispersion, step.variance])
        ends = tuple(c.at.timestamp() for c in step.changes if c.surge.resolved_at is not None)
        return cls(start, width, rows, ends)

    @property
    def end(self) -> float:
        """Right edge of the last bin, seconds since 1970."""
        bins: int = self.rows.shape[1]
        return self.start + bins * self.width

    def plus(self, later: Said) -> Said:
        """Return both; what lies between them was not observed."""
        gap = round((later.start - self.end) / self.width)
        nothing = np.full((ROWS, max(gap, 0)), np.nan)
        rows = np.concatenate([self.rows, nothing, later.rows], axis=1)
        return replace(self, rows=rows, ends=self.ends + later.ends)

    def behind(self, until: float) -> Said:
        """Return the bins whose right edge lies behind ``until``."""
        done = int(np.clip(np.floor((until - self.start) / self.width + 1e-6), 0, None))
        done = min(done, self.rows.shape[1])
        ends = tuple(end for end in self.ends if end > until)
        return Said(self.start + done * self.width, self.width, self.rows[:, done:], ends)


@dataclass(frozen=True, slots=True, eq=False)
class FusedState:
    """Everything that the next bin needs.

    Attributes
    ----------
    options : how to detect.
    start : left edge of bin 0, aware UTC.
    width : length of a bin: that of the finest source.
    hot : shape (1,), dtype ``HOT``, read-only; ``old_events`` and ``old_weight`` hold the sums.
    sources : names, in the order of ``recent``.
    recent : shape (n_sources, `ROWS`, RING), what they said lately, read-only.
    """

    options: DetectionOptions
    start: datetime
    width: timedelta
    hot: Any = field(repr=False)
    sources: tuple[str, ...]
    recent: Floats = field(repr=False)

    @property
    def end(self) -> float:
        """Left edge of the next bin, seconds since 1970."""
        return self.start.timestamp() + int(self.hot["bins"][0]) * self.width.total_seconds()


def begin(options: DetectionOptions, *, start: datetime, width: timedelta) -> FusedState:
    """Return the state before the first bin; raises as `live.begin`."""
    hot = begin_series(options, start=start, width=width).hot
    return FusedState(options, start, width, hot, (), np.full((0, ROWS, RING), np.nan))


def dump(state: FusedState) -> bytes:
    """Return the state as bytes that `load` reads back exactly."""
    return msgspec.msgpack.encode(
        {
            "format": FORMAT,
            "options": state.options,
            "start": state.start,
            "width": state.width.total_seconds(),
            "hot": state.hot.tobytes(),
            "sources": state.sources,
            "recent": state.recent.tobytes(),
        }
    )


def load(data: bytes) -> FusedState:
    """Return the state that `dump` wrote. Raises ``ValueError`` if ``data`` is none."""
    try:
        fields = msgspec.msgpack.decode(data)
        if fields["format"] != FORMAT:
            raise ValueError(f"fused state of format {fields['format']}, expected {FORMAT}")
        sources = tuple(fields["sources"])
        return FusedState(
            msgspec.convert(fields["options"], DetectionOptions),
            msgspec.convert(fields["start"], datetime),
            timedelta(seconds=fields["width"]),
            np.frombuffer(fields["hot"], HOT),
            sources,
            np.frombuffer(fields["recent"]).reshape(len(sources), ROWS, RING),
        )
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise ValueError(f"not a fused state: {error}") from error
