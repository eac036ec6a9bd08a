"""Tables as text, to write into files."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from detector.sources.base import Poll
from detector.sources.files import FileSource

#: Reading a file does not depend on the time it is read at.
NOW = datetime(2026, 1, 1, tzinfo=UTC)

COUNTS = """\
time,service,count
2022-07-22T14:09:00Z,WeChat,12
2022-07-22T14:10:00Z,WeChat,
2022-07-22T14:11:00Z,WeChat,40.5
"""


def as_csv(rows: Sequence[Mapping[str, object]], *, end: str = "\n") -> bytes:
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_json_lines(rows: Sequence[Mapping[str, object]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def write(path: Path, content: bytes | str) -> Path:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def poll(path: Path, **options: object) -> Poll:
    """The first poll of a complete file."""
    return FileSource("file", path, **options).poll(None, until=NOW)  # type: ignore[arg-type]


def everything(source: FileSource, cursor: str | None = None) -> tuple[list[Poll], str | None]:
    """Poll until nothing new comes; returns the polls with news, and the last cursor."""
    polls = []
    for _ in range(1000):
        got = source.poll(cursor, until=NOW)
        cursor = got.cursor
        rows = got.posts if got.posts is not None else got.counts
        if (rows is None or rows.empty) and not got.observed:
            return polls, cursor
        polls.append(got)
        if got.exhausted:
            return polls, cursor
    raise AssertionError("it goes on and on")


def counts_of(got: Poll) -> pd.DataFrame:
    assert got.counts is not None
    return got.counts


def posts_of(got: Poll) -> pd.DataFrame:
    assert got.posts is not None
    return got.posts
