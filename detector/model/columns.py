"""The tables' columns, as ``docs/interface.md`` names them, and the checks every table passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.errors import InputError
from detector.model.times import iso

COUNTS = ("time", "service", "count")
COUNTS_OPTIONAL = ("source", "floor", "title")
POSTS = ("time", "text")
POSTS_OPTIONAL = ("id", "author", "service", "source", "lang", "region", "platform", "url")
OURS = tuple(dict.fromkeys(COUNTS + COUNTS_OPTIONAL + POSTS + POSTS_OPTIONAL))

#: Column names of known tables that mean one of ours, tried when ours is missing.
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "time": ("time_utc",),
    "count": ("hot_value",),
    "floor": ("floor_hot",),
    "title": ("topic",),
    "author": ("author_hash",),
}

_OFFSET = r"[T ].*(?:[zZ]|[+-]\d{2}(?::?\d{2})?)$"
_FIRST = pd.Timestamp("1970-01-01", tz="UTC")
_LAST = pd.Timestamp("2100-01-01", tz="UTC")
_INSTANT = "an instant with an offset, e.g. 2022-07-22T14:09:00Z"
_MOST = 1e18  # nobody counts so far, and squares of it are still numbers
_NUMBER = "a number >= 0, or empty where nothing was observed"

#: Tells the line of a row, both from the beginning of what was read; rows count from 0.
LineOf = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row, and in which column; None if all of it is."""

    column: str | None
    message: str


#: Takes the faults of rows that are set aside, by their label; the first of a row stays.
Aside = dict[int, Fault]


class TableKind(Enum):
    """What a table holds."""

    COUNTS = "counts"
    TRENDING = "trending"
    POSTS = "posts"


