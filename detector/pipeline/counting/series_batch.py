"""Batches: what one poll adds to the series, ready for the detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from detector.detection.kernels.bin_update import NO_PARTIAL_BINS
from detector.model.series import Floats, SeriesKey
from detector.model.spans import Spans
from detector.model.times import from_seconds
from detector.pipeline.state import SourceProgress


@dataclass(frozen=True, slots=True, eq=False)
class CountBatch:
    """Consecutive final bins of one series, and what is known of the bin behind them.

    Attributes
    ----------
    key : which series.
    start : left edge of the first bin, seconds since 1970.
    width : bin width.
    counts : shape (n,), nan where not observed.
    skipped : bins before ``start`` that were not observed and are not laid out: more of them than
        a series remembers anything over (`live.STALE`).
    partial : shape (3, m), partial bins of these and of the one that still fills, as
        `live.update` takes them; of posts only.
    """

    key: SeriesKey
    start: float
    width: timedelta
    counts: Floats
    skipped: int = 0
    partial: Floats = field(default_factory=lambda: NO_PARTIAL_BINS)

    def latest_edge(self, instant: datetime) -> datetime:
        """Return the latest edge of these bins up to ``instant``."""
        start = from_seconds(self.start)
        return start + (instant - start) // self.width * self.width


def partial_bins_together(batches: Sequence[CountBatch]) -> Floats:
    """Return the partial bins of consecutive batches of one series, as those of one batch."""
    ends = np.cumsum([0, *(len(batch.counts) for batch in batches)])
    shifted = [
        batch.partial + np.array([[end], [0], [0]])
        for batch, end in zip(batches, ends, strict=False)
    ]
    return np.concatenate([NO_PARTIAL_BINS, *shifted], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class ListBatch:
    """The looks at a trending list that show one service, and those that do not.

    Attributes
    ----------
    key : which service on which list.
    listed, heat, floor : shape (n,), left edge of each look's bin (seconds since 1970,
        ascending), the service's heat, the lowest heat on the list.
    looked : when the list was looked at.
    width : width of a look's bin.
    """

    key: SeriesKey
    listed: Floats
    heat: Floats
    floor: Floats
    looked: Spans
    width: timedelta


@dataclass(frozen=True, slots=True, eq=False)
class SourceBatch:
    """What one poll adds.

    Attributes
    ----------
    progress : of the source, after it.
    counts : final bins of count series.
    looks : looks at trending lists.
    complaints : complaints among the posts of the poll, as `read_complaints` gives them.
    late : rows that came when their bins were final and said something new: history, not counted.
    """

    progress: SourceProgress
    counts: tuple[CountBatch, ...] = field(default=())
    looks: tuple[ListBatch, ...] = field(default=())
    complaints: pd.DataFrame | None = None
    late: int = 0
