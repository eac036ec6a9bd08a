"""The pipeline's state as bytes by key, and back: what a restart continues from.

Every entry is one value of the state, as it is, with its key and the number of the layout. Of a
series the tables, which change once a day, are an entry of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from detector.complaints.archive import Archive
from detector.detection import live
from detector.detection.packing import pack, unpack
from detector.detection.trending import TrendState
from detector.errors import StoreError
from detector.model.series import SeriesKey
from detector.pipeline.state import (
    Followed,
    Fused,
    LatestIncident,
    PipelineState,
    SourceProgress,
    WatchedSource,
)

#: Layout of the entries; another one cannot be continued.
LAYOUT = 3

K = TypeVar("K")
V = TypeVar("V")

#: Of a series: left edge of its first bin, bin width, bins taken, and `live.dump_record`.
_Series = tuple[float, timedelta, int, bytes]
#: What an entry holds, by the first part of its key: the key in the state, and the value.
_KINDS: Mapping[str, Any] = {
    "feed": tuple[str, SourceProgress],
    "series": tuple[SeriesKey, _Series],
    "tables": tuple[SeriesKey, bytes],
    "trend": tuple[SeriesKey, TrendState],
    "incident": tuple[str, LatestIncident],
    "archive": tuple[int, pd.DataFrame],
    "watched": tuple[str, WatchedSource],
    "fused": tuple[str, Fused],
}


def changes(before: PipelineState, after: PipelineState) -> dict[str, bytes | None]:
    """Return the entries in which ``after`` differs from ``before``; None for those that went."""
    changed: dict[str, bytes | None] = {}
    for key, series in _new(before.series, after.series):
        record = live.dump_record(series.state)
        value = (series.start, series.width, series.bins, record)
        changed[f"series/{_joined(key)}"] = _pack(key, value)
        known = before.series.get(key)
        if known is None or known.state.tables is not series.state.tables:
            tables = live.dump_tables(series.state.tables)
            changed[f"tables/{_joined(key)}"] = _pack(key, tables)
    for key, trend in _new(before.trends, after.trends):
        changed[f"trend/{_joined(key)}"] = _pack(key, trend)
    for number in before.archive.pieces.keys() - after.archive.pieces.keys():
        changed[f"archive/{number}"] = None
    plain: tuple[tuple[str, Mapping[Any, Any], Mapping[Any, Any]], ...] = (
        ("feed", before.progress, after.progress),
        ("incident", before.incidents, after.incidents),
        ("archive", before.archive.pieces, after.archive.pieces),
        ("watched", before.watched, after.watched),
        ("fused", before.fused, after.fused),
    )
    for kind, old, new in plain:
        changed |= {f"{kind}/{name}": _pack(name, value) for name, value in _new(old, new)}
    return changed


def _new(before: Mapping[Any, V], after: Mapping[K, V]) -> Iterator[tuple[K, V]]:
    """Yield what is in ``after`` and not, as the same object, in ``before``."""
    return ((key, value) for key, value in after.items() if before.get(key) is not value)


def _joined(key: SeriesKey) -> str:
    return f"{len(key.service)}/{key.service}/{key.source}"


def _pack(key: object, value: object) -> bytes:
    return pack(LAYOUT, (key, value), _columns_of)


def load(entries: Mapping[str, bytes]) -> PipelineState:
    """Return the state that `changes` wrote, entry by entry.

    Raises
    ------
    StoreError
        If an entry is of another version or damaged; it names the entry.
    """
    found: dict[str, dict[Any, Any]] = {kind: {} for kind in _KINDS}
    for key, entry in entries.items():
        kind = key.partition("/")[0]
        if kind in _KINDS:
            name, value = _unpacked(key, entry, _KINDS[kind])
            found[kind][name] = value
    return PipelineState(
        progress=found["feed"],
        series={key: _followed(key, s, found["tables"]) for key, s in found["series"].items()},
        trends=found["trend"],
        incidents=found["incident"],
        archive=Archive(dict(sorted(found["archive"].items()))),
        watched=found["watched"],
        fused=found["fused"],
    )


def _followed(key: SeriesKey, saved: _Series, tables: Mapping[SeriesKey, bytes]) -> Followed:
    start, width, bins, record = saved
    try:
        return Followed(start, width, bins, live.load_parts(record, tables[key]))
    except (ValueError, KeyError) as error:
        raise _unreadable(f"entries of series {_joined(key)!r}", error) from error


def _unpacked(key: str, entry: bytes, kind: Any) -> Any:
    try:
        return unpack(entry, LAYOUT, kind, _frame_of)
    except ValueError as error:
        raise _unreadable(f"entry {key!r}", error) from error


def _unreadable(what: str, error: Exception) -> StoreError:
    return StoreError(
        f"the store's {what} cannot be read ({error}); "
        "another version wrote it: move the store away to start afresh"
    )


def _columns_of(frame: pd.DataFrame) -> list[tuple[str, str, list[Any]]]:
    """Return name, type and values of the columns, instants as microseconds since 1970."""
    return [(str(name), *_plain(frame[name])) for name in frame.columns]


def _plain(column: pd.Series) -> tuple[str, list[Any]]:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return "time", column.dt.as_unit("us").astype("int64").tolist()
    return (str(column.dtype) if column.dtype.kind in "biuf" else "str"), column.tolist()


def _frame_of(_: Any, columns: list[tuple[str, str, list[Any]]]) -> pd.DataFrame:
    """Return the table that `_columns_of` wrote."""
    return pd.DataFrame({name: _column(dtype, values) for name, dtype, values in columns})


def _column(dtype: str, values: list[Any]) -> pd.Series:
    if dtype == "time":
        micros = np.array(values, dtype="int64").astype("datetime64[us]")
        return pd.Series(micros).dt.tz_localize("UTC")
    return pd.Series(values, dtype=dtype)
