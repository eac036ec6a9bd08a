"""Counts that a place makes itself: which bins to ask for, and its numbers as rows.

Each look asks again for the last few bins, because places revise them; of rows for the same bin
the last one counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec
import pandas as pd

from detector.domain.times import floor_to
from detector.errors import InputError

#: service, left edge of the bin, count
Row = tuple[str, datetime, float]


class BinCursor(msgspec.Struct, frozen=True):
    """Where the next look continues: the left edge of the first bin that was not there yet."""

    until: datetime


def parse_bins(text: str | None, *, otherwise: datetime) -> BinCursor:
    """Return the cursor that ``text`` is; None begins at ``otherwise``. Raises `InputError`."""
    if text is None:
        return BinCursor(otherwise)
    try:
        return msgspec.json.decode(text, type=BinCursor)
    except msgspec.DecodeError as error:
        message = f"the place remembered by the store is not one among bins: {error}"
        raise InputError(message) from error


def cursor_at(until: datetime) -> str:
    """Return the cursor that continues at ``until``."""
    return msgspec.json.encode(BinCursor(until)).decode()


def whole_bins(start: datetime, end: datetime, width: timedelta) -> tuple[datetime, datetime]:
    """Return the edges of the whole bins that touch ``start`` and end by ``end``."""
    left = floor_to(start, width)
    return left, max(left, floor_to(end, width))


def counts_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Return ``rows`` as a counts table in order of time."""
    ordered = sorted(rows, key=lambda row: (row[1], row[0]))
    times = pd.DatetimeIndex([row[1] for row in ordered], tz=UTC, dtype="datetime64[us, UTC]")
    return pd.DataFrame(
        {
            "time": times,
            "service": pd.Series([row[0] for row in ordered], dtype="str"),
            "count": pd.Series([row[2] for row in ordered], dtype="float64"),
        }
    )
