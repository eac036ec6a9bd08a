"""Count series: complaint posts per bin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class SeriesKey(NamedTuple):
    """What one series counts: complaints about ``service`` seen at ``source``."""

    service: str
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class CountSeries:
    """Complaint posts per bin for one service at one source.

    Attributes
    ----------
    key : the service complained about and the place it was counted.
    start : left edge of bin 0, timezone-aware UTC, a multiple of ``width`` since 1970.
    width : length of every bin; bins are ``[left, right)``.
    counts : shape (n_bins,), float64 >= 0, nan where not observed, read-only.
    """

    key: SeriesKey
    start: datetime
    width: timedelta
    counts: Floats

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError("start must be timezone-aware UTC")
        if self.counts.ndim != 1:
            raise ValueError(f"counts must have one axis, not {self.counts.ndim}")
        self.counts.flags.writeable = False

    @property
    def end(self) -> datetime:
        """Right edge of the last bin."""
        return self.start + self.width * len(self.counts)
