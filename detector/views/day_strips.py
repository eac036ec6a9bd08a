"""A day of every service at every source, read once and kept up to date at its end."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.model.series import Floats
from detector.model.times import floor_to
from detector.store.base import Viewer
from detector.views.incident_record import ViewContext

COLUMN = timedelta(minutes=30)
COLUMNS = 48
#: The last columns are read again each time: posts come late, and the newest one grows.
_TAIL = 2 * COLUMN
#: After so long all is read again: what was counted long ago may have been counted anew.
_KEPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, eq=False)
class DayStrip:
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


class DayStrips:
    """Strips of all services, kept from one request to the next. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frame: pd.DataFrame | None = None
        self._start = self._read_at = datetime.min.replace(tzinfo=UTC)

    def of(self, records: ViewContext) -> dict[str, list[DayStrip]]:
        """Return the strips that end now, by service, the one with the most posts first."""
        now = records.now()
        start = floor_to(now, COLUMN) - (COLUMNS - 1) * COLUMN
        with self._lock:
            frame = self._read(records.store, records.wall(), start, now)
        place = ((frame["time"] - start) // COLUMN).to_numpy()
        counts = frame["count"].to_numpy()
        found: dict[str, list[DayStrip]] = {}
        groups: dict[Any, Any] = frame.groupby(["service", "source"]).indices
        for (service, source), rows in groups.items():
            strip = DayStrip(service, source, start, _laid_out(place[rows], counts[rows]))
            found.setdefault(service, []).append(strip)
        for strips in found.values():
            strips.sort(key=lambda strip: (-float(np.nansum(strip.high)), strip.source))
        return found

    def _read(self, store: Viewer, wall: datetime, start: datetime, now: datetime) -> pd.DataFrame:
        kept, fresh_from = self._frame, floor_to(now, COLUMN) - _TAIL
        # An accelerated clock leaps: what lies between was never read.
        if kept is None or wall - self._read_at > _KEPT or start - self._start > _TAIL:
            self._read_at, fresh_from, kept = wall, start, None
        self._start = start
        fresh = store.curve(start=fresh_from, end=now, step=COLUMN)
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
