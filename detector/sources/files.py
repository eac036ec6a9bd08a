"""Files and folders of counts, posts and trending tables: read by ``replay``, tailed by ``run``.

The cursor says how far each file was read. A gaps table lists spans in which nothing was observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
import numpy as np
import pandas as pd
import structlog
from pydantic import Field

from detector.errors import InputError
from detector.fields import Columns, Width
from detector.model.columns import TableKind, instants
from detector.model.series import most_common_step, other_step, two_widths, width_fault
from detector.model.spans import Spans
from detector.model.times import floor_to, iso
from detector.sources.base import Poll, SourceContext, SourceSettings, decode_cursor
from detector.sources.tables import table_rows
from detector.sources.tables.records import PIECE, Mark, RecordFile
from detector.sources.tables.table_file import Table, TableFile, whole
from detector.text.phrasing import Phrasing

#: Posts of a table larger than a piece may be out of order by so much.
DISORDER = timedelta(hours=1)
log = structlog.get_logger("detector.sources")
_UNFINISHED = (".tmp", ".part", ".swp", "~")
_ENOUGH = 1 << 30


class FileSettings(SourceSettings):
    """A file or folder of counts, posts or trending tables that may grow."""

    reads: ClassVar[str] = "counts, posts, trending lists"
    history: ClassVar[str] = "what is in them"
    up_when: ClassVar[str] = "the rows themselves"
    needs: ClassVar[str] = "a path"
    example: ClassVar[str] = """\
[[sources]]                     # a file or folder of posts, counts or trending tables; may grow
type = "files"
name = "archive"
path = "incoming/"
"""

    type: Literal["files"]
    path: Path
    """The file, or a folder whose files are read in order of their names."""

    columns: Columns = Field(default={})
    """Our column = the file's, e.g. ``{ time = "created_at" }``. Columns that have our name, and
    those of hot-search tables, need not be given."""

    width: Width | None = None
    """Bin width of a counts table; inferred from its rows if not given."""

    gaps: Path | None = None
    """A CSV file ``start,end`` of spans in which nothing was observed."""

    def build(self, context: SourceContext) -> FileSource:
        """Return the source. Raises `InputError` when the gaps cannot be read."""
        return FileSource(
            self.name,
            context.base / self.path,
            columns=self.columns,
            width=self.width,
            gaps=read_gaps(context.base / self.gaps) if self.gaps else Spans.none(),
            grows=True,
        )

    def describe(self, context: SourceContext, say: Phrasing) -> str:
        """Return the path, and whether something is there."""
        path = context.base / self.path
        return str(path) if path.exists() else say.texts("integration.missing", path=path)


class FileCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the next poll of files continues.

    Attributes
    ----------
    marks : how far each file was read, by its name.
    kind : what the tables hold; all are of one kind.
    width : bin width of counts, seconds, once it is known.
    seen : the latest time in any row.
    until : up to here it was said what was observed.
    """

    marks: dict[str, Mark] = {}
    kind: TableKind | None = None
    width: float | None = None
    seen: datetime | None = None
    until: datetime | None = None

    def text(self) -> str:
        """Return the cursor as the text that a store keeps."""
        return msgspec.json.encode(self).decode()


def parse_cursor(text: str | None) -> FileCursor:
    """Return the cursor that ``text`` is; None is the beginning. Raises `InputError`."""
    if text is None:
        return FileCursor()
    return decode_cursor(text, FileCursor, of="files")


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


