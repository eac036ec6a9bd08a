"""Records of one file from a given offset on: CSV, JSON Lines (both also gzipped) and Parquet.

An offset counts bytes of the (uncompressed) text, or rows of a Parquet file. Reading stops at the
last complete record, so a file that is being written can be read again from there.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Protocol

import msgspec
import pandas as pd

from detector.errors import InputError
from detector.model.columns import Aside, Fault, LineOf
from detector.sources.tables import csv_text, json_lines, parquet
from detector.sources.tables.streams import HEAD, Unpacked, Unpacker

#: Texts are read in pieces of this many bytes, so that memory stays flat.
PIECE = 16 << 20
#: So many bytes of a file's beginning tell it from another of the same name.
_FINGERPRINT = 4096


class TextFormat(Protocol):
    """The habits of one kind of text file."""

    @property
    def header(self) -> bytes:
        """What stands before the records."""

    def columns(self, *, grows: bool) -> list[str]:
        """Return the names of the columns; of a file that grows wrong records tell none."""

    def whole_records(self, body: bytes) -> int:
        """Return the length of ``body`` up to the end of its last complete record."""

    def line_of(self, body: bytes, row: int) -> int:
        """Return the line of ``body``, from 1, that record ``row``, from 0, begins on."""

    def parse(self, body: bytes, dtypes: Mapping[str, str]) -> pd.DataFrame:
        """Return a row per record, or raise `InputError` at the first that is none."""

    def records(self, body: bytes) -> list[bytes]:
        """Return the records of ``body``, blank lines left out."""

    def fault(self, record: bytes) -> str | None:
        """Say why ``record`` cannot be read, None if it can."""


@dataclass(frozen=True)
class Csv:
    """The habits of CSV."""

    header: bytes

    @cached_property
    def _names(self) -> list[str]:
        return csv_text.columns(self.header)

    def columns(self, *, grows: bool) -> list[str]:  # noqa: ARG002  (the header stands)
        """See `TextFormat`."""
        return self._names

    def whole_records(self, body: bytes) -> int:
        """See `TextFormat`."""
        return csv_text.whole_records(body)

    def line_of(self, body: bytes, row: int) -> int:
        """See `TextFormat`."""
        return csv_text.line_of(body, row)

    def parse(self, body: bytes, dtypes: Mapping[str, str]) -> pd.DataFrame:
        """See `TextFormat`."""
        return csv_text.parse(self.header, body, dtypes=dtypes)

    def records(self, body: bytes) -> list[bytes]:
        """See `TextFormat`."""
        return csv_text.records(body)

    def fault(self, record: bytes) -> str | None:
        """See `TextFormat`."""
        return csv_text.fault(record, len(self._names))


@dataclass(frozen=True)
class JsonLines:
    """The habits of JSON Lines; the columns are the keys in ``head``, its beginning."""

    head: bytes
    header = b""

    def columns(self, *, grows: bool) -> list[str]:
        """See `TextFormat`."""
        whole = self.head[: json_lines.whole_records(self.head)] or self.head
        if not grows:
            return list(json_lines.parse(whole).columns)
        frame, faults = sorted_out(self, whole, {})
        return list(frame.columns) if len(frame) or not faults else self.columns(grows=False)

    def whole_records(self, body: bytes) -> int:
        """See `TextFormat`."""
        return json_lines.whole_records(body)

    def line_of(self, body: bytes, row: int) -> int:
        """See `TextFormat`."""
        return json_lines.line_of(body, row)

    def parse(self, body: bytes, _dtypes: Mapping[str, str]) -> pd.DataFrame:
        """See `TextFormat`."""
        return json_lines.parse(body)

    def records(self, body: bytes) -> list[bytes]:
        """See `TextFormat`."""
        return json_lines.records(body)

    def fault(self, record: bytes) -> str | None:
        """See `TextFormat`."""
        return json_lines.fault(record)


def sorted_out(
    form: TextFormat, body: bytes, dtypes: Mapping[str, str]
) -> tuple[pd.DataFrame, dict[int, Fault]]:
    """Return the records of ``body`` that can be read, and what is wrong with the others.

    Both are indexed by the number of the record in ``body``, from 0.
    """
    try:
        return form.parse(body, dtypes), {}
    except InputError:
        records = form.records(body)
    found = {row: why for row, record in enumerate(records) if (why := form.fault(record))}
    if not found:
        return form.parse(body, dtypes), {}
    good = [row for row in range(len(records)) if row not in found]
    frame = form.parse(b"".join(records[row] for row in good), dtypes)
    return frame.set_axis(good, axis=0), {row: Fault(None, why) for row, why in found.items()}


@dataclass(frozen=True, slots=True, eq=False)
class FileRecords:
    """Some consecutive records of a file.

    Attributes
    ----------
    frame : one row per record, cells as they stand in the file (CSV: texts).
    end : offset behind the last record.
    at_end : whether the file had nothing more.
    line_of : the line of a row of ``frame`` (Parquet: its number), both for errors.
    aside : takes wrong rows, by their labels in ``frame``; records that could not be read, whose
        labels are missing there, are in it from the start. None refuses the first.
    """

    frame: pd.DataFrame
    end: int
    at_end: bool
    line_of: LineOf
    aside: Aside | None = None

    @property
    def total(self) -> int:
        """How many records there were, those that could not be read among them."""
        if not self.aside:
            return len(self.frame)
        return len(self.frame) + len(set(self.aside).difference(self.frame.index))

    def faults(self, limit: int | None = None) -> list[InputError]:
        """Return what is wrong with the first rows that are set aside, by line, without path."""
        aside = self.aside or {}
        return [
            InputError(aside[row].message, line=self.line_of(row), column=aside[row].column)
            for row in sorted(aside)[:limit]
        ]

    def refuse_if_mostly_wrong(self) -> None:
        """Raise what is wrong with the first row if more than half of all are set aside."""
        if 2 * len(self.aside or ()) > self.total:
            raise self.faults(1)[0]


class Mark(msgspec.Struct, frozen=True):
    """How far a file was read, and which file it was.

    Attributes
    ----------
    offset : where reading continues.
    length, check : so many bytes of its beginning have this CRC-32.
    """

    offset: int = 0
    length: int = 0
    check: int = 0


class RecordFile:
    """A file of records that may grow.

    Parameters
    ----------
    path : the file; its content, then its ending, show what it is.
    grows : whether a last line without line end may still be completed by its writer, and a record
        that cannot be read is set aside instead of refused: who watches wants the others.
    """

    def __init__(self, path: Path, *, grows: bool) -> None:
        self.path = path
        self.grows = grows
        self._unpacker = Unpacker(path)

    def columns(self) -> list[str]:
        """Return the columns of the file as it stands; none if it may still get them.

        Those of JSON Lines are the keys of the records at its beginning.
        """
        with self.located(), self.path.open("rb") as raw:
            if parquet.begins(raw.read(4), self.path):
                return parquet.columns(raw)
            form = self._form(self._unpacker.unpacked(raw).head)
            return [] if form is None else form.columns(grows=self.grows)

    def read(
        self, mark: Mark, *, limit: int = PIECE, dtypes: Mapping[str, str] | None = None
    ) -> tuple[Mark, FileRecords]:
        """Return complete records behind ``mark``, and the mark behind them.

        Parameters
        ----------
        mark : ``Mark()``, or that of an earlier call. If another file took the name, or this one
            was cut short (rotated), reading starts over, as ``tail -F`` does.
        limit : read about this many bytes at most; Parquet is read by its row groups.
        dtypes : see `detector.sources.tables.csv_text.parse`.

        Raises
        ------
        InputError
            If the file is missing or not in one of the formats; names the line.
        """
        with self.located(), self.path.open("rb") as raw:
            if parquet.begins(raw.read(4), self.path):
                frame, end, at_end = parquet.read(raw, mark.offset)
                first = end - len(frame) + 1
                aside: Aside | None = {} if self.grows else None
                return Mark(end), FileRecords(frame, end, at_end, lambda row: first + row, aside)
            text = self._unpacker.unpacked(raw)
            form = self._form(text.head)
            if form is None:
                return mark, FileRecords(pd.DataFrame(), 0, True, lambda row: row + 1)
            return self._read(text, form, mark, limit, dtypes or {})

    def _form(self, head: bytes) -> TextFormat | None:
        """Tell what a file that begins with ``head`` is; None if it must grow first."""
        header = head[: head.find(b"\n") + 1]
        if not header and len(head) == HEAD:
            raise InputError(f"no line ends in the first {HEAD:,} bytes", line=1)
        if not header and self.grows:
            return None
        if json_lines.begins_with_object(head):
            return JsonLines(head)
        if head.strip() and self.path.name.removesuffix(".gz").endswith(json_lines.ENDINGS):
            raise InputError("not JSON Lines: a line must be an object {...}", line=1)
        return Csv(header or head)

    def _read(
        self,
        text: Unpacked,
        form: TextFormat,
        mark: Mark,
        limit: int,
        dtypes: Mapping[str, str],
    ) -> tuple[Mark, FileRecords]:
        start = _start(text, mark, first=len(form.header))
        body = text.stream.read(limit)
        at_end = len(body) < limit
        if not at_end or self.grows:
            body = body[: form.whole_records(body)]
        if not body and not at_end:
            message = f"a record longer than {limit:,} bytes (an unclosed quotation mark?)"
            raise InputError(message, line=1 + self._lines_before(start))
        lines_before = cache(partial(self._lines_before, start))
        try:
            frame, aside = self._parsed(form, body, dtypes)
        except InputError as error:
            line = (error.line or 1) + lines_before()
            raise InputError(error.message, line=line, column=error.column) from error
        end = start + len(body)
        records = FileRecords(
            frame, end, at_end, lambda row: form.line_of(body, row) + lines_before(), aside
        )
        return _mark(text.head, end), records

    def _parsed(
        self, form: TextFormat, body: bytes, dtypes: Mapping[str, str]
    ) -> tuple[pd.DataFrame, Aside | None]:
        """Return the rows, and what is set aside: nothing may be where the file is complete."""
        if self.grows:
            return sorted_out(form, body, dtypes)
        return form.parse(body, dtypes), None

    def _lines_before(self, offset: int) -> int:
        """Return how many lines end before ``offset``; reads the file again, for an error."""
        with self.located(), self.path.open("rb") as raw:
            return self._unpacker.lines_before(raw, offset)

    @contextmanager
    def located(self) -> Iterator[None]:
        """Turn what reading can meet into an `InputError` that names the file."""
        try:
            yield
        except InputError as error:
            if error.path is not None:
                raise
            raise InputError(
                error.message, path=self.path, line=error.line, column=error.column
            ) from error
        except EOFError as error:
            self._unpacker.close()
            raise InputError("the compressed file ends in its middle", path=self.path) from error
        except (OSError, zlib.error) as error:
            self._unpacker.close()
            why = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise InputError(f"cannot be read: {why}", path=self.path) from error


def _start(text: Unpacked, mark: Mark, *, first: int) -> int:
    """Move behind ``mark``, or to the ``first`` record if it is the mark of another file."""
    beginning = text.head[: mark.length]
    if len(beginning) == mark.length and zlib.crc32(beginning) == mark.check:
        start = max(mark.offset, first)
        if text.reaches(start):
            return start
    text.stream.seek(first)
    return first


def _mark(head: bytes, end: int) -> Mark:
    length = min(end, _FINGERPRINT, len(head))
    return Mark(end, length, zlib.crc32(head[:length]))
