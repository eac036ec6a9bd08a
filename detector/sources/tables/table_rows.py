"""Rows of a file as rows of our tables: columns chosen, cells checked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from detector.model.columns import (
    COUNTS,
    COUNTS_OPTIONAL,
    POSTS,
    POSTS_OPTIONAL,
    TableKind,
    instants,
    named,
    numbers,
    refuse,
    texts,
)
from detector.model.spans import Spans, seconds_of
from detector.sources.tables.records import FileRecords

_DTYPES = {
    "time": "category",
    "service": "category",
    "source": "category",
    "title": "category",
    "count": "float64",
    "floor": "float64",
}

_NO_FLOOR = "empty; a trending table gives its lowest shown value in every row"


def dtypes(kind: TableKind, ours: Mapping[str, str]) -> dict[str, str]:
    """Return how the columns of a CSV file are read fastest; ``ours``: our name to the file's."""
    if kind is TableKind.POSTS:
        return {}
    return {ours[name]: dtype for name, dtype in _DTYPES.items() if name in ours}


def posts(records: FileRecords, ours: Mapping[str, str]) -> pd.DataFrame:
    """Return the posts table in ``records``, in order of time. Raises `InputError` by line."""
    frame = records.frame
    columns = {name: texts(frame[ours[name]]) for name in (*POSTS, *POSTS_OPTIONAL) if name in ours}
    line_of, aside = records.line_of, records.aside
    columns["time"] = instants(frame[ours["time"]], line_of=line_of, aside=aside)
    kept = _kept(pd.DataFrame(columns), records, ours)
    return kept.sort_values("time", kind="stable", ignore_index=True)


def counts(records: FileRecords, ours: Mapping[str, str], kind: TableKind) -> pd.DataFrame:
    """Return the counts or trending table in ``records``.

    Raises
    ------
    InputError
        Naming the line of the first cell that is wrong: a time, a number, an empty ``service``
        (unless a title names it), an empty ``floor``.
    """
    frame, line_of, aside = records.frame, records.line_of, records.aside
    named_by_title = kind is TableKind.TRENDING and "title" in ours
    columns = {"time": instants(frame[ours["time"]], line_of=line_of, aside=aside)}
    service = frame[ours["service"]]
    columns["service"] = (
        texts(service) if named_by_title else named(service, line_of=line_of, aside=aside)
    )
    columns["count"] = numbers(frame[ours["count"]], line_of=line_of, aside=aside)
    if "floor" in ours:
        columns["floor"] = _floor(frame[ours["floor"]], records)
    for name in ("source", "title"):
        if name in ours:
            columns[name] = texts(frame[ours[name]])
    return _kept(pd.DataFrame(columns), records, ours)


def _kept(frame: pd.DataFrame, records: FileRecords, ours: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows that are not set aside.

    Of a trending table a row stays whose time is known, without its number: in a reading that
    cannot be understood, whoever is not listed is not quiet.
    """
    if not records.aside:
        return frame
    wrong = frame.index.isin(list(records.aside))
    if "floor" not in frame:
        return frame[~wrong]
    no_time = [row for row, fault in records.aside.items() if fault.column in (None, ours["time"])]
    blank = frame.assign(count=frame["count"].mask(wrong))
    return blank[~frame.index.isin(no_time)]


def empty_counts(kind: TableKind) -> pd.DataFrame:
    """Return a table of that kind without rows: what a poll brings when there is nothing new."""
    columns = [*COUNTS, *(COUNTS_OPTIONAL if kind is TableKind.TRENDING else ())]
    frame = pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
    frame["time"] = pd.to_datetime(frame["time"], utc=True).dt.as_unit("us")
    numeric = frame.columns.intersection(["count", "floor"])
    return frame.astype(dict.fromkeys(numeric, "float64"))


def observed_counts(counts: pd.DataFrame, gaps: Spans, width: float) -> pd.DataFrame:
    """Return the rows whose bin of ``width`` seconds no gap touches: half a bin is no count."""
    return counts[~gaps.touch(seconds_of(counts["time"]), width)]


def observed_looks(counts: pd.DataFrame, gaps: Spans, width: float) -> tuple[pd.DataFrame, Spans]:
    """Return the rows of a trending table that were observed, and what was not.

    A row without a number is a reading that failed: neither listed nor absent.
    """
    blank = counts["count"].isna().to_numpy(dtype=np.bool_)
    failed = [
        (at, at + pd.Timedelta(seconds=width))
        for at in counts.loc[blank, "time"].dt.to_pydatetime()
    ]
    kept = counts[~blank & ~gaps.hold(counts["time"])]
    return kept, Spans.of([*gaps.pairs(), *failed]) if failed else gaps


def _floor(column: pd.Series, records: FileRecords) -> pd.Series:
    line_of, aside = records.line_of, records.aside
    floor = numbers(column, line_of=line_of, aside=aside)
    empty = floor.isna().to_numpy(dtype=np.bool_)
    refuse(empty, column, lambda _: _NO_FLOOR, line_of, aside)
    return floor