@dataclass(eq=False)
class FileSource:
    """One file, or every file of a folder in order of their names, read as one table.

    Parameters
    ----------
    name : the source's name in the configuration.
    path : file or folder. Of a folder hidden files and ``*.tmp``, ``*.part``, ``*.swp``, ``*~``
        are left alone.
    columns : ``{our column: the file's column}``; `detector.model.columns.SYNONYMS` are tried too.
    width : bin width of a counts table; None infers it from the table.
    gaps : spans in which nothing was observed.
    grows : whether files are still being written (``run``) or complete (``replay``).
    piece : posts are read in pieces of about so many bytes.
    judged : whether outages will be detected, for which bins of counts can be too wide.
    """

    name: str
    path: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    width: timedelta | None = None
    gaps: Spans = field(default_factory=Spans.none)
    grows: bool = False
    piece: int = PIECE
    judged: bool = True
    _open: dict[Path, TableFile] = field(default_factory=dict, init=False)

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:
        """Return what the first file with something new holds behind ``cursor``.

        A file says when things happened, not when it was written, so ``until`` does not hold it
        back: what is in the file is known. But the last reading of a trending list may not be
        written down to its end before its bin has passed.
        """
        past = parse_cursor(cursor)
        paths = self._paths()
        for path in paths:
            table = self._file(path).read(past.marks.get(path.name, Mark()), past.kind)
            if table is None:
                continue
            marks = {p.name: past.marks[p.name] for p in paths if p.name in past.marks}
            after = msgspec.structs.replace(
                past, marks={**marks, path.name: table.mark}, kind=table.kind
            )
            last = table.at_end and path == paths[-1]
            if table.kind is TableKind.POSTS:
                self._log_faults(table)
                return self._posts(table, after, last=last)
            width = self._width(table, past)
            if width is not None:
                self._log_faults(table)
                return self._counts(table, after, width, until, last=last)
        return self._nothing(past, cursor, until)

    def rows(self) -> pd.DataFrame:
        """Return every row of every file as it stands, columns that mean ours by our name."""
        return pd.concat([whole(path, self.columns) for path in self._paths()], ignore_index=True)

    def _paths(self) -> Sequence[Path]:
        if not self.path.is_dir():
            return [self.path]
        try:
            paths = sorted(path for path in self.path.iterdir() if _is_table(path))
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", path=self.path) from error
        if not paths and not self.grows:
            raise InputError("an empty folder: put counts or posts tables in it", path=self.path)
        return paths

    def _file(self, path: Path) -> TableFile:
        if path not in self._open:
            self._open[path] = TableFile(path, self.columns, grows=self.grows, piece=self.piece)
        return self._open[path]

    def _log_faults(self, table: Table) -> None:
        for fault in table.faults:
            why = fault.message if fault.column is None else f"{fault.column}: {fault.message}"
            row = f"{table.path}:{fault.line}"
            log.warning("a row is set aside", source=self.name, row=row, why=why)
        if table.aside > len(table.faults):
            log.warning("rows are set aside", source=self.name, rows=table.aside)

    def _posts(self, table: Table, past: FileCursor, *, last: bool) -> Poll:
        """Return posts, and the span in which there are no others.

        While more is to be read, that span ends `DISORDER` before the latest post.
        """
        times = table.frame["time"]
        first, latest = times.iloc[0].to_pydatetime(), times.iloc[-1].to_pydatetime()
        if past.until is not None and first < past.until and not self.grows:
            message = (
                f"a post of {iso(first)} behind one of {iso(past.seen or past.until)}; a table of "
                f"more than {self.piece:,} bytes must be in order of time, to the hour"
            )
            raise InputError(message, path=table.path)
        seen = max(latest, past.seen or latest)
        until = seen if last or (self.grows and table.at_end) else seen - DISORDER
        return self._observed_posts(table.frame, past, min(first, seen), seen, until, last=last)

    def _observed_posts(
        self,
        posts: pd.DataFrame,
        past: FileCursor,
        first: datetime,
        seen: datetime,
        until: datetime,
        *,
        last: bool,
    ) -> Poll:
        since = first if past.until is None else past.until
        until = max(since, until)
        observed = Spans.of([(since, until)]).without(self.gaps).pairs()
        after = msgspec.structs.replace(past, seen=seen, until=until)
        exhausted = last and not self.grows
        return Poll(after.text(), posts=posts, observed=observed, exhausted=exhausted)

    def _counts(
        self, table: Table, past: FileCursor, width: timedelta, now: datetime, *, last: bool
    ) -> Poll:
        step = width.total_seconds()
        latest = table.frame["time"].max().to_pydatetime()
        exhausted = last and not self.grows
        after = msgspec.structs.replace(past, width=step, seen=max(latest, past.seen or latest))
        if table.kind is TableKind.COUNTS:
            counts = table_rows.observed_counts(table.frame, self.gaps, step)
            return Poll(after.text(), counts=counts, width=width, exhausted=exhausted)
        counts, gaps = table_rows.observed_looks(table.frame, self.gaps, step)
        since = past.until or table.frame["time"].min().to_pydatetime()
        return self._looked(counts, after, since, now, gaps, exhausted=exhausted)

    def _looked(
        self,
        counts: pd.DataFrame,
        past: FileCursor,
        since: datetime,
        now: datetime,
        gaps: Spans,
        *,
        exhausted: bool,
    ) -> Poll:
        """Return rows of a trending list; it was observed from row to row.

        The bin of the last row counts once it has passed: it may still be being written.
        """
        width = timedelta(seconds=past.width or 0.0)
        latest = past.seen or since
        until = latest + width if now >= latest + width else latest
        until = until if floor_to(until, width) > floor_to(since, width) else since
        observed = Spans.of([(since, until)]).without(gaps).pairs()
        after = msgspec.structs.replace(past, until=until)
        return Poll(
            after.text(), counts=counts, width=width, observed=observed, exhausted=exhausted
        )

    def _width(self, table: Table, past: FileCursor) -> timedelta | None:
        """Return the bin width; None while a growing table is too short to show it."""
        step = self._width_of(table, past) if self.width is None else self.width
        judged = self.judged and table.kind is TableKind.COUNTS
        if step is not None and (fault := width_fault(step, judged=judged)):
            raise InputError(fault, path=table.path)
        return step

    def _width_of(self, table: Table, past: FileCursor) -> timedelta | None:
        known = None if past.width is None else timedelta(seconds=past.width)
        step = known or most_common_step(table.frame)
        if step is None and not self.grows:
            message = "the bin width cannot be told from one row per service; give it (--width)"
            raise InputError(message, path=table.path)
        # Of a table that grows only its beginning is checked: how much of it comes at once is
        # chance, and must change nothing.
        if step is not None and (known is None or not self.grows):
            self._check_steps(table, step)
        return step

    def _check_steps(self, table: Table, width: timedelta) -> None:
        """Raise `InputError` at a row of counts that belongs to bins of another width."""
        other = None if table.kind is not TableKind.COUNTS else other_step(table.frame, width)
        if other is not None:
            row, step = other
            line = self._file(table.path).line_of(int(table.frame.index[row]))
            raise InputError(two_widths(step, width), path=table.path, line=line)

    def _nothing(self, past: FileCursor, cursor: str | None, now: datetime) -> Poll:
        """Return a poll that brought nothing new, as of the source's kind."""
        exhausted = not self.grows
        if past.kind is TableKind.TRENDING and past.until is not None:
            empty = table_rows.empty_counts(past.kind)
            return self._looked(empty, past, past.until, now, self.gaps, exhausted=exhausted)
        if past.kind is TableKind.COUNTS and past.width is not None:
            width = timedelta(seconds=past.width)
            return Poll(
                cursor, counts=table_rows.empty_counts(past.kind), width=width, exhausted=exhausted
            )
        if past.seen is not None and past.until is not None and past.until < past.seen:
            nobody = pd.DataFrame({"time": pd.to_datetime([], utc=True), "text": []})
            return self._observed_posts(nobody, past, past.until, past.seen, past.seen, last=True)
        return Poll(cursor, exhausted=exhausted)


def _is_table(path: Path) -> bool:
    return path.is_file() and path.name[0] != "." and not path.name.endswith(_UNFINISHED)
