"""A day of every service for the overview, read once and kept up to date at its end."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.domain.series import Floats
from detector.domain.times import floor_to
from detector.web.backend import Backend

COLUMN = timedelta(minutes=30)
COLUMNS = 48
#: The last columns are read again at each look: posts come late, and the newest one grows.
_TAIL = 2 * COLUMN
#: After so long all is read again: what was counted long ago may have been counted anew.
_KEPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """A day of one service at one source.

    Attributes
    ----------
    start : left edge of the first column.
    high : shape (COLUMNS,), the highest bin of each column, nan where none was observed.
    """

    service: str
    source: str
    start: datetime
    high: Floats

    @property
    def observed_until(self) -> datetime | None:
        """Right edge of the last column in which anything was observed."""
        seen = np.flatnonzero(np.isfinite(self.high))
        return self.start + COLUMN * (int(seen[-1]) + 1) if len(seen) else None

    def is_due(self, now: datetime) -> bool:
        """Return whether its next bin may still come: bins wider than a column come seldom."""
        seen = np.flatnonzero(np.isfinite(self.high))
        if len(seen) < 3 or self.observed_until is None:
            return False
        apart = int(np.median(np.diff(seen)))
        return apart > 1 and now - self.observed_until <= apart * COLUMN


class Strips:
    """Strips of all services, kept from one look to the next. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frame: pd.DataFrame | None = None
        self._start = self._read_at = datetime.min.replace(tzinfo=UTC)

    def of(self, backend: Backend) -> dict[str, list[Strip]]:
        """Return the strips that end now, by service, the one with the most posts first."""
        now = backend.now()
        start = floor_to(now, COLUMN) - (COLUMNS - 1) * COLUMN
        with self._lock:
            frame = self._read(backend, start, now)
        place = ((frame["time"] - start) // COLUMN).to_numpy()
        counts = frame["count"].to_numpy()
        found: dict[str, list[Strip]] = {}
        groups: dict[Any, Any] = frame.groupby(["service", "source"]).indices
        for (service, source), rows in groups.items():
            strip = Strip(service, source, start, _laid_out(place[rows], counts[rows]))
            found.setdefault(service, []).append(strip)
        for strips in found.values():
            strips.sort(key=lambda strip: (-float(np.nansum(strip.high)), strip.source))
        return found

    def _read(self, backend: Backend, start: datetime, now: datetime) -> pd.DataFrame:
        wall = backend.wall()
        kept, fresh_from = self._frame, floor_to(now, COLUMN) - _TAIL
        # An accelerated clock leaps: what lies between was never read.
        if kept is None or wall - self._read_at > _KEPT or start - self._start > _TAIL:
            self._read_at, fresh_from, kept = wall, start, None
        self._start = start
        fresh = backend.store.curve(start=fresh_from, end=now, step=COLUMN)
        fresh = fresh[["service", "source", "time", "count"]]
        if kept is not None:
            kept = kept[(kept["time"] >= start) & (kept["time"] < fresh_from)]
            fresh = pd.concat([kept, fresh], ignore_index=True)
        self._frame = fresh
        return fresh


def _laid_out(place: NDArray[np.integer[Any]], counts: Floats) -> Floats:
    high = np.full(COLUMNS, np.nan)
    high[place] = counts
    high.flags.writeable = False
    return high
