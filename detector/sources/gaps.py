"""Gaps tables: spans of time in which nobody looked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from detector.domain.spans import Spans
from detector.domain.tables import instants
from detector.errors import InputError
from detector.sources.records import Mark, RecordFile

_ENOUGH = 1 << 30


def read_gaps(path: Path) -> Spans:
    """Read the spans ``start,end`` that were not observed; more columns are allowed.

    Raises
    ------
    InputError
        If the file is no such table, or a gap ends before it starts; names the line.
    """
    file = RecordFile(path, grows=False)
    columns = file.columns()
    missing = [name for name in ("start", "end") if name not in columns]
    if missing:
        message = f"a gaps table needs the columns start,end; there is no {missing[0]!r}"
        raise InputError(message, path=path, line=1)
    _, records = file.read(Mark(), limit=_ENOUGH)
    with file.located():
        starts = instants(records.frame["start"], line_of=records.line_of)
        ends = instants(records.frame["end"], line_of=records.line_of)
        backwards = np.flatnonzero((ends < starts).to_numpy())
        if len(backwards):
            line = records.line_of(int(backwards[0]))
            raise InputError("the gap ends before it starts", line=line, column="end")
    return Spans.of(zip(starts.dt.to_pydatetime(), ends.dt.to_pydatetime(), strict=True))
