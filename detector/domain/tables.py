"""The tables' columns, as ``docs/interface.md`` names them, and the checks every table passes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import numpy as np
import pandas as pd

from detector.errors import InputError

COUNTS = ("time", "service", "count")
COUNTS_OPTIONAL = ("source", "floor", "title")
POSTS = ("time", "text")
POSTS_OPTIONAL = ("id", "author", "service", "source", "lang", "region", "platform", "url")

#: Column names of known tables that mean one of ours, tried when ours is missing.
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "time": ("time_utc",),
    "count": ("hot_value",),
    "floor": ("floor_hot",),
    "title": ("topic",),
    "author": ("author_hash",),
}

_OFFSET = r"(?:[zZ]|[+-]\d{2}:?\d{2})$"


class TableKind(Enum):
    """What a table holds."""

    COUNTS = "counts"
    TRENDING = "trending"
    POSTS = "posts"


def rename(columns: list[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return ``{column in the file: our name}``.

    Parameters
    ----------
    columns : the file's columns.
    mapping : ``{our name: column in the file}`` from the configuration; wins over `SYNONYMS`.

    Raises
    ------
    InputError
        If ``mapping`` names a column that the file does not have.
    """
    renamed = {}
    for ours, theirs in mapping.items():
        if theirs not in columns:
            raise InputError(
                f"no column {theirs!r} (mapped to {ours!r}); the columns are {', '.join(columns)}",
                line=1,
            )
        renamed[theirs] = ours
    for ours, known in SYNONYMS.items():
        if ours in columns or ours in mapping:
            continue
        for theirs in known:
            if theirs in columns:
                renamed[theirs] = ours
                break
    return renamed


def kind_of(columns: list[str]) -> TableKind:
    """Tell what a table with these (renamed) columns is, or raise `InputError`."""
    have = set(columns)
    if have.issuperset(POSTS):
        return TableKind.POSTS
    if have.issuperset(COUNTS):
        return TableKind.TRENDING if "floor" in have else TableKind.COUNTS
    raise InputError(
        "neither a counts table (time, service, count) nor a posts table (time, text); "
        f"the columns are {', '.join(columns) or 'none'}",
        line=1,
    )


def instants(column: pd.Series, *, first_line: int) -> pd.Series:
    """Return ISO 8601 texts with an offset as aware UTC instants.

    Parameters
    ----------
    column : texts, or already datetimes (Parquet); its name goes into the error.
    first_line : line number of row 0, for the error.

    Raises
    ------
    InputError
        Naming the first line whose text is no instant, or has no offset.
    """
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC")
    texts = column.astype("str")
    with_offset = texts.str.endswith("Z")
    if not with_offset.all():
        with_offset |= texts.str.contains(_OFFSET, regex=True)
    parsed = pd.to_datetime(texts.where(with_offset), utc=True, format="ISO8601", errors="coerce")
    _complain(parsed.isna(), column, "an instant with an offset, e.g. 2022-07-22T14:09:00Z", first_line)
    return parsed


def numbers(column: pd.Series, *, first_line: int) -> pd.Series:
    """Return ``column`` as float64 >= 0; empty cells become nan. Raises `InputError` by line."""
    given = column.notna() & (column.astype("str").str.strip() != "")
    values = pd.to_numeric(column.where(given), errors="coerce").astype("float64")
    wrong = (given & values.isna()) | (values < 0) | np.isinf(values)
    _complain(wrong, column, "a number >= 0, or empty where nothing was observed", first_line)
    return values


def texts(column: pd.Series) -> pd.Series:
    """Return ``column`` as texts; missing cells become empty."""
    return column.astype("object").where(column.notna(), "").astype("str")


def _complain(wrong: pd.Series, column: pd.Series, right: str, first_line: int) -> None:
    if wrong.any():
        row = int(np.flatnonzero(wrong.to_numpy())[0])
        raise InputError(
            f"{column.iloc[row]!r} is not {right}",
            line=first_line + row,
            column=str(column.name),
        )
