"""CSV: where records end, which line they stand on, and their cells.

A quotation mark opens a quoted cell at the beginning of a cell only; elsewhere it is a character
like any other (``5" screen``). Both pandas and the search for record ends below read it so.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.errors import InputError

BOM = b"\xef\xbb\xbf"
_QUOTED = re.compile(rb'(?<![^,\n])"(?:[^"]++|"")*+("|\Z)')
_BINARY = "not a text; a table is CSV or JSON Lines (also gzipped), or Parquet"
_WIDE = (b"\xff\xfe", b"\xfe\xff")


def columns(header: bytes) -> list[str]:
    """Return the names in the header line. Raises `InputError` without path."""
    if header.startswith(_WIDE):
        raise InputError("in UTF-16; save it as UTF-8", line=1)
    if b"\0" in header:
        raise InputError(_BINARY, line=1)
    try:
        text = header.removeprefix(BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(error, 1) from None
    if "\r" in text.rstrip("\r\n"):
        raise InputError(r"lines end with a carriage return alone; end them with \n", line=1)
    names = next(csv.reader([text]), [])
    if not any(names):
        raise InputError("empty: a table needs a header line", line=1)
    return names


def whole_records(body: bytes) -> int:
    """Return the length of ``body`` up to the last record whose line end is there."""
    return masked(body).rfind(b"\n") + 1


def masked(body: bytes) -> bytes:
    """Return ``body`` of the same length with quoted cells blacked out.

    In it every line end ends a record, and every comma a cell.
    """
    if b'"' not in body:
        return body
    return _QUOTED.sub(lambda cell: b"x" * (cell.end() - cell.start()), body)


def line_of(body: bytes, row: int) -> int:
    """Return the line of ``body``, counted from 1, that record ``row`` begins on.

    Rows count from 0; blank lines are none. Behind the last record: the last line.
    """
    starts = [start for start, _ in _spans(body)]
    return 1 + body.count(b"\n", 0, starts[row] if row < len(starts) else len(body))


def records(body: bytes) -> list[bytes]:
    """Return the records of ``body`` with their line ends, blank lines left out."""
    return [body[start:end] for start, end in _spans(body)]


def _spans(body: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each record begins and ends; blank lines are none."""
    start = 0
    for record in masked(body).split(b"\n"):
        end = start + len(record) + 1
        if record.strip():
            yield start, end
        start = end


def fault(record: bytes, expected: int) -> str | None:
    """Say why ``record`` cannot be read as ``expected`` cells, None if it can."""
    cells = masked(record).count(b",") + 1
    if cells != expected:
        return _wrong_cells(cells, expected)
    try:
        record.decode("utf-8")
    except UnicodeDecodeError as error:
        return not_utf8(error, 1).message
    return None


def parse(header: bytes, body: bytes, *, dtypes: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return the records of ``body``, one row each, cells as texts (missing ones empty).

    Parameters
    ----------
    header, body : the header line, and complete records; in UTF-8.
    dtypes : columns to read as ``float64`` or ``category`` instead, which is faster; when that
        loses what stands there, all are texts.

    Raises
    ------
    InputError
        Without path; names the first line of ``body``, counted from 1, with too few or too many
        cells, an unclosed quotation mark, or bytes that are not UTF-8.
    """
    names = columns(header)
    _check_cells(body, len(names))
    try:
        frame = _read(header, body, dtypes or {})
        if not _kept(frame):
            frame = _read(header, body, {})
    except UnicodeDecodeError:
        raise _where_it_is_not(body) from None
    except ValueError:
        if not dtypes:
            raise
        return parse(header, body)
    return frame


def _read(header: bytes, body: bytes, dtypes: Mapping[str, str]) -> pd.DataFrame:
    names = columns(header)
    wanted = {name: dtypes.get(name, "str") for name in names}
    try:
        return pd.read_csv(
            io.BytesIO(header.removeprefix(BOM) + body),
            dtype=wanted,
            keep_default_na=False,
            na_values={name: [""] for name, dtype in dtypes.items() if dtype == "float64"},
            index_col=False,
            low_memory=False,
            encoding="utf-8",
        )
    except pd.errors.ParserError as error:
        raise InputError(f"not a CSV table: {error}".strip(), line=1) from error


def _kept(frame: pd.DataFrame) -> bool:
    """Tell whether the categories are the texts that stand there (pandas reads ``007`` as 7)."""
    return all(
        isinstance(frame[name].cat.categories.dtype, pd.StringDtype) or frame.empty
        for name in frame.select_dtypes("category").columns
    )


def _check_cells(body: bytes, expected: int) -> None:
    """Raise `InputError` at the first record that has not ``expected`` cells."""
    open_cell = _unclosed(body)
    if open_cell is not None:
        line = 1 + body.count(b"\n", 0, open_cell)
        raise InputError("a quotation mark that nothing closes", line=line)
    plain = masked(body)
    if (_cells(plain) == expected).all():
        return
    full = [record for record in plain.split(b"\n") if record.strip()]
    for row, record in enumerate(full):
        cells = record.count(b",") + 1
        if cells != expected:
            raise InputError(_wrong_cells(cells, expected), line=line_of(body, row))


def _wrong_cells(cells: int, expected: int) -> str:
    hint = "; put a text with commas into quotation marks" if cells > expected else ""
    return f"{cells} cell{'s' * (cells > 1)} instead of {expected}{hint}"


def _cells(plain: bytes) -> NDArray[np.int64]:
    """Return the number of cells of every line."""
    characters = np.frombuffer(plain, dtype=np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    if not plain.endswith(b"\n") and plain:
        ends = np.append(ends, len(plain))
    commas = np.searchsorted(np.flatnonzero(characters == ord(",")), ends)
    return np.diff(commas, prepend=0) + 1


def _unclosed(body: bytes) -> int | None:
    """Return where a quoted cell begins that does not end, None if all do."""
    if b'"' not in body:
        return None
    for cell in _QUOTED.finditer(body):
        if not cell[1]:
            return cell.start()
    return None


def _where_it_is_not(body: bytes) -> InputError:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return not_utf8(error, 1 + body.count(b"\n", 0, error.start))
    return InputError("not UTF-8; convert it to UTF-8", line=1)


def not_utf8(error: UnicodeDecodeError, line: int) -> InputError:
    """Return what to say of bytes on ``line`` that are not UTF-8."""
    byte = error.object[error.start]
    return InputError(
        f"not UTF-8 (byte 0x{byte:02x}); convert it, e.g. iconv -f GB18030 -t UTF-8", line=line
    )
