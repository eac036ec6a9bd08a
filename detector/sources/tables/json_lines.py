"""JSON Lines: one object per line, keys as columns."""

from __future__ import annotations

import msgspec
import pandas as pd

from detector.errors import InputError
from detector.sources.tables.csv_text import BOM, not_utf8

ENDINGS = (".jsonl", ".ndjson", ".json")
_DECODER = msgspec.json.Decoder(dict[str, object])


def begins_with_object(head: bytes) -> bool:
    """Tell whether a file that begins with ``head`` is JSON Lines."""
    return head.removeprefix(BOM).lstrip().startswith(b"{")


def whole_records(body: bytes) -> int:
    """Return the length of ``body`` up to the last line whose end is there."""
    return body.rfind(b"\n") + 1


def line_of(body: bytes, row: int) -> int:
    """Return the line, counted from 1, of record ``row``, from 0 (blank lines are none)."""
    full = [i for i, line in enumerate(body.split(b"\n")) if line.strip()]
    return 1 + (full[row] if row < len(full) else body.count(b"\n"))


def parse(body: bytes) -> pd.DataFrame:
    """Return one row per object; keys that an object lacks are missing in its row.

    Raises
    ------
    InputError
        Without path; names the first line, counted from 1, that is no JSON object.
    """
    lines = enumerate(body.removeprefix(BOM).split(b"\n"), start=1)
    return pd.DataFrame.from_records([_object(line, i) for i, line in lines if line.strip()])


def records(body: bytes) -> list[bytes]:
    """Return the lines of ``body`` that are not blank, each with a line end."""
    return [line + b"\n" for line in body.removeprefix(BOM).split(b"\n") if line.strip()]


def fault(record: bytes) -> str | None:
    """Say why ``record`` is no JSON object, None if it is one."""
    try:
        _object(record.rstrip(b"\n"), 1)
    except InputError as error:
        return error.message
    return None


def _object(line: bytes, number: int) -> dict[str, object]:
    try:
        return _DECODER.decode(line)
    except UnicodeDecodeError as error:
        raise not_utf8(error, number) from None
    except msgspec.DecodeError as error:
        raise InputError(f"not a JSON object: {error}", line=number) from None
    except RecursionError:
        raise InputError("not a JSON object: nested too deeply", line=number) from None