def our_columns(columns: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return ``{our name: column in the file}`` for the columns of a file that mean ours.

    Parameters
    ----------
    columns : the file's columns.
    mapping : ``{our name: column in the file}`` from the configuration; it wins over a column of
        our name, and that over `SYNONYMS`.

    Raises
    ------
    InputError
        If ``mapping`` names a column that the file does not have, or a column that means one of
        ours is there twice.
    """
    found = {}
    for ours in OURS:
        known = (mapping[ours],) if ours in mapping else (ours, *SYNONYMS.get(ours, ()))
        theirs = next((name for name in known if name in columns), None)
        if theirs is not None:
            found[ours] = theirs
        elif ours in mapping:
            message = f"no such column (mapped to {ours!r}); the columns are {_listed(columns)}"
            raise InputError(message, line=1, column=mapping[ours])
        if theirs is not None and list(columns).count(theirs) > 1:
            raise InputError("there are two columns of this name", line=1, column=theirs)
    return found


def kind_of(ours: Mapping[str, str], columns: Sequence[str]) -> TableKind:
    """Tell what a table is by the columns that mean ``ours``, or raise `InputError`."""
    if ours.keys() >= set(POSTS):
        return TableKind.POSTS
    if ours.keys() >= set(COUNTS):
        return TableKind.TRENDING if "floor" in ours else TableKind.COUNTS
    one = columns[0] if len(columns) == 1 else ""
    hint = "; separate the cells by commas" if any(mark in one for mark in ";\t|") else ""
    raise InputError(
        "neither a counts table (time, service, count) nor a posts table (time, text); "
        f"the columns are {_listed(columns)}{hint}",
        line=1,
    )


def instants(column: pd.Series, *, line_of: LineOf, aside: Aside | None = None) -> pd.Series:
    """Return ISO 8601 texts with an offset as aware UTC instants, to the microsecond.

    Parameters
    ----------
    column : texts, categories of texts, or already datetimes (Parquet); its name goes into the
        error.
    line_of : the line of a row, for the error.
    aside : takes what is wrong instead; values of such rows mean nothing.

    Raises
    ------
    InputError
        Naming the first line whose cell is no instant, has no offset, or lies outside
        [1970, 2100).
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        parsed = _parsed(pd.Series(column.cat.categories)).array
        times = pd.Series(parsed.take(column.cat.codes.to_numpy(), allow_fill=True))
    else:
        times = _parsed(column).reset_index(drop=True)
    wrong = ~((times >= _FIRST) & (times < _LAST)).to_numpy(dtype=np.bool_)
    refuse(
        wrong, column, lambda row: _no_instant(column.iloc[row], times.iloc[row]), line_of, aside
    )
    return times.set_axis(column.index)


def refuse(
    wrong: NDArray[np.bool_],
    column: pd.Series,
    why: Callable[[int], str],
    line_of: LineOf,
    aside: Aside | None,
) -> None:
    """Put what is ``wrong`` in ``column`` ``aside``, or raise `InputError` at its first row.

    Parameters
    ----------
    wrong : shape (n,), by row.
    why : what is wrong in a row.
    line_of, aside : see `instants`.
    """
    for row in np.flatnonzero(wrong).tolist():
        fault = Fault(str(column.name), why(row))
        if aside is None:
            raise InputError(fault.message, line=line_of(row), column=fault.column)
        aside.setdefault(int(column.index[row]), fault)


def _parsed(column: pd.Series) -> pd.Series:
    """Return the instants of ``column``, NaT where there is none or it has no offset."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        in_utc: pd.Series = column.dt.tz_convert("UTC").dt.as_unit("us")
        return in_utc
    texts = column.astype("str")
    with_offset = texts.str.contains(_OFFSET, regex=True, na=False)
    found = pd.to_datetime(texts.where(with_offset), utc=True, format="ISO8601", errors="coerce")
    in_micros: pd.Series = found.dt.as_unit("us")
    return in_micros


def _no_instant(cell: Any, parsed: Any) -> str:
    if not pd.isna(parsed):
        return f"{cell!r} does not lie between 1970 and 2100"
    if bool(pd.isna(cell)) or cell == "":
        return f"empty; every row needs {_INSTANT}"
    if isinstance(cell, int | float | np.number) and 0 <= cell < _LAST.timestamp():
        meant = iso(pd.Timestamp(float(cell), unit="s", tz="UTC").to_pydatetime())
        return f"{cell} is not {_INSTANT}; if these are seconds since 1970 write {meant}"
    return f"{str(cell)!r} is not {_INSTANT}"


def numbers(column: pd.Series, *, line_of: LineOf, aside: Aside | None = None) -> pd.Series:
    """Return ``column`` as float64 >= 0; empty cells become nan. ``aside`` is as for `instants`.

    Raises
    ------
    InputError
        Naming the first line whose cell is neither.
    """
    if column.dtype == np.float64:
        values, given = column, column.notna()
    else:
        given = column.notna() & (column.astype("str").str.strip() != "")
        is_bool = column.map(lambda cell: isinstance(cell, bool)).astype("bool")
        values = pd.to_numeric(column.where(given & ~is_bool), errors="coerce").astype("float64")
    wrong = ((given & values.isna()) | (values < 0) | np.isinf(values)).to_numpy(dtype=np.bool_)
    refuse(wrong, column, lambda row: f"{str(column.iloc[row])!r} is not {_NUMBER}", line_of, aside)
    beyond = (values > _MOST).to_numpy(dtype=np.bool_)
    refuse(
        beyond, column, lambda row: f"{values.iloc[row]:g} is more than {_MOST:g}", line_of, aside
    )
    return values


def texts(column: pd.Series) -> pd.Series:
    """Return ``column`` as texts; missing cells become empty."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        names = pd.Series(column.cat.categories).astype("str").array
        codes = column.cat.codes.to_numpy()
        return pd.Series(names.take(codes, allow_fill=True, fill_value=""), index=column.index)
    return column.astype("object").where(column.notna(), "").astype("str")


def named(column: pd.Series, *, line_of: LineOf, aside: Aside | None = None) -> pd.Series:
    """Return `texts` of ``column``; raises `InputError` at the first line with an empty one.

    ``aside`` is as for `instants`.
    """
    filled = texts(column)
    empty = (filled == "").to_numpy(dtype=np.bool_)
    refuse(empty, column, lambda _: "empty; every row names one", line_of, aside)
    return filled


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(columns) or "none"
