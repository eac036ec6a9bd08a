"""Tables as plain lists, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
import numpy as np
import pandas as pd

from detector.complaints.archive import Archive
from detector.detection import live
from detector.detection.fusion import SourceEvidence, dump
from detector.detection.fusion import load as load_fused
from detector.detection.fusion_kernel import ROWS
from detector.detection.trending import TrendState
from detector.detection.volume_drop import VolumeState
from detector.errors import StoreError
from detector.model.incident import Severity
from detector.model.merge import Graded, IncidentMerge
from detector.model.series import SeriesKey
from detector.model.spans import Spans
from detector.model.surge import Agreement, Surge
from detector.notify.news import AlertHistory
from detector.pipeline.health_rules import Health
from detector.pipeline.state import (
    Followed,
    Fused,
    LatestIncident,
    PipelineState,
    SourceMemory,
    Volume,
    WatchedSource,
)


def columns_of(frame: pd.DataFrame) -> dict[str, tuple[str, list[Any]]]:
    """Return the columns as plain lists, instants as microseconds since 1970."""
    columns: dict[str, tuple[str, list[Any]]] = {}
    for name in frame.columns:
        column = frame[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            columns[name] = ("time", column.dt.as_unit("us").astype("int64").tolist())
        elif column.dtype.kind in "biuf":
            columns[name] = (str(column.dtype), column.tolist())
        else:
            columns[name] = ("str", column.tolist())
    return columns


def frame_of(columns: Mapping[str, tuple[str, list[Any]]]) -> pd.DataFrame:
    """Return the table that `columns_of` wrote."""
    return pd.DataFrame({name: _column(*column) for name, column in columns.items()})


def _column(dtype: str, values: list[Any]) -> pd.Series:
    if dtype == "time":
        micros = np.array(values, dtype="int64").astype("datetime64[us]")
        return pd.Series(micros).dt.tz_localize("UTC")
    return pd.Series(values, dtype=dtype)


# The health of the feeds as bytes, and back.


VERSION = 1


class SavedFeed(msgspec.Struct, frozen=True):
    """What is watched of one source.

    Attributes
    ----------
    place : where it counts.
    feed : the source that is asked.
    series : the baseline of its volume, None before any.
    sums : the other fields of `VolumeState`, in their order.
    waiting : rows of bins that are not complete, None where volume is not followed.
    """

    place: str
    feed: str
    health: Health
    series: bytes | None
    sums: tuple[float, int, int, float, float, bool, float, float] | None
    waiting: list[tuple[str, float, float]] | None
    version: int = VERSION


def saved_feed(place: str, watched: WatchedSource) -> SavedFeed:
    """Return ``watched`` as plain values."""
    volume = watched.volume
    state = None if volume is None else volume.state
    waiting = None if volume is None else list(volume.waiting.itertuples(index=False, name=None))
    return SavedFeed(
        place,
        watched.feed,
        watched.health,
        None if state is None else live.dump(state.series),
        None if state is None else _sums(state),
        waiting,
    )


def watched_of(saved: SavedFeed) -> WatchedSource:
    """Return what `saved_feed` wrote."""
    if saved.waiting is None:
        return WatchedSource(saved.feed, saved.health)
    columns = {"service": "str", "second": "float64", "count": "float64"}
    waiting = pd.DataFrame(saved.waiting, columns=list(columns)).astype(columns)
    state = None
    if saved.series is not None and saved.sums is not None:
        state = VolumeState(live.load(saved.series), *saved.sums)
    return WatchedSource(saved.feed, saved.health, Volume(state, waiting))


def _sums(state: VolumeState) -> Any:
    return (
        state.gain,
        state.bins,
        state.known,
        state.seen,
        state.expected,
        state.low,
        state.error,
        state.weight,
    )


# Services judged by several sources, as bytes, and back.


class SavedSaid(msgspec.Struct, frozen=True):
    """What one source said of bins that the others have not told yet."""

    source: str
    start: float
    width: float
    rows: bytes
    ends: tuple[float, ...]


class SavedFused(msgspec.Struct, frozen=True):
    """One service."""

    service: str
    state: bytes
    waiting: list[SavedSaid]
    version: int = VERSION


def saved_fused(service: str, fused: Fused) -> SavedFused:
    """Return ``fused`` as plain values."""
    waiting = [
        SavedSaid(source, said.start, said.width, said.rows.tobytes(), said.ends)
        for source, said in fused.waiting.items()
    ]
    return SavedFused(service, dump(fused.state), waiting)


def fused_of(saved: SavedFused) -> Fused:
    """Return what `saved_fused` wrote."""
    waiting = {
        said.source: SourceEvidence(
            said.start, said.width, np.frombuffer(said.rows).reshape(ROWS, -1), said.ends
        )
        for said in saved.waiting
    }
    return Fused(load_fused(saved.state), waiting)


# The engine's memory as bytes by key, and back: what a restart continues from.
#
# MessagePack of plain values. Every entry says its layout's version; nothing in it is executed.


K = TypeVar("K")
V = TypeVar("V")


class _Feed(msgspec.Struct, frozen=True):
    name: str
    cursor: str | None
    observed: tuple[tuple[datetime, datetime], ...]
    counted_until: float | None
    backlog: dict[str, tuple[str, list[Any]]] | None
    known: bytes = b""
    marked_until: float | None = None
    since: float | None = None
    version: int = VERSION


class _Series(msgspec.Struct, frozen=True):
    key: SeriesKey
    start: float
    width: timedelta
    bins: int
    hot: bytes
    version: int = VERSION


class _Tables(msgspec.Struct, frozen=True):
    key: SeriesKey
    tables: bytes
    version: int = VERSION


class _Trend(msgspec.Struct, frozen=True):
    key: SeriesKey
    state: TrendState
    version: int = VERSION


class _Incident(msgspec.Struct, frozen=True):
    service: str
    surges: list[tuple[str, Surge, Severity]]
    severity: Severity
    told: AlertHistory | None
    agreement: tuple[Agreement, ...] = ()
    not_observed_since: datetime | None = None
    version: int = VERSION


class _Piece(msgspec.Struct, frozen=True):
    number: int
    complaints: dict[str, tuple[str, list[Any]]]
    version: int = VERSION


_Saved = _Feed | _Series | _Tables | _Trend | _Incident | _Piece | SavedFeed | SavedFused
_KINDS: Mapping[str, type[_Saved]] = {
    "archive": _Piece,
    "feed": _Feed,
    "series": _Series,
    "tables": _Tables,
    "trend": _Trend,
    "incident": _Incident,
    "watched": SavedFeed,
    "fused": SavedFused,
}


def changes(before: PipelineState, after: PipelineState) -> dict[str, bytes | None]:
    """Return the entries in which ``after`` differs from ``before``; None for those that went."""
    changed: dict[str, bytes | None] = {}
    for name, feed in _new(before.feeds, after.feeds):
        changed[f"feed/{name}"] = _encode(_saved_feed(name, feed))
    for key, series in _new(before.series, after.series):
        hot = live.dump_record(series.state)
        saved = _Series(key, series.start, series.width, series.bins, hot)
        changed[f"series/{_joined(key)}"] = _encode(saved)
        known = before.series.get(key)
        if known is None or known.state.tables is not series.state.tables:
            tables = _Tables(key, live.dump_tables(series.state.tables))
            changed[f"tables/{_joined(key)}"] = _encode(tables)
    for key, trend in _new(before.trends, after.trends):
        changed[f"trend/{_joined(key)}"] = _encode(_Trend(key, trend))
    for number in before.archive.pieces.keys() - after.archive.pieces.keys():
        changed[f"archive/{number}"] = None
    for number, piece in _new(before.archive.pieces, after.archive.pieces):
        changed[f"archive/{number}"] = _encode(_Piece(number, columns_of(piece)))
    for service, incident in _new(before.incidents, after.incidents):
        changed[f"incident/{service}"] = _encode(_saved_incident(service, incident))
    for place, watched in _new(before.watched, after.watched):
        changed[f"watched/{place}"] = _encode(saved_feed(place, watched))
    for service, fused in _new(before.fused, after.fused):
        changed[f"fused/{service}"] = _encode(saved_fused(service, fused))
    return changed


def _new(before: Mapping[K, V], after: Mapping[K, V]) -> Iterator[tuple[K, V]]:
    """Yield what is in ``after`` and not, as the same object, in ``before``."""
    return ((key, value) for key, value in after.items() if before.get(key) is not value)


def _joined(key: SeriesKey) -> str:
    return f"{len(key.service)}/{key.service}/{key.source}"


def _encode(saved: _Saved) -> bytes:
    return msgspec.msgpack.encode(saved)


def _saved_feed(name: str, feed: SourceMemory) -> _Feed:
    backlog = None if feed.backlog is None else columns_of(feed.backlog)
    return _Feed(
        name,
        feed.cursor,
        feed.observed.pairs(),
        feed.counted_until,
        backlog,
        feed.known.tobytes(),
        feed.marked_until,
        feed.since,
    )


def _feed(saved: _Feed) -> SourceMemory:
    backlog = None if saved.backlog is None else frame_of(saved.backlog)
    known = np.frombuffer(saved.known, np.uint64)
    observed = Spans.of(saved.observed)
    return SourceMemory(
        saved.cursor,
        observed,
        saved.counted_until,
        backlog,
        known,
        saved.marked_until,
        saved.since,
    )


def _saved_incident(service: str, incident: LatestIncident) -> _Incident:
    merging = incident.merging
    surges = [(source, g.surge, g.severity) for (source, _), g in merging.surges.items()]
    return _Incident(
        service,
        surges,
        merging.severity,
        incident.told,
        merging.agreement,
        merging.not_observed_since,
    )


def _incident(saved: _Incident) -> LatestIncident:
    surges = {
        (source, surge.noticed_at): Graded(surge, severity)
        for source, surge, severity in saved.surges
    }
    merging = IncidentMerge(
        saved.service, surges, saved.severity, saved.agreement, saved.not_observed_since
    )
    return LatestIncident(merging, saved.told)


def load(entries: Mapping[str, bytes]) -> PipelineState:
    """Return the memory that `changes` wrote, entry by entry.

    Raises
    ------
    StoreError
        If an entry is of another version or damaged; it names the entry.
    """
    found: dict[str, list[Any]] = {kind: [] for kind in _KINDS}
    for key, entry in entries.items():
        kind = key.partition("/")[0]
        if kind in _KINDS:
            found[kind].append(_decode(key, entry, _KINDS[kind]))
    tables = {t.key: t.tables for t in found["tables"]}
    in_order = sorted(found["archive"], key=lambda piece: piece.number)
    return PipelineState(
        feeds={f.name: _feed(f) for f in found["feed"]},
        series={s.key: _followed(s, tables) for s in found["series"]},
        trends={t.key: t.state for t in found["trend"]},
        incidents={i.service: _incident(i) for i in found["incident"]},
        archive=Archive({p.number: frame_of(p.complaints) for p in in_order}),
        watched={w.place: watched_of(w) for w in found["watched"]},
        fused={f.service: fused_of(f) for f in found["fused"]},
    )


def _followed(saved: _Series, tables: Mapping[SeriesKey, bytes]) -> Followed:
    try:
        state = live.load_parts(saved.hot, tables[saved.key])
    except (ValueError, KeyError) as error:
        raise StoreError(
            f"the store's entries of series {_joined(saved.key)!r} cannot be read ({error}); "
            "they were written by another version: move the store away to start afresh"
        ) from error
    return Followed(saved.start, saved.width, saved.bins, state)


def _decode(key: str, entry: bytes, kind: type[Any]) -> Any:
    try:
        saved = msgspec.msgpack.decode(entry, type=kind)
    except msgspec.DecodeError as error:
        raise StoreError(
            f"the store's entry {key!r} cannot be read ({error}); "
            "it was written by another version: move the store away to start afresh"
        ) from error
    if saved.version != VERSION:
        raise StoreError(f"the store's entry {key!r} has version {saved.version}, not {VERSION}")
    return saved
