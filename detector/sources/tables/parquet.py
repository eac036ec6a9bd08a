"""Parquet: read row group by row group, so that memory stays flat. Needs pyarrow."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import IO, Any

import pandas as pd

from detector.errors import InputError

_MAGIC = b"PAR1"


def begins(magic: bytes, path: Path) -> bool:
    """Tell whether a file whose first four bytes are ``magic`` is Parquet.

    Raises
    ------
    InputError
        If its name says so and its content does not.
    """
    if magic != _MAGIC and path.suffix == ".parquet":
        raise InputError("not a Parquet file: it does not begin with PAR1")
    return magic == _MAGIC


def columns(file: IO[bytes]) -> list[str]:
    """Return the names of the columns."""
    return [str(name) for name in _opened(file).schema_arrow.names]


def read(file: IO[bytes], offset: int) -> tuple[pd.DataFrame, int, bool]:
    """Return the rows from ``offset`` to the end of its row group, that end, whether it is all.

    An offset behind the last row, of a file that was replaced, starts over.
    """
    table = _opened(file)
    rows = table.metadata.num_rows
    offset = 0 if offset > rows else offset
    start = 0
    for group in range(table.num_row_groups):
        end = start + table.metadata.row_group(group).num_rows
        if offset < end:
            frame = table.read_row_group(group).to_pandas(ignore_metadata=True)
            return frame.iloc[offset - start :].reset_index(drop=True), end, end == rows
        start = end
    return pd.DataFrame(columns=columns(file)), rows, True


def _opened(file: IO[bytes]) -> Any:
    try:
        return _pyarrow().ParquetFile(file)
    except (OSError, ValueError) as error:  # pyarrow's errors are of both families
        raise InputError(f"not a whole Parquet file: {error}") from error


def _pyarrow() -> ModuleType:
    try:
        return import_module("pyarrow.parquet")
    except ImportError:
        message = "reading Parquet needs pyarrow: pip install 'outage-detector[parquet]'"
        raise InputError(message) from None
