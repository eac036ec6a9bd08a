"""Files and folders of counts, posts and trending tables: read once by ``replay``, tailed by ``run``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pandas as pd

from detector.domain.bins import most_common_step
from detector.domain.spans import Spans
from detector.domain.tables import (
    COUNTS,
    COUNTS_OPTIONAL,
    POSTS,
    POSTS_OPTIONAL,
    TableKind,
    instants,
    kind_of,
    numbers,
    rename,
    texts,
)
from detector.errors import InputError
from detector.ports import Pull
from detector.sources.records import RecordFile, Records

#: Posts are read in pieces of this many bytes, so that memory stays flat.
PIECE = 16 << 20


@dataclass(eq=False)
class FileSource:
    """One file, or every file of a folder in order of their names.

    Parameters
    ----------
    name : the source's name in the configuration.
    path : file or folder.
    columns : ``{our column: the file's column}``; `detector.domain.tables.SYNONYMS` are tried too.
    width : bin width of a counts table; None infers it from the table.
    gaps : spans in which a counts or trending table was not observed.
    grows : whether the file is still being written (``run``) or complete (``replay``).
    """

    name: str
    path: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    width: timedelta | None = None
    gaps: Spans = field(default_factory=Spans.none)
    grows: bool = False
    _open: dict[Path, RecordFile] = field(default_factory=dict, init=False)

    def pull(self, cursor: str | None, *, until: datetime) -> Pull:
        """Return what the first file with something new holds behind ``cursor``.

        A file says when things happened, not when it was written, so ``until`` does not hold it
        back: what is in the file is known.
        """
        past = msgspec.json.decode(cursor, type=_Cursor) if cursor else _Cursor()
        for path in self._files():
            offset = past.offsets.get(path.name, 0)
            kind, records = self._read(path, offset)
            if len(records.frame):
                offsets = {**past.offsets, path.name: records.end}
                last = not self.grows and records.at_end and path == self._files()[-1]
                return self._pull(path, kind, records, offset, _Cursor(offsets, past.until), last=last)
        return Pull(cursor, exhausted=not self.grows)

    def rows(self) -> pd.DataFrame:
        """Return every row of every file as it stands, columns renamed to ours."""
        return pd.concat([self._whole(RecordFile(p, grows=False), 0)[1].frame for p in self._files()])

    def _files(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path]
        files = sorted(p for p in self.path.iterdir() if p.is_file() and p.name[0] != ".")
        if not files and not self.grows:
            raise InputError("an empty folder: put counts or posts tables in it", path=self.path)
        return files

    def _read(self, path: Path, offset: int, limit: int = PIECE) -> tuple[TableKind, Records]:
        reader = self._open.setdefault(path, RecordFile(path, grows=self.grows))
        records = reader.read(offset, limit=limit)
        with _located(reader, offset):
            frame = records.frame
            frame = frame.rename(columns=rename(list(frame.columns), self.columns))
            kind = kind_of(list(frame.columns)) if len(frame.columns) else TableKind.POSTS
        if kind is not TableKind.POSTS and not records.at_end and limit == PIECE:
            return self._whole(reader, offset)
        return kind, Records(frame, records.end, records.at_end)

    def _whole(self, reader: RecordFile, offset: int) -> tuple[TableKind, Records]:
        """Read a counts table to its end: its width and its services are known only then."""
        records = reader.read(offset)
        frame = records.frame.rename(columns=rename(list(records.frame.columns), self.columns))
        return kind_of(list(frame.columns)), Records(frame, records.end, at_end=True)

    def _pull(
        self, path: Path, kind: TableKind, records: Records, offset: int, cursor: _Cursor, *, last: bool
    ) -> Pull:
        with _located(self._open[path], offset):
            if kind is TableKind.POSTS:
                return _pull_posts(_posts(records.frame), cursor, last=last)
            counts = _counts(records.frame)
        width = self.width or _inferred_width(counts, path)
        self.width = width
        counts = counts[~self.gaps.hold(counts["time"])]
        observed: tuple[tuple[datetime, datetime], ...] = ()
        if kind is TableKind.TRENDING and len(counts):
            span = (counts["time"].min().to_pydatetime(), counts["time"].max().to_pydatetime())
            observed = Spans.of([(span[0], span[1] + width)]).without(self.gaps).pairs()
        return Pull(cursor.text(), counts=counts, width=width, observed=observed, exhausted=last)


class _Cursor(msgspec.Struct, frozen=True):
    """How far each file was read, and up to when posts were seen."""

    offsets: dict[str, int] = {}
    until: datetime | None = None

    def text(self) -> str:
        return msgspec.json.encode(self).decode()


def _pull_posts(posts: pd.DataFrame, cursor: _Cursor, *, last: bool) -> Pull:
    """Return posts and the span from those read before up to the last of these."""
    first, end = posts["time"].iloc[0].to_pydatetime(), posts["time"].iloc[-1].to_pydatetime()
    since = first if cursor.until is None else cursor.until
    observed = ((since, end),) if end > since else ()
    until = max(since, end)
    cursor = _Cursor(cursor.offsets, until)
    return Pull(cursor.text(), posts=posts, observed=observed, exhausted=last)


class _located:  # noqa: N801  (reads as a sentence in a with statement)
    """Adds the file and the line of the piece to an `InputError` about a row of it."""

    def __init__(self, reader: RecordFile, offset: int) -> None:
        self.reader = reader
        self.offset = offset

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InputError) and error.path is None:
            line = error.line
            if line is not None and error.column is not None:
                line = self.reader.line_at(self.offset) + line
            raise InputError(
                error.message, path=self.reader.path, line=line, column=error.column
            ) from None


def _posts(frame: pd.DataFrame) -> pd.DataFrame:
    kept = frame[[c for c in (*POSTS, *POSTS_OPTIONAL) if c in frame.columns]].copy()
    kept["time"] = instants(kept["time"], first_line=0)
    for column in kept.columns.drop("time"):
        kept[column] = texts(kept[column])
    return kept.sort_values("time", kind="stable", ignore_index=True)


def _counts(frame: pd.DataFrame) -> pd.DataFrame:
    kept = frame[[c for c in (*COUNTS, *COUNTS_OPTIONAL) if c in frame.columns]].copy()
    kept["time"] = instants(kept["time"], first_line=0)
    kept["count"] = numbers(kept["count"], first_line=0)
    if "floor" in kept:
        kept["floor"] = numbers(kept["floor"], first_line=0)
    for column in kept.columns.intersection(["service", "source", "title"]):
        kept[column] = texts(kept[column])
    return kept


def _inferred_width(counts: pd.DataFrame, path: Path) -> timedelta:
    step = most_common_step(counts)
    if step is None:
        raise InputError(
            "the bin width cannot be told from one row per service; give it (--width 1min)",
            path=path,
        )
    return step


def read_gaps(path: Path) -> Spans:
    """Read ``start,end`` spans that were not observed from a CSV file. Raises `InputError`."""
    reader = RecordFile(path, grows=False)
    frame = reader.read(0).frame
    with _located(reader, 0):
        missing = [c for c in ("start", "end") if c not in frame.columns]
        if missing:
            raise InputError(f"a gaps table needs the columns start,end; no {missing[0]!r}", line=1)
        starts = instants(frame["start"], first_line=0)
        ends = instants(frame["end"], first_line=0)
    return Spans.of(zip(starts.dt.to_pydatetime(), ends.dt.to_pydatetime(), strict=True))
