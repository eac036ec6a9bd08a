"""Tables as plain lists, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd


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
